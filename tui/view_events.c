// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_events.c - what the model has of a run, in the order of time: moments, processes, sockets,
 * KVM, and system calls that took long. Lines are written when they are shown, for there may be a
 * million of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/vm.h"
#include "user/model/wait.h"
#include "user/record/reader.h"

#define DETAIL_LINES 4
#define DETAIL_LEAST 14 /* lines of the view: with less there are no details */

enum event_kind { EVENT_MOMENT, EVENT_UNSEEN, EVENT_BORN, EVENT_EXEC, EVENT_ENDED, EVENT_SOCKET,
		  EVENT_KVM, EVENT_MEMSLOT, EVENT_CALL };

struct event {
	uint64_t time;
	const void *what; /* of the model, by kind */
	uint32_t n;       /* milestone; which exec */
	uint32_t kind;
};

struct events {
	struct event *list;
	size_t n, cap, all;
};

struct line {
	uint32_t pid;
	const char *kind;
	enum style style;
	char text[VIEW_TEXT_MAX + 64];
};

/* ---- an event in words ----------------------------------------------------------------------- */

static void line_of_process(struct line *l, const struct event *e)
{
	const struct process *p = e->what;
	char text[VIEW_TEXT_MAX];

	l->pid = p->pid;
	if (e->kind == EVENT_EXEC) {
		const struct exec *exec = &p->execs[e->n];

		l->kind = "exec";
		if (exec->argv_len)
			text_argv(l->text, sizeof(l->text), exec->argv, exec->argv_len);
		else
			snprintf(l->text, sizeof(l->text), "%s", view_escape(text, exec->exe));
	} else if (e->kind == EVENT_BORN) {
		l->kind = "fork";
		snprintf(l->text, sizeof(l->text), "%s begins%s", view_escape(text, p->comm),
			 p->shares_mm ? ", in its parent's memory" : "");
		if (p->parent)
			snprintf(l->text, sizeof(l->text), "%s, child of %" PRIu32,
				 view_escape(text, p->comm), p->parent->pid);
	} else {
		l->kind = "exit";
		snprintf(l->text, sizeof(l->text), "%s, status %" PRIu32 ", signal %" PRIu32,
			 view_escape(text, p->comm), p->exit_code >> 8 & 0xff, p->exit_code & 0x7f);
	}
}

static void line_of_socket(struct line *l, const struct sock_event *s)
{
	const char *name = record_kind_name(s->kind);

	l->pid = s->pid;
	l->kind = "socket";
	if (s->kind == WIRE_GUEST_SYSCALL)
		snprintf(l->text, sizeof(l->text), "%s %" PRId64, name ? name : "?", s->value);
	else
		snprintf(l->text, sizeof(l->text), "%s local port %u, remote port %u",
			 name ? name : "?", s->local_port, s->remote_port);
}

static void line_of_call(struct line *l, const struct view *v, const struct sched_call *call)
{
	char words[WAIT_TEXT_MAX], text[VIEW_TEXT_MAX], ms[32];

	l->pid = call->pid;
	l->kind = "call";
	l->style = STYLE_DIM;
	wait_call_text(words, v->run, call);
	if (call->exit == UINT64_MAX)
		snprintf(l->text, sizeof(l->text), "%s", view_escape(text, words));
	else
		snprintf(l->text, sizeof(l->text),
			 call->ret > INT32_MAX ? "%s = 0x%" PRIx64 ", took %s" :
						 "%s = %" PRId64 ", took %s",
			 view_escape(text, words), call->ret,
			 text_ms(ms, call->exit - call->enter));
}

static void line_of(struct line *l, const struct view *v, const struct event *e)
{
	const struct milestones *m = &v->run->milestones;
	const struct kvm_call *call = e->what;
	const struct memslot *slot = e->what;
	char text[VIEW_TEXT_MAX], number[TEXT_NUMBER_MAX], ioctl[VM_NAME_MAX];

	*l = (struct line){ .kind = "kvm" };
	switch ((enum event_kind)e->kind) {
	case EVENT_MOMENT:
		l->kind = "moment";
		l->style = STYLE_MARK;
		snprintf(l->text, sizeof(l->text), "%s%s%s", milestone_title((enum milestone)e->n),
			 m->note[e->n] ? ": " : "", m->note[e->n] ? m->note[e->n] : "");
		break;
	case EVENT_UNSEEN:
		l->kind = "moment";
		l->style = STYLE_WARN;
		snprintf(l->text, sizeof(l->text), "%s was not seen: %s%s%s",
			 milestone_title((enum milestone)e->n), m->why[e->n] ? m->why[e->n] : "",
			 m->bracketed[e->n] ? "; before " : "",
			 m->bracketed[e->n] ? text_ms(number, m->to[e->n]) : "");
		break;
	case EVENT_BORN:
	case EVENT_EXEC:
	case EVENT_ENDED:
		line_of_process(l, e);
		break;
	case EVENT_SOCKET:
		line_of_socket(l, e->what);
		break;
	case EVENT_KVM:
		l->pid = call->tid;
		snprintf(l->text, sizeof(l->text), "%s on %s = %" PRId64,
			 vm_ioctl_name(ioctl, call->cmd),
			 view_escape(text, call->fd_name ? call->fd_name : ""), call->ret);
		break;
	case EVENT_MEMSLOT:
		snprintf(l->text, sizeof(l->text), "guest RAM slot %" PRIu32 ": %s at 0x%" PRIx64,
			 slot->slot, text_bytes(number, slot->bytes), slot->gpa);
		break;
	case EVENT_CALL:
		line_of_call(l, v, e->what);
		break;
	}
}

/* ---- the list -------------------------------------------------------------------------------- */

static void add(struct view *v, uint64_t time, enum event_kind kind, const void *what, size_t n)
{
	struct events *e = v->private;

	ARRAY_RESERVE(e->list, e->n, e->cap, 1);
	e->list[e->n++] = (struct event){ .time = time, .what = what, .n = (uint32_t)n,
					  .kind = kind };
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->time != y->time)
		return (x->time > y->time) - (x->time < y->time);
	if (x->kind != y->kind)
		return (x->kind > y->kind) - (x->kind < y->kind);
	return (x->n > y->n) - (x->n < y->n);
}

static void collect(struct view *v)
{
	const struct run *r = v->run;
	size_t i, k;

	/* One that was not seen stands where it can have been at the earliest, else at the end. */
	for (i = 0; (int)i < r->milestones.n; i++)
		if (r->milestones.seen[i])
			add(v, r->milestones.launch + r->milestones.at[i], EVENT_MOMENT, NULL, i);
		else
			add(v, r->milestones.bracketed[i] ?
				       r->milestones.launch + r->milestones.from[i] : UINT64_MAX,
			    EVENT_UNSEEN, NULL, i);
	for (i = 0; i < r->tree.n; i++) {
		const struct process *p = r->tree.processes[i];

		if (p->start)
			add(v, p->start, EVENT_BORN, p, 0);
		for (k = 0; k < p->n_execs; k++)
			add(v, p->execs[k].time, EVENT_EXEC, p, k);
		if (p->end)
			add(v, p->end, EVENT_ENDED, p, 0);
	}
	for (i = 0; i < r->n_socks; i++)
		add(v, r->socks[i].time, EVENT_SOCKET, &r->socks[i], i);
	for (i = 0; i < r->n_kvm_calls; i++)
		add(v, r->kvm_calls[i].enter, EVENT_KVM, &r->kvm_calls[i], i);
	for (i = 0; i < r->n_memslots; i++)
		add(v, r->memslots[i].time, EVENT_MEMSLOT, &r->memslots[i], i);
	for (i = 0; i < r->sched.n_calls; i++)
		if (!r->sched.calls[i].made)
			add(v, r->sched.calls[i].enter, EVENT_CALL, &r->sched.calls[i], i);
}

static void filter(struct view *v)
{
	struct events *e = v->private;
	char text[VIEW_TEXT_MAX + 128];
	struct line l;
	size_t i, n = 0;

	for (i = 0; i < e->n; i++) {
		line_of(&l, v, &e->list[i]);
		snprintf(text, sizeof(text), "%" PRIu32 " %s %s", l.pid, l.kind, l.text);
		if (view_matches(v, text))
			e->list[n++] = e->list[i];
	}
	e->n = n;
}

static void open_events(struct view *v)
{
	struct events *e = v->private;

	*e = (struct events){ 0 };
	collect(v);
	e->all = e->n;
	if (e->n)
		qsort(e->list, e->n, sizeof(*e->list), by_time);
	if (*v->filter)
		filter(v);
}

static void close_events(struct view *v)
{
	struct events *e = v->private;

	free(e->list);
	*e = (struct events){ 0 };
}

static void time_text(char text[TEXT_NUMBER_MAX + 2], const struct view *v, const struct event *e)
{
	uint64_t launch = v->run->milestones.launch;
	char ms[TEXT_NUMBER_MAX];

	if (e->time == UINT64_MAX)
		snprintf(text, TEXT_NUMBER_MAX + 2, "-");
	else if (e->kind == EVENT_UNSEEN)
		snprintf(text, TEXT_NUMBER_MAX + 2, ">%s", text_ms(ms, e->time - launch));
	else
		snprintf(text, TEXT_NUMBER_MAX + 2, "%s%s", e->time < launch ? "-" : "",
			 text_ms(ms, e->time < launch ? launch - e->time : e->time - launch));
}

static void draw_event(const struct view *v, struct canvas *c, struct area at, size_t i, int y)
{
	const struct events *e = v->private;
	char text[TEXT_NUMBER_MAX + 2];
	struct line l;
	int x = at.x + 29;

	line_of(&l, v, &e->list[i]);
	time_text(text, v, &e->list[i]);
	canvas_right(c, at.x + 1, y, 11, STYLE_DIM, text);
	if (l.pid)
		canvas_textf(c, at.x + 14, y, 7, STYLE_DIM, "%" PRIu32, l.pid);
	canvas_text(c, at.x + 22, y, 6, l.style, l.kind);
	canvas_text(c, x, y, at.x + at.width - x, l.style, l.text);
	if (i == v->list.at)
		view_cursor(c, at, y);
}

/* The whole of the line under the cursor, and whose it is. */
static void draw_event_details(const struct view *v, struct canvas *c, struct area at)
{
	const struct events *e = v->private;
	const struct event *event = &e->list[v->list.at];
	const struct process *p;
	char text[VIEW_TEXT_MAX + 64], comm[VIEW_TEXT_MAX], time[TEXT_NUMBER_MAX + 2];
	struct line l;

	line_of(&l, v, event);
	time_text(time, v, event);
	p = l.pid ? tree_process(&v->run->tree, l.pid) : NULL;
	snprintf(text, sizeof(text), "%s%s%s%s%.200s", l.kind,
		 event->time == UINT64_MAX ? "" : " at ", event->time == UINT64_MAX ? "" : time,
		 p ? ", " : "", p ? view_escape(comm, p->comm) : "");
	view_heading(c, at, at.y, text);
	canvas_prose(c, (struct area){ at.x + 1, at.y + 1, at.width - 2, at.height - 1 }, STYLE_PLAIN,
		     l.text);
}

static void draw_events(struct view *v, struct canvas *c, struct area at)
{
	const struct events *e = v->private;
	int details = at.height >= DETAIL_LEAST ? DETAIL_LINES : 0, lines = at.height - 1 - details;
	size_t i;

	list_fit(&v->list, e->n, lines);
	v->list_y = at.y + 1;
	canvas_right(c, at.x + 1, at.y, 11, STYLE_HEADING, "at");
	canvas_text(c, at.x + 14, at.y, 7, STYLE_HEADING, "pid");
	canvas_text(c, at.x + 22, at.y, 6, STYLE_HEADING, "kind");
	if (*v->filter)
		canvas_textf(c, at.x + 29, at.y, at.width - 29, STYLE_DIM, "what: %zu of %zu events",
			     e->n, e->all);
	else
		canvas_textf(c, at.x + 29, at.y, at.width - 29, STYLE_DIM, "what: %zu events", e->n);
	view_list_position(c, at, at.y, &v->list);
	view_no_match(v, c, (struct area){ at.x, at.y + 1, at.width, lines });
	for (i = v->list.top; i < e->n && (int)(i - v->list.top) < lines; i++)
		draw_event(v, c, at, i, at.y + 1 + (int)(i - v->list.top));
	if (details && e->n)
		draw_event_details(v, c, (struct area){ at.x, at.y + at.height - details, at.width,
							details });
}

static const char *const help_events[] = { "/\tfilter", NULL };

const struct view_ops view_events = {
	.name = "events",
	.title = "what happened, in order",
	.key = '7',
	.help = help_events,
	.needs_run = true,
	.filters = true,
	.private_size = sizeof(struct events),
	.open = open_events,
	.draw = draw_events,
	.close = close_events,
};
