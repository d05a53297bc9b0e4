// SPDX-License-Identifier: GPL-2.0-only
/* mem.c - memory that is there or the program is not. */
#include "user/base/mem.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_BLOCK (64u << 10)
#define ARENA_ALIGN 16u

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(ARENA_ALIGN) unsigned char data[];
};

/* exit(), not abort(): what gives the terminal back to its user is registered with atexit(). */
static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "coldprof: out of memory: cannot get %zu bytes\n", size);
	exit(EXIT_FAILURE);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		out_of_memory(size);
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		out_of_memory(size && n > SIZE_MAX / size ? SIZE_MAX : n * size);
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		out_of_memory(size);
	return p;
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xmalloc(n), s, n);
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *s;
	int n;

	va_start(args, fmt);
	n = vasprintf(&s, fmt, args);
	va_end(args);
	if (n < 0)
		out_of_memory(strlen(fmt));
	return s;
}

#define HUGE_PAGE ((size_t)2 << 20)
#define MALLOC_ROOM 64 /* what malloc() may put before a block that is mapped by itself */

static bool huge_pages;

void mem_use_huge_pages(void)
{
	/* A fixed bound: else malloc() maps fewer and fewer of them by themselves. */
	mallopt(M_MMAP_THRESHOLD, HUGE_PAGE - MALLOC_ROOM);
	huge_pages = true;
}

/*
 * A block that is mapped by itself and whose length is one of huge pages is laid out in such pages
 * by the kernel, also when it grows: to touch it the first time costs one page fault for 512.
 */
static size_t round_big(size_t bytes)
{
	if (!huge_pages || bytes < HUGE_PAGE || bytes > SIZE_MAX / 2)
		return bytes;
	return ((bytes + MALLOC_ROOM + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1)) - MALLOC_ROOM;
}

static void *in_huge_pages(void *p, size_t bytes)
{
	const uintptr_t page = 4096;
	uintptr_t from = (uintptr_t)p & ~(page - 1);

	/* All of the mapping, or it becomes two that do not grow. Not to get them is no failure. */
	if (huge_pages && bytes >= HUGE_PAGE)
		madvise((void *)from, ((uintptr_t)p + bytes - from + page - 1) & ~(page - 1),
			MADV_HUGEPAGE);
	return p;
}

void *array_reserve(void *ptr, size_t n, size_t *cap, size_t more, size_t size)
{
	size_t need, grown, bytes;

	if (__builtin_add_overflow(n, more, &need))
		out_of_memory(SIZE_MAX);
	if (ptr && need <= *cap)
		return ptr;
	/* Twice as much each time, so that appending costs the same however long the array is. */
	if (__builtin_mul_overflow(*cap, (size_t)2, &grown) || grown < need)
		grown = need;
	if (grown < 8)
		grown = 8;
	if (__builtin_mul_overflow(grown, size, &bytes))
		out_of_memory(SIZE_MAX);
	bytes = round_big(bytes);
	ptr = in_huge_pages(xrealloc(ptr, bytes), bytes);
	*cap = bytes / size;
	return ptr;
}

void *xmalloc_big(size_t size)
{
	size = round_big(size);
	return in_huge_pages(xmalloc(size), size);
}

/* p is the address of a pointer of any type; memcpy because such a type may not alias void *. */
void cleanup_free_(void *p)
{
	void *ptr;

	memcpy(&ptr, p, sizeof(ptr));
	free(ptr);
}

/* Both run while a function returns, often after a failure whose errno is still wanted. */
void cleanup_close_(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

void cleanup_fclose_(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	errno = saved;
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		out_of_memory(size);
	block = xcalloc(1, sizeof(*block) + size);
	block->size = size;
	return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *block = a->blocks;
	size_t rounded;
	void *p;

	if (__builtin_add_overflow(size ? size : 1, ARENA_ALIGN - 1, &rounded))
		out_of_memory(size);
	rounded &= ~(size_t)(ARENA_ALIGN - 1);
	if (!block || rounded > block->size - block->used) {
		struct arena_block *fresh;

		fresh = block_new(rounded > ARENA_BLOCK / 4 ? rounded : ARENA_BLOCK);
		if (block && fresh->size == rounded) {
			/* A big one goes behind the first, whose rest serves small ones. */
			fresh->next = block->next;
			block->next = fresh;
		} else {
			fresh->next = block;
			a->blocks = fresh;
		}
		block = fresh;
	}
	p = block->data + block->used;
	block->used += rounded;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t length = strnlen(s, n);
	char *copy;

	if (length == SIZE_MAX)
		out_of_memory(length);
	copy = arena_alloc(a, length + 1);
	memcpy(copy, s, length); /* the arena is zeroed: the NUL is there */
	return copy;
}

void arena_release(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
}
