// SPDX-License-Identifier: GPL-2.0-only
/* oncpu.c - samples to functions. */
#include "user/model/oncpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#include "user/model/role.h"
#include "user/model/run.h"
#include "user/record/reader.h"

#define STACK_MAX (WIRE_SAMPLE_KERNEL + WIRE_SAMPLE_USER)

/* ---- names ------------------------------------------------------------------------------------ */

void oncpu_add_symbol(struct session *session, struct run *run, const struct wire_head *record)
{
	struct host_symbol body;

	record_body(record, &body, sizeof(body));
	if (!body.pid) {
		session_add_symbol(session, &body, session_string(session, record, sizeof(body), 0));
		return;
	}
	ARRAY_RESERVE(run->symbols, run->n_symbols, run->cap_symbols, 1);
	run->symbols[run->n_symbols++] = (struct user_symbol){
		.address = body.address, .time = record->time, .offset = body.offset,
		.pid = body.pid,
		.name = session_string(session, record, sizeof(body), 0),
		.object = session_string(session, record, sizeof(body), 1),
	};
}

static int by_pid_address(const void *a, const void *b)
{
	const struct user_symbol *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->time > y->time) - (x->time < y->time);
}

void oncpu_settle(struct run *run)
{
	if (run->n_symbols)
		qsort(run->symbols, run->n_symbols, sizeof(*run->symbols), by_pid_address);
}

/*
 * The name that held at that time: of several (the process became another program meanwhile) the
 * last one from before. Older recordings have one, with a time at the run's end.
 */
static const struct user_symbol *find_symbol(const struct run *run, uint32_t pid, uint64_t address,
					     uint64_t time)
{
	struct user_symbol key = { .address = address, .time = time, .pid = pid };
	size_t low = 0, high = run->n_symbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_pid_address(&run->symbols[middle], &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && run->symbols[low - 1].pid == pid && run->symbols[low - 1].address == address)
		return &run->symbols[low - 1];
	if (low < run->n_symbols && run->symbols[low].pid == pid &&
	    run->symbols[low].address == address)
		return &run->symbols[low];
	return NULL;
}

/* Numbers: two for who has no name, then the kernel's symbols, then the run's. */
enum { STRANGER, KERNEL_STRANGER, FIRST_SYMBOL };

uint32_t oncpu_symbol(const struct session *session, const struct run *run,
		      const struct sched_sample *sample, unsigned int i)
{
	const struct sched_task *task;
	const struct user_symbol *symbol;
	size_t at;

	if (i < sample->n_kernel) {
		at = session_symbol_at(session, sample->frames[i]);
		return at < session->n_symbols ? (uint32_t)(FIRST_SYMBOL + at) : KERNEL_STRANGER;
	}
	task = sched_task(&run->sched, sample->tid);
	symbol = find_symbol(run, task ? task->pid : 0, sample->frames[i], sample->time);
	return symbol ? (uint32_t)(FIRST_SYMBOL + session->n_symbols +
				   (size_t)(symbol - run->symbols)) : STRANGER;
}

struct frame oncpu_symbol_frame(const struct session *session, const struct run *run,
				uint32_t symbol)
{
	const struct user_symbol *user;
	size_t at = symbol - FIRST_SYMBOL;

	if (symbol == STRANGER)
		return (struct frame){ .function = "", .object = "" };
	if (symbol == KERNEL_STRANGER || at < session->n_symbols)
		return (struct frame){
			.function = symbol == KERNEL_STRANGER ? "" : session->symbols[at].name,
			.object = "kernel", .kernel = true,
		};
	user = &run->symbols[at - session->n_symbols];
	return (struct frame){ .function = user->name, .object = user->object,
			       .offset = user->offset };
}

size_t oncpu_symbol_count(const struct session *session, const struct run *run)
{
	return FIRST_SYMBOL + session->n_symbols + run->n_symbols;
}

struct frame oncpu_frame(const struct session *session, const struct run *run,
			 const struct sched_sample *sample, unsigned int i)
{
	uint32_t symbol = oncpu_symbol(session, run, sample, i);
	struct frame frame = oncpu_symbol_frame(session, run, symbol);

	if (symbol == STRANGER || frame.kernel)
		frame.offset = sample->frames[i];
	return frame;
}

const char *oncpu_frame_text(char text[FRAME_TEXT_MAX], const struct frame *frame)
{
	if (*frame->function)
		snprintf(text, FRAME_TEXT_MAX, "%s%.260s", frame->kernel ? "kernel: " : "",
			 frame->function);
	else if (*frame->object)
		snprintf(text, FRAME_TEXT_MAX, "%.100s+0x%" PRIx64, frame->object, frame->offset);
	else
		snprintf(text, FRAME_TEXT_MAX, "0x%" PRIx64, frame->offset);
	return text;
}

char *oncpu_short_name(const char *name)
{
	size_t n = strcspn(name, "([<"), from = n;
	char *text, *out;
	int depth = 0;

	while (from && name[from - 1] != '/')
		from--;
	text = out = xmalloc(3 * strlen(name + from) + sizeof("...]"));
	for (name += from; *name; name++) {
		if (*name == '[' && depth++ == 0) {
			memcpy(out, "[...", 4);
			out += 4;
		}
		if (*name == ']' && depth && --depth == 0)
			*out++ = ']';
		else if (!depth)
			*out++ = *name;
	}
	/* One that was too long to be recorded whole. */
	strcpy(out, depth ? "]" : "");
	return text;
}

/* ---- rows ------------------------------------------------------------------------------------- */

struct row_node {
	struct oncpu_row row;
	char *key; /* its own */
	UT_hash_handle hh;
};

struct tally {
	struct row_node *rows;
	uint64_t samples, ns;
};

static bool uses_cpu(enum path_state state)
{
	return state == PATH_USER || state == PATH_KERNEL || state == PATH_GUEST ||
	       state == PATH_VMM;
}

/*
 * Where interrupts are off no sample can be taken: it is, late, where they are let in again. Such a
 * function stands for its caller.
 */
static bool lets_in(const struct frame *frame)
{
	static const char *const parts[] = { "irq_enable", "unlock_irq", "restore_fl",
					     "finish_task_switch" };
	size_t i;

	for (i = 0; frame->kernel && i < ARRAY_SIZE(parts); i++)
		if (strstr(frame->function, parts[i]))
			return true;
	return false;
}

static struct frame innermost(const struct session *session, const struct run *run,
			      const struct sched_sample *sample)
{
	struct frame frame = { .function = "", .object = "" };
	unsigned int i = 0;

	do {
		if (i < (unsigned int)sample->n_kernel + sample->n_user)
			frame = oncpu_frame(session, run, sample, i);
	} while (lets_in(&frame) && ++i < sample->n_kernel);
	return frame;
}

static void add_sample(struct tally *t, const struct session *session, const struct run *run,
		       const struct sched_sample *sample)
{
	struct frame frame = innermost(session, run, sample);
	char key[FRAME_TEXT_MAX + 160];
	struct row_node *node = NULL;
	int n;

	if (*frame.function || !*frame.object)
		frame.offset = 0; /* one row for a function, one for what is not known at all */
	n = snprintf(key, sizeof(key), "%.100s %.300s %" PRIx64, frame.object, frame.function,
		     frame.offset);
	HASH_FIND(hh, t->rows, key, (size_t)n, node);
	if (!node) {
		node = xcalloc(1, sizeof(*node));
		node->row.frame = frame;
		node->key = xstrdup(key);
		HASH_ADD_KEYPTR(hh, t->rows, node->key, (size_t)n, node);
	}
	node->row.samples++;
	t->samples++;
}

/* The part of a slice in [from, to): its time, and the samples in it. */
static void add_slice(struct tally *t, const struct session *session, const struct run *run,
		      const struct path_slice *slice, uint64_t from, uint64_t to)
{
	const struct sched *s = &run->sched;
	const struct sched_task *task = sched_task(s, slice->tid);
	uint64_t start = slice->start > from ? slice->start : from;
	uint64_t end = slice->end < to ? slice->end : to;
	uint32_t i;

	if (!uses_cpu(slice->state) || start >= end)
		return;
	t->ns += end - start - critpath_stolen_of(slice, end - start);
	for (i = task ? sched_sample_after(s, task, start) : 0;
	     task && i < task->samples.at + task->samples.n && s->samples[i].time <= end; i++)
		add_sample(t, session, run, &s->samples[i]);
}

static int heavier(const void *a, const void *b)
{
	const struct oncpu_row *x = a, *y = b;
	int order;

	if (x->samples != y->samples)
		return x->samples > y->samples ? -1 : 1;
	order = strcmp(x->frame.object, y->frame.object);
	if (!order)
		order = strcmp(x->frame.function, y->frame.function);
	return order ? order : (x->frame.offset > y->frame.offset) -
				       (x->frame.offset < y->frame.offset);
}

/* The time by the samples' shares, so that rounding loses nothing. */
static void finish(struct tally *t, struct oncpu *out)
{
	struct row_node *node, *next;
	uint64_t before = 0, given = 0;
	size_t i;

	HASH_ITER(hh, t->rows, node, next) {
		HASH_DEL(t->rows, node);
		ARRAY_RESERVE(out->rows, out->n, out->cap, 1);
		out->rows[out->n++] = node->row;
		free(node->key);
		free(node);
	}
	if (out->n)
		qsort(out->rows, out->n, sizeof(*out->rows), heavier);
	out->samples = t->samples;
	out->ns = out->n ? t->ns : 0;
	for (i = 0; i < out->n; i++) {
		before += out->rows[i].samples;
		out->rows[i].ns = (uint64_t)((unsigned __int128)out->ns * before / t->samples) -
				  given;
		given += out->rows[i].ns;
	}
}

static void add_run(struct tally *t, const struct session *session, const struct run *run,
		    uint64_t from, uint64_t to)
{
	size_t i;

	for (i = 0; i < run->path.n; i++)
		add_slice(t, session, run, &run->path.slices[i], from, to);
}

void oncpu_of_run(const struct session *session, const struct run *run, struct oncpu *out)
{
	struct tally t = { 0 };

	*out = (struct oncpu){ .taken = run->sched.n_samples };
	add_run(&t, session, run, 0, UINT64_MAX);
	finish(&t, out);
}

void oncpu_of_scenario(const struct session *session, const struct scenario_result *s,
		       const char *phase, struct oncpu *out, size_t *runs)
{
	struct tally t = { 0 };
	size_t i, p;

	*out = (struct oncpu){ 0 };
	*runs = 0;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];
		uint64_t launch = r->milestones.launch;

		/* One without a sample, too: a short start is often between two ticks. */
		if (!run_counted(r) || r->path.n == 0)
			continue;
		out->taken += r->sched.n_samples;
		if (!phase)
			add_run(&t, session, r, 0, UINT64_MAX);
		for (p = 0; phase && p < r->phases.n; p++)
			if (!strcmp(r->phases.list[p].name, phase))
				add_run(&t, session, r, launch + r->phases.list[p].start,
					launch + r->phases.list[p].end);
		(*runs)++;
	}
	finish(&t, out);
}

/* ---- stacks ----------------------------------------------------------------------------------- */

static int by_task_time(const void *a, const void *b)
{
	const struct path_slice *x = *(const struct path_slice *const *)a;
	const struct path_slice *y = *(const struct path_slice *const *)b;

	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

struct path_index {
	const struct path_slice **slices; /* by task and time */
	size_t n;
};

static bool on_path(const struct path_index *index, uint32_t tid, uint64_t time)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct path_slice *s = index->slices[middle];

		if (s->tid < tid || (s->tid == tid && s->start < time))
			low = middle + 1;
		else
			high = middle;
	}
	return low && index->slices[low - 1]->tid == tid && index->slices[low - 1]->end >= time;
}

/* Time on CPUs of all tasks of the run, the client left out, in [from, to). */
static uint64_t time_running(const struct sched *s, uint64_t from, uint64_t to)
{
	uint64_t total = 0;
	size_t i;
	uint32_t k;

	for (i = 0; i < s->n_tasks; i++) {
		const struct sched_task *task = &s->tasks[i];

		for (k = 0; !task->client && k < task->spans.n; k++) {
			uint32_t at = task->spans.at + k;
			uint64_t start = s->spans[at].start, end = sched_span_end(s, task, at);

			if (s->spans[at].state != SPAN_RUNNING)
				continue;
			start = start > from ? start : from;
			end = end < to ? end : to;
			total += end > start ? end - start : 0;
		}
	}
	return total;
}

void oncpu_stacks(const struct session *session, const struct run *run, oncpu_stack_fn fn,
		  void *ctx)
{
	const struct sched *s = &run->sched;
	uint64_t from = run->milestones.launch, to = from + run->milestones.at[run->milestones.end];
	CLEANUP_FREE const struct path_slice **slices = xcalloc(run->path.n + 1, sizeof(*slices));
	struct path_index index = { .slices = slices };
	uint64_t total, samples = 0, seen = 0, given = 0;
	struct frame frames[STACK_MAX];
	char buffer[ROLE_NAME_MAX];
	size_t i;

	if (run->path.n == 0)
		return;
	for (i = 0; i < run->path.n; i++)
		if (uses_cpu(run->path.slices[i].state))
			slices[index.n++] = &run->path.slices[i];
	qsort(slices, index.n, sizeof(*slices), by_task_time);
	for (i = 0; i < s->n_samples; i++)
		samples += s->samples[i].time >= from && s->samples[i].time <= to;
	total = time_running(s, from, to);
	for (i = 0; i < s->n_samples; i++) {
		const struct sched_sample *sample = &s->samples[i];
		const struct sched_task *task = sched_task(s, sample->tid);
		struct oncpu_stack stack = { .time = sample->time, .tid = sample->tid,
					     .frames = frames };

		if (sample->time < from || sample->time > to)
			continue;
		while (stack.n < (unsigned int)sample->n_kernel + sample->n_user &&
		       stack.n < STACK_MAX) {
			frames[stack.n] = oncpu_frame(session, run, sample, stack.n);
			stack.n++;
		}
		stack.pid = task ? task->pid : 0;
		stack.comm = task ? role_of_task(buffer, run, task, sample->time) : "";
		stack.on_path = on_path(&index, sample->tid, sample->time);
		seen++;
		stack.ns = (uint64_t)((unsigned __int128)total * seen / samples) - given;
		given += stack.ns;
		fn(ctx, &stack);
	}
}
