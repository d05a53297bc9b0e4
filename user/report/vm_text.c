// SPDX-License-Identifier: GPL-2.0-only
/* vm_text.c - inside the VM, of the run whose path is shown: ledger, set-up, devices, console. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/text.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define DEVICES_SHOWN 8
#define REASONS_SHOWN 6
#define IOCTLS_SHOWN 5
#define LATER_SHOWN 3
#define LATER_NS 100000 /* ioctls of the VM at work that took less are not worth a line */
#define BACKINGS_SHOWN 4
#define SILENCES_SHOWN 5
#define INITCALLS_SHOWN 8
#define LINE_COLUMNS 48

static void cell_ns(struct table *t, uint64_t ns)
{
	char number[TEXT_NUMBER_MAX];

	table_cell(t, text_ms(number, ns));
}

static void cell_count(struct table *t, uint64_t n)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, n);
	table_cell(t, number);
}

/* Of all vCPUs together in a phase; false: none was there. */
static bool phase_states(const struct run *r, const struct phase *p, uint64_t ns[WIRE_VCPU_STATES])
{
	uint64_t launch = r->milestones.launch, one[WIRE_VCPU_STATES];
	bool any = false;
	unsigned int k;
	size_t i;

	memset(ns, 0, WIRE_VCPU_STATES * sizeof(*ns));
	for (i = 0; i < r->vm.n_vcpus; i++) {
		vcpu_between(&r->vm.vcpus[i], launch + p->start, launch + p->end, one);
		for (k = 0; k < WIRE_VCPU_STATES; k++) {
			ns[k] += one[k];
			any = any || one[k];
		}
	}
	return any;
}

/* States that no vCPU was in take no room here. */
static void print_vcpu_phases(const struct page *p, const struct run *r)
{
	struct table t = { 0 };
	uint64_t ns[WIRE_VCPU_STATES], total[WIRE_VCPU_STATES] = { 0 };
	unsigned int k;
	size_t i;

	if (!r->phases.n)
		return;
	for (i = 0; i < r->phases.n; i++)
		for (k = 0; phase_states(r, &r->phases.list[i], ns) && k < WIRE_VCPU_STATES; k++)
			total[k] += ns[k];
	table_column(&t, TABLE_RIGHT, " ");
	table_column(&t, TABLE_LEFT, "phase");
	for (k = 0; k < WIRE_VCPU_STATES; k++)
		if (total[k])
			table_column(&t, TABLE_RIGHT, vcpu_state_name(k));
	for (i = 0; i < r->phases.n; i++) {
		if (!phase_states(r, &r->phases.list[i], ns))
			continue;
		table_cell(&t, "");
		table_cell(&t, r->phases.list[i].name);
		for (k = 0; k < WIRE_VCPU_STATES; k++)
			if (total[k])
				cell_ns(&t, ns[k]);
	}
	fprintf(p->out, "\n  The same by phase%s\n", r->vm.n_vcpus > 1 ? ", all vCPUs together" : "");
	table_print(&t, p->out, p->options->colour);
	table_release(&t);
}

static void print_vcpus(const struct page *p, const struct run *r, uint64_t to)
{
	struct table t = { 0 };
	bool several = vm_several(r);
	size_t i;
	unsigned int k;

	table_column(&t, TABLE_RIGHT, " ");
	table_column(&t, TABLE_LEFT, "vCPU");
	if (several)
		table_column(&t, TABLE_RIGHT, "VMM's\npid");
	for (k = 0; k < WIRE_VCPU_STATES; k++)
		table_column(&t, TABLE_RIGHT, vcpu_state_name(k));
	table_column(&t, TABLE_RIGHT, "sum");
	for (i = 0; i < r->vm.n_vcpus; i++) {
		const struct vcpu *v = &r->vm.vcpus[i];
		uint64_t ns[WIRE_VCPU_STATES], sum = 0;

		vcpu_between(v, 0, to, ns);
		table_cell(&t, "");
		cell_count(&t, i);
		if (several)
			cell_count(&t, v->pid);
		for (k = 0; k < WIRE_VCPU_STATES; k++) {
			cell_ns(&t, ns[k]);
			sum += ns[k];
		}
		cell_ns(&t, sum);
	}
	fputs("\n  vCPUs, from the first KVM_RUN to the first byte\n", p->out);
	table_print(&t, p->out, p->options->colour);
	table_release(&t);
	if (vm_guest_has_kernel(r))
		prose_print(p->out, p->width, "    ",
			    "kvm_entry did not fire on this host: time in the guest has that of "
			    "exits in it which the kernel handled.");
	print_vcpu_phases(p, r);
}

static void print_devices(const struct page *p, const struct run *r)
{
	struct table t = { 0 };
	size_t i;

	if (!r->vm.n_devices)
		return;
	table_column(&t, TABLE_RIGHT, " ");
	table_column(&t, TABLE_LEFT, "device");
	table_column(&t, TABLE_RIGHT, "exits");
	table_column(&t, TABLE_RIGHT, "in the kernel");
	table_column(&t, TABLE_RIGHT, "in the VMM");
	for (i = 0; i < r->vm.n_devices && i < DEVICES_SHOWN; i++) {
		const struct vm_device *d = &r->vm.devices[i];

		table_cell(&t, "");
		table_cell(&t, d->name);
		cell_count(&t, d->exits);
		if (vm_device_told(d))
			cell_ns(&t, d->kernel_ns);
		else
			table_cell(&t, "-");
		cell_ns(&t, d->user_ns);
	}
	fputs("\n  What the guest's devices cost\n", p->out);
	table_print(&t, p->out, p->options->colour);
	table_release(&t);
	if (vm_untold(&r->vm))
		prose_print(p->out, p->width, "    ",
			    "kvm_exit did not fire on this host: what the kernel took for reads of "
			    "ports is not known, and in none of these.");
}

/* One table's, the heaviest first; nothing where it is empty. */
static void print_exits_of(const struct page *p, const struct vm *vm, bool to_vmm, const char *lead)
{
	CLEANUP_FREE char *text = xstrdup("");
	size_t i, shown = 0;

	for (i = 0; i < vm->n_exits && shown < REASONS_SHOWN; i++) {
		const struct vm_exit *e = &vm->exits[i];
		char buf[VM_NAME_MAX], number[TEXT_NUMBER_MAX];
		char *more;

		if ((e->table == WIRE_EXIT_USER) != to_vmm)
			continue;
		more = xasprintf("%s%s%s %" PRIu64 " (%s)", text, shown ? ", " : "",
				 vm_exit_name(buf, e->table, e->reason), e->count,
				 text_ms(number, e->kernel_ns + e->user_ns));
		free(text);
		text = more;
		shown++;
	}
	if (shown)
		prose_print(p->out, p->width, lead, text);
}

/* By hardware where that is known: those to the VMM are among them, and what it took for them is not. */
static void print_exits(const struct page *p, const struct run *r)
{
	CLEANUP_FREE char *lead = xasprintf("  Exits, %s, in the kernel: ", vm_isa_name(&r->vm));

	print_exits_of(p, &r->vm, false, lead);
	print_exits_of(p, &r->vm, true,
		       *vm_isa_name(&r->vm) ? "  Those to the VMM, in kernel and VMM: " :
					      "  Exits to the VMM, in kernel and VMM: ");
}

/* "Guest RAM: 16.0 MiB anon, 12.0 MiB of it touched, none in huge pages". */
static void print_backing(const struct page *p, const struct run *r)
{
	CLEANUP_FREE char *text = xstrdup("");
	char bytes[TEXT_NUMBER_MAX], touched[TEXT_NUMBER_MAX], huge[TEXT_NUMBER_MAX];
	size_t i;

	for (i = 0; i < r->vm.n_backings && i < BACKINGS_SHOWN; i++) {
		const struct vm_backing *b = &r->vm.backings[i];
		char *more = xasprintf("%s%s%s %s, %s touched, %s in huge pages", text, i ? "; " : "",
				       text_bytes(bytes, b->end - b->start), vm_backing_name(b),
				       text_bytes(touched, b->rss),
				       b->huge ? text_bytes(huge, b->huge) : "none");

		free(text);
		text = more;
	}
	if (i)
		prose_print(p->out, p->width, "  Guest RAM lies in: ", text);
	if (r->vm.boot_timer)
		fprintf(p->out, "  The VMM's own boot timer: %s from when it began with the machine\n",
			text_ms(bytes, r->vm.boot_timer));
}

static int by_later(const void *a, const void *b)
{
	const struct kvm_setup *x = a, *y = b;

	if (x->later_ns != y->later_ns)
		return x->later_ns < y->later_ns ? 1 : -1;
	return (x->cmd > y->cmd) - (x->cmd < y->cmd);
}

static int by_setup(const void *a, const void *b)
{
	const struct kvm_setup *x = a, *y = b;
	uint64_t p = x->ns - x->later_ns, q = y->ns - y->later_ns;

	return p != q ? (p < q) - (p > q) : (x->cmd > y->cmd) - (x->cmd < y->cmd);
}

/* What an interrupt takes again and again while the guest runs is no set-up of it. */
static void print_later(const struct page *p, struct kvm_setup *list, size_t n)
{
	CLEANUP_FREE char *text = xstrdup("");
	char number[TEXT_NUMBER_MAX], buf[VM_NAME_MAX];
	size_t i;

	qsort(list, n, sizeof(*list), by_later);
	for (i = 0; i < n && i < LATER_SHOWN && list[i].later_ns >= LATER_NS; i++) {
		char *more = xasprintf("%s%s%s %s (%" PRIu64 ")", text, i ? ", " : "",
				       vm_ioctl_name(buf, list[i].cmd), text_ms(number, list[i].later_ns),
				       list[i].later);

		free(text);
		text = more;
	}
	if (i)
		prose_print(p->out, p->width, "  KVM calls later: ", text);
}

static void print_setup(const struct page *p, const struct run *r)
{
	CLEANUP_FREE struct kvm_setup *list = NULL;
	size_t n = vm_setup(r, &list), i, shown = 0;
	CLEANUP_FREE char *text = NULL;
	char number[TEXT_NUMBER_MAX], buf[VM_NAME_MAX];
	uint64_t ns;

	if (!n)
		return;
	text = xasprintf("%s%s%" PRIu64 " vCPU%s, %zu memory region call%s, %" PRIu64 " irqfd%s",
			 vm_exec_to_run(r, &ns) ? text_ms(number, ns) : "",
			 vm_exec_to_run(r, &ns) ? " from exec to the first KVM_RUN; " : "",
			 vm_setup_count(r, 0x41), vm_setup_count(r, 0x41) == 1 ? "" : "s",
			 r->n_memslots, r->n_memslots == 1 ? "" : "s", vm_setup_count(r, 0x76),
			 vm_setup_count(r, 0x76) == 1 ? "" : "s");
	qsort(list, n, sizeof(*list), by_setup);
	for (i = 0; i < n && shown < IOCTLS_SHOWN; i++) {
		char *more;

		if (list[i].later == list[i].count)
			continue;
		more = xasprintf("%s%s %s %s", text, shown++ ? "," : ";", vm_ioctl_name(buf, list[i].cmd),
				 text_ms(number, list[i].ns - list[i].later_ns));
		free(text);
		text = more;
	}
	prose_print(p->out, p->width, "  Set-up: ", text);
	print_later(p, list, n);
	print_backing(p, r);
}

static int by_silence(const void *a, const void *b)
{
	const struct guest_line *x = *(const struct guest_line *const *)a;
	const struct guest_line *y = *(const struct guest_line *const *)b;
	uint64_t p = x->time - (x - 1)->end, q = y->time - (y - 1)->end;

	return (p < q) - (p > q);
}

static void print_silences(const struct page *p, const struct run *r)
{
	CLEANUP_FREE const struct guest_line **gaps = xcalloc(r->vm.n_lines + 1, sizeof(*gaps));
	size_t n = 0, i;

	for (i = 1; i < r->vm.n_lines; i++)
		if (r->vm.lines[i].gap)
			gaps[n++] = &r->vm.lines[i];
	if (n > 1)
		qsort(gaps, n, sizeof(*gaps), by_silence);
	for (i = 0; i < n && i < SILENCES_SHOWN; i++) {
		const struct guest_line *after = gaps[i] - 1;
		CLEANUP_FREE char *safe = page_escape(after->text + after->said, after->len - after->said);
		CLEANUP_FREE char *cut = why_cut(p, safe, LINE_COLUMNS);
		char number[TEXT_NUMBER_MAX];

		fprintf(p->out, "%12s  silent after: %s\n",
			text_ms(number, gaps[i]->time - after->end), cut);
	}
}

static int by_length(const void *a, const void *b)
{
	const struct guest_initcall *x = *(const struct guest_initcall *const *)a;
	const struct guest_initcall *y = *(const struct guest_initcall *const *)b;
	uint64_t p = x->end - x->start, q = y->end - y->start;

	return (p < q) - (p > q);
}

static void print_initcalls(const struct page *p, const struct run *r)
{
	const struct vm *vm = &r->vm;
	CLEANUP_FREE const struct guest_initcall **calls =
		xcalloc(vm->n_initcalls + 1, sizeof(*calls));
	uint64_t total = 0;
	char number[TEXT_NUMBER_MAX];
	size_t i;

	if (!vm->n_initcalls)
		return;
	for (i = 0; i < vm->n_initcalls; i++) {
		calls[i] = &vm->initcalls[i];
		total += calls[i]->end - calls[i]->start;
	}
	qsort(calls, vm->n_initcalls, sizeof(*calls), by_length);
	fprintf(p->out, "\n  %zu initcalls of the guest's kernel, %s together\n", vm->n_initcalls,
		text_ms(number, total));
	for (i = 0; i < vm->n_initcalls && i < INITCALLS_SHOWN; i++) {
		CLEANUP_FREE char *safe = page_escape(calls[i]->name, strlen(calls[i]->name));
		CLEANUP_FREE char *cut = why_cut(p, safe, LINE_COLUMNS);

		fprintf(p->out, "%12s  %s\n", text_ms(number, calls[i]->end - calls[i]->start), cut);
	}
}

static void print_console(const struct page *p, const struct run *r)
{
	char number[TEXT_NUMBER_MAX];

	if (!r->vm.n_lines)
		return;
	fprintf(p->out, "\n  Guest's console: %zu line%s, %" PRIu64 " byte%s, from %s%s%s\n",
		r->vm.n_lines, r->vm.n_lines == 1 ? "" : "s", r->vm.console_bytes,
		r->vm.console_bytes == 1 ? "" : "s",
		r->vm.from_chardev ? "the VMM's chardev" : "writes to port 0x3f8",
		r->vm.clock_zero ? "; its clock began at " : "",
		r->vm.clock_zero > r->milestones.launch ?
			text_ms(number, r->vm.clock_zero - r->milestones.launch) : "");
	print_silences(p, r);
	print_initcalls(p, r);
}

void vm_print_run(const struct page *p, const struct run *r)
{
	uint64_t to = r->milestones.launch + r->milestones.at[r->milestones.end];

	if (!vm_present(r))
		return;
	fprintf(p->out, "\n  Inside the VM of run %" PRIu32 "\n", r->index + 1);
	print_setup(p, r);
	if (r->vm.n_vcpus) {
		print_exits(p, r);
		print_vcpus(p, r, to);
	}
	print_devices(p, r);
	vm_print_marks(p, r);
	print_console(p, r);
}
