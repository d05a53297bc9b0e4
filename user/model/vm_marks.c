// SPDX-License-Identifier: GPL-2.0-only
/* vm_marks.c - the writes by which a guest marks its boot, as a short list. */
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/phase.h"
#include "user/model/run.h"
#include "user/model/vm.h"

#define POST_PORT 0x80

bool vm_mark_is_post(const struct vm_mark *m)
{
	return m->space == WIRE_SPACE_PORT && m->address == POST_PORT;
}

static bool of_cloud_hypervisor(const struct run *r)
{
	size_t i, k;

	for (i = 0; i < r->tree.n; i++)
		for (k = 0; k < r->tree.processes[i]->n_execs; k++)
			if (phase_matches("cloud-hypervisor*", r->tree.processes[i]->execs[k].exe))
				return true;
	return false;
}

const char *vm_mark_meaning(const struct run *r, const struct vm_mark *m)
{
	/* Its docs/debug-port.md; the rest, from 0x80 on, is for whoever wants it. */
	static const char *const ranges[] = { "POST code of firmware", "POST code of a bootloader",
					      "POST code of the kernel", "POST code of user space" };

	if (vm_mark_is_post(m) && m->value / 0x20 < ARRAY_SIZE(ranges) && of_cloud_hypervisor(r))
		return ranges[m->value / 0x20];
	return vm_mark_name(m);
}

static int by_time(const void *a, const void *b)
{
	const struct vm_mark_sum *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

/* Marks before POST codes, of which firmware may make many. */
static int by_kind(const void *a, const void *b)
{
	const struct vm_mark_sum *x = a, *y = b;
	bool post = vm_mark_is_post(&x->first), other = vm_mark_is_post(&y->first);

	return post != other ? post - other : by_time(a, b);
}

static struct vm_mark_sum *sum_of(struct vm_mark_sum *list, size_t n, const struct vm_mark *m)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].first.address == m->address && list[i].first.space == m->space &&
		    list[i].first.value == m->value)
			return &list[i];
	return NULL;
}

size_t vm_mark_sums(const struct vm *vm, size_t most, struct vm_mark_sum **out, uint64_t *rest)
{
	struct vm_mark_sum *list = xcalloc(vm->n_marks + 1, sizeof(*list));
	size_t n = 0, i;

	for (i = 0; i < vm->n_marks; i++) {
		const struct vm_mark *m = &vm->marks[i];
		struct vm_mark_sum *sum = sum_of(list, n, m);

		if (!sum) {
			sum = &list[n++];
			sum->first = *m;
			sum->index = i;
		}
		sum->last = m->time;
		sum->count++;
	}
	qsort(list, n, sizeof(*list), by_kind);
	*rest = 0;
	for (i = most; i < n; i++)
		*rest += list[i].count;
	n = n < most ? n : most;
	qsort(list, n, sizeof(*list), by_time);
	*out = list;
	return n;
}
