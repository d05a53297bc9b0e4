// SPDX-License-Identifier: GPL-2.0-only
/* go_symbols.c - Go's function table: by section, by search; its text: by header, by moduledata. */
#include "user/symbol/go_symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

/* Go aligns the table to 32 and other linkers keep at least a pointer's. */
#define SCAN_STEP 8
/* A hostile file may be as long as it likes and have the magic all over. */
#define CANDIDATES_MAX 8
#define SEARCH_BYTES_MAX (512u << 20)

/* Words of runtime.moduledata, the same from go1.18 to 1.27 (src/runtime/symtab.go). */
enum {
	MODULE_PCHEADER = 0,
	MODULE_MINPC = 20,
	MODULE_MAXPC = 21,
	MODULE_TEXT = 22,
};

struct go_symbols {
	unsigned char *bytes;
	size_t n_bytes;
	struct gopclntab table;
};

/* What one file may still cost us. */
struct search {
	size_t candidates;
	uint64_t bytes;
};

/* A pointer that the loader writes: base of the object + addend, at vaddr. */
struct relocation {
	uint64_t vaddr;
	uint64_t addend;
};

/* The object's data as the loader leaves it for a base of 0. */
struct memory {
	const struct elf_image *img;
	struct search *search;
	unsigned int pointer;
	struct relocation *relocations; /* by rising vaddr */
	size_t n_relocations;
};

static int compare_relocations(const void *a, const void *b)
{
	const struct relocation *x = a, *y = b;

	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

static bool is_relative(unsigned int machine, uint64_t info)
{
	switch (machine) {
	case EM_X86_64:
		return GELF_R_TYPE(info) == R_X86_64_RELATIVE;
	case EM_AARCH64:
		return GELF_R_TYPE(info) == R_AARCH64_RELATIVE;
	default:
		return false;
	}
}

/* DT_RELA of a 64-bit object; those without (DT_RELR, 32 bits) have their addends in place. */
static void read_relocations(struct memory *m)
{
	uint64_t vaddr = 0, size = 0, offset, avail;
	CLEANUP_FREE GElf_Rela *rela = NULL;
	CLEANUP_FREE GElf_Dyn *dyn = NULL;
	size_t i, n = 0;

	dyn = elf_image_is_64(m->img) ? elf_image_dynamic(m->img, &n) : NULL;
	for (i = 0; dyn && i < n && dyn[i].d_tag != DT_NULL; i++) {
		if (dyn[i].d_tag == DT_RELA)
			vaddr = dyn[i].d_un.d_ptr;
		else if (dyn[i].d_tag == DT_RELASZ)
			size = dyn[i].d_un.d_val;
	}
	if (!size || !elf_image_offset(m->img, vaddr, &offset, &avail) || size > avail)
		return;
	rela = elf_image_copy(m->img, offset, size);
	if (!rela)
		return;
	n = size / sizeof(*rela);
	m->relocations = xcalloc(n, sizeof(*m->relocations));
	for (i = 0; i < n; i++) {
		if (!is_relative(elf_image_machine(m->img), rela[i].r_info))
			continue;
		m->relocations[m->n_relocations++] = (struct relocation){
			.vaddr = rela[i].r_offset,
			.addend = (uint64_t)rela[i].r_addend,
		};
	}
	qsort(m->relocations, m->n_relocations, sizeof(*m->relocations), compare_relocations);
}

static bool read_word(const struct memory *m, uint64_t vaddr, uint64_t *word)
{
	struct relocation key = { .vaddr = vaddr }, *found = NULL;
	uint64_t offset, avail;

	if (m->n_relocations)
		found = bsearch(&key, m->relocations, m->n_relocations, sizeof(key),
				compare_relocations);
	if (found) {
		*word = found->addend;
		return true;
	}
	*word = 0;
	return elf_image_offset(m->img, vaddr, &offset, &avail) && avail >= m->pointer &&
	       elf_image_read(m->img, offset, word, m->pointer);
}

/* All of the table's functions would be code. */
static bool text_fits(const struct elf_image *img, const struct gopclntab *t, uint64_t text)
{
	return t->high > t->low && text <= UINT64_MAX - t->high &&
	       elf_image_is_code(img, text + t->low) &&
	       elf_image_is_code(img, text + t->high - 1);
}

/* A moduledata at vaddr? The runtime itself refuses to start when these disagree. */
static bool text_of_module(const struct memory *m, const struct gopclntab *t, uint64_t vaddr,
			   uint64_t *text)
{
	uint64_t low, high;

	return vaddr <= UINT64_MAX - 8u * MODULE_TEXT &&
	       read_word(m, vaddr + MODULE_TEXT * m->pointer, text) &&
	       read_word(m, vaddr + MODULE_MINPC * m->pointer, &low) &&
	       read_word(m, vaddr + MODULE_MAXPC * m->pointer, &high) &&
	       text_fits(m->img, t, *text) && low == *text + t->low && high == *text + t->high;
}

/* A segment's bytes, to be freed, while the search may still read that many. */
static unsigned char *segment_bytes(const struct elf_image *img, const struct elf_segment *s,
				    struct search *search)
{
	if (s->file_size > search->bytes)
		return NULL;
	search->bytes -= s->file_size;
	return elf_image_copy(img, s->offset, s->file_size);
}

static bool text_in_segment(const struct memory *m, const struct gopclntab *t, uint64_t table,
			    const struct elf_segment *s, uint64_t *text)
{
	CLEANUP_FREE unsigned char *bytes = segment_bytes(m->img, s, m->search);
	size_t at, tries = CANDIDATES_MAX;

	if (!bytes)
		return false;
	/* Pointers are aligned in memory, not necessarily in the file. */
	at = (m->pointer - s->vaddr % m->pointer) % m->pointer;
	for (; at + m->pointer <= s->file_size && tries; at += m->pointer) {
		uint64_t word = 0;

		memcpy(&word, bytes + at, m->pointer);
		if (word != table)
			continue;
		tries--;
		if (text_of_module(m, t, s->vaddr + at, text))
			return true;
	}
	return false;
}

static bool text_from_modules(const struct memory *m, const struct gopclntab *t, uint64_t table,
			      uint64_t *text)
{
	size_t i, n, tries = CANDIDATES_MAX;
	const struct elf_segment *s = elf_image_segments(m->img, &n);

	for (i = 0; i < m->n_relocations && tries; i++) {
		if (m->relocations[i].addend != table)
			continue;
		tries--;
		if (text_of_module(m, t, m->relocations[i].vaddr, text))
			return true;
	}
	for (i = 0; i < n; i++)
		if (!s[i].executable && text_in_segment(m, t, table, &s[i], text))
			return true;
	return false;
}

/* Let t, which lies at vaddr, know where its text is. */
static bool find_text(const struct elf_image *img, struct gopclntab *t, uint64_t vaddr,
		      struct search *search)
{
	struct memory m = { .img = img, .search = search, .pointer = t->pointer };
	uint64_t text = t->header_text;
	bool found;

	if (!t->relative)
		return text_fits(img, t, 0);
	if (text && text_fits(img, t, text))
		return true;
	read_relocations(&m);
	/* The header's third word. Unrelocated it is 0, which is no text. */
	found = read_word(&m, vaddr + 8 + 2 * t->pointer, &text) && text && text_fits(img, t, text);
	if (!found)
		found = text_from_modules(&m, t, vaddr, &text);
	free(m.relocations);
	if (found)
		gopclntab_set_text(t, text);
	return found;
}

/* Is there a whole table in these bytes, which are at vaddr, and does it name code of img? */
static int read_table(struct gopclntab *t, const struct elf_image *img, const unsigned char *bytes,
		      size_t n, uint64_t vaddr, struct search *search, struct error *err)
{
	int code = gopclntab_init(t, bytes, n, err);

	if (code) {
		error_wrap(err, "%s", elf_image_name(img));
		return code;
	}
	if (t->pointer != (elf_image_is_64(img) ? 8 : 4) || !find_text(img, t, vaddr, search))
		return error_set(err, -EBADMSG, "%s: Go's function table names no code of it",
				 elf_image_name(img));
	return 0;
}

/* t was read from bytes, which become go's. */
static struct go_symbols *go_new(unsigned char *bytes, size_t n, const struct gopclntab *t)
{
	struct go_symbols *go = xcalloc(1, sizeof(*go));

	*go = (struct go_symbols){ .bytes = bytes, .n_bytes = n, .table = *t };
	go->table.bytes = bytes;
	return go;
}

static int load_section(const struct elf_image *img, const struct elf_section *s,
			struct search *search, struct go_symbols **go, struct error *err)
{
	CLEANUP_FREE unsigned char *bytes = elf_image_copy(img, s->offset, s->size);
	struct gopclntab t;
	int code;

	if (!bytes)
		return error_set(err, -EBADMSG, "%s: Go's function table is cut off or too large",
				 elf_image_name(img));
	code = read_table(&t, img, bytes, s->size, s->vaddr, search, err);
	if (!code)
		*go = go_new(STEAL(bytes), s->size, &t);
	return code;
}

static bool scan_segment(const struct elf_image *img, const struct elf_segment *s,
			 struct search *search, struct go_symbols **go)
{
	CLEANUP_FREE unsigned char *bytes = segment_bytes(img, s, search);
	size_t at = (SCAN_STEP - s->vaddr % SCAN_STEP) % SCAN_STEP;

	if (!bytes)
		return false;
	for (; at + GOPCLNTAB_HEADER_MIN <= s->file_size && search->candidates; at += SCAN_STEP) {
		size_t n = s->file_size - at;
		struct gopclntab t;

		if (bytes[at + 3] != 0xff || !gopclntab_magic(bytes + at, n))
			continue;
		search->candidates--;
		if (read_table(&t, img, bytes + at, n, s->vaddr + at, search, NULL))
			continue;
		memmove(bytes, bytes + at, n);
		bytes = xrealloc(bytes, n);
		*go = go_new(STEAL(bytes), n, &t);
		return true;
	}
	return false;
}

static bool looks_like_go(const struct elf_image *img)
{
	struct elf_section s;

	return elf_image_go_build_id(img) || elf_image_section(img, ".go.buildinfo", &s) ||
	       !elf_image_has_sections(img);
}

int go_symbols_load(const struct elf_image *img, struct go_symbols **go, struct error *err)
{
	struct search search = { .candidates = CANDIDATES_MAX, .bytes = SEARCH_BYTES_MAX };
	size_t i, n;
	const struct elf_segment *segments = elf_image_segments(img, &n);
	struct elf_section section;
	int code = 0;

	*go = NULL;
	if (elf_image_section(img, ".gopclntab", &section)) {
		code = load_section(img, &section, &search, go, err);
		if (!code)
			return 0;
	} else if (!looks_like_go(img)) {
		return 0;
	}
	/* Code holds the magic as well, in what reads the table: data first. */
	for (i = 0; i < n; i++)
		if (!segments[i].executable && scan_segment(img, &segments[i], &search, go))
			return 0;
	for (i = 0; i < n; i++)
		if (segments[i].executable && scan_segment(img, &segments[i], &search, go))
			return 0;
	return code;
}

void go_symbols_free(struct go_symbols *go)
{
	if (!go)
		return;
	free(go->bytes);
	free(go);
}

const struct gopclntab *go_symbols_table(const struct go_symbols *go)
{
	return &go->table;
}

size_t go_symbols_memory(const struct go_symbols *go)
{
	return sizeof(*go) + go->n_bytes;
}
