// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/guestram.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

/* More than KVM itself takes (KVM_USER_MEM_SLOTS is 32764) in no order worth remembering. */
#define SLOTS_MAX 65536

void guestram_record(struct guestram *g, uint32_t pid, const struct wire_kvm_memslot *slot)
{
	const struct guest_slot new = { .pid = pid, .slot = slot->slot, .fd = slot->fd,
					.start = slot->hva, .bytes = slot->bytes };
	size_t i;

	for (i = 0; i < g->n && (g->slots[i].pid != pid || g->slots[i].slot != slot->slot ||
				 g->slots[i].fd != slot->fd); i++)
		;
	if (i < g->n) {
		g->slots[i] = new;
	} else if (slot->bytes && g->n < SLOTS_MAX) {
		ARRAY_RESERVE(g->slots, g->n, g->cap, 1);
		g->slots[g->n++] = new;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct guest_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

size_t guestram_ranges(const struct guestram *g, uint32_t pid, struct guest_range **ranges)
{
	struct guest_range *list = xcalloc(g->n ? g->n : 1, sizeof(*list));
	size_t n = 0, kept = 0, i;

	for (i = 0; i < g->n; i++) {
		const struct guest_slot *s = &g->slots[i];

		if (s->pid == pid && s->bytes && s->start + s->bytes > s->start)
			list[n++] = (struct guest_range){ s->start, s->start + s->bytes };
	}
	if (n)
		qsort(list, n, sizeof(*list), by_start);
	for (i = 0; i < n; i++) {
		if (kept && list[i].start <= list[kept - 1].end) {
			if (list[i].end > list[kept - 1].end)
				list[kept - 1].end = list[i].end;
		} else {
			list[kept++] = list[i];
		}
	}
	*ranges = list;
	return kept;
}

uint64_t guestram_overlap(const struct guest_range *ranges, size_t n, uint64_t start, uint64_t end)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < n && ranges[i].start < end; i++) {
		uint64_t from = ranges[i].start > start ? ranges[i].start : start;
		uint64_t to = ranges[i].end < end ? ranges[i].end : end;

		if (to > from)
			bytes += to - from;
	}
	return bytes;
}

void guestram_add_shape(struct guestram *g, const struct guest_shape *shape)
{
	size_t i;

	if (shape->bytes < GUEST_SHAPE_MIN)
		return;
	for (i = 0; i < g->n_shapes; i++)
		if (g->shapes[i].bytes == shape->bytes && g->shapes[i].backing == shape->backing &&
		    !strncmp(g->shapes[i].comm, shape->comm, sizeof(shape->comm)))
			return;
	if (g->n_shapes < GUEST_SHAPES_MAX)
		g->shapes[g->n_shapes++] = *shape;
}

void guestram_reset(struct guestram *g)
{
	g->n = 0;
}

void guestram_release(struct guestram *g)
{
	free(g->slots);
	*g = (struct guestram){ 0 };
}

/* "256", "1G", "size=512M,slots=2": MiB where there is no unit. */
static uint64_t parse_size(const char *s)
{
	uint64_t bytes;
	char *end;

	if (!strncmp(s, "size=", 5))
		s += 5;
	bytes = strtoull(s, &end, 10);
	switch (*end) {
	case '\0':
	case ',':
	case 'M':
	case 'm':
		return bytes << 20;
	case 'K':
	case 'k':
		return bytes << 10;
	case 'G':
	case 'g':
		return bytes << 30;
	default:
		return 0;
	}
}

static bool is_qemu(const char *program)
{
	static const char qemu[] = "qemu-system-";
	const char *slash = strrchr(program, '/');

	return !strncmp(slash ? slash + 1 : program, qemu, sizeof(qemu) - 1);
}

uint64_t guestram_asked(const char *argv, size_t n)
{
	const char *at = argv, *end = argv + n;
	bool wanted = false;

	if (!n || argv[n - 1] != '\0' || !is_qemu(argv))
		return 0;
	for (; at < end; at += strlen(at) + 1) {
		if (wanted)
			return parse_size(at);
		wanted = !strcmp(at, "-m");
	}
	return 0;
}

uint64_t guestram_asked_words(char *const *argv, size_t n)
{
	size_t i;

	if (!n || !is_qemu(argv[0]))
		return 0;
	for (i = 1; i + 1 < n; i++)
		if (!strcmp(argv[i], "-m"))
			return parse_size(argv[i + 1]);
	return 0;
}
