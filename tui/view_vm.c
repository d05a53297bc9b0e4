// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_vm.c - inside the VM: what its vCPUs did, what its devices cost, its marks, and what the guest
 * said, on the host's clock.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"

/* A row is one of these; index is into the model's array of that kind. */
enum row_kind { ROW_VCPU, ROW_DEVICE, ROW_MARK, ROW_LINE };

struct row {
	enum row_kind kind;
	size_t index;
};

#define DETAIL_LINES 3
#define MARKS_MAX 24 /* rows: the console comes below */
#define DETAIL_LEAST 14 /* lines of the view: with less there are no details */

struct vm_view {
	struct row *rows;
	size_t n, cap;
	struct vm_mark_sum *marks;
	size_t n_marks;
	uint64_t more_marks; /* than MARKS_MAX rows have */
	bool by_silence; /* lines: the longest silence before them first */
};

static void add_row(struct vm_view *m, enum row_kind kind, size_t index)
{
	ARRAY_RESERVE(m->rows, m->n, m->cap, 1);
	m->rows[m->n++] = (struct row){ kind, index };
}

static int by_silence(const void *a, const void *b, void *vm)
{
	const struct row *x = a, *y = b;
	uint64_t i, k;

	if (x->kind != ROW_LINE || y->kind != ROW_LINE)
		return x->kind != y->kind ? (int)x->kind - (int)y->kind :
		       (x->index > y->index) - (x->index < y->index);
	i = guest_silence(vm, x->index);
	k = guest_silence(vm, y->index);
	return i != k ? (i < k) - (i > k) : (x->index > y->index) - (x->index < y->index);
}

static void open_vm(struct view *v)
{
	struct vm_view *m = v->private;
	const struct vm *vm = v->run ? &v->run->vm : NULL;
	size_t i;

	m->n = 0;
	for (i = 0; vm && i < vm->n_vcpus; i++)
		if (!*v->filter)
			add_row(m, ROW_VCPU, i);
	for (i = 0; vm && i < vm->n_devices; i++)
		if (view_matches(v, vm->devices[i].name))
			add_row(m, ROW_DEVICE, i);
	m->n_marks = vm ? vm_mark_sums(vm, MARKS_MAX, &m->marks, &m->more_marks) : 0;
	for (i = 0; i < m->n_marks; i++)
		if (view_matches(v, vm_mark_meaning(v->run, &m->marks[i].first)))
			add_row(m, ROW_MARK, i);
	for (i = 0; vm && i < vm->n_lines; i++)
		if (view_matches(v, vm->lines[i].text))
			add_row(m, ROW_LINE, i);
	if (m->by_silence && m->n)
		qsort_r(m->rows, m->n, sizeof(*m->rows), by_silence, (void *)vm);
}

static void close_vm(struct view *v)
{
	struct vm_view *m = v->private;

	free(m->rows);
	free(m->marks);
	m->rows = NULL;
	m->marks = NULL;
	m->n = m->cap = m->n_marks = 0;
}

static uint64_t window_end(const struct run *r)
{
	return r->milestones.seen[r->milestones.end] ?
		       r->milestones.launch + r->milestones.at[r->milestones.end] : UINT64_MAX;
}

/* "vCPU 0  ▚▚▚▚▓▓▞▞▂▂  ▚ guest 64.1 ms  ▓ kernel …": the bar's parts in the order of the words. */
static void draw_vcpu(const struct view *v, struct canvas *c, struct area at, size_t index, int y)
{
	static const enum style styles[WIRE_VCPU_STATES] = {
		[WIRE_VCPU_GUEST] = STYLE_GUEST, [WIRE_VCPU_KERNEL] = STYLE_KERNEL,
		[WIRE_VCPU_VMM] = STYLE_VMM, [WIRE_VCPU_HALTED] = STYLE_HALTED,
		[WIRE_VCPU_RUNNABLE] = STYLE_RUNNABLE, [WIRE_VCPU_BLOCKED] = STYLE_BLOCKED,
	};
	int bar = at.width >= 110 ? 24 : 10, name = vm_several(v->run) ? 18 : 9, x = at.x + 2;
	struct bar_part parts[WIRE_VCPU_STATES];
	uint64_t ns[WIRE_VCPU_STATES], total = 0;
	char ms[TEXT_NUMBER_MAX], buf[VM_NAME_MAX];
	unsigned int i;

	vcpu_between(&v->run->vm.vcpus[index], 0, window_end(v->run), ns);
	for (i = 0; i < WIRE_VCPU_STATES; i++)
		total += ns[i];
	for (i = 0; i < WIRE_VCPU_STATES; i++) {
		parts[i].cells = total ? (double)ns[i] * bar / (double)total : 0;
		parts[i].style = styles[i];
	}
	canvas_text(c, x, y, name, STYLE_PLAIN, vcpu_name(buf, v->run, index));
	canvas_stack(c, x + name, y, bar, parts, WIRE_VCPU_STATES);
	x += name + 1 + bar;
	for (i = 0; i < WIRE_VCPU_STATES && x < at.x + at.width; i++)
		if (ns[i]) {
			canvas_fill(c, x, y, 1, styles[i]);
			x += 2;
			x += 2 + canvas_textf(c, x, y, at.x + at.width - x, STYLE_PLAIN, "%s %s",
					      vcpu_state_name(i), text_ms(ms, ns[i]));
		}
}

static void draw_device(const struct view *v, struct canvas *c, struct area at, size_t index, int y)
{
	const struct vm_device *d = &v->run->vm.devices[index];
	char kernel[TEXT_NUMBER_MAX], vmm[TEXT_NUMBER_MAX];

	canvas_text(c, at.x + 2, y, 12, STYLE_PLAIN, d->name);
	canvas_textf(c, at.x + 15, y, at.width - 16, STYLE_PLAIN,
		     "%8" PRIu64 " exits %10s in the kernel %10s in the VMM", d->exits,
		     vm_device_told(d) ? text_ms(kernel, d->kernel_ns) : "-", text_ms(vmm, d->user_ns));
}

static void draw_mark(const struct view *v, struct canvas *c, struct area at, size_t index, int y)
{
	const struct vm_view *m = v->private;
	const struct vm_mark *first = &m->marks[index].first;
	uint64_t launch = v->run->milestones.launch, count = m->marks[index].count;
	char number[TEXT_NUMBER_MAX];

	canvas_right(c, at.x + 1, y, 11, STYLE_PLAIN,
		     text_ms(number, first->time > launch ? first->time - launch : 0));
	snprintf(number, sizeof(number), "0x%" PRIx64, first->address);
	canvas_right(c, at.x + 13, y, 11, STYLE_PLAIN, number);
	snprintf(number, sizeof(number), ", %" PRIu64 " times", count);
	canvas_textf(c, at.x + 26, y, at.width - 27, STYLE_PLAIN, "0x%02" PRIx32 "  %s%s", first->value,
		     vm_mark_meaning(v->run, first), count > 1 ? number : "");
}

static void draw_line(const struct view *v, struct canvas *c, struct area at, size_t index, int y)
{
	const struct guest_line *l = &v->run->vm.lines[index];
	uint64_t launch = v->run->milestones.launch;
	char number[TEXT_NUMBER_MAX], text[VIEW_TEXT_MAX];

	canvas_right(c, at.x + 1, y, 11, STYLE_PLAIN,
		     text_ms(number, l->time > launch ? l->time - launch : 0));
	if (l->gap)
		canvas_right(c, at.x + 13, y, 11, STYLE_WARN,
			     text_ms(number, guest_silence(&v->run->vm, index)));
	canvas_text(c, at.x + 26, y, at.width - 27, STYLE_PLAIN, view_escape(text, l->text));
}

/* What the row is about is said where its kind begins. */
static const char *const heads[] = {
	[ROW_VCPU] = "vCPUs, from the first KVM_RUN to the first byte",
	[ROW_DEVICE] = "what the guest's devices cost",
	[ROW_MARK] = "the guest's marks and POST codes: at, to, value, meaning",
	[ROW_LINE] = "the guest's console: at, silent before, what it said",
};

/* The whole of a line of the console, which most often is longer than the screen is wide. */
static void draw_details(const struct view *v, struct canvas *c, struct area at)
{
	const struct vm_view *m = v->private;
	const struct guest_line *l;
	uint64_t launch = v->run->milestones.launch;
	char text[VIEW_TEXT_MAX], ms[TEXT_NUMBER_MAX];

	if (v->list.at >= m->n || m->rows[v->list.at].kind != ROW_LINE)
		return;
	l = &v->run->vm.lines[m->rows[v->list.at].index];
	snprintf(text, sizeof(text), "the console at %s",
		 text_ms(ms, l->time > launch ? l->time - launch : 0));
	view_heading(c, at, at.y, text);
	canvas_prose(c, (struct area){ at.x + 1, at.y + 1, at.width - 2, at.height - 1 }, STYLE_PLAIN,
		     view_escape(text, l->text));
}

static void draw_head(const struct view *v, struct canvas *c, struct area at, enum row_kind kind, int y)
{
	const struct vm_view *m = v->private;
	uint64_t more = m->more_marks + v->run->vm.marks_dropped + v->run->vm.posts_dropped;
	char text[VIEW_TEXT_MAX];

	if (kind == ROW_MARK && more) {
		snprintf(text, sizeof(text), "%s; %" PRIu64 " more", heads[kind], more);
		view_heading(c, at, y, text);
	} else {
		view_heading(c, at, y, heads[kind]);
	}
}

static int heads_of(const struct vm_view *m)
{
	int n = 0;
	size_t i;

	for (i = 0; i < m->n; i++)
		n += !i || m->rows[i].kind != m->rows[i - 1].kind;
	return n;
}

static void draw_vm(struct view *v, struct canvas *c, struct area at)
{
	static void (*const draw[])(const struct view *, struct canvas *, struct area, size_t,
				    int) = {
		[ROW_VCPU] = draw_vcpu, [ROW_DEVICE] = draw_device, [ROW_MARK] = draw_mark,
		[ROW_LINE] = draw_line,
	};
	struct vm_view *m = v->private;
	int details = at.height >= DETAIL_LEAST && v->run->vm.n_lines ? DETAIL_LINES : 0;
	int y = at.y, end = at.y + at.height - details;
	size_t i;

	if (!vm_present(v->run)) {
		view_nothing(c, at, "No virtual machine: nobody called KVM_RUN, and no guest said "
				    "anything.");
		return;
	}
	/* So many lines are not for rows. */
	list_fit(&v->list, m->n, at.height - details - heads_of(m));
	for (i = v->list.top; i < m->n && y < end; i++) {
		const struct row *row = &m->rows[i];

		if (i == v->list.top || row->kind != m->rows[i - 1].kind)
			draw_head(v, c, at, row->kind, y++);
		if (y >= end)
			break;
		draw[row->kind](v, c, at, row->index, y);
		if (i == v->list.at)
			view_cursor(c, at, y);
		y++;
	}
	view_no_match(v, c, at);
	if (details)
		draw_details(v, c, (struct area){ at.x, end, at.width, details });
	if (m->n)
		view_position(c, at, at.y, v->list.top, i - v->list.top, m->n);
}

static bool press_vm(struct view *v, int key)
{
	struct vm_view *m = v->private;

	if (key != 's')
		return false;
	m->by_silence = !m->by_silence;
	close_vm(v);
	open_vm(v);
	app_say(v->app, m->by_silence ? "the longest silence first" : "in the order of time");
	return true;
}

static const char *const help_vm[] = { "/\tfilter", "s\tlongest silences", NULL };

const struct view_ops view_vm = {
	.name = "vm",
	.title = "vCPUs, devices, console",
	.key = '8',
	.help = help_vm,
	.needs_run = true,
	.filters = true,
	.private_size = sizeof(struct vm_view),
	.open = open_vm,
	.draw = draw_vm,
	.press = press_vm,
	.close = close_vm,
};
