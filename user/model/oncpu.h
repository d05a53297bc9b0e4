/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oncpu.h - what ran, function by function: samples of the software clock, with names.
 *
 * A sample is a point in time at which a task of the run was on a CPU, with its stack. How long is
 * a share: the time that the tasks in question were on a CPU, parted by the number of samples. So
 * rows sum to that time exactly, and a row of few samples is a rough number.
 *
 * Names are those of the SYMBOL records: hostile text, like every name of a recording.
 */
#ifndef COLDPROF_ONCPU_H
#define COLDPROF_ONCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/model/sched.h"

struct arena;
struct run;
struct scenario_result;
struct session;
struct wire_head;

/* A function of a process; of the kernel where pid is 0. */
struct user_symbol {
	uint64_t address, time; /* the name holds from then on … */
	uint64_t offset;
	uint32_t pid;
	const char *name, *object;
};

struct frame {
	const char *function; /* "" = not known */
	const char *object;   /* "kernel", the file's last component; "" = not known */
	uint64_t offset;      /* in the function; else in the object's file; else the address */
	bool kernel;
};

/* Any SYMBOL record. */
void oncpu_add_symbol(struct session *session, struct run *run, const struct wire_head *record);
void oncpu_settle(struct run *run); /* private to the model: before anything is asked */

/* Frame i of a sample: 0 is where it was; the kernel's come first, then the user's. */
struct frame oncpu_frame(const struct session *session, const struct run *run,
			 const struct sched_sample *sample, unsigned int i);

/*
 * The same in two steps, for who asks more than once what a function is: its number, less than
 * oncpu_symbol_count(), and what the number stands for. Numbers hold until something is fed. The
 * frame of a number has no address (offset is 0 where the symbol has none).
 */
uint32_t oncpu_symbol(const struct session *session, const struct run *run,
		      const struct sched_sample *sample, unsigned int i);
struct frame oncpu_symbol_frame(const struct session *session, const struct run *run,
				uint32_t symbol);
size_t oncpu_symbol_count(const struct session *session, const struct run *run);

/* "runtime.doInit", "kernel: clear_page_erms", "libc.so.6+0x7d20", "0x7ffe1000". Returns text. */
#define FRAME_TEXT_MAX 320
const char *oncpu_frame_text(char text[FRAME_TEXT_MAX], const struct frame *frame);

/*
 * A name without what makes it long: Go's import path, all but its last part, and what its type
 * parameters are ("pkg.Do[...]"). The caller frees it.
 */
char *oncpu_short_name(const char *name);

struct oncpu_row {
	struct frame frame; /* the innermost: offset is 0 where the function is known */
	uint64_t samples;
	uint64_t ns;
};

struct oncpu {
	struct oncpu_row *rows; /* heaviest first; the caller frees it */
	size_t n, cap;
	uint64_t samples, ns;   /* of all rows */
	uint64_t taken;         /* samples, on the critical path or not */
};

/*
 * The slices of the critical path in which a CPU was used, by innermost function. ns sums to the
 * length of those slices (states user, kernel, guest and vmm) less their stolen_ns; without a sample there is no row.
 */
void oncpu_of_run(const struct session *session, const struct run *run, struct oncpu *out);

/*
 * The same of all runs of a scenario that count and whose path is known, added up; only within one
 * phase where phase is not NULL. *runs is how many these are, with a sample or without: what one of
 * them has of that phase is in ns, which is nothing where it does not have it.
 */
void oncpu_of_scenario(const struct session *session, const struct scenario_result *s,
		       const char *phase, struct oncpu *out, size_t *runs);

/* One sample, as a flame graph wants it. Valid during the call only. */
struct oncpu_stack {
	uint64_t time;
	uint32_t tid, pid;
	const char *comm;   /* the task's name then */
	const struct frame *frames; /* innermost first; the kernel's before the user's */
	unsigned int n;
	uint64_t ns;        /* what it stands for; all of a run sum to its tasks' time on CPUs … */
	bool on_path;       /* it lies in a slice of the critical path */
};

/*
 * Every sample of a run between launch and first byte, by task and time. (… in that time: whole
 * threads without a sample are in the others' share.)
 */
typedef void (*oncpu_stack_fn)(void *ctx, const struct oncpu_stack *stack);
void oncpu_stacks(const struct session *session, const struct run *run, oncpu_stack_fn fn,
		  void *ctx);

#endif
