// SPDX-License-Identifier: GPL-2.0-only
/* html_vm.c - inside a VM: what its vCPUs did, what its devices cost, how the guest marked its way, what it said. */
#include <inttypes.h>

#include "user/base/mem.h"
#include "user/export/html.h"
#include "user/export/markup.h"
#include "user/model/lane.h"

#define LINES_MAX 400
#define DEVICES_MAX 20
#define EXITS_MAX 40
#define INITCALLS_MAX 1000
#define MARKS_MAX 100

static void write_vcpus(FILE *out, const struct run *r)
{
	bool several = vm_several(r);
	unsigned int k;
	size_t i;

	fprintf(out, "<div class=\"wide\"><table><caption>vCPUs, from the first KVM_RUN to %s; a row "
		"sums to its time", r->milestones.end == MILESTONE_READY ? "ready" : "the first byte");
	if (vm_guest_has_kernel(r))
		fputs(". kvm_entry did not fire on this host: guest has the exits in it that the "
		      "kernel handled", out);
	fputs("</caption>\n<thead><tr>", out);
	html_column(out, "vCPU", HTML_RIGHT);
	if (several)
		html_column(out, "VMM's pid", HTML_RIGHT);
	for (k = 0; k < WIRE_VCPU_STATES; k++)
		html_column(out, vcpu_state_name(k), HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < r->vm.n_vcpus; i++) {
		uint64_t ns[WIRE_VCPU_STATES];

		vcpu_between(&r->vm.vcpus[i], 0, r->milestones.launch + run_span(r), ns);
		fprintf(out, "<tr><th scope=\"row\" class=\"n\">%zu</th>", i);
		if (several)
			fprintf(out, "<td class=\"n\">%" PRIu32 "</td>", r->vm.vcpus[i].pid);
		for (k = 0; k < WIRE_VCPU_STATES; k++)
			html_cell_ms(out, (double)ns[k]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void write_devices(FILE *out, const struct run *r)
{
	size_t i;

	fputs("<div class=\"wide\"><table class=\"sortable\"><caption>What the guest's devices cost", out);
	if (vm_untold(&r->vm))
		fputs(". kvm_exit did not fire on this host: what the kernel took for reads of ports is "
		      "not known, and in none of these", out);
	fputs("</caption>\n<thead><tr>", out);
	html_column(out, "device", HTML_LEFT);
	html_column(out, "exits", HTML_RIGHT);
	html_column(out, "in the kernel", HTML_RIGHT);
	html_column(out, "in the VMM", HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < r->vm.n_devices && i < DEVICES_MAX; i++) {
		const struct vm_device *d = &r->vm.devices[i];

		fputs("<tr><th scope=\"row\">", out);
		markup_text(out, d->name);
		fprintf(out, "</th><td class=\"n\" data-v=\"%" PRIu64 "\">%" PRIu64 "</td>",
			d->exits, d->exits);
		if (vm_device_told(d))
			html_cell_ms(out, (double)d->kernel_ns);
		else
			fputs("<td class=\"n\">-</td>", out);
		html_cell_ms(out, (double)d->user_ns);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

/* Those to the VMM are among the hardware's, where these are known. */
static void write_exits(FILE *out, const struct run *r)
{
	char buf[VM_NAME_MAX];
	size_t i;

	fputs("<div class=\"wide\"><table class=\"exits sortable\"><caption>Exits by reason</caption>\n"
	      "<thead><tr>", out);
	html_column(out, "reason", HTML_LEFT);
	html_column(out, "to", HTML_LEFT);
	html_column(out, "exits", HTML_RIGHT);
	html_column(out, "in the kernel", HTML_RIGHT);
	html_column(out, "in the VMM", HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < r->vm.n_exits && i < EXITS_MAX; i++) {
		const struct vm_exit *e = &r->vm.exits[i];

		fputs("<tr><th scope=\"row\">", out);
		markup_text(out, vm_exit_name(buf, e->table, e->reason));
		fprintf(out, "</th><td>%s</td><td class=\"n\" data-v=\"%" PRIu64 "\">%" PRIu64
			"</td>", e->table == WIRE_EXIT_USER ? "the VMM" : "the kernel", e->count,
			e->count);
		html_cell_ms(out, (double)e->kernel_ns);
		html_cell_ms(out, (double)e->user_ns);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

/* Writes of one value to one address are one row. */
static void write_marks(FILE *out, const struct run *r)
{
	CLEANUP_FREE struct vm_mark_sum *list = NULL;
	uint64_t launch = r->milestones.launch, rest;
	size_t n = vm_mark_sums(&r->vm, MARKS_MAX, &list, &rest), i;

	rest += r->vm.marks_dropped + r->vm.posts_dropped;
	fputs("<details><summary>Marks and POST codes of the guest</summary>\n<div class=\"wide\"><table "
	      "class=\"sortable\"><thead><tr>", out);
	html_column(out, "first", HTML_RIGHT);
	html_column(out, "last", HTML_RIGHT);
	html_column(out, "writes", HTML_RIGHT);
	html_column(out, "to", HTML_RIGHT);
	html_column(out, "value", HTML_RIGHT);
	html_column(out, "meaning", HTML_LEFT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < n; i++) {
		const struct vm_mark *m = &list[i].first;

		fputs("<tr>", out);
		html_cell_ms(out, m->time > launch ? (double)(m->time - launch) : 0);
		html_cell_ms(out, list[i].last > launch ? (double)(list[i].last - launch) : 0);
		fprintf(out, "<td class=\"n\" data-v=\"%" PRIu64 "\">%" PRIu64 "</td>"
			"<td class=\"n\" data-v=\"%" PRIu64 "\">0x%" PRIx64 "</td>"
			"<td class=\"n\" data-v=\"%" PRIu32 "\">0x%02" PRIx32 "</td>",
			list[i].count, list[i].count, m->address, m->address, m->value, m->value);
		html_cell_text(out, vm_mark_meaning(r, m));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
	if (rest)
		fprintf(out, "<p>and %" PRIu64 " more writes</p>\n", rest);
	fputs("</details>\n", out);
}

static void write_initcalls(FILE *out, const struct run *r)
{
	uint64_t launch = r->milestones.launch;
	size_t i;

	fputs("<details><summary>Initcalls of the guest's kernel</summary>\n"
	      "<table class=\"initcalls sortable\"><thead><tr>", out);
	html_column(out, "at", HTML_RIGHT);
	html_column(out, "for", HTML_RIGHT);
	html_column(out, "initcall", HTML_LEFT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < r->vm.n_initcalls && i < INITCALLS_MAX; i++) {
		const struct guest_initcall *c = &r->vm.initcalls[i];

		fputs("<tr>", out);
		html_cell_ms(out, c->start > launch ? (double)(c->start - launch) : 0);
		html_cell_ms(out, c->end > c->start ? (double)(c->end - c->start) : 0);
		html_cell_text(out, c->name);
		fputs("</tr>\n", out);
	}
	if (i < r->vm.n_initcalls)
		fprintf(out, "<tr><td></td><td></td><td>and %zu more</td></tr>\n",
			r->vm.n_initcalls - i);
	fputs("</tbody></table></details>\n", out);
}

static void write_console(FILE *out, const struct run *r)
{
	uint64_t launch = r->milestones.launch;
	size_t i;

	fputs("<details><summary>Guest console, on the host's clock</summary>\n<table "
	      "class=\"console\"><thead><tr>", out);
	html_column(out, "at", HTML_RIGHT);
	html_column(out, "after", HTML_RIGHT);
	html_column(out, "line", HTML_LEFT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < r->vm.n_lines && i < LINES_MAX; i++) {
		const struct guest_line *line = &r->vm.lines[i];
		uint64_t before = i ? r->vm.lines[i - 1].end : launch;

		fprintf(out, "<tr%s>", line->gap ? " class=\"gap\"" : "");
		html_cell_ms(out, line->time > launch ? (double)(line->time - launch) : 0);
		html_cell_ms(out, line->time > before ? (double)(line->time - before) : 0);
		fputs("<td><code>", out);
		markup_text_n(out, line->text, line->len);
		fputs("</code></td></tr>\n", out);
	}
	if (i < r->vm.n_lines)
		fprintf(out, "<tr><td></td><td></td><td>and %zu more lines</td></tr>\n",
			r->vm.n_lines - i);
	fputs("</tbody></table></details>\n", out);
}

void html_vm(FILE *out, const struct run *r)
{
	if (!vm_present(r) && !r->vm.n_lines)
		return;
	fputs("<h3>Inside the VM</h3>\n", out);
	if (r->vm.n_vcpus)
		write_vcpus(out, r);
	if (r->vm.n_exits)
		write_exits(out, r);
	if (r->vm.n_devices)
		write_devices(out, r);
	if (r->vm.n_marks)
		write_marks(out, r);
	if (r->vm.n_initcalls)
		write_initcalls(out, r);
	if (r->vm.n_lines)
		write_console(out, r);
}
