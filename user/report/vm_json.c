// SPDX-License-Identifier: GPL-2.0-only
/* vm_json.c - the key "vm" of a run (docs/json.md). */
#include <stdlib.h>

#include "user/report/why.h"

#define LINES_SHOWN 2000 /* of a chatty console the first and the last half of so many */

static void write_states(struct json *j, const struct vcpu *v, uint64_t from, uint64_t to)
{
	uint64_t ns[WIRE_VCPU_STATES];
	unsigned int i;

	vcpu_between(v, from, to, ns);
	json_object(j, "ledger");
	for (i = 0; i < WIRE_VCPU_STATES; i++)
		json_u64(j, vcpu_state_name(i), ns[i]);
	json_end(j);
}

static void write_vcpu(struct json *j, const struct run *r, const struct vcpu *v, uint64_t to)
{
	uint64_t launch = r->milestones.launch;
	size_t i;

	json_object(j, NULL);
	json_u64(j, "tid", v->tid);
	json_u64(j, "pid", v->pid);
	json_u64(j, "first_run_ns", v->first > launch ? v->first - launch : 0);
	json_u64(j, "end_ns", (vcpu_end(v) < to ? vcpu_end(v) : to) - launch);
	json_u64(j, "kvm_runs", v->runs);
	json_u64(j, "kvm_entries", v->entries);
	json_u64(j, "userspace_exits", v->user_exits);
	write_states(j, v, 0, to);
	json_array(j, "phases");
	for (i = 0; i < r->phases.n; i++) {
		uint64_t a = launch + r->phases.list[i].start, b = launch + r->phases.list[i].end;

		if (b <= v->first || a >= vcpu_end(v))
			continue;
		json_object(j, NULL);
		json_string(j, "name", r->phases.list[i].name);
		write_states(j, v, a, b);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_exits(struct json *j, const struct vm *vm)
{
	char buf[VM_NAME_MAX];
	size_t i;

	json_array(j, "exits");
	for (i = 0; i < vm->n_exits; i++) {
		const struct vm_exit *e = &vm->exits[i];

		json_object(j, NULL);
		json_string(j, "to", e->table == WIRE_EXIT_USER ? "vmm" : "kernel");
		json_string(j, "reason", vm_exit_name(buf, e->table, e->reason));
		if (e->reason != UINT32_MAX)
			json_u64(j, "number", e->reason);
		json_u64(j, "count", e->count);
		json_u64(j, "kernel_ns", e->kernel_ns);
		if (e->table == WIRE_EXIT_USER)
			json_u64(j, "vmm_ns", e->user_ns);
		json_end(j);
	}
	json_end(j);
}

/* null: not known. */
static void write_kernel(struct json *j, bool told, uint64_t ns, uint64_t untold)
{
	if (told)
		json_u64(j, "kernel_ns", ns);
	else
		json_null(j, "kernel_ns");
	if (untold)
		json_u64(j, "kernel_untold", untold);
}

static void write_devices(struct json *j, const struct vm *vm)
{
	static const char *const spaces[] = { "", "port", "mmio", "rest" };
	size_t i;

	json_array(j, "devices");
	for (i = 0; i < vm->n_devices; i++) {
		const struct vm_device *d = &vm->devices[i];

		json_object(j, NULL);
		json_string(j, "device", d->name);
		json_u64(j, "exits", d->exits);
		write_kernel(j, vm_device_told(d), d->kernel_ns, d->untold);
		json_u64(j, "vmm_ns", d->user_ns);
		json_end(j);
	}
	json_end(j);
	json_array(j, "addresses");
	for (i = 0; i < vm->n_addresses; i++) {
		const struct vm_address *a = &vm->addresses[i];

		json_object(j, NULL);
		json_string(j, "space", a->space <= WIRE_SPACE_REST ? spaces[a->space] : "");
		json_u64(j, "address", a->address);
		json_string(j, "device", a->device);
		json_u64(j, "reads", a->reads);
		json_u64(j, "writes", a->writes);
		write_kernel(j, a->untold < a->reads + a->writes || a->kernel_ns, a->kernel_ns, a->untold);
		json_u64(j, "vmm_ns", a->user_ns);
		json_end(j);
	}
	json_end(j);
}

static void write_backing(struct json *j, const struct run *r, const struct memslot *m)
{
	const struct vm_backing *b = m->bytes ? vm_backing_at(&r->vm, m->hva) : NULL;

	if (!b)
		return;
	json_string(j, "backing", vm_backing_name(b));
	json_string(j, "backing_name", b->name);
}

/* By mapping: neighbours that the kernel has merged are one. */
static void write_backings(struct json *j, const struct run *r)
{
	size_t i;

	if (!r->vm.n_backings)
		return;
	json_array(j, "backing");
	for (i = 0; i < r->vm.n_backings; i++) {
		const struct vm_backing *b = &r->vm.backings[i];

		json_object(j, NULL);
		json_string(j, "kind", vm_backing_name(b));
		json_string(j, "name", b->name);
		json_u64(j, "hva", b->start);
		json_u64(j, "bytes", b->end - b->start);
		json_u64(j, "rss", b->rss);
		json_u64(j, "huge", b->huge);
		json_end(j);
	}
	json_end(j);
}

static void write_setup(struct json *j, const struct run *r)
{
	CLEANUP_FREE struct kvm_setup *list = NULL;
	size_t n = vm_setup(r, &list), i;
	char buf[VM_NAME_MAX];
	uint64_t ns;

	json_object(j, "setup");
	if (vm_exec_to_run(r, &ns))
		json_u64(j, "exec_to_first_run_ns", ns);
	json_u64(j, "vcpus", vm_setup_count(r, 0x41));
	json_u64(j, "irqfds", vm_setup_count(r, 0x76));
	json_array(j, "ioctls");
	for (i = 0; i < n; i++) {
		json_object(j, NULL);
		json_string(j, "name", vm_ioctl_name(buf, list[i].cmd));
		json_u64(j, "count", list[i].count);
		if (list[i].failed)
			json_u64(j, "failed", list[i].failed);
		json_u64(j, "ns", list[i].ns);
		json_u64(j, "longest_ns", list[i].longest);
		if (list[i].later) {
			json_u64(j, "later", list[i].later);
			json_u64(j, "later_ns", list[i].later_ns);
		}
		json_end(j);
	}
	json_end(j);
	json_array(j, "slots");
	for (i = 0; i < r->n_memslots; i++) {
		const struct memslot *m = &r->memslots[i];

		json_object(j, NULL);
		json_u64(j, "slot", m->slot);
		json_u64(j, "flags", m->flags);
		json_u64(j, "gpa", m->gpa);
		json_u64(j, "bytes", m->bytes);
		json_u64(j, "hva", m->hva);
		if (m->fd)
			json_u64(j, "vm_fd", (uint64_t)m->fd);
		write_backing(j, r, m);
		json_end(j);
	}
	json_end(j);
	write_backings(j, r);
	json_end(j);
}

/* Since launch; what was before it (a recording that lies) is at 0. */
static uint64_t since(const struct run *r, uint64_t time)
{
	return time > r->milestones.launch ? time - r->milestones.launch : 0;
}

static void write_line(struct json *j, const struct run *r, const struct guest_line *l)
{
	json_object(j, NULL);
	json_u64(j, "at_ns", since(r, l->time));
	if (l->stamp != VM_NO_STAMP) {
		json_u64(j, "stamp_ns", l->stamp);
		json_u64(j, "stamp_at_ns", since(r, l->placed));
	}
	if (l->gap)
		json_u64(j, "silence_ns", l->time - (l - 1)->end);
	json_string_n(j, "text", l->text, l->len);
	json_end(j);
}

static void write_console(struct json *j, const struct run *r)
{
	const struct vm *vm = &r->vm;
	size_t i;

	if (!vm->n_lines)
		return;
	json_object(j, "console");
	json_string(j, "source", vm->from_chardev ? "chardev" : "port 0x3f8");
	json_u64(j, "lines", vm->n_lines);
	json_u64(j, "bytes", vm->console_bytes);
	if (vm->clock_zero)
		json_u64(j, "clock_zero_ns", since(r, vm->clock_zero));
	json_array(j, "text");
	for (i = 0; i < vm->n_lines; i++)
		if (i < LINES_SHOWN / 2 || vm->n_lines - i <= LINES_SHOWN / 2)
			write_line(j, r, &vm->lines[i]);
	json_end(j);
	json_end(j);
}

static void write_marks(struct json *j, const struct run *r)
{
	size_t i;

	json_array(j, "marks");
	for (i = 0; i < r->vm.n_marks; i++) {
		const struct vm_mark *m = &r->vm.marks[i];

		json_object(j, NULL);
		json_u64(j, "at_ns", since(r, m->time));
		json_string(j, "space", m->space == WIRE_SPACE_MMIO ? "mmio" : "port");
		json_u64(j, "address", m->address);
		json_u64(j, "value", m->value);
		if (*vm_mark_meaning(r, m))
			json_string(j, "meaning", vm_mark_meaning(r, m));
		json_end(j);
	}
	json_end(j);
	if (r->vm.marks_dropped + r->vm.posts_dropped)
		json_u64(j, "marks_dropped", r->vm.marks_dropped + r->vm.posts_dropped);
	if (r->vm.posts_dropped)
		json_u64(j, "posts_dropped", r->vm.posts_dropped);
	if (!r->vm.n_initcalls)
		return;
	json_array(j, "initcalls");
	for (i = 0; i < r->vm.n_initcalls; i++) {
		const struct guest_initcall *c = &r->vm.initcalls[i];

		json_object(j, NULL);
		json_string(j, "name", c->name);
		json_u64(j, "start_ns", since(r, c->start));
		json_u64(j, "ns", c->end - c->start);
		json_end(j);
	}
	json_end(j);
}

void vm_json_run(struct json *j, const struct run *r)
{
	const struct vm *vm = &r->vm;
	uint64_t to = r->milestones.seen[r->milestones.end] ?
			      r->milestones.launch + r->milestones.at[r->milestones.end] :
			      UINT64_MAX;
	size_t i;

	if (!vm_present(r))
		return;
	json_object(j, "vm");
	if (*vm_isa_name(vm))
		json_string(j, "isa", vm_isa_name(vm));
	if (vm->n_vcpus)
		json_bool(j, "guest_includes_kernel", vm_guest_has_kernel(r));
	json_array(j, "vcpus");
	for (i = 0; i < vm->n_vcpus; i++)
		if (vm->vcpus[i].first < to && r->milestones.launch)
			write_vcpu(j, r, &vm->vcpus[i], to);
	json_end(j);
	write_exits(j, vm);
	write_devices(j, vm);
	if (r->n_kvm_calls)
		write_setup(j, r);
	if (vm->boot_timer) {
		json_object(j, "boot_timer");
		json_u64(j, "ns", vm->boot_timer);
		json_u64(j, "cpu_ns", vm->boot_timer_cpu);
		json_end(j);
	}
	write_console(j, r);
	write_marks(j, r);
	json_end(j);
}
