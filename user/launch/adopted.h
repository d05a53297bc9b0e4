/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * adopted.h - what belongs to a run though no process of it made it: the daemons that a scenario
 * starts beforehand, and what other people's daemons do for it.
 */
#ifndef COLDPROF_ADOPTED_H
#define COLDPROF_ADOPTED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/types.h>

#include "bpf/wire.h"
#include "scenarios/scenario.h"
#include "user/base/error.h"
#include "user/collect/adopt.h"

struct collector;
struct keeper;

#define ADOPTED_DAEMONS 4
#define ADOPTED_MANAGERS 64
#define ADOPTED_TOPS 64
#define ADOPTED_HELD 4096

/* Of the run that is on; all zero before it. */
struct adopted {
	uint32_t daemons[ADOPTED_DAEMONS]; /* pids */
	size_t n_daemons;
	bool container;      /* a container or a machine is being started … */
	uint32_t root;       /* pid of the root process; 0 = not seen yet */
	unsigned int n_adopted; /* … and this many processes are somebody else's daemon's */
	uint32_t managers[ADOPTED_MANAGERS]; /* pids that run programs of the rules: shims and such */
	size_t n_managers;
	uint32_t tops[ADOPTED_TOPS]; /* first processes of containers, and machines, that daemons made … */
	size_t n_tops, n_told; /* … and how many of them the keeper knows; a ring */
	struct adopted_held {
		uint32_t pid;
		int fd; /* a pidfd; -1: gone */
	} *held;
	size_t n_held;
	bool daemon_ended;   /* one of them did, while the run went on … */
	uint32_t daemon_status; /* … as wait(2) gives it */
};

/* Programs that daemons execute for a run: the one table of rules. */
extern const struct adopt_program adopt_programs[];

/*
 * After collector_run_begin() and before the launch: what the keeper has for children now are the
 * scenario's daemons, and the run's.
 */
int adopted_daemons(struct adopted *a, struct collector *c, const struct scenario_ops *ops,
		    pid_t keeper, struct error *err);

/*
 * The words of a user's command may be ids of containers or names of machines; ids are further ones
 * (adopted_ask()).
 */
void adopted_command(struct collector *c, char *const *command, const struct args *ids);

/*
 * adopted_ask.c: a command that starts existing containers by their names says no id to anybody. So
 * the client is asked for them before the first launch, as a user would ask it: `docker inspect`.
 * Whatever it cannot say in a few seconds stays unknown. ids are added to.
 *
 * The question is an execution that nobody asked for: there is one only where every word of the
 * command is understood and its subcommand is `start` or `restart`. false: there is none.
 */
void adopted_ask(char *const *command, struct args *ids);
bool adopted_question(char *const *command, struct args *question);

/*
 * After records were drained: the keeper is told of what daemons have made for the run since, so that it
 * ends with the run when coldprof itself is killed.
 */
void adopted_tell(struct adopted *a, const struct keeper *k, uint64_t since);

/*
 * A run that has started containers or machines is over: ask its root process to end, which asks them
 * to, and kill what has not heard after a second. Shims, monitors and clients are left: they see that
 * and clean up as they do for anybody.
 *
 * In two steps, because a number may have become somebody else's: hold() opens pids, the n processes
 * that were alive when the records were drained last. The caller drains once more: whoever had ended
 * before it was opened is told there. end() then takes those only that are still among pids, of the run
 * that began at since (CLOCK_MONOTONIC ns).
 */
void adopted_hold(struct adopted *a, const uint32_t *pids, size_t n);
void adopted_end(struct adopted *a, const uint32_t *pids, size_t n, uint64_t since);

/* Is what this rule begins gone on with by a process of somebody else's, perhaps? */
bool adopted_hands_over(const char *rule);

/* Any record of the run. */
void adopted_record(struct adopted *a, const struct wire_head *record);

#endif
