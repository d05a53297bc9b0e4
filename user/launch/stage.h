/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stage.h - a session: scenarios in turn (A B C A B C …), each run boxed, probed, recorded.
 *
 * The stage brings the pieces together: scenarios cause, the keeper boxes, the client asks, the
 * collector watches, the writer keeps. It computes nothing: what it means is told by the model from
 * the recording.
 */
#ifndef COLDPROF_STAGE_H
#define COLDPROF_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scenarios/scenario.h"
#include "user/base/error.h"
#include "user/collect/guestram.h"
#include "user/launch/adopted.h"
#include "user/launch/ready.h"
#include "user/launch/scratch.h"
#include "user/launch/symbols.h"
#include "user/record/writer.h"

struct collector;

/* One row that was asked for: the first of its candidates that is available is started. */
struct stage_row {
	const char *name, *title;      /* of the row itself */
	const char *const *candidates; /* scenario names, nearest first, NULL-terminated */
	const char *advice;            /* how to get it, where no candidate has a driver here */
};

/* Something happened that a person who waits wants to see. */
enum stage_news { NEWS_PREPARE, NEWS_UNAVAILABLE, NEWS_LAUNCH, NEWS_RUN_DONE, NEWS_RUN_FAILED,
		  NEWS_DENSITY_DONE, NEWS_DENSITY_FAILED };
struct stage_event {
	enum stage_news news;
	const char *scenario; /* name */
	unsigned int index, of; /* run number within the scenario, from 1 */
	bool warmup;
	uint64_t cold_start;  /* ns; NEWS_RUN_DONE of a traced run */
	uint64_t asked;       /* ns from asking for the launch to the first byte, traced or not */
	bool untraced;
	const char *text;     /* reason; may be multi-line hostile text */
};
typedef void (*stage_news_fn)(void *ctx, const struct stage_event *event);

struct stage_options {
	struct scenario_options scenario;
	const struct stage_row *rows;
	size_t n_rows;
	unsigned int runs, warmup, requests;
	unsigned int density; /* after the runs, so many instances of each side by side; 0 = none */
	struct ready ready;   /* of a command: by what it is ready, if not by an answer */
	unsigned int timeout; /* seconds; 0 = the scenario's own */
	unsigned int settle_ms; /* after first byte, until memory counts as settled */
	bool cold;
	bool totals_only;    /* no scheduling and system calls: milestones and memory, no why */
	bool self_cost;      /* measure the probes' run time in every run, not only in warm-ups */
	bool no_memory_timeline; /* memory counters and page faults are not followed */
	unsigned int sample_hz; /* software-clock samples; 0 = none */
	bool untraced;       /* no probes but the notice of a listen */
	bool live;           /* somebody looks at the recording while it grows */
	bool alternate;      /* every run twice, traced and untraced, A B B A: what do probes cost? */
	const char *command_line; /* for the recording's "options" */
	stage_news_fn news;
	void *news_ctx;
};

struct stage_result {
	unsigned int failed;      /* runs of available scenarios that failed */
	unsigned int done;        /* runs that gave a result */
	int interrupted;          /* signal that ended the session early, 0 = none */
	uint64_t start_to_launch; /* ns from stage_session() to the first launch */
	bool recording_lost;      /* the recording could not be written to its end */
};

/*
 * From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT are waited for, not suffered: a descriptor that is
 * readable when one came (signalfd), or -1. stage_session() does it by itself; who makes files before
 * it and wants them whole does it earlier. May be called more than once.
 */
int stage_block_signals(void);

/*
 * Do the whole session into w, which is left open. Returns 0 when it ran (see result), or a
 * negative errno and err when it could not begin. SIGINT, SIGTERM and SIGHUP end it early and
 * cleanly; they are blocked on return.
 */
int stage_session(const struct stage_options *o, struct writer *w, struct stage_result *result,
		  struct error *err);

/* ---- shared by stage.c and stage_run.c only ---- */

struct stage_scenario {
	const struct stage_row *row;
	struct scenario scenario; /* ops == NULL: no driver for this row */
	bool stands_in;           /* it is not the row's own scenario but a relative */
	uint32_t id;      /* in the recording */
	bool available, prepared;
	unsigned int runs_made, warmups_made;
	struct guestram like; /* no slots: what guest RAM looked like in its runs */
};

/* Live processes of the run, from its FORK and EXIT records. */
struct live_processes {
	uint32_t *pids;
	size_t n, cap;
};

struct stage {
	const struct stage_options *o;
	struct writer *writer;
	struct collector *collector;
	struct symbols *symbols;
	struct scratch scratch;
	struct stage_scenario *scenarios;
	struct stage_result *result;
	int signal_fd;
	uint64_t started;
	unsigned int next_run;
	struct args known_ids; /* of containers that the user's command names */
	/* of the run that is on: */
	struct live_processes live;
	struct guestram guest; /* where its VMs have their memory */
	uint64_t launch;       /* entry of the root's execve, 0 = not yet */
	uint16_t other_port;   /* a TCP port it listens on that is not the service's, 0 = none */
	bool listened;         /* … and whether it listened on the service's */
	struct ready_run ready;
	struct adopted adopted;
	uint64_t shown;        /* when a live view was last given something to read */
	struct error write_error;
};

/* stage_live.c: what a live view reads is written, at moments that harm no measurement. */
void stage_live_preparing(struct stage *st, const struct stage_scenario *sc);
void stage_live_show(struct stage *st); /* now: nobody's milliseconds are counted */
bool stage_live_is_due(const struct stage *st);
void stage_live_timed(struct stage *st); /* a launch goes on: rarely, and not in its first part */

/* One run from box to box gone. Returns 0, or a signal number when interrupted. */
int stage_run(struct stage *st, struct stage_scenario *sc, bool warmup, bool untraced);
void stage_news(const struct stage *st, const struct stage_event *event);
/* Signal that arrived, 0 = none; waits up to ms. */
int stage_pause(struct stage *st, int ms);

#endif
