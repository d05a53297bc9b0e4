// SPDX-License-Identifier: GPL-2.0-only
/*
 * finding_vm.c - what is known to make virtual machines boot slowly.
 *
 * ns is what was measured in the run at hand: of a device the time that its exits took, of a phase
 * its part of the critical path, of the console its silence or its talking.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/finding_rules.h"
#include "user/model/session.h"
#include "user/model/syscall_names.h"

#define IN(STATE) FINDING_IN(STATE)
#define MS 1000000u
#define VCPU (IN(GUEST) | IN(KERNEL) | IN(VMM) | IN(HALTED))

#define CHATTY_BYTES 8192
#define KVM_CREATE_VM 0x01
#define KVM_CREATE_VCPU 0x41

/* ---- devices ---------------------------------------------------------------------------------- */

static void tell_exits(struct finding_search *q, const struct vm_device *d)
{
	q->ns = d->kernel_ns + d->user_ns;
	q->count = d->exits;
	snprintf(q->evidence, sizeof(q->evidence), "%s: %" PRIu64 " exits within %" PRIu64 " ms", d->name,
		 d->exits, d->last > d->first ? (d->last - d->first) / MS : 0);
	if (d->untold) {
		size_t len = strlen(q->evidence);

		snprintf(q->evidence + len, sizeof(q->evidence) - len,
			 "; without the kernel's part of %" PRIu64 " reads", d->untold);
	}
}

static bool device(struct finding_search *q, const char *name, uint64_t least)
{
	const struct vm *vm = &q->run->vm;
	size_t i;

	for (i = 0; i < vm->n_devices; i++) {
		const struct vm_device *d = &vm->devices[i];

		if (strcmp(d->name, name) || d->exits < least)
			continue;
		tell_exits(q, d);
		return true;
	}
	return false;
}

static bool i8042(struct finding_search *q)
{
	return device(q, "i8042", 8);
}

static bool pci(struct finding_search *q)
{
	return device(q, "pci", 200);
}

static bool pit(struct finding_search *q)
{
	return device(q, "pit", 100);
}

/* Selector and data. What uses DMA writes to 0x514 and 0x518 once for each copy: no mend for it. */
static bool fw_cfg(struct finding_search *q)
{
	const struct vm *vm = &q->run->vm;
	struct vm_device d = { .name = "fw_cfg without DMA", .first = UINT64_MAX };
	size_t i;

	for (i = 0; i < vm->n_addresses; i++) {
		const struct vm_address *a = &vm->addresses[i];

		if (a->space != WIRE_SPACE_PORT || (a->address != 0x510 && a->address != 0x511))
			continue;
		d.exits += a->reads + a->writes;
		d.kernel_ns += a->kernel_ns;
		d.user_ns += a->user_ns;
		d.untold += a->untold;
		d.first = a->first < d.first ? a->first : d.first;
		d.last = a->last > d.last ? a->last : d.last;
	}
	if (d.exits < 16)
		return false;
	tell_exits(q, &d);
	return true;
}

static int compare_rates(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* ns for a byte: the median of the lines whose first and last byte did not come at once; 0: none. */
static double console_rate(const struct vm *vm)
{
	double *rates = xcalloc(vm->n_lines + 1, sizeof(*rates)), median;
	size_t i, n = 0;

	for (i = 0; i < vm->n_lines; i++)
		if (vm->lines[i].end > vm->lines[i].time)
			rates[n++] = (double)(vm->lines[i].end - vm->lines[i].time) /
				     (double)(vm->lines[i].len + 1);
	if (n)
		qsort(rates, n, sizeof(*rates), compare_rates);
	median = n ? rates[n / 2] : 0;
	free(rates);
	return median;
}

static bool of_initcalls(const struct guest_line *l)
{
	const char *said = l->text + l->said;

	return !strncmp(said, "initcall ", 9) || !strncmp(said, "calling ", 8);
}

/* Lines and bytes of the console, or of it what tells of initcalls, and the time they took to come. */
struct talk {
	uint64_t ns, lines, bytes;
};

/*
 * What is between two lines is the guest's own work: a line costs from its first byte to its last.
 * The reader looks every 0.2 ms, so one line is off by that; over many it comes right, for a
 * line is cut in two by his looking as often as it is long. A line that stood unfinished while the
 * guest did something ("Loading ... done") takes no more than twice what others do for its length.
 */
static struct talk console_talk(const struct vm *vm, bool initcalls)
{
	double rate = console_rate(vm);
	struct talk t = { 0 };
	size_t i;

	for (i = 0; i < vm->n_lines; i++) {
		const struct guest_line *l = &vm->lines[i];
		double ns = (double)(l->end - l->time), most = 2 * rate * (double)(l->len + 1);

		if (initcalls && !of_initcalls(l))
			continue;
		t.ns += (uint64_t)(ns < most ? ns : most);
		t.lines++;
		t.bytes += l->len + 1;
	}
	return t;
}

/* Under KVM a byte is an exit; else there is only when the bytes came. */
static bool chatty(struct finding_search *q)
{
	const struct vm *vm = &q->run->vm;
	struct talk t;

	if (device(q, "serial", 2048))
		return true;
	if (vm->console_bytes < CHATTY_BYTES)
		return false;
	t = console_talk(vm, false);
	q->ns = t.ns;
	q->count = t.lines;
	q->bytes = vm->console_bytes;
	snprintf(q->evidence, sizeof(q->evidence),
		 "%" PRIu64 " lines, each from its first byte to its last", t.lines);
	return true;
}

/* ---- before the kernel ------------------------------------------------------------------------ */

/* qboot is told by its file, where QEMU's read of it was long enough to be recorded. */
static bool is_qboot(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->sched.n_calls; i++)
		if (r->sched.calls[i].nr == SYSCALL_READ && r->sched.calls[i].object &&
		    !strncmp(r->sched.calls[i].object, "qboot", 5))
			return true;
	return false;
}

static bool small_firmware(struct finding_search *q)
{
	return q->ns && is_qboot(q->run);
}

static bool large_firmware(struct finding_search *q)
{
	return q->ns && !is_qboot(q->run);
}

/* There is such a phase only where both its ends are known, the second one at the latest. */
static bool unpacks(struct finding_search *q)
{
	if (!q->ns || !q->run->vm.clock_zero)
		return false;
	snprintf(q->evidence, sizeof(q->evidence),
		 "at most: it ends when the kernel's own clock began");
	return true;
}

/* ---- exits and ioctls ------------------------------------------------------------------------- */

/* Most of what the guest has touched of its RAM is in small pages, and it is known to be. */
static bool small_pages(const struct vm *vm, uint64_t *bytes)
{
	uint64_t rss, huge;

	if (!vm_backing_total(vm, &rss, &huge) || huge >= rss / 8)
		return false;
	*bytes = rss - huge;
	return true;
}

static bool nested_page_faults(struct finding_search *q)
{
	const struct vm *vm = &q->run->vm;
	size_t i;

	for (i = 0; i < vm->n_exits; i++) {
		const struct vm_exit *e = &vm->exits[i];

		if ((e->table == WIRE_EXIT_VMX && e->reason == 48) ||
		    (e->table == WIRE_EXIT_SVM && e->reason == 0x400)) {
			q->ns = e->kernel_ns;
			q->count = e->count;
			return true;
		}
	}
	return false;
}

/* With the backing known there is a better word for it, the next rule's or none. */
static bool page_faults(struct finding_search *q)
{
	uint64_t rss, huge;

	return !vm_backing_total(&q->run->vm, &rss, &huge) && nested_page_faults(q);
}

static bool hugepages(struct finding_search *q)
{
	const struct vm_backing *b = q->run->vm.backings;
	uint64_t bytes;

	if (!small_pages(&q->run->vm, &bytes) || !nested_page_faults(q))
		return false;
	q->bytes = bytes;
	snprintf(q->evidence, sizeof(q->evidence), "guest RAM is %s, in small pages",
		 vm_backing_name(b));
	return true;
}

/* A guest that has nothing to do; what KVM does then is wait. */
static bool is_halt(const struct vm_exit *e)
{
	return (e->table == WIRE_EXIT_VMX && e->reason == 12) ||
	       (e->table == WIRE_EXIT_SVM && (e->reason == 0x78 || e->reason == 0xa6)) ||
	       (e->table == WIRE_EXIT_USER && e->reason == 5);
}

/* A host that is a guest: what its CPU cannot do itself the outer hypervisor does, exit by exit. */
static bool nested(struct finding_search *q)
{
	const char *virtualized = session_env(q->session, "virtualized");
	const struct vm *vm = &q->run->vm;
	uint64_t in_hardware = 0, to_vmm = 0, count = 0, user_count = 0;
	size_t i;

	if (!virtualized || strcmp(virtualized, "yes") ||
	    strncmp(q->run->scenario->accel, "kvm", 3))
		return false;
	for (i = 0; i < vm->n_exits; i++) {
		const struct vm_exit *e = &vm->exits[i];

		if (is_halt(e))
			continue;
		if (e->table == WIRE_EXIT_USER) {
			to_vmm += e->kernel_ns;
			user_count += e->count;
		} else {
			in_hardware += e->kernel_ns;
			count += e->count;
		}
	}
	q->ns = count ? in_hardware : to_vmm;
	q->count = count ? count : user_count;
	snprintf(q->evidence, sizeof(q->evidence), "time in the kernel for exits, but for halts");
	return true;
}

static bool ioctl_slow(struct finding_search *q, uint32_t nr)
{
	const struct run *r = q->run;
	size_t i;

	for (i = 0; i < r->n_kvm_calls; i++) {
		const struct kvm_call *c = &r->kvm_calls[i];
		char buf[VM_NAME_MAX];

		if ((c->cmd & 0xff) != nr || c->exit <= c->enter)
			continue;
		q->ns += c->exit - c->enter;
		q->count++;
		snprintf(q->evidence, sizeof(q->evidence), "%s", vm_ioctl_name(buf, c->cmd));
	}
	return q->count > 0;
}

static uint64_t overlap(uint64_t start, uint64_t end, uint64_t from, uint64_t to)
{
	uint64_t a = start > from ? start : from, b = end < to ? end : to;

	return a < b ? b - a : 0;
}

static uint64_t task_asleep(const struct sched *s, const struct sched_task *t, uint64_t from, uint64_t to)
{
	const struct span *spans = s->spans + t->spans.at;
	uint32_t low = 0, high = t->spans.n, k;
	uint64_t ns = 0;

	while (low + 1 < high) { /* the last one that begins at from or before it */
		k = low + (high - low) / 2;
		if (spans[k].start <= from)
			low = k;
		else
			high = k;
	}
	for (k = low; k < t->spans.n && spans[k].start < to; k++)
		if (spans[k].state == SPAN_BLOCKED)
			ns += overlap(spans[k].start, k + 1 < t->spans.n ? spans[k + 1].start : to, from, to);
	return ns;
}

/* How much of the calls of KVM_CREATE_VM, q->ns, their threads slept; UINT64_MAX: not known. */
static uint64_t create_asleep(const struct finding_search *q)
{
	const struct run *r = q->run;
	uint64_t ns = 0;
	size_t i;

	for (i = 0; i < r->n_kvm_calls; i++) {
		const struct kvm_call *c = &r->kvm_calls[i];
		const struct sched_task *task;

		if ((c->cmd & 0xff) != KVM_CREATE_VM || c->exit <= c->enter)
			continue;
		task = sched_task(&r->sched, c->tid);
		if (!task || !task->spans.n)
			return UINT64_MAX;
		ns += task_asleep(&r->sched, task, c->enter, c->exit);
	}
	return ns;
}

/* Since 6.14 the worker that gives huge pages back is made by the first KVM_RUN. */
static bool makes_worker(const struct finding_search *q)
{
	const char *kernel = session_env(q->session, "kernel");
	char *end;
	unsigned long major, minor;

	if (!kernel)
		return true;
	major = strtoul(kernel, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major < 6 || (major == 6 && minor < 14);
}

/*
 * That worker joins its maker's cgroups, which waits for RCU: asleep. With what the host has said of the guard
 * that it is there for, where it was asked.
 */
static bool create_vm(struct finding_search *q)
{
	const char *itlb = session_env(q->session, "itlb_multihit");
	const char *nx = session_env(q->session, "nx_huge_pages");

	if (!ioctl_slow(q, KVM_CREATE_VM) || !makes_worker(q) || create_asleep(q) < q->ns / 2)
		return false;
	if (itlb || nx)
		snprintf(q->evidence, sizeof(q->evidence),
			 "KVM_CREATE_VM; itlb_multihit: %.80s; nx_huge_pages: %.20s",
			 itlb ? itlb : "not known", nx ? nx : "not known");
	return true;
}

static bool create_vm_else(struct finding_search *q)
{
	uint64_t asleep_ns;

	if (!ioctl_slow(q, KVM_CREATE_VM))
		return false;
	asleep_ns = create_asleep(q);
	if (makes_worker(q) && asleep_ns >= q->ns / 2)
		return false;
	if (asleep_ns == UINT64_MAX)
		snprintf(q->evidence, sizeof(q->evidence), "KVM_CREATE_VM; whether it slept is not known");
	else
		snprintf(q->evidence, sizeof(q->evidence), "KVM_CREATE_VM; asleep in %" PRIu64 " of %" PRIu64 " us",
			 asleep_ns / 1000, q->ns / 1000);
	return true;
}

static bool create_vcpu(struct finding_search *q)
{
	return ioctl_slow(q, KVM_CREATE_VCPU);
}

static bool emulated(struct finding_search *q)
{
	if (strncmp(q->run->scenario->accel, "tcg", 3))
		return false;
	snprintf(q->evidence, sizeof(q->evidence), "%.200s", q->run->scenario->accel);
	return true;
}

/* ---- the console ------------------------------------------------------------------------------ */

static void tell_line(struct finding_search *q, const char *what, const struct guest_line *l)
{
	snprintf(q->evidence, sizeof(q->evidence), "%s \"%.*s\"", what,
		 l->len - l->said < 150 ? (int)(l->len - l->said) : 150, l->text + l->said);
}

/* The longest silence after, or with before before, a line of these; the line is the evidence. */
static bool silence(struct finding_search *q, const char *const patterns[FINDING_PATTERNS],
		    bool before)
{
	const struct run *r = q->run;
	const struct guest_line *lines = r->vm.lines;
	size_t i;

	for (i = 1; i < r->vm.n_lines; i++) {
		const struct guest_line *said = before ? &lines[i] : &lines[i - 1];
		uint64_t ns = lines[i].time - lines[i - 1].end;

		if (!lines[i].gap || ns <= q->ns || !finding_matches(patterns, said->text))
			continue;
		q->ns = ns;
		tell_line(q, before ? "silent before" : "silent after", said);
	}
	return q->ns > 0;
}

/* How long no vCPU did anything in [from, to): the least that any of their threads slept there. */
static uint64_t asleep(const struct run *r, uint64_t from, uint64_t to)
{
	uint64_t least = UINT64_MAX, ns;
	size_t i;

	for (i = 0; i < r->sched.n_tasks; i++) {
		if (!r->sched.tasks[i].vcpu)
			continue;
		ns = task_asleep(&r->sched, &r->sched.tasks[i], from, to);
		least = ns < least ? ns : least;
	}
	return least == UINT64_MAX ? 0 : least;
}

/*
 * That the pool is full is told by whoever filled it, an interrupt, asked for or not. Somebody waited for
 * it where nothing else was done before, or, where no ledger says so, where the boot goes on at once.
 */
static bool entropy(struct finding_search *q)
{
	static const char *const patterns[FINDING_PATTERNS] = { "*crng init done*",
								"*random: fast init done*" };
	const struct vm *vm = &q->run->vm;
	const struct guest_line *lines = vm->lines;
	size_t i;

	for (i = 1; i < vm->n_lines; i++) {
		uint64_t from = lines[i - 1].end, to = lines[i].time, ns = 0;

		if (!lines[i].gap || !finding_matches(patterns, lines[i].text))
			continue;
		if (vm->n_vcpus)
			ns = asleep(q->run, from, to);
		else if (i + 1 < vm->n_lines && !lines[i + 1].gap)
			ns = to - from;
		if (ns <= q->ns)
			continue;
		q->ns = ns;
		tell_line(q, vm->n_vcpus ? "asleep before" : "silent before", &lines[i]);
	}
	return q->ns > 0;
}

/* The kernel's own configuration by ip= (net/ipv4/ipconfig.c): it naps, waits for carriers and for DHCP. */
static bool ip_config(struct finding_search *q)
{
	static const char *const lines[FINDING_PATTERNS] = { "*IP-Config: *", "*Sending DHCP requests*",
							     "*more seconds for network*" };

	return silence(q, lines, true);
}

#define MARK_PORT 0xf4
#define MARK_LOAD 0x22 /* scenarios/guest/init.c */
#define MARK_LOADED 0x23
#define LOAD_LINE_NS 2000000 /* a line and a mark that were made together come as far apart, at most */

/* The last line that said a module would be loaded, up to that moment; NULL: none. */
static const struct guest_line *load_line(const struct vm *vm, uint64_t until)
{
	static const char *const lines[FINDING_PATTERNS] = { "*init: load *" };
	const struct guest_line *last = NULL;
	size_t i;

	for (i = 0; i < vm->n_lines && vm->lines[i].time <= until; i++)
		if (finding_matches(lines, vm->lines[i].text))
			last = &vm->lines[i];
	return last;
}

/* Our own init marks each module before and after; false: it did not. */
static bool marked_module(struct finding_search *q)
{
	const struct vm *vm = &q->run->vm;
	const struct guest_line *said;
	const struct vm_mark *load = NULL;
	uint64_t start = 0;
	size_t i, n = 0, which = 0;

	for (i = 0; i < vm->n_marks; i++) {
		const struct vm_mark *m = &vm->marks[i];

		if (m->space != WIRE_SPACE_PORT || m->address != MARK_PORT)
			continue;
		if (m->value == MARK_LOAD) {
			load = m;
			n++;
		} else if (m->value == MARK_LOADED && load) {
			if (m->time - load->time > q->ns) {
				q->ns = m->time - load->time;
				start = load->time;
				which = n;
			}
			load = NULL;
		}
	}
	if (!which)
		return false;
	said = load_line(vm, start + LOAD_LINE_NS);
	if (said)
		tell_line(q, "from mark to mark behind", said);
	else
		snprintf(q->evidence, sizeof(q->evidence), "from mark to mark of module %zu of %zu",
			 which, n);
	return true;
}

static bool module(struct finding_search *q)
{
	static const char *const lines[FINDING_PATTERNS] = {
		"*init: load *", "*loading *.ko*", "*insmod *", "*modprobe *", "*loading module*",
	};

	return marked_module(q) || silence(q, lines, false);
}

/*
 * The slow calibration comes after the word that the quick one failed; that of the delay loop comes out with
 * what it measured. "Refined TSC" is told by a work that was put off for a second: nobody waits for it.
 */
static bool clock_line(struct finding_search *q)
{
	static const char *const failed[FINDING_PATTERNS] = { "*Fast TSC calibration failed*" };
	static const char *const measured[FINDING_PATTERNS] = { "*Calibrating delay loop...*" };
	bool slow = silence(q, failed, false);

	return silence(q, measured, true) || slow;
}

/* Where init is, absolute; false: there is no such phase. */
static bool init_phase(const struct run *r, uint64_t *from, uint64_t *to)
{
	uint64_t launch = r->milestones.launch;
	size_t i;

	for (i = 0; i < r->phases.n; i++) {
		if (strcmp(r->phases.list[i].name, "init"))
			continue;
		*from = launch + r->phases.list[i].start;
		*to = launch + r->phases.list[i].end;
		return true;
	}
	return false;
}

/*
 * A guest that sleeps lets its vCPUs sleep; what it waits for it knows alone. That the path was asleep
 * in init is not enough: it may have followed the VMM's own thread from one tick to the next.
 */
static bool init_waits(struct finding_search *q)
{
	const struct run *r = q->run;
	const struct guest_line *lines = r->vm.lines;
	uint64_t from, to;
	size_t i;

	if (!q->ns || !init_phase(r, &from, &to))
		return false;
	q->ns = r->vm.n_lines ? 0 : asleep(r, from, to);
	for (i = 1; i < r->vm.n_lines; i++) {
		const struct guest_line *said = &lines[i - 1];
		uint64_t ns;

		/* Its first line may come a moment before the mark that begins the phase. */
		if (!lines[i].gap || lines[i].time <= from || said->end >= to)
			continue;
		ns = asleep(r, said->end > from ? said->end : from, lines[i].time < to ? lines[i].time : to);
		if (ns <= q->ns)
			continue;
		q->ns = ns;
		tell_line(q, "asleep after", said);
	}
	return q->ns > 0;
}

/* Of what the console takes, the share of the lines about initcalls. */
static bool initcall_debug(struct finding_search *q)
{
	const struct vm *vm = &q->run->vm;
	struct talk t;

	if (vm->n_initcalls < 16 || vm->console_bytes < CHATTY_BYTES)
		return false;
	t = console_talk(vm, true);
	q->ns = device(q, "serial", 2048) ?
			(uint64_t)((double)q->ns * (double)t.bytes / (double)vm->console_bytes) : t.ns;
	q->count = vm->n_initcalls;
	q->bytes = t.bytes;
	snprintf(q->evidence, sizeof(q->evidence), "%" PRIu64 " lines of the console", t.lines);
	return true;
}

static bool slow_initcall(struct finding_search *q)
{
	const struct vm *vm = &q->run->vm;
	size_t i;

	for (i = 0; i < vm->n_initcalls; i++) {
		const struct guest_initcall *c = &vm->initcalls[i];

		if (c->end - c->start <= q->ns)
			continue;
		q->ns = c->end - c->start;
		snprintf(q->evidence, sizeof(q->evidence), "%.200s", c->name);
	}
	return q->ns > 0;
}

/* ---- the table -------------------------------------------------------------------------------- */

const struct finding_rule finding_rules_vm[] = {
	{ .name = "vm-console", .title = "the guest writes much to its serial console",
	  .counts = "exits or lines", .least_ns = 5 * MS, .evidence = chatty,
	  .mend = "Boot with quiet (or loglevel=3), or without a serial console (8250.nr_uarts=0).",
	  .trade_off = "Less is known of a boot that fails." },
	{ .name = "vm-initcall-debug", .title = "the guest's kernel tells of each initcall",
	  .counts = "initcalls", .least_ns = 5 * MS, .evidence = initcall_debug,
	  .mend = "Leave initcall_debug (here --guest-initcalls) to runs that look for an initcall.",
	  .trade_off = "None: these numbers are not those of a boot without it." },
	{ .name = "vm-initcall", .title = "one initcall of the guest's kernel takes long",
	  .least_ns = 20 * MS, .evidence = slow_initcall,
	  .mend = "Build the kernel without it, as a module, or turn it off on its command line.",
	  .trade_off = "What it sets up is missing, or comes later." },
	{ .name = "vm-i8042", .title = "the guest looks for a PC keyboard", .counts = "exits",
	  .least_ns = MS / 10, .evidence = i8042,
	  .mend = "i8042.noaux i8042.nomux i8042.nopnp i8042.dumbkbd on its command line, or a "
		  "machine without one.",
	  .trade_off = "No keyboard; reboot=k needs the controller." },
	{ .name = "vm-pci-scan", .title = "the configuration of PCI is accessed, exit by exit",
	  .counts = "exits", .least_ns = MS, .evidence = pci,
	  .mend = "A machine without PCI (microvm), pci=off, or pci=lastbus=0.",
	  .trade_off = "virtio-mmio instead of virtio-pci; no PCI devices, no hot-plug." },
	{ .name = "vm-firmware", .title = "firmware runs before the guest's kernel",
	  .states = VCPU | IN(RUNNABLE), .phase = "firmware", .least_ns = 10 * MS,
	  .evidence = large_firmware,
	  .mend = "An uncompressed kernel, which is started without real mode (PVH), no option ROMs "
		  "(romfile=), or, unless it is qboot already, a smaller firmware (qboot).",
	  .trade_off = "No boot menu, no boot from disk, less of ACPI." },
	{ .name = "vm-qboot", .title = "qboot and the kernel's real-mode part run before the guest's kernel",
	  .states = VCPU | IN(RUNNABLE), .phase = "firmware", .least_ns = 10 * MS,
	  .evidence = small_firmware,
	  .mend = "An uncompressed kernel (vmlinux), which is entered without real mode (PVH); edd=off.",
	  .trade_off = "A larger file to read: cold page cache makes it slower." },
	{ .name = "vm-fw-cfg", .title = "fw_cfg is read without DMA",
	  .counts = "exits", .least_ns = 2 * MS, .evidence = fw_cfg,
	  .mend = "fw_cfg with DMA, or a loader in the VMM (PVH).",
	  .trade_off = "Old firmware knows neither." },
	{ .name = "vm-decompression", .title = "the guest unpacks its own kernel",
	  .states = VCPU | IN(RUNNABLE), .phase = "decompression", .least_ns = 10 * MS,
	  .evidence = unpacks,
	  .mend = "Give the VMM the uncompressed vmlinux, or pack the kernel with lz4.",
	  .trade_off = "A larger file to read: cold page cache makes it slower." },
	{ .name = "vm-clock", .title = "the guest measures its clock against the PIT",
	  .counts = "exits", .least_ns = MS, .evidence = pit,
	  .mend = "kvm-clock, or tsc_early_khz= and tsc=reliable on the command line.",
	  .trade_off = "A wrong number given makes wrong time." },
	{ .name = "vm-clock-wait", .title = "the guest waits for its clock's calibration",
	  .least_ns = 10 * MS, .evidence = clock_line,
	  .mend = "kvm-clock, lpj=, or tsc_early_khz= and tsc=reliable on the command line.",
	  .trade_off = "A wrong number given makes wrong time." },
	{ .name = "vm-entropy", .title = "the guest waits for random numbers",
	  .least_ns = 10 * MS, .evidence = entropy,
	  .mend = "virtio-rng, or random.trust_cpu=on on the command line.",
	  .trade_off = "The CPU's generator, or the host's, is trusted." },
	{ .name = "vm-ip-config", .title = "the guest's kernel sets up the network by ip=",
	  .least_ns = 10 * MS, .evidence = ip_config,
	  .mend = "Leave ip= out; the guest's init or agent sets the address by netlink.",
	  .trade_off = "Something in the guest has to; a root over NFS needs ip=." },
	{ .name = "vm-first-touch", .title = "guest memory is mapped page by page",
	  .counts = "faults", .least_ns = 2 * MS, .evidence = page_faults,
	  .mend = "Huge pages for guest RAM (THP, hugetlbfs), or a smaller kernel and initramfs.",
	  .trade_off = "Memory is taken in larger pieces, and may be wasted." },
	{ .name = "vm-hugepages", .title = "guest RAM is in small pages, mapped one by one",
	  .counts = "faults", .least_ns = 2 * MS, .evidence = hugepages,
	  .mend = "Transparent huge pages for the VMM (madvise, or always), or RAM from hugetlbfs.",
	  .trade_off = "Memory is taken 2 MiB at a time, and hugetlbfs' must be set aside before." },
	{ .name = "vm-nested", .title = "the host is a virtual machine itself", .counts = "exits",
	  .least_ns = 5 * MS, .evidence = nested,
	  .mend = "Measure on the hardware; in production, fewer exits count twice here.",
	  .trade_off = "None: what is measured here is not what the hardware takes." },
	{ .name = "vm-create", .title = "KVM_CREATE_VM waits", .least_ns = 5 * MS,
	  .evidence = create_vm,
	  .mend = "Linux 6.14, or a later one of 6.12's and 6.13's stable kernels. Before: mount cgroup2 with "
		  "favordynmods. Only where /sys/devices/system/cpu/vulnerabilities/"
		  "itlb_multihit says \"Not affected\", and unless /sys/module/kvm/parameters/"
		  "nx_huge_pages is never already: load kvm with nx_huge_pages=never.",
	  .trade_off = "Forks cost a little more; on a CPU that is affected a guest could halt the host." },
	{ .name = "vm-create-else", .title = "KVM_CREATE_VM takes long, and not for its worker",
	  .least_ns = 5 * MS, .evidence = create_vm_else,
	  .mend = "Not known: what the call was on is in the path's slices and, on a CPU, in its samples.",
	  .trade_off = "Not known." },
	{ .name = "vm-create-vcpu", .title = "KVM_CREATE_VCPU takes long", .counts = "vCPUs",
	  .least_ns = 5 * MS, .evidence = create_vcpu,
	  .mend = "Start with fewer vCPUs and plug in the others later.",
	  .trade_off = "Hot-plug costs time when it is done." },
	{ .name = "vm-vmm-start", .title = "the VMM is long in starting itself",
	  .flags = SCENARIO_VM,
	  .states = IN(USER) | IN(KERNEL) | IN(BLOCKED) | IN(RUNNABLE), .phase = "linking and start-up",
	  .least_ns = 20 * MS,
	  .mend = "A VMM that is smaller, or linked statically; QEMU without modules.",
	  .trade_off = "Fewer devices and back ends." },
	{ .name = "vm-exits-vmm", .title = "exits are handled by the VMM in user space",
	  .states = IN(VMM), .details = { "exits handled by the VMM" }, .least_ns = 5 * MS,
	  .least_percent = 5,
	  .mend = "In-kernel devices (irqchip, vhost, ioeventfd) for those that the bill names.",
	  .trade_off = "More of the host's kernel is open to the guest." },
	{ .name = "vm-module", .title = "the guest waits for a kernel module",
	  .least_ns = 20 * MS, .evidence = module,
	  .mend = "Build it into the guest's kernel, or load it after the service.",
	  .trade_off = "A larger kernel; or what it drives comes later." },
	{ .name = "vm-init-waits", .title = "the guest's init sleeps",
	  .states = IN(HALTED) | IN(BLOCKED),
	  .phase = "init", .least_ns = 20 * MS, .evidence = init_waits,
	  .mend = "Wait for the event, not for a time; start the service first.",
	  .trade_off = "None, where nothing depends on the time." },
	{ .name = "vm-emulated", .title = "the guest's CPU is emulated (TCG)",
	  .flags = SCENARIO_VM, .states = IN(GUEST), .least_percent = 5, .evidence = emulated,
	  .mend = "A host with vmx or svm; in a VM: allow nesting.",
	  .trade_off = "Nesting lets the guest reach more of the outer hypervisor." },
	{ 0 }
};
