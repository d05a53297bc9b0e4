// SPDX-License-Identifier: GPL-2.0-only
/* test_smaps.c - the text of smaps, recorded and hostile; guest RAM by slots; cgroups' figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/collect/cgroupmem.h"
#include "user/collect/guestram.h"
#include "user/collect/mappings.h"
#include "user/collect/smaps.h"

#define KIB 1024u

static const char recorded[] =
	"55d4c0a00000-55d4c0a02000 r--p 00000000 08:01 1234                       /usr/bin/a\\012b (deleted)\n"
	"Size:                  8 kB\n"
	"KernelPageSize:        4 kB\n"
	"Rss:                   8 kB\n"
	"Pss:                   2 kB\n"
	"Pss_Dirty:             1 kB\n"
	"Shared_Clean:          4 kB\n"
	"Shared_Dirty:          0 kB\n"
	"Private_Clean:         0 kB\n"
	"Private_Dirty:         4 kB\n"
	"Referenced:            8 kB\n"
	"Anonymous:             4 kB\n"
	"AnonHugePages:         0 kB\n"
	"Shared_Hugetlb:        0 kB\n"
	"Private_Hugetlb:       0 kB\n"
	"Swap:                 12 kB\n"
	"SwapPss:              12 kB\n"
	"VmFlags: rd mr mw me sd \n"
	"7f0000000000-7f0000400000 rw-s 00000000 00:0f 77                         /anon_hugepage (deleted)\n"
	"Rss:                   0 kB\n"
	"Pss:                   0 kB\n"
	"Private_Hugetlb:    2048 kB\n"
	"Shared_Hugetlb:     2048 kB\n"
	"VmFlags: rd wr sh mr mw me ms de ht sd \n"
	"7ffe1000-7ffe3000 rwxp 00000000 00:00 0 \n"
	"Rss:                   4 kB\n";

struct list {
	struct smaps_vma vma[8];
	size_t n;
};

static void keep(void *ctx, const struct smaps_vma *vma)
{
	struct list *l = ctx;

	if (l->n < ARRAY_SIZE(l->vma))
		l->vma[l->n] = *vma;
	l->n++;
}

/* Fed in pieces of every size the result is the same. */
static void test_recorded(void **state)
{
	size_t piece, total = sizeof(recorded) - 1;

	(void)state;
	for (piece = 1; piece < 300; piece++) {
		struct list l = { .n = 0 };
		struct smaps s = { .fn = keep, .ctx = &l };
		char held[8192];
		size_t n = 0, at = 0, used;

		while (at < total) {
			size_t more = total - at < piece ? total - at : piece;

			memcpy(held + n, recorded + at, more);
			n += more;
			at += more;
			used = smaps_feed(&s, held, n);
			memmove(held, held + used, n - used);
			n -= used;
		}
		smaps_end(&s);
		assert_int_equal(n, 0);
		assert_int_equal(l.n, 3);
		assert_string_equal(l.vma[0].name, "/usr/bin/a\nb (deleted)");
		assert_int_equal(l.vma[0].start, 0x55d4c0a00000);
		assert_int_equal(l.vma[0].inode, 1234);
		assert_int_equal(l.vma[0].major, 8);
		assert_int_equal(l.vma[0].rss, 8 * KIB);
		assert_int_equal(l.vma[0].pss, 2 * KIB);
		assert_int_equal(l.vma[0].private, 4 * KIB);
		assert_int_equal(l.vma[0].share, 4 * KIB);
		assert_int_equal(l.vma[0].anon, 4 * KIB);
		assert_int_equal(l.vma[0].swap, 12 * KIB);
		assert_false(l.vma[0].writable || l.vma[0].executable || l.vma[0].hugetlb);
		assert_true(l.vma[1].hugetlb && l.vma[1].shared);
		assert_int_equal(l.vma[1].huge, 4096 * KIB);
		assert_int_equal(l.vma[1].rss, 0);
		assert_true(l.vma[2].writable && l.vma[2].executable);
		assert_string_equal(l.vma[2].name, "");
	}
}

/* Texts that no kernel writes. */
static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"", "\n\n\n", "Rss: 5 kB\n", "zzz\n", "1-\n", "-\n", "5-4 rw-p 0 0:0 0 x\nRss: 4 kB\n",
		"1-2\n", "1-2 \n", "1-2 r\n", "1-2 rw-p\n", "1-2 rw-p 0\n", "1-2 rw-p 0 0\n",
		"1-2 rw-p 0 0:0\nRss\nRss:\nPss: x kB\n:\nVmFlags:\nVmFlags: h\nVmFlags: ht",
		"1-2 rw-p 0 0:0 0 \\012\\012\\01\n", "ffffffffffffffffffffff-2 rw-p 0 0:0 0\n",
	};
	CLEANUP_FREE char *longest = xmalloc(100001);
	struct list l = { .n = 0 };
	struct smaps s = { .fn = keep, .ctx = &l };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		smaps_feed(&s, texts[i], strlen(texts[i]));
		smaps_end(&s);
	}
	memset(longest, 'x', 100000);
	memcpy(longest, "1-2 rw-p 0 0:0 7 /", 18);
	longest[99999] = '\n';
	l.n = 0;
	assert_int_equal(smaps_feed(&s, longest, 100000), 100000);
	smaps_end(&s);
	assert_int_equal(l.n, 1);
	assert_int_equal(strlen(l.vma[0].name), SMAPS_NAME_MAX - 1);
}

/* 10,000 mappings of 5,000 names: what is kept adds up, and it does not take for ever. */
static void test_many(void **state)
{
	struct mappings m = { .pid = 0 };
	struct smaps_vma v = { .writable = true, .inode = 1, .rss = 8192, .pss = 4096,
			       .private = 4096, .share = 4096, .anon = 4096 };
	uint64_t rss = 0;
	size_t i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		v.start = 0x10000 * (i + 1);
		v.end = v.start + 8192;
		snprintf(v.name, sizeof(v.name), "/f\n%zu", i % 5000);
		mappings_add(&m, &v);
	}
	mappings_finish(&m);
	assert_int_equal(m.n_groups, 5000);
	assert_int_equal(m.count, 10000);
	assert_int_equal(m.rss, 10000 * 8192);
	assert_int_equal(m.rss_anon, 10000 * 4096);
	for (i = 0; i < m.n_groups; i++)
		rss += m.groups[i].body.rss;
	assert_int_equal(rss, m.rss);
	mappings_release(&m);
}

static void test_slots(void **state)
{
	struct wire_kvm_memslot slot = { .slot = 1, .hva = 0x10000, .bytes = 0x1000 };
	struct guestram g = { 0 };
	struct guest_range *r;

	(void)state;
	guestram_record(&g, 7, &slot);
	slot = (struct wire_kvm_memslot){ .slot = 2, .hva = 0x11000, .bytes = 0x2000 };
	guestram_record(&g, 7, &slot);
	slot = (struct wire_kvm_memslot){ .slot = 3, .hva = 0x20000, .bytes = 0x1000 };
	guestram_record(&g, 7, &slot);
	slot.bytes = ~0ull; /* beyond the end of everything: nowhere */
	slot.slot = 4;
	guestram_record(&g, 7, &slot);
	slot = (struct wire_kvm_memslot){ .slot = 1, .hva = 0x90000, .bytes = 0x1000 };
	guestram_record(&g, 8, &slot);
	assert_int_equal(guestram_ranges(&g, 7, &r), 2);
	assert_int_equal(r[0].start, 0x10000);
	assert_int_equal(r[0].end, 0x13000);
	assert_int_equal(guestram_overlap(r, 2, 0x12000, 0x20800), 0x1800);
	assert_int_equal(guestram_overlap(r, 2, 0x13000, 0x20000), 0);
	free(r);
	slot = (struct wire_kvm_memslot){ .slot = 1, .bytes = 0 };
	guestram_record(&g, 7, &slot);
	assert_int_equal(guestram_ranges(&g, 7, &r), 2);
	assert_int_equal(r[0].start, 0x11000);
	free(r);
	/* A second VM of the process has slots of the same numbers. */
	slot = (struct wire_kvm_memslot){ .slot = 2, .hva = 0x50000, .bytes = 0x1000, .fd = 9 };
	guestram_record(&g, 7, &slot);
	assert_int_equal(guestram_ranges(&g, 7, &r), 3);
	assert_int_equal(r[0].start, 0x11000);
	free(r);
	guestram_release(&g);
}

static void test_asked(void **state)
{
	static const char argv[] = "/usr/bin/qemu-system-x86_64\0-M\0q35\0-m\0size=1G,slots=2\0";
	static const char plain[] = "qemu-system-arm\0-m\0" "256\0";
	static const char other[] = "/bin/sleep\0-m\0" "256\0";
	static const char cut[] = "qemu-system-arm\0-m";

	(void)state;
	assert_int_equal(guestram_asked(argv, sizeof(argv) - 1), 1ull << 30);
	assert_int_equal(guestram_asked(plain, sizeof(plain) - 1), 256ull << 20);
	assert_int_equal(guestram_asked(other, sizeof(other) - 1), 0);
	assert_int_equal(guestram_asked(cut, sizeof(cut) - 1), 0);
	assert_int_equal(guestram_asked(plain, sizeof(plain)), 256ull << 20);
	assert_int_equal(guestram_asked("", 0), 0);
}

/* The list says the same as the text of /proc/PID/cmdline. */
static void test_asked_words(void **state)
{
	static char program[] = "/usr/bin/qemu-system-x86_64", option[] = "-m", mib[] = "64",
		    vmm[] = "/usr/bin/vmm";
	char *const qemu[] = { program, option, mib };
	char *const other[] = { vmm, option, mib };

	(void)state;
	assert_int_equal(guestram_asked_words(qemu, 3), 64ull << 20);
	assert_int_equal(guestram_asked_words(qemu, 2), 0);
	assert_int_equal(guestram_asked_words(other, 3), 0);
	assert_int_equal(guestram_asked_words(NULL, 0), 0);
}

/* Guest RAM by what it looked like where slots were seen: size and backing, nothing else of the size. */
static void test_shapes(void **state)
{
	static const struct guest_shape shapes[] = {
		{ .bytes = 64u << 20, .backing = GUEST_MEMFD, .comm = "vmm" },
		{ .bytes = 64u << 20, .backing = GUEST_MEMFD, .comm = "vmm" },
		{ .bytes = 32u << 20, .backing = GUEST_ANON, .comm = "vmm" },
		{ .bytes = 4096, .backing = GUEST_ANON, .comm = "vmm" },
	};
	struct smaps_vma memfd = { .start = 1 << 30, .end = (1 << 30) + (64 << 20), .inode = 7,
				   .writable = true, .shared = true, .rss = 8 * KIB, .pss = 8 * KIB,
				   .name = "/memfd:ram" };
	struct smaps_vma anon = { .start = 1 << 30, .end = (1 << 30) + (64 << 20), .writable = true,
				  .rss = 4 * KIB, .pss = 4 * KIB, .anon = 4 * KIB };
	struct mappings m = { 0 };
	struct guestram g = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		guestram_add_shape(&g, &shapes[i]);
	assert_int_equal(g.n_shapes, 2); /* once each; a page is no shape */
	m.shapes = g.shapes;
	m.n_shapes = g.n_shapes;
	mappings_add(&m, &memfd);
	mappings_add(&m, &anon); /* of the size, but not what backs it */
	anon.end = anon.start + (32 << 20);
	anon.writable = false;
	mappings_add(&m, &anon);
	assert_int_equal(m.guest_given, 64u << 20);
	assert_int_equal(m.guest_rss[BACKING_SHMEM], 8 * KIB);
	anon.writable = true;
	mappings_add(&m, &anon);
	assert_int_equal(m.guest_given, 96u << 20);
	assert_int_equal(m.guest_rss[BACKING_ANON], 4 * KIB);
	mappings_release(&m);
}

static void test_cgroup_figures(void **state)
{
	struct host_memory_cgroup one = { .version = 1 }, two = { .version = 2 };

	(void)state;
	cgroupmem_stat(&one, "cache 9\ninactive_file 1\ntotal_cache 100\ntotal_rss 50\n"
			     "total_shmem 30\ntotal_inactive_file 20\n");
	assert_int_equal(one.inactive_file, 20);
	assert_int_equal(one.anon, 50);
	assert_int_equal(one.file, 70);
	assert_int_equal(one.shmem, 30);
	cgroupmem_stat(&two, "anon 5\nfile 100\nkernel_stack 16\npagetables 8\nshmem 40\n"
			     "inactive_file 33\nslab 7\nslab_reclaimable 3\n");
	assert_int_equal(two.anon, 5);
	assert_int_equal(two.file, 60);
	assert_int_equal(two.inactive_file, 33);
	assert_int_equal(two.kernel, 16 + 8 + 7);
	cgroupmem_stat(&two, "anon 5\nkernel 99\n");
	assert_int_equal(two.kernel, 99);
	cgroupmem_stat(&two, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many),	 cmocka_unit_test(test_slots),
		cmocka_unit_test(test_asked),	 cmocka_unit_test(test_cgroup_figures),
		cmocka_unit_test(test_asked_words), cmocka_unit_test(test_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
