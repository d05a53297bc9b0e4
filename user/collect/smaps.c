// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/smaps.h"

#include <string.h>

/* Lower-case hex up to something else; *at goes behind it. */
static uint64_t hex(const char **at, const char *end)
{
	uint64_t v = 0;

	for (; *at < end; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	return v;
}

static uint64_t decimal(const char **at, const char *end)
{
	uint64_t v = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; ++*at)
		v = v * 10 + (uint64_t)(**at - '0');
	return v;
}

static void skip(const char **at, const char *end, char c)
{
	while (*at < end && **at == c)
		++*at;
}

/* The kernel writes a newline in a name as \012 and nothing else in any special way. */
static void copy_name(char *to, const char *at, const char *end)
{
	size_t n = 0;

	if (end - at >= SMAPS_NAME_MAX)
		at = end - (SMAPS_NAME_MAX - 1);
	while (at < end) {
		if (end - at >= 4 && !memcmp(at, "\\012", 4)) {
			to[n++] = '\n';
			at += 4;
		} else {
			to[n++] = *at++;
		}
	}
	to[n] = '\0';
}

/* "55d4c0a00000-55d4c0a02000 r--p 00000000 08:01 1234      /usr/bin/cat" */
static bool header(struct smaps_vma *v, const char *at, const char *end)
{
	memset(v, 0, offsetof(struct smaps_vma, name) + 1);
	v->rss = v->pss = v->private = v->share = v->anon = v->swap = v->huge = v->thp = 0;
	v->start = hex(&at, end);
	if (at == end || *at++ != '-')
		return false;
	v->end = hex(&at, end);
	if (end - at < 6 || at[0] != ' ' || v->end <= v->start)
		return false;
	v->writable = at[2] == 'w';
	v->executable = at[3] == 'x';
	v->shared = at[4] == 's';
	at += 5;
	skip(&at, end, ' ');
	hex(&at, end);
	skip(&at, end, ' ');
	v->major = (uint32_t)hex(&at, end);
	if (at == end || *at++ != ':')
		return false;
	v->minor = (uint32_t)hex(&at, end);
	skip(&at, end, ' ');
	v->inode = decimal(&at, end);
	skip(&at, end, ' ');
	copy_name(v->name, at, end);
	return true;
}

static void flags(struct smaps_vma *v, const char *at, const char *end)
{
	for (; end - at >= 2; at += 3)
		if (at[0] == 'h' && at[1] == 't')
			v->hugetlb = true;
}

static bool is(const char *name, size_t n, const char *want)
{
	return strlen(want) == n && !memcmp(name, want, n);
}

/* "Private_Dirty:      12 kB"; the order of the tests is that of how often they are needed. */
static void figure(struct smaps_vma *v, const char *at, const char *end)
{
	const char *colon = memchr(at, ':', (size_t)(end - at));
	const char *value = colon ? colon + 1 : end;
	size_t n = colon ? (size_t)(colon - at) : 0;
	uint64_t *to = NULL;

	switch (n ? *at : '\0') {
	case 'R':
		to = is(at, n, "Rss") ? &v->rss : NULL;
		break;
	case 'P':
		if (is(at, n, "Pss"))
			to = &v->pss;
		else if (is(at, n, "Private_Clean") || is(at, n, "Private_Dirty"))
			to = &v->private;
		else if (is(at, n, "Private_Hugetlb"))
			to = &v->huge;
		break;
	case 'S':
		if (is(at, n, "Shared_Clean") || is(at, n, "Shared_Dirty"))
			to = &v->share;
		else if (is(at, n, "Shared_Hugetlb"))
			to = &v->huge;
		else if (is(at, n, "ShmemPmdMapped"))
			to = &v->thp;
		else if (is(at, n, "Swap"))
			to = &v->swap;
		break;
	case 'A':
		if (is(at, n, "Anonymous"))
			to = &v->anon;
		else if (is(at, n, "AnonHugePages"))
			to = &v->thp;
		break;
	case 'F':
		to = is(at, n, "FilePmdMapped") ? &v->thp : NULL;
		break;
	case 'V':
		if (is(at, n, "VmFlags")) {
			skip(&value, end, ' ');
			flags(v, value, end);
		}
		break;
	default:
		break;
	}
	if (!to)
		return;
	skip(&value, end, ' ');
	*to += decimal(&value, end) * 1024;
}

static void line(struct smaps *s, const char *at, const char *end)
{
	if (at == end)
		return;
	if (*at >= 'A' && *at <= 'Z') {
		if (s->open)
			figure(&s->vma, at, end);
		return;
	}
	smaps_end(s);
	s->open = header(&s->vma, at, end);
}

size_t smaps_feed(struct smaps *s, const char *text, size_t n)
{
	const char *at = text, *end = text + n, *newline;

	while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		line(s, at, newline);
		at = newline + 1;
	}
	return (size_t)(at - text);
}

void smaps_end(struct smaps *s)
{
	if (s->open)
		s->fn(s->ctx, &s->vma);
	s->open = false;
}
