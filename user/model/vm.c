// SPDX-License-Identifier: GPL-2.0-only
#include "user/model/vm.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/run.h"
#include "user/model/session.h"
#include "user/record/reader.h"

/* More than any honest recording has. */
#define VCPUS_MAX 1024
#define MARKS_MAX 4096
#define BACKINGS_MAX 65536

static struct vcpu *find_vcpu(struct vm *vm, uint32_t tid)
{
	size_t i;

	for (i = 0; i < vm->n_vcpus; i++)
		if (vm->vcpus[i].tid == tid)
			return &vm->vcpus[i];
	if (vm->n_vcpus == VCPUS_MAX)
		return NULL;
	ARRAY_RESERVE(vm->vcpus, vm->n_vcpus, vm->cap_vcpus, 1);
	vm->vcpus[vm->n_vcpus] = (struct vcpu){ .tid = tid };
	return &vm->vcpus[vm->n_vcpus++];
}

static bool add_vcpu(struct vm *vm, const struct wire_head *record)
{
	struct wire_vcpu body;
	struct vcpu *v;
	uint64_t sum = 0;
	int i;

	record_body(record, &body, sizeof(body));
	for (i = 0; i < WIRE_VCPU_STATES; i++) {
		if (body.ns[i] > UINT64_MAX / 16)
			return false;
		sum += body.ns[i];
	}
	/* Every nanosecond has a state, or it is no ledger. */
	if (!body.first || body.first > record->time || sum != record->time - body.first)
		return false;
	v = find_vcpu(vm, record->tid);
	if (!v || (v->first && v->first != body.first))
		return false;
	v->first = body.first;
	v->pid = record->pid;
	/* They only grow, and records may come out of order. */
	v->runs = body.runs > v->runs ? body.runs : v->runs;
	v->entries = body.entries > v->entries ? body.entries : v->entries;
	v->user_exits = body.user_exits > v->user_exits ? body.user_exits : v->user_exits;
	ARRAY_RESERVE(v->points, v->n_points, v->cap_points, 1);
	v->points[v->n_points].time = record->time;
	memcpy(v->points[v->n_points++].ns, body.ns, sizeof(body.ns));
	return true;
}

static void add_exit(struct vm *vm, const struct wire_head *record)
{
	struct wire_vm_exit body;

	record_body(record, &body, sizeof(body));
	ARRAY_RESERVE(vm->exits, vm->n_exits, vm->cap_exits, 1);
	vm->exits[vm->n_exits++] = (struct vm_exit){
		.table = body.table, .reason = body.reason, .count = body.count,
		.kernel_ns = body.kernel_ns, .user_ns = body.user_ns,
	};
}

static void add_address(struct vm *vm, const struct wire_head *record)
{
	struct wire_vm_device body;

	record_body(record, &body, sizeof(body));
	ARRAY_RESERVE(vm->addresses, vm->n_addresses, vm->cap_addresses, 1);
	vm->addresses[vm->n_addresses++] = (struct vm_address){
		.address = body.address, .space = body.space, .reads = body.reads,
		.writes = body.writes, .kernel_ns = body.kernel_ns, .user_ns = body.user_ns,
		.first = body.first, .last = body.last,
		.device = vm_device_name(body.space, body.address),
	};
}

static bool add_mark(struct vm *vm, const struct wire_head *record)
{
	struct wire_guest_mark body;
	uint64_t *dropped;

	record_body(record, &body, sizeof(body));
	dropped = body.address == 0x80 ? &vm->posts_dropped : &vm->marks_dropped;
	if (body.space == WIRE_SPACE_REST) {
		*dropped += body.value;
		return true;
	}
	if (vm->n_marks == MARKS_MAX) {
		++*dropped;
		return true;
	}
	ARRAY_RESERVE(vm->marks, vm->n_marks, vm->cap_marks, 1);
	vm->marks[vm->n_marks++] = (struct vm_mark){
		.time = record->time, .address = body.address, .space = body.space,
		.value = body.value, .of_probe = record->pid != 0,
	};
	return true;
}

static void add_guest_text(struct session *s, struct run *r, const struct wire_head *record)
{
	struct wire_guest_text body;
	size_t n;

	/* The chardev has the same text, and all of it. */
	if (r->vm.from_chardev)
		return;
	record_body(record, &body, sizeof(body));
	n = body.n && body.n <= sizeof(body.text) ? body.n : strnlen(body.text, sizeof(body.text));
	guest_console_add(s, r, body.since, record->time, body.text, n, body.open != 0);
}

static void add_console(struct session *s, struct run *r, const struct wire_head *record)
{
	struct host_console body;
	const char *text;
	size_t n;

	if (!r->vm.from_chardev) {
		r->vm.from_chardev = true;
		r->vm.n_lines = 0;
		r->vm.line_open = false;
		r->vm.console_bytes = 0;
	}
	record_body(record, &body, sizeof(body));
	n = record_string(record, sizeof(body), 0, &text);
	guest_console_add(s, r, body.since, record->time, n ? text : "", n, body.open != 0);
}

static bool add_backing(struct session *s, struct run *r, const struct wire_head *record)
{
	struct host_guest_backing body;
	struct vm *vm = &r->vm;

	record_body(record, &body, sizeof(body));
	if (body.end <= body.start || body.rss > body.end - body.start || body.huge > body.rss ||
	    vm->n_backings == BACKINGS_MAX)
		return false;
	ARRAY_RESERVE(vm->backings, vm->n_backings, vm->cap_backings, 1);
	vm->backings[vm->n_backings++] = (struct vm_backing){
		.pid = record->pid, .backing = body.backing, .start = body.start, .end = body.end,
		.rss = body.rss, .huge = body.huge,
		.name = session_string(s, record, sizeof(body), 0),
	};
	return true;
}

static bool add_boot_timer(struct vm *vm, const struct wire_head *record)
{
	struct host_boot_timer body;

	record_body(record, &body, sizeof(body));
	vm->boot_timer = body.ns;
	vm->boot_timer_cpu = body.cpu_ns;
	return body.ns > 0;
}

bool vm_add(struct session *s, struct run *r, const struct wire_head *record)
{
	switch (record->kind) {
	case WIRE_VCPU:
		return add_vcpu(&r->vm, record);
	case WIRE_VM_EXIT:
		add_exit(&r->vm, record);
		return true;
	case WIRE_VM_DEVICE:
		add_address(&r->vm, record);
		return true;
	case WIRE_GUEST_MARK:
		return add_mark(&r->vm, record);
	case WIRE_GUEST_TEXT:
		add_guest_text(s, r, record);
		return true;
	case HOST_CONSOLE:
		add_console(s, r, record);
		return true;
	case HOST_GUEST_BACKING:
		return add_backing(s, r, record);
	case HOST_BOOT_TIMER:
		return add_boot_timer(&r->vm, record);
	default:
		return false;
	}
}

/* ---- in order ----------------------------------------------------------------------------------- */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_points(const void *a, const void *b)
{
	const struct vcpu_point *x = a, *y = b;

	return COMPARE(x->time, y->time);
}

static int compare_vcpus(const void *a, const void *b)
{
	const struct vcpu *x = a, *y = b;

	return x->first != y->first ? COMPARE(x->first, y->first) : COMPARE(x->tid, y->tid);
}

static int compare_exits(const void *a, const void *b)
{
	const struct vm_exit *x = a, *y = b;
	uint64_t x_ns = x->kernel_ns + x->user_ns, y_ns = y->kernel_ns + y->user_ns;

	if (x->table != y->table)
		return COMPARE(x->table, y->table);
	if (x_ns != y_ns)
		return COMPARE(y_ns, x_ns);
	return x->count != y->count ? COMPARE(y->count, x->count) : COMPARE(x->reason, y->reason);
}

static int compare_addresses(const void *a, const void *b)
{
	const struct vm_address *x = a, *y = b;

	return x->space != y->space ? COMPARE(x->space, y->space) :
				      COMPARE(x->address, y->address);
}

static int compare_devices(const void *a, const void *b)
{
	const struct vm_device *x = a, *y = b;
	uint64_t x_ns = x->kernel_ns + x->user_ns, y_ns = y->kernel_ns + y->user_ns;

	if (x_ns != y_ns)
		return COMPARE(y_ns, x_ns);
	return x->exits != y->exits ? COMPARE(y->exits, x->exits) : strcmp(x->name, y->name);
}

static int compare_marks(const void *a, const void *b)
{
	const struct vm_mark *x = a, *y = b;

	return COMPARE(x->time, y->time);
}

static void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(array, n, size, compare);
}

/*
 * That the guest reads from a port is told when the VMM has answered; where kvm_exit does not fire
 * nobody knows since when that was handled. (Memory is told before.)
 */
static void mark_untold(struct vm *vm)
{
	bool exits = *vm_isa_name(vm);
	size_t i;

	for (i = 0; i < vm->n_addresses; i++)
		vm->addresses[i].untold =
			!exits && vm->addresses[i].space != WIRE_SPACE_MMIO ? vm->addresses[i].reads : 0;
}

bool vm_device_told(const struct vm_device *d)
{
	return d->untold < d->exits || d->kernel_ns;
}

uint64_t vm_untold(const struct vm *vm)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < vm->n_addresses; i++)
		n += vm->addresses[i].untold;
	return n;
}

static void bill(struct vm *vm)
{
	size_t i, k;

	vm->n_devices = 0;
	for (i = 0; i < vm->n_addresses; i++) {
		const struct vm_address *a = &vm->addresses[i];
		struct vm_device *d = NULL;

		for (k = 0; k < vm->n_devices && !d; k++)
			if (!strcmp(vm->devices[k].name, a->device))
				d = &vm->devices[k];
		if (!d) {
			ARRAY_RESERVE(vm->devices, vm->n_devices, vm->cap_devices, 1);
			d = &vm->devices[vm->n_devices++];
			*d = (struct vm_device){ .name = a->device, .first = a->first };
		}
		d->exits += a->reads + a->writes;
		d->kernel_ns += a->kernel_ns;
		d->user_ns += a->user_ns;
		d->untold += a->untold;
		d->addresses++;
		if (a->first < d->first)
			d->first = a->first;
		if (a->last > d->last)
			d->last = a->last;
	}
	sort(vm->devices, vm->n_devices, sizeof(*vm->devices), compare_devices);
}

/* The same moment twice is the probes' last word and user space's: the later one has it all. */
static void order_points(struct vcpu *v)
{
	size_t i, n = 0;

	sort(v->points, v->n_points, sizeof(*v->points), compare_points);
	for (i = 0; i < v->n_points; i++) {
		const struct vcpu_point *p = &v->points[i];
		bool grows = true;
		int k;

		for (k = 0; n && k < WIRE_VCPU_STATES; k++)
			grows = grows && p->ns[k] >= v->points[n - 1].ns[k];
		if (!grows)
			continue; /* sums only grow */
		if (n && v->points[n - 1].time == p->time)
			n--;
		v->points[n++] = *p;
	}
	v->n_points = n;
}

/* Have the probes told of a port, or of an address? */
static bool probed(const struct vm *vm, const struct vm_mark *m)
{
	size_t i;

	for (i = 0; i < vm->n_marks; i++)
		if (vm->marks[i].of_probe && vm->marks[i].address == m->address &&
		    vm->marks[i].space == m->space)
			return true;
	return false;
}

/*
 * Under KVM a port's write can come both from the probes and from QEMU's debug console. The probes see it
 * when it is made, the console's reader whenever he gets a CPU: where they have told of a port he is not asked.
 */
static void order_marks(struct vm *vm)
{
	CLEANUP_FREE bool *twice = xcalloc(vm->n_marks + 1, sizeof(*twice));
	size_t i, n = 0;

	for (i = 0; i < vm->n_marks; i++)
		twice[i] = !vm->marks[i].of_probe && probed(vm, &vm->marks[i]);
	for (i = 0; i < vm->n_marks; i++)
		if (!twice[i])
			vm->marks[n++] = vm->marks[i];
	vm->n_marks = n;
	sort(vm->marks, vm->n_marks, sizeof(*vm->marks), compare_marks);
}

void vm_settle(struct session *s, struct run *r)
{
	struct vm *vm = &r->vm;
	size_t i;

	for (i = 0; i < vm->n_vcpus; i++)
		order_points(&vm->vcpus[i]);
	sort(vm->vcpus, vm->n_vcpus, sizeof(*vm->vcpus), compare_vcpus);
	sort(vm->exits, vm->n_exits, sizeof(*vm->exits), compare_exits);
	sort(vm->addresses, vm->n_addresses, sizeof(*vm->addresses), compare_addresses);
	order_marks(vm);
	mark_untold(vm);
	bill(vm);
	guest_console_settle(s, r);
}

void vm_release(struct vm *vm)
{
	size_t i;

	free(vm->backings);
	for (i = 0; i < vm->n_vcpus; i++)
		free(vm->vcpus[i].points);
	free(vm->vcpus);
	free(vm->exits);
	free(vm->addresses);
	free(vm->devices);
	free(vm->marks);
	free(vm->lines);
	free(vm->initcalls);
}

bool vm_present(const struct run *r)
{
	return r->vm.n_vcpus || r->vm.n_lines || r->vm.n_marks || r->n_kvm_calls;
}

/* ---- the ledger between two moments ------------------------------------------------------------ */

uint64_t vcpu_end(const struct vcpu *v)
{
	return v->n_points ? v->points[v->n_points - 1].time : v->first;
}

/* The share of [a, b) in a window of length len with these sums. */
static void add_share(uint64_t ns[WIRE_VCPU_STATES], const uint64_t delta[WIRE_VCPU_STATES],
		      uint64_t part, uint64_t len)
{
	uint64_t given = 0;
	int i, most = 0;

	for (i = 0; i < WIRE_VCPU_STATES; i++) {
		uint64_t share = (uint64_t)((unsigned __int128)delta[i] * part / len);

		ns[i] += share;
		given += share;
		if (delta[i] > delta[most])
			most = i;
	}
	ns[most] += part - given;
}

size_t vcpu_point_after(const struct vcpu *v, uint64_t t)
{
	size_t low = 0, high = v->n_points;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->points[middle].time <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void vcpu_between(const struct vcpu *v, uint64_t from, uint64_t to, uint64_t ns[WIRE_VCPU_STATES])
{
	static const struct vcpu_point zero;
	size_t i = vcpu_point_after(v, from);
	const struct vcpu_point *before = i ? &v->points[i - 1] : &zero;
	uint64_t start = i ? before->time : v->first;
	int k;

	memset(ns, 0, WIRE_VCPU_STATES * sizeof(*ns));
	for (; i < v->n_points && start < to; i++) {
		const struct vcpu_point *p = &v->points[i];
		uint64_t a = start > from ? start : from, b = p->time < to ? p->time : to;
		uint64_t delta[WIRE_VCPU_STATES];

		for (k = 0; k < WIRE_VCPU_STATES; k++)
			delta[k] = p->ns[k] - before->ns[k];
		if (a < b)
			add_share(ns, delta, b - a, p->time - start);
		start = p->time;
		before = p;
	}
}

const struct vcpu *vm_vcpu(const struct run *r, uint32_t tid)
{
	size_t i;

	for (i = 0; i < r->vm.n_vcpus; i++)
		if (r->vm.vcpus[i].tid == tid)
			return &r->vm.vcpus[i];
	return NULL;
}

bool vm_guest_has_kernel(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->vm.n_vcpus; i++)
		if (r->vm.vcpus[i].entries)
			return false;
	return r->vm.n_vcpus > 0;
}
