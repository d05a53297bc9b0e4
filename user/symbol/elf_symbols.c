// SPDX-License-Identifier: GPL-2.0-only
/* elf_symbols.c - a sorted copy of an ELF symbol table. */
#include "user/symbol/elf_symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

/* How many symbols before an address are tried for one that encloses it: hostile tables end. */
#define NESTING_MAX 64

struct entry {
	uint64_t start;
	uint64_t end;
	uint64_t reach; /* highest end of this entry and all before it */
	uint32_t name;  /* offset in names */
	bool local;
	bool exact;
};

struct elf_symbols {
	struct entry *entries;
	size_t n;
	size_t cap;
	char *names;
	size_t n_names; /* without the NUL that elf_image_copy() puts behind them */
};

static bool find_table(Elf *elf, GElf_Word type, Elf_Scn **found, GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		if (gelf_getshdr(scn, sh) && sh->sh_type == type && sh->sh_size) {
			*found = scn;
			return true;
		}
	}
	return false;
}

static int compare_entries(const void *a, const void *b, void *names)
{
	const struct entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->exact != y->exact)
		return x->exact ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	/* What others can link to is what people know; weak is no worse: write, against __write. */
	if (x->local != y->local)
		return x->local ? 1 : -1;
	return symbol_prefer((char *)names + x->name, (char *)names + y->name);
}

static uint64_t section_end(Elf *elf, size_t index)
{
	Elf_Scn *scn = index < SHN_LORESERVE ? elf_getscn(elf, index) : NULL;
	GElf_Shdr sh;

	if (!scn || !gelf_getshdr(scn, &sh) || sh.sh_addr > UINT64_MAX - sh.sh_size)
		return 0;
	return sh.sh_addr + sh.sh_size;
}

/* Take sym when it is a function with a place and a name. */
static void add_symbol(struct elf_symbols *t, Elf *elf, const GElf_Sym *sym, bool complete)
{
	int type = GELF_ST_TYPE(sym->st_info);
	uint64_t end;

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym->st_shndx == SHN_UNDEF ||
	    sym->st_name >= t->n_names || !t->names[sym->st_name])
		return;
	if (sym->st_size)
		end = sym->st_value > UINT64_MAX - sym->st_size ? 0 : sym->st_value + sym->st_size;
	else
		end = complete ? section_end(elf, sym->st_shndx) : 0;
	if (end <= sym->st_value)
		return;
	ARRAY_RESERVE(t->entries, t->n, t->cap, 1);
	t->entries[t->n++] = (struct entry){
		.start = sym->st_value,
		.end = end,
		.name = sym->st_name,
		.local = GELF_ST_BIND(sym->st_info) == STB_LOCAL,
		.exact = sym->st_size,
	};
}

static void cut_versions(char *names, size_t n)
{
	char *p = names, *end = names + n;

	while ((p = memchr(p, '@', (size_t)(end - p)))) {
		/* Not at the start of a name, which would leave it empty. */
		if (p > names && p[-1])
			*p = '\0';
		p++;
	}
}

/* Sort, keep one name for each start, close the open ends. */
static void arrange(struct elf_symbols *t)
{
	uint64_t reach = 0;
	size_t i, kept = 0;

	qsort_r(t->entries, t->n, sizeof(*t->entries), compare_entries, t->names);
	for (i = 0; i < t->n; i++)
		if (!kept || t->entries[kept - 1].start != t->entries[i].start)
			t->entries[kept++] = t->entries[i];
	t->n = kept;
	for (i = 0; i < t->n; i++) {
		struct entry *e = &t->entries[i];

		if (!e->exact && i + 1 < t->n && t->entries[i + 1].start < e->end)
			e->end = t->entries[i + 1].start;
		reach = e->end > reach ? e->end : reach;
		e->reach = reach;
	}
	/* The array was doubled to grow, and stays for the whole session. */
	t->entries = xrealloc(t->entries, t->n * sizeof(*t->entries));
}

static int damaged(const struct elf_image *img, struct error *err)
{
	return error_set(err, -EBADMSG, "the symbol table of %s is damaged", elf_image_name(img));
}

static int load_table(struct elf_symbols *t, const struct elf_image *img, Elf_Scn *scn,
		      const GElf_Shdr *sh, struct error *err)
{
	Elf *elf = elf_image_elf(img);
	size_t i, n, each = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	Elf_Scn *strings = elf_getscn(elf, sh->sh_link);
	GElf_Shdr str;
	Elf_Data *data;

	if (sh->sh_entsize != each || !strings || !gelf_getshdr(strings, &str) ||
	    str.sh_type != SHT_STRTAB)
		return damaged(img, err);
	/* Checked before libelf is asked: it allocates what the header says. */
	if (sh->sh_size > ELF_IMAGE_PART_MAX || str.sh_size > ELF_IMAGE_PART_MAX)
		return error_set(err, -EFBIG, "the symbol table of %s is too large",
				 elf_image_name(img));
	t->names = elf_image_copy(img, str.sh_offset, str.sh_size);
	data = elf_getdata(scn, NULL);
	if (!t->names || !data || !data->d_buf)
		return damaged(img, err);
	t->n_names = str.sh_size;
	cut_versions(t->names, t->n_names);
	n = data->d_size / each;
	for (i = 0; i < n; i++) {
		GElf_Sym sym;

		if (gelf_getsym(data, (int)i, &sym))
			add_symbol(t, elf, &sym, sh->sh_type == SHT_SYMTAB);
	}
	return 0;
}

int elf_symbols_load(const struct elf_image *img, struct elf_symbols **table, struct error *err)
{
	Elf *elf = elf_image_elf(img);
	struct elf_symbols *t;
	Elf_Scn *scn;
	GElf_Shdr sh;
	int code;

	*table = NULL;
	if (!elf)
		return error_set(err, -EBADF, "%s is closed", elf_image_name(img));
	if (!find_table(elf, SHT_SYMTAB, &scn, &sh) && !find_table(elf, SHT_DYNSYM, &scn, &sh))
		return 0;
	t = xcalloc(1, sizeof(*t));
	code = load_table(t, img, scn, &sh, err);
	if (code || !t->n) {
		elf_symbols_free(t);
		return code;
	}
	arrange(t);
	*table = t;
	return 0;
}

void elf_symbols_free(struct elf_symbols *table)
{
	if (!table)
		return;
	free(table->entries);
	free(table->names);
	free(table);
}

void elf_symbols_at(const struct elf_symbols *table, size_t i, struct symbol *sym)
{
	const struct entry *e = &table->entries[i];

	*sym = (struct symbol){
		.name = table->names + e->name,
		.start = e->start,
		.end = e->end,
		.exact = e->exact,
	};
}

bool elf_symbols_lookup(const struct elf_symbols *table, uint64_t vaddr, struct symbol *sym)
{
	size_t low = 0, high = table->n, tries = NESTING_MAX;

	/* Afterwards low - 1 is the last entry that starts at or before vaddr. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->entries[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- && tries-- && table->entries[low].reach > vaddr) {
		if (table->entries[low].end > vaddr) {
			elf_symbols_at(table, low, sym);
			return true;
		}
	}
	return false;
}

size_t elf_symbols_count(const struct elf_symbols *table)
{
	return table->n;
}

size_t elf_symbols_memory(const struct elf_symbols *table)
{
	return sizeof(*table) + table->n * sizeof(*table->entries) + table->n_names + 1;
}
