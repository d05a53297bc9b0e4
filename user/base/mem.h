/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mem.h - memory: running out ends the program with a sentence; ownership shows in declarations.
 *
 *     CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);
 *     return STEAL(path);
 */
#ifndef COLDPROF_MEM_H
#define COLDPROF_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull, nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/*
 * Room for n more elements in a grown array: ARRAY_RESERVE(items, n_items, cap_items, 1); and then
 * items[n_items++] = …. The array is freed with free().
 */
#define ARRAY_RESERVE(ptr, n, cap, more)                                                           \
	((ptr) = array_reserve((ptr), (n), &(cap), (more), sizeof(*(ptr))))
void *array_reserve(void *ptr, size_t n, size_t *cap, size_t more, size_t size);

/*
 * From now on arrays of MiB are laid out in huge pages, where the kernel gives them: much quicker to
 * fill, and each up to 2 MiB larger. For a program that reads a whole recording, not for one that
 * measures. To be called before there are threads.
 */
void mem_use_huge_pages(void);

/* As xmalloc(), for what may be many MiB and is written at once. Freed with free(). */
void *xmalloc_big(size_t size) __attribute__((malloc, returns_nonnull));

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Hand ownership to the caller: the local forgets the pointer. */
#define STEAL(ptr)                                                                                 \
	({                                                                                         \
		__typeof__(ptr) stolen_ = (ptr);                                                   \
		(ptr) = NULL;                                                                      \
		stolen_;                                                                           \
	})

void cleanup_free_(void *p);
void cleanup_close_(int *fd);
void cleanup_fclose_(FILE **f);
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free_)))
#define CLEANUP_CLOSE __attribute__((cleanup(cleanup_close_)))
#define CLEANUP_FCLOSE __attribute__((cleanup(cleanup_fclose_)))

/*
 * An arena: many small allocations with one life. Pointers stay valid until arena_release().
 * Memory is zeroed. Zero-initialise a struct arena to start.
 */
struct arena {
	struct arena_block *blocks;
};
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
void arena_release(struct arena *a);

#endif
