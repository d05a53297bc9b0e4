/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trim - print the kernel types named in a list, and what they contain by value, as C.
 *
 *     trim BTF-FILE < types.txt > vmlinux.h
 *
 * BTF-FILE is raw BTF, an ELF file with it, or any file that holds it somewhere, such as an
 * uncompressed arm64 kernel Image: then its header is looked for.
 *
 * A full dump of a kernel's BTF is 3 MB of C; the probes need a few dozen types. libbpf's dumper
 * emits a type after everything it embeds and only forward-declares what it points to, so asking
 * for the roots alone gives a small header that compiles by itself. The offsets in it do not
 * matter: every access is a CO-RE relocation.
 *
 * Lines of the list: "struct NAME", "union NAME", "enum NAME", "typedef NAME", or "const NAME"
 * for the (usually anonymous) enum that defines that constant. '#' starts a comment.
 */
#define _GNU_SOURCE
#include <bpf/btf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(void *ctx, const char *fmt, va_list args)
{
	(void)ctx;
	vprintf(fmt, args);
}

static int enum_defines(const struct btf *btf, const struct btf_type *t, const char *name)
{
	int i;

	if (btf_is_enum(t)) {
		for (i = 0; i < btf_vlen(t); i++)
			if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
				return 1;
	} else if (btf_is_enum64(t)) {
		for (i = 0; i < btf_vlen(t); i++)
			if (!strcmp(btf__name_by_offset(btf, btf_enum64(t)[i].name_off), name))
				return 1;
	}
	return 0;
}

static int find(const struct btf *btf, const char *kind, const char *name)
{
	static const struct {
		const char *word;
		int kind;
	} kinds[] = {
		{ "struct", BTF_KIND_STRUCT },
		{ "union", BTF_KIND_UNION },
		{ "enum", BTF_KIND_ENUM },
		{ "typedef", BTF_KIND_TYPEDEF },
	};
	size_t i;
	int id;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i].word))
			return btf__find_by_name_kind(btf, name, kinds[i].kind);
	if (strcmp(kind, "const"))
		return -EINVAL;
	for (id = 1; id < (int)btf__type_cnt(btf); id++)
		if (enum_defines(btf, btf__type_by_id(btf, id), name))
			return id;
	return -ENOENT;
}

/* The BTF inside of a file that is neither ELF nor raw BTF, NULL when there is none. */
static struct btf *dig(const char *path)
{
	static const unsigned char start[] = { 0x9f, 0xeb, 1, 0, sizeof(struct btf_header), 0, 0, 0 };
	struct btf *btf = NULL;
	FILE *f = fopen(path, "rb");
	unsigned char *bytes, *at;
	size_t size;

	if (!f || fseek(f, 0, SEEK_END))
		return NULL;
	size = ftell(f);
	rewind(f);
	bytes = malloc(size);
	if (bytes && fread(bytes, 1, size, f) == size)
		for (at = bytes; !btf && (at = memmem(at, bytes + size - at, start, sizeof(start)));
		     at++) {
			struct btf_header h;
			size_t whole, left = bytes + size - at;

			if (left < sizeof(h))
				break;
			memcpy(&h, at, sizeof(h));
			whole = (size_t)h.hdr_len + h.str_off + h.str_len;
			/* The kernel's own, not a leftover of some kilobytes. */
			if (h.type_len > 100000 && whole <= left)
				btf = btf__new(at, whole);
		}
	free(bytes);
	fclose(f);
	return btf;
}

int main(int argc, char **argv)
{
	struct btf_dump *dump;
	char line[256], kind[32], name[128];
	struct btf *btf;
	int missing = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: trim BTF-FILE < types.txt\n");
		return 2;
	}
	btf = btf__parse(argv[1], NULL);
	if (!btf)
		btf = dig(argv[1]);
	dump = btf ? btf_dump__new(btf, print, NULL, NULL) : NULL;
	if (!dump) {
		fprintf(stderr, "trim: cannot read BTF from %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		int id;

		line[strcspn(line, "#\n")] = '\0';
		if (sscanf(line, "%31s %127s", kind, name) != 2)
			continue;
		id = find(btf, kind, name);
		if (id < 0 || btf_dump__dump_type(dump, id)) {
			fprintf(stderr, "trim: %s %s is not in this BTF\n", kind, name);
			missing = 1;
		}
	}
	btf_dump__free(dump);
	btf__free(btf);
	return missing;
}
