// SPDX-License-Identifier: GPL-2.0-only
/* run.c - what is known of one run, record by record. */
#include "user/model/run.h"

#include <stdlib.h>
#include <string.h>

#include "user/model/syscall_names.h"
#include "user/record/reader.h"

/* Which table the recording's system calls are numbered by: of uname -m, NULL when it does not say. */
static bool has_generic_calls(const char *architecture)
{
	static const char *const names[] = { "aarch64", "riscv64", "loongarch64" };
	size_t i;

	for (i = 0; architecture && i < ARRAY_SIZE(names); i++)
		if (!strcmp(architecture, names[i]))
			return true;
	return false;
}

struct run *run_new(struct session *s, uint32_t number, const struct host_run_begin *begin)
{
	struct run *r = arena_alloc(&s->arena, sizeof(*r));

	*r = (struct run){
		.number = number,
		.index = begin->index,
		.warmup = begin->warmup != 0,
		.cold = begin->cold != 0,
		.stale = true,
		.status = RUN_FAILED,
		.reason = "not finished",
		.netns = begin->netns,
		.client_netns = begin->client_netns,
		.client_tid = begin->client_tid,
		.output = "",
		.client_problem = "",
		.sched.generic_calls = has_generic_calls(session_env(s, "architecture")),
	};
	return r;
}

static struct sock_event *add_event(struct run *r, const struct wire_head *record)
{
	struct sock_event *e;

	ARRAY_RESERVE(r->socks, r->n_socks, r->cap_socks, 1);
	e = &r->socks[r->n_socks++];
	*e = (struct sock_event){ .time = record->time, .tid = record->tid, .pid = record->pid,
				  .kind = record->kind };
	return e;
}

static void add_sock(struct run *r, const struct wire_head *record)
{
	struct sock_event *e = add_event(r, record);
	struct wire_sock body;

	record_body(record, &body, sizeof(body));
	e->local_port = body.local_port;
	e->remote_port = body.remote_port;
	e->passive = body.passive;
	e->netns = body.netns;
	e->value = body.bytes;
}

static void add_accept(struct run *r, const struct wire_head *record)
{
	struct sock_event *e = add_event(r, record);
	struct wire_accept body;

	record_body(record, &body, sizeof(body));
	e->enter = record->flags & WIRE_F_NO_ENTER ? 0 : body.enter;
	e->local_port = body.local_port;
	e->netns = body.netns;
	e->value = body.fd;
}

static void add_guest_syscall(struct run *r, const struct wire_head *record)
{
	struct sock_event *e = add_event(r, record);
	struct wire_guest_syscall body;

	record_body(record, &body, sizeof(body));
	e->how = body.how <= UINT16_MAX ? (uint16_t)body.how : 0;
	e->value = r->sched.generic_calls ? syscall_from_generic(body.nr) : body.nr;
	e->ret = body.ret;
}

static void add_kvm_ioctl(struct session *s, struct run *r, const struct wire_head *record)
{
	struct wire_kvm_ioctl body;
	struct kvm_call *call;

	record_body(record, &body, sizeof(body));
	ARRAY_RESERVE(r->kvm_calls, r->n_kvm_calls, r->cap_kvm_calls, 1);
	call = &r->kvm_calls[r->n_kvm_calls++];
	*call = (struct kvm_call){ .enter = body.enter, .exit = record->time, .tid = record->tid,
				   .cmd = body.cmd, .ret = body.ret };
	call->fd_name = arena_strndup(&s->arena, body.fd_name,
				      strnlen(body.fd_name, sizeof(body.fd_name)));
}

static void add_memslot(struct run *r, const struct wire_head *record)
{
	struct wire_kvm_memslot body;

	record_body(record, &body, sizeof(body));
	ARRAY_RESERVE(r->memslots, r->n_memslots, r->cap_memslots, 1);
	r->memslots[r->n_memslots++] = (struct memslot){
		.time = record->time, .slot = body.slot, .flags = body.flags,
		.gpa = body.gpa, .bytes = body.bytes, .hva = body.hva, .fd = body.fd,
	};
}

static bool add_end(struct session *s, struct run *r, const struct wire_head *record)
{
	struct host_run_end body;

	record_body(record, &body, sizeof(body));
	if (r->ended || body.status > RUN_INTERRUPTED)
		return false;
	r->ended = true;
	r->status = (enum run_status)body.status;
	r->reason = session_string(s, record, sizeof(body), 0);
	r->exit_code = body.exit_code;
	r->sent = body.sent;
	r->lost = body.lost;
	return true;
}

/* More requests than fit into one record come as several. */
static void add_latency(struct run *r, const struct wire_head *record)
{
	struct host_latency body;
	const void *values;
	size_t n;

	record_body(record, &body, sizeof(body));
	values = record_bytes(record, sizeof(body), &n);
	n /= sizeof(*r->latency);
	if (n > body.n)
		n = body.n;
	if (n) {
		ARRAY_RESERVE(r->latency, r->n_latency, r->cap_latency, n);
		memcpy(r->latency + r->n_latency, values, n * sizeof(*r->latency));
		r->n_latency += n;
	}
	r->latency_failed += body.failed;
}

/* Output may hold NULs, so it is taken as bytes; those at its end are padding. */
static void add_output(struct session *s, struct run *r, const struct wire_head *record)
{
	size_t n;
	const char *bytes = record_bytes(record, sizeof(struct host_output), &n);
	char *copy;

	while (n && bytes[n - 1] == '\0')
		n--;
	copy = arena_alloc(&s->arena, n + 1);
	memcpy(copy, bytes, n);
	r->output = copy;
	r->output_len = n;
}

static bool add_host(struct session *s, struct run *r, const struct wire_head *record)
{
	switch (record->kind) {
	case HOST_RUN_END:
		return add_end(s, r, record);
	case HOST_CLIENT:
		record_body(record, &r->client, sizeof(r->client));
		r->client_problem = session_string(s, record, sizeof(r->client), 0);
		r->has_client = true;
		return true;
	case HOST_READY:
		if (r->has_ready)
			return false;
		record_body(record, &r->ready, sizeof(r->ready));
		r->ready_by = session_string(s, record, sizeof(r->ready), 0);
		r->has_ready = true;
		return true;
	case HOST_PROCESS_MEMORY:
	case HOST_MEMORY_PROCESS:
	case HOST_MEMORY_MAPPING:
	case HOST_MEMORY_CGROUP:
	case HOST_MEMORY_SYSTEM:
		return memory_add(s, r, record);
	case HOST_LATENCY:
		add_latency(r, record);
		return true;
	case HOST_OUTPUT:
		add_output(s, r, record);
		return true;
	case HOST_SYMBOL:
		oncpu_add_symbol(s, r, record);
		return true;
	case HOST_IO:
		record_body(record, &r->disk.io, sizeof(r->disk.io));
		r->disk.has_io = true;
		return true;
	case HOST_PROGRAM_COST:
		cost_add(s, r, record);
		return true;
	case HOST_COST:
		record_body(record, &r->cost, sizeof(r->cost));
		r->has_cost = true;
		return true;
	default: /* of a later version */
		return true;
	}
}

bool run_add(struct session *s, struct run *r, const struct wire_head *record)
{
	r->stale = true;
	if (record->kind < WIRE_KIND_LIMIT && record->time > r->latest && !r->has_client &&
	    !r->has_ready)
		r->latest = record->time;
	switch (record->kind) {
	case WIRE_FORK:
	case WIRE_EXEC:
	case WIRE_EXIT:
	case WIRE_COMM:
		tree_add(&r->tree, &s->arena, record);
		return sched_add(&r->sched, &s->arena, record);
	case WIRE_ADOPTED:
		tree_add(&r->tree, &s->arena, record);
		return true;
	case WIRE_SWITCH:
	case WIRE_WAKING:
	case WIRE_SYSCALL:
	case WIRE_BLOCKED:
	case WIRE_READ_WAIT:
	case WIRE_SEEN:
	case WIRE_SAMPLE:
		return sched_add(&r->sched, &s->arena, record);
	case WIRE_LISTEN:
	case WIRE_ESTABLISHED:
	case WIRE_SOCK_RECV:
	case WIRE_SOCK_SEND:
	case WIRE_SYN_RETRANSMIT:
		add_sock(r, record);
		return true;
	case WIRE_ACCEPT:
		add_accept(r, record);
		return true;
	case WIRE_GUEST_SYSCALL:
		add_guest_syscall(r, record);
		return true;
	case WIRE_KVM_RUN:
	case WIRE_TAP_FRAME:
		add_event(r, record);
		return true;
	case WIRE_KVM_IOCTL:
		add_kvm_ioctl(s, r, record);
		return true;
	case WIRE_FILE_CACHE:
		disk_add(s, r, record);
		return true;
	case WIRE_KVM_MEMSLOT:
		add_memslot(r, record);
		return true;
	case WIRE_RSS:
		return memory_timeline_add(&r->timeline, record);
	case WIRE_VCPU:
	case WIRE_VM_EXIT:
	case WIRE_VM_DEVICE:
	case WIRE_GUEST_TEXT:
	case WIRE_GUEST_MARK:
	case HOST_CONSOLE:
	case HOST_GUEST_BACKING:
	case HOST_BOOT_TIMER:
		return vm_add(s, r, record);
	default:
		return add_host(s, r, record);
	}
}

static const struct phase_rule *rules_of(const struct session *s, const struct run *r)
{
	return s->phase_rules ? s->phase_rules(r->scenario->name) : NULL;
}

/* Without SWITCH records scheduling was not followed: there is nothing to tell then. */
static void explain(struct session *s, struct run *r)
{
	r->path.n = r->path.n_kinds = r->path.tallies.n = r->ledger.n = r->phases.n = 0;
	r->findings.n = r->findings.n_sure = r->findings.n_estimates = 0;
	r->scenario->stale = true;
	if (r->sched.n_switches == 0 || !r->milestones.seen[r->milestones.end])
		return;
	sched_settle(&r->sched, r->client_tid);
	oncpu_settle(r);
	critpath_find(s, r);
	phases_find(s, r, rules_of(s, r));
	vm_refine_path(s, r);
	critpath_find_kinds(&r->path);
	critpath_tally_samples(s, r);
	findings_of_run(s, r);
}

static void settle_totals(struct session *s, struct run *r, uint16_t port)
{
	disk_settle(&r->disk);
	cost_settle(&r->programs);
	vm_settle(s, r);
	milestones_find(r, port);
	memory_settle(r);
}

void run_settle(struct session *s, struct run *r, uint16_t port)
{
	if (!r->stale)
		return;
	settle_totals(s, r, port);
	explain(s, r);
	memory_timeline_find(r);
	r->growing.n = 0;
	r->stale = false;
}

void run_grow(struct session *s, struct run *r, uint16_t port)
{
	if (r->ended || r->has_client || r->has_ready) {
		run_settle(s, r, port);
		return;
	}
	if (!r->stale)
		return;
	settle_totals(s, r, port);
	sched_settle(&r->sched, r->client_tid);
	phases_so_far(s, r, rules_of(s, r));
	memory_timeline_find(r);
	r->stale = false;
}

void run_release(struct run *r)
{
	tree_release(&r->tree);
	sched_release(&r->sched);
	free(r->path.slices);
	free(r->path.kinds);
	free(r->path.tallies.list);
	free(r->ledger.rows);
	free(r->phases.list);
	findings_release(&r->findings);
	free(r->symbols);
	free(r->disk.files);
	free(r->programs.list);
	memory_release(r);
	memory_timeline_release(&r->timeline);
	free(r->growing.list);
	free(r->latency);
	free(r->kvm_calls);
	free(r->memslots);
	vm_release(&r->vm);
	free(r->socks);
}
