// SPDX-License-Identifier: GPL-2.0-only
/* vm_setup.c - what a VMM asked of KVM before, and while, its vCPUs ran. */
#include <stdlib.h>

#include "user/model/session.h"

static int compare_setup(const void *a, const void *b)
{
	const struct kvm_setup *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return (x->cmd > y->cmd) - (x->cmd < y->cmd);
}

static const struct sock_event *first_run(const struct run *r)
{
	const struct sock_event *first = NULL;
	size_t i;

	for (i = 0; i < r->n_socks; i++)
		if (r->socks[i].kind == WIRE_KVM_RUN &&
		    (!first || r->socks[i].time < first->time))
			first = &r->socks[i];
	return first;
}

static void add_call(struct kvm_setup *e, const struct kvm_call *c, const struct sock_event *first)
{
	uint64_t ns = c->enter && c->exit > c->enter ? c->exit - c->enter : 0;

	e->count++;
	e->failed += c->ret < 0;
	e->ns += ns;
	if (ns >= e->longest) {
		e->longest = ns;
		e->at = c->enter;
	}
	if (first && (c->enter ? c->enter : c->exit) > first->time) {
		e->later++;
		e->later_ns += ns;
	}
}

size_t vm_setup(const struct run *r, struct kvm_setup **list)
{
	const struct sock_event *first = first_run(r);
	size_t n = 0, cap = 0, i, k;

	*list = NULL;
	for (i = 0; i < r->n_kvm_calls; i++) {
		const struct kvm_call *c = &r->kvm_calls[i];

		for (k = 0; k < n && (*list)[k].cmd != c->cmd; k++)
			;
		if (k == n) {
			ARRAY_RESERVE(*list, n, cap, 1);
			(*list)[n++] = (struct kvm_setup){ .cmd = c->cmd };
		}
		add_call(&(*list)[k], c, first);
	}
	if (n > 1)
		qsort(*list, n, sizeof(**list), compare_setup);
	return n;
}

uint64_t vm_setup_count(const struct run *r, uint32_t nr)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < r->n_kvm_calls; i++)
		n += (r->kvm_calls[i].cmd & 0xff) == nr && r->kvm_calls[i].ret >= 0;
	return n;
}

bool vm_exec_to_run(const struct run *r, uint64_t *ns)
{
	const struct sock_event *first = first_run(r);
	const struct process *p;

	p = first ? tree_process(&r->tree, first->pid) : NULL;
	if (!p || !p->n_execs || p->execs[p->n_execs - 1].time > first->time)
		return false;
	*ns = first->time - p->execs[p->n_execs - 1].time;
	return true;
}

const struct vm_backing *vm_backing_at(const struct vm *vm, uint64_t hva)
{
	size_t i;

	for (i = 0; i < vm->n_backings; i++)
		if (hva >= vm->backings[i].start && hva < vm->backings[i].end)
			return &vm->backings[i];
	return NULL;
}

const char *vm_backing_name(const struct vm_backing *b)
{
	static const char *const names[] = {
		[GUEST_ANON] = "anon", [GUEST_MEMFD] = "memfd", [GUEST_HUGETLB] = "hugetlb",
		[GUEST_FILE] = "file", [GUEST_SHARED_ANON] = "shared anon",
	};

	return b->backing < ARRAY_SIZE(names) && names[b->backing] ? names[b->backing] : "?";
}

bool vm_backing_total(const struct vm *vm, uint64_t *rss, uint64_t *huge)
{
	size_t i;

	*rss = *huge = 0;
	for (i = 0; i < vm->n_backings; i++) {
		*rss += vm->backings[i].rss;
		*huge += vm->backings[i].huge;
	}
	return vm->n_backings > 0;
}
