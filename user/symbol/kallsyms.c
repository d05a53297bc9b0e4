// SPDX-License-Identifier: GPL-2.0-only
/* kallsyms.c - /proc/kallsyms, sorted. */
#include "user/symbol/kallsyms.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

#define PAGE 4096u /* the smallest there is, so that no page holds two modules' text */

struct entry {
	uint64_t address;
	uint32_t name;   /* offset in text; functions only */
	uint32_t module; /* offset in text, 0 = the kernel */
	bool function;
};

struct kallsyms {
	struct entry *entries; /* by strictly rising address */
	size_t n;
	size_t cap;
	size_t n_functions;
	char *text; /* names, each with its NUL; the first is "" */
	size_t n_text;
	size_t cap_text;
};

static uint32_t add_text(struct kallsyms *t, const char *s, size_t n)
{
	uint32_t at = (uint32_t)t->n_text;

	ARRAY_RESERVE(t->text, t->n_text, t->cap_text, n + 1);
	memcpy(t->text + t->n_text, s, n);
	t->text[t->n_text + n] = '\0';
	t->n_text += n + 1;
	return at;
}

/* "\t[module]" or nothing; consecutive lines mostly share one. */
static uint32_t add_module(struct kallsyms *t, const char *rest)
{
	uint32_t last = t->n ? t->entries[t->n - 1].module : 0;
	size_t n;

	rest += strspn(rest, " \t");
	if (*rest != '[')
		return 0;
	n = strcspn(++rest, "]\n");
	if (!n)
		return 0;
	if (last && strlen(t->text + last) == n && !memcmp(t->text + last, rest, n))
		return last;
	return add_text(t, rest, n);
}

/* What the linker script puts behind a section; what follows it is not known to be a function. */
static bool is_end_mark(const char *name, size_t n)
{
	static const char end[] = "_text_end";

	return (n == strlen("_etext") && !memcmp(name, "_etext", n)) ||
	       (n == strlen("_einittext") && !memcmp(name, "_einittext", n)) ||
	       (n > strlen(end) && !memcmp(name + n - strlen(end), end, strlen(end)));
}

static void take_line(struct kallsyms *t, const char *line)
{
	struct entry e = { 0 };
	const char *name;
	size_t n;
	char *end;

	if (!isxdigit((unsigned char)line[0]))
		return;
	e.address = strtoull(line, &end, 16);
	if (end[0] != ' ' || !isalpha((unsigned char)end[1]) || end[2] != ' ')
		return;
	name = end + 3;
	n = strcspn(name, " \t\n");
	/* Offsets are 32 bits; the kernel has 6 MB of names. */
	if (!n || t->n_text > UINT32_MAX / 2 || n > UINT32_MAX / 4)
		return;
	e.function = strchr("tTwW", end[1]) && !is_end_mark(name, n);
	e.module = add_module(t, name + n);
	if (e.function)
		e.name = add_text(t, name, n);
	ARRAY_RESERVE(t->entries, t->n, t->cap, 1);
	t->entries[t->n++] = e;
}

static int compare_entries(const void *a, const void *b, void *text)
{
	const struct entry *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->function != y->function)
		return x->function ? -1 : 1;
	return symbol_prefer((char *)text + x->name, (char *)text + y->name);
}

/* One entry for each address; counts functions that have an address. */
static void arrange(struct kallsyms *t)
{
	size_t i, kept = 0;

	qsort_r(t->entries, t->n, sizeof(*t->entries), compare_entries, t->text);
	for (i = 0; i < t->n; i++) {
		const struct entry *e = &t->entries[i];

		if (kept && t->entries[kept - 1].address == e->address)
			continue;
		t->n_functions += e->function && e->address;
		t->entries[kept++] = *e;
	}
	t->n = kept;
}

int kallsyms_read(FILE *in, struct kallsyms **table, struct error *err)
{
	struct kallsyms *t = xcalloc(1, sizeof(*t));
	CLEANUP_FREE char *line = NULL;
	bool any_function = false;
	size_t cap = 0;
	int code = 0;

	*table = NULL;
	add_text(t, "", 0);
	errno = 0;
	while (getline(&line, &cap, in) > 0) {
		take_line(t, line);
		any_function |= t->n && t->entries[t->n - 1].function;
	}
	if (ferror(in))
		code = error_errno(err, errno ? -errno : -EIO, "cannot read kernel symbols");
	else if (t->n)
		arrange(t);
	if (!code && !t->n_functions && any_function)
		code = error_class(err, ERROR_HOST, -EACCES,
				   "the kernel hides where its functions are (see kptr_restrict)");
	else if (!code && !t->n_functions)
		code = error_set(err, -ENODATA, "no kernel function is listed");
	if (code)
		kallsyms_free(t);
	else
		*table = t;
	return code;
}

int kallsyms_open(const char *path, struct kallsyms **table, struct error *err)
{
	CLEANUP_FCLOSE FILE *in = fopen(path, "re");
	int code;

	*table = NULL;
	if (!in)
		return error_errno(err, -errno, "cannot open %s", path);
	code = kallsyms_read(in, table, err);
	if (code)
		error_wrap(err, "%s", path);
	return code;
}

void kallsyms_free(struct kallsyms *table)
{
	if (!table)
		return;
	free(table->entries);
	free(table->text);
	free(table);
}

/* Modules are told by name: the table holds a name once for each run of lines. */
static bool same_module(const struct kallsyms *t, const struct entry *a, const struct entry *b)
{
	return a->module == b->module || !strcmp(t->text + a->module, t->text + b->module);
}

static uint64_t end_of(const struct kallsyms *t, size_t i)
{
	const struct entry *e = &t->entries[i];
	uint64_t page_end = (e->address | (PAGE - 1)) + 1;

	if (!page_end)
		page_end = UINT64_MAX;
	if (i + 1 == t->n)
		return page_end;
	if (!same_module(t, e, &t->entries[i + 1]) && page_end < t->entries[i + 1].address)
		return page_end;
	return t->entries[i + 1].address;
}

bool kallsyms_lookup(const struct kallsyms *table, uint64_t address, struct symbol *sym,
		     const char **module)
{
	size_t low = 0, high = table->n;
	const struct entry *e;

	/* Afterwards low - 1 is the last entry at or before the address. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->entries[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	e = &table->entries[low - 1];
	if (!e->function || !e->address || address >= end_of(table, low - 1))
		return false;
	*sym = (struct symbol){
		.name = table->text + e->name,
		.start = e->address,
		.end = end_of(table, low - 1),
	};
	if (module)
		*module = table->text + e->module;
	return true;
}

size_t kallsyms_count(const struct kallsyms *table)
{
	return table->n_functions;
}
