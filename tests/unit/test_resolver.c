// SPDX-License-Identifier: GPL-2.0-only
/* test_resolver.c - names of addresses, and that a file which cannot be vouched for gives none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/unit/elf_build.h"
#include "tests/unit/scratch.h"
#include "user/symbol/elf_image.h"
#include "user/symbol/resolver.h"

#define FUNCTION "a_function_to_resolve"

static __attribute__((noinline, used)) int a_function_to_resolve(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

struct mapped {
	struct resolver_object object;
	char path[256];
	uint64_t file_offset;
};

/* What /proc/self/maps says about an address: the way that the collector will get it. */
static void find_mapping(uint64_t address, struct mapped *m)
{
	CLEANUP_FCLOSE FILE *f = fopen("/proc/self/maps", "r");
	char line[512];

	*m = (struct mapped){ 0 };
	while (fgets(line, sizeof(line), f)) {
		uint64_t start, end, pgoff, inode;
		unsigned int maj, min;
		int path = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %x:%x %" SCNu64 " %n",
			   &start, &end, &pgoff, &maj, &min, &inode, &path) < 6 ||
		    address < start || address >= end)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(m->path, sizeof(m->path), "%s", line + path);
		m->object = (struct resolver_object){ .path = m->path, .dev_major = maj,
						      .dev_minor = min, .inode = inode };
		m->file_offset = address - start + pgoff;
		return;
	}
	fail_msg("0x%" PRIx64 " is not mapped", address);
}

static void find_function(struct mapped *m)
{
	find_mapping((uint64_t)(uintptr_t)a_function_to_resolve, m);
}

static void assert_text(const struct resolved *s, const char *text)
{
	char buf[RESOLVED_TEXT_MAX];

	assert_string_equal(resolved_text(buf, s), text);
	assert_true(!s->name[0] == !!s->why);
}

static void assert_unresolved(struct resolver *r, const struct resolver_object *o, const char *text,
			      const char *why)
{
	struct resolved s;

	resolver_user(r, o, 0x1234, &s);
	assert_text(&s, text);
	assert_string_equal(s.why, why);
	assert_int_equal(s.offset, 0x1234);
}

static void test_this_program(void **state)
{
	struct resolver *r = resolver_new(NULL);
	struct resolved s;
	struct mapped m;

	(void)state;
	find_function(&m);
	resolver_user(r, &m.object, m.file_offset, &s);
	assert_text(&s, FUNCTION);
	assert_string_equal(s.object, strrchr(m.path, '/') + 1);
	assert_true(s.exact);
	resolver_user(r, &m.object, m.file_offset + 2, &s);
	assert_text(&s, FUNCTION "+0x2");
	/* Before any segment's code: the ELF header. */
	resolver_user(r, &m.object, 4, &s);
	assert_true(!s.name[0] && s.offset == 4);
	resolver_user(r, &m.object, UINT64_MAX, &s);
	assert_string_equal(s.why, "not in a segment of its file");
	resolver_free(r);
}

static void test_libc_and_vdso(void **state)
{
	struct resolver *r = resolver_new(NULL);
	struct resolved s;
	struct mapped m;
	uint64_t vdso;

	(void)state;
	find_mapping((uint64_t)(uintptr_t)getppid, &m);
	resolver_user(r, &m.object, m.file_offset + 1, &s);
	/* Where the program has a stub for it, that is what its address is of. */
	if (strstr(m.path, "libc"))
		assert_text(&s, "getppid+0x1");
	vdso = getauxval(AT_SYSINFO_EHDR);
	if (vdso) {
		find_mapping(vdso, &m);
		assert_string_equal(m.path, "[vdso]");
		assert_int_equal(resolver_load(r, &m.object, NULL), 0);
		resolver_user(r, &m.object, 1, &s);
		assert_string_equal(s.object, "[vdso]");
	}
	resolver_free(r);
}

static void test_no_file(void **state)
{
	struct resolver *r = resolver_new(NULL);
	struct resolver_object o = { .path = "", .inode = 0 };

	(void)state;
	assert_unresolved(r, &o, "[anon]+0x1234", "not a file");
	o.path = NULL;
	assert_unresolved(r, &o, "[anon]+0x1234", "not a file");
	o.path = "[heap]";
	assert_unresolved(r, &o, "[heap]+0x1234", "not a file");
	o.path = "/nowhere/at/all";
	assert_unresolved(r, &o, "all+0x1234", "which file it was is not known");
	o.inode = 77;
	assert_unresolved(r, &o, "all+0x1234", "its file could not be opened");
	o.path = "/";
	assert_unresolved(r, &o, "/+0x1234", "not a file");
	resolver_free(r);
}

static void copy_to(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

static void identify(const char *path, struct resolver_object *o)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	*o = (struct resolver_object){ .path = path, .dev_major = major(st.st_dev),
				       .dev_minor = minor(st.st_dev), .inode = st.st_ino };
}

static const struct elf_build_symbol symbols[] = {
	{ "old_name", ELF_BUILD_TEXT + 0x234, 0x10, STB_GLOBAL, STT_FUNC, 1 },
};

static struct elf_build *build(void)
{
	struct elf_build *b = elf_build_new();

	elf_build_symbols(b, SHT_SYMTAB, symbols, ARRAY_SIZE(symbols));
	return b;
}

static void test_changed_file(void **state)
{
	CLEANUP_FREE struct elf_build *b = build();
	CLEANUP_FREE char *aside = NULL;
	struct scratch *s = *state;
	struct resolver *r = resolver_new(NULL);
	struct resolver_object o, moved;
	uint8_t id[20], other_id[20] = { 1 };
	struct resolved out;

	memset(id, 0xab, sizeof(id));
	copy_to(s->path, b->bytes, sizeof(b->bytes));
	identify(s->path, &o);
	aside = xasprintf("%s.old", s->path);
	assert_int_equal(rename(s->path, aside), 0);
	copy_to(s->path, b->bytes, sizeof(b->bytes));
	assert_unresolved(r, &o, "file+0x1234", "its file has changed");
	/* The same content by its build id, at whatever inode; and not by another id. */
	o.build_id = other_id;
	o.build_id_size = sizeof(other_id);
	assert_unresolved(r, &o, "file+0x1234", "its file has changed");
	o.build_id = id;
	resolver_user(r, &o, 0x1234, &out);
	assert_text(&out, "old_name");
	/* The file that it was has not changed, it has moved; another device is another file. */
	identify(aside, &moved);
	resolver_user(r, &moved, 0x1235, &out);
	assert_text(&out, "old_name+0x1");
	moved.dev_minor++;
	assert_unresolved(r, &moved, "file.old+0x1234", "its file has changed");
	unlink(aside);
	resolver_free(r);
}

/* What was read once stays known, and what was not open may be so for the next one that asks. */
static void test_gone_file(void **state)
{
	CLEANUP_FREE struct elf_build *b = build();
	struct scratch *s = *state;
	struct resolver *r = resolver_new(NULL);
	struct resolver_object o;
	struct resolved out;

	copy_to(s->path, b->bytes, sizeof(b->bytes));
	identify(s->path, &o);
	o.at = "/nowhere";
	assert_unresolved(r, &o, "file+0x1234", "its file could not be opened");
	o.at = NULL;
	assert_int_equal(resolver_load(r, &o, NULL), 0);
	unlink(s->path);
	resolver_user(r, &o, 0x1234, &out);
	assert_text(&out, "old_name");
	resolver_free(r);
}

/* A run's files are removed, and the next run's get their inodes and paths. */
static void test_inode_again(void **state)
{
	CLEANUP_FREE struct elf_build *b = build();
	struct scratch *s = *state;
	struct resolver *r = resolver_new(NULL);
	struct resolver_object o;
	struct resolved out;

	copy_to(s->path, b->bytes, sizeof(b->bytes));
	identify(s->path, &o);
	resolver_user(r, &o, 0x1234, &out);
	assert_text(&out, "old_name");
	/* The same inode with another content: as good as a new file with an old number. Before
	 * Linux 6.13 ctime moves by the tick. */
	usleep(20000);
	memcpy(memmem(b->bytes, sizeof(b->bytes), "old_name", 8), "new_name", 8);
	copy_to(s->path, b->bytes, sizeof(b->bytes));
	resolver_next_run(r);
	resolver_user(r, &o, 0x1234, &out);
	assert_text(&out, "new_name");
	resolver_free(r);
}

/* runc runs from a memfd with a copy of itself. */
static void test_memory_twin(void **state)
{
	CLEANUP_FREE struct elf_build *b = build();
	CLEANUP_CLOSE int fd = memfd_create("runc_cloned:/proc/self/exe", MFD_CLOEXEC);
	struct scratch *s = *state;
	struct resolver *r = resolver_new(NULL);
	struct resolver_object memfd, file = { .path = s->path };
	char at[64];
	uint8_t id[20];
	struct resolved out;

	memset(id, 0xab, sizeof(id));
	copy_to(s->path, b->bytes, sizeof(b->bytes));
	assert_int_equal(write(fd, b->bytes, sizeof(b->bytes)), sizeof(b->bytes));
	snprintf(at, sizeof(at), "/proc/self/fd/%d", fd);
	identify(at, &memfd);
	memfd.path = "/memfd:runc_cloned:/proc/self/exe (deleted)";
	memfd.build_id = id;
	memfd.build_id_size = sizeof(id);
	assert_unresolved(r, &memfd, "exe (deleted)+0x1234", "its file could not be opened");
	assert_int_equal(resolver_load(r, &file, NULL), 0);
	resolver_user(r, &memfd, 0x1234, &out);
	assert_text(&out, "old_name");
	resolver_free(r);
	/* Or through /proc, while it is there. */
	r = resolver_new(NULL);
	memfd.build_id = NULL;
	memfd.at = at;
	resolver_user(r, &memfd, 0x1234, &out);
	assert_text(&out, "old_name");
	resolver_free(r);
}

/* Paths are the container's; its links end in its root. */
static void test_root(void **state)
{
	CLEANUP_FREE struct elf_build *b = build();
	struct scratch *s = *state;
	struct resolver *r = resolver_new(NULL);
	CLEANUP_FREE char *link = xasprintf("%s/link", s->dir);
	struct resolver_object o;
	struct resolved out;

	copy_to(s->path, b->bytes, sizeof(b->bytes));
	identify(s->path, &o);
	assert_int_equal(symlink("/../file", link), 0);
	o.path = "/link";
	o.root = s->dir;
	resolver_user(r, &o, 0x1234, &out);
	assert_text(&out, "old_name");
	assert_string_equal(out.object, "link");
	unlink(link);
	resolver_free(r);
}

static void test_load_errors(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	struct scratch *s = *state;
	struct resolver *r = resolver_new(NULL);
	struct resolver_object o = { .path = s->path };
	struct error err = { 0 };

	assert_int_equal(resolver_load(r, &o, &err), -ENOENT);
	copy_to(s->path, "#!/bin/sh\n", 10);
	assert_int_equal(resolver_load(r, &o, &err), -ENOEXEC);
	copy_to(s->path, b->bytes, sizeof(b->bytes));
	assert_int_equal(resolver_load(r, &o, &err), -ENODATA);
	identify(s->path, &o);
	assert_int_equal(resolver_load(r, &o, &err), -ENODATA);
	assert_unresolved(r, &o, "file+0x1234", "its file names no functions");
	o.inode++;
	assert_int_equal(resolver_load(r, &o, &err), -ESTALE);
	unlink(s->path);
	resolver_next_run(r);
	/* Neither waited for nor opened: what is no regular file. */
	assert_int_equal(mkfifo(s->path, 0600), 0);
	identify(s->path, &o);
	assert_int_equal(resolver_load(r, &o, &err), -ENOEXEC);
	assert_unresolved(r, &o, "file+0x1234", "not a file");
	resolver_free(r);
}

static void test_kernel(void **state)
{
	struct scratch *s = *state;
	struct resolver *r = resolver_new(s->path);
	struct resolved out;
	char text[1024];

	memset(text, 0, sizeof(text));
	snprintf(text, sizeof(text), "ffffffff81000000 T _stext\nffffffff81000100 t do_it\n"
		 "ffffffff81000200 T %0400d\nffffffffc0001000 t veth_open\t[veth]\n", 7);
	copy_to(s->path, text, strlen(text));
	resolver_kernel(r, 0xffffffff81000110, &out);
	assert_text(&out, "do_it+0x10");
	assert_string_equal(out.object, "kernel");
	resolver_kernel(r, 0xffffffffc0001000, &out);
	assert_text(&out, "veth_open");
	assert_string_equal(out.object, "veth");
	resolver_kernel(r, 0x1000, &out);
	assert_text(&out, "kernel+0x1000");
	/* Overlong names are cut, and say so. */
	resolver_kernel(r, 0xffffffff81000200, &out);
	assert_int_equal(strlen(out.name), RESOLVED_NAME_MAX - 1);
	assert_string_equal(out.name + RESOLVED_NAME_MAX - 5, "0…");
	resolver_free(r);
	copy_to(s->path, "0000000000000000 T _stext\n", 26);
	r = resolver_new(s->path);
	resolver_kernel(r, 0xffffffff81000110, &out);
	assert_text(&out, "kernel+0xffffffff81000110");
	assert_string_equal(out.why, "kernel symbols are not readable");
	resolver_free(r);
}

static void test_go_program(void **state)
{
	static const char path[] = "build/service/service";
	struct resolver *r = resolver_new(NULL);
	struct resolver_object o;
	struct resolved s;
	struct elf_image *img;
	uint64_t offset, avail;
	GElf_Ehdr eh;

	(void)state;
	if (access(path, R_OK)) {
		resolver_free(r);
		print_message("skipped: no %s here\n", path);
		skip();
	}
	CLEANUP_FREE char *absolute = realpath(path, NULL);
	assert_int_equal(elf_image_open(path, &img, NULL), 0);
	assert_non_null(gelf_getehdr(elf_image_elf(img), &eh));
	assert_true(elf_image_offset(img, eh.e_entry, &offset, &avail));
	elf_image_free(img);
	identify(path, &o);
	o.path = absolute;
	resolver_user(r, &o, offset, &s);
	assert_int_equal(strncmp(s.name, "_rt0_", 5), 0);
	assert_string_equal(s.object, "service");
	resolver_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_program),
		cmocka_unit_test(test_libc_and_vdso),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test_setup_teardown(test_changed_file, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_gone_file, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_memory_twin, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_inode_again, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_root, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_load_errors, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_kernel, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_go_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
