// SPDX-License-Identifier: GPL-2.0-only
#include "user/launch/stage_density.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/collect/cgroupmem.h"
#include "user/collect/collector.h"
#include "user/launch/instance.h"
#include "user/launch/stage_density_memory.h"

#define AT_LEAST_BYTES (8ull << 20) /* no instance needs less: its box alone is a MiB */
#define RESERVE_BYTES (256ull << 20) /* left to the host, or … */
#define RESERVE_PART 16              /* … this part of its memory, if that is more */
#define DESCRIPTORS_EACH 16          /* of ours: client, box, console */
#define DESCRIPTORS_OURS 256
#define POLL_US 20000 /* nothing is timed: many clients that ask often would be in the way */
#define WAIT_MS 50

struct density_run {
	struct stage *st;
	struct stage_scenario *sc;
	struct instance *list;
	uint64_t *launched; /* when; 0: it has answered */
	unsigned int n, answered;
	struct host_density body;
	char reason[ERROR_TEXT_MAX];
};

/* ---- is there room? ----------------------------------------------------------------------------- */

static uint64_t room(const struct host_memory_system *m)
{
	uint64_t reserve = m->total / RESERVE_PART > RESERVE_BYTES ? m->total / RESERVE_PART :
								      RESERVE_BYTES;

	return m->available > reserve ? m->available - reserve : 0;
}

static int check_memory(const struct stage_scenario *sc, unsigned int asked, struct error *err)
{
	const struct scenario *s = &sc->scenario;
	bool vm = s->ops->flags & SCENARIO_VM;
	uint64_t each = vm ? (uint64_t)s->options->memory_mib << 20 : AT_LEAST_BYTES;
	struct host_memory_system m = { 0 };
	char have[TEXT_NUMBER_MAX], need[TEXT_NUMBER_MAX];

	meminfo_read(&m);
	if (asked <= room(&m) / each)
		return 0;
	return error_class(err, ERROR_USAGE, -ENOMEM,
			   "--density %u: %u instances of %s, %s %s each, do not fit into the %s of "
			   "memory that may be used; %" PRIu64 " might",
			   asked, asked, s->ops->name, vm ? "with guest RAM of" : "at the least",
			   text_bytes(need, each), text_bytes(have, room(&m)), room(&m) / each);
}

int stage_density_check(const struct stage *st, struct error *err)
{
	unsigned int asked = st->o->density;
	struct rlimit files;
	size_t i;
	int ret = 0;

	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur != RLIM_INFINITY &&
	    files.rlim_cur < asked * DESCRIPTORS_EACH + DESCRIPTORS_OURS)
		return error_class(err, ERROR_USAGE, -EMFILE,
				   "--density %u needs %u open files, and %llu are allowed: "
				   "ulimit -n %u", asked, asked * DESCRIPTORS_EACH + DESCRIPTORS_OURS,
				   (unsigned long long)files.rlim_cur,
				   asked * DESCRIPTORS_EACH + DESCRIPTORS_OURS);
	for (i = 0; !ret && i < st->o->n_rows; i++) {
		const struct stage_scenario *sc = &st->scenarios[i];

		if (sc->available && sc->scenario.ops->net == NET_HOST)
			return error_class(err, ERROR_USAGE, -EINVAL,
					   "--density: side by side on the host's network all would "
					   "want the same port; with --boxed each has its own");
		if (sc->available)
			ret = check_memory(sc, asked, err);
	}
	return ret;
}

/* ---- what is written down -------------------------------------------------------------------------- */

static void put_density(struct density_run *d)
{
	struct wire_head head = { .time = clock_mono_ns(), .kind = HOST_DENSITY };
	const char *reason = d->reason;

	writer_put(d->st->writer, &head, &d->body, sizeof(d->body), &reason, 1,
		   &d->st->write_error);
}

static void fail(struct density_run *d, enum density_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void fail(struct density_run *d, enum density_status status, const char *fmt, ...)
{
	va_list args;

	if (d->body.status != DENSITY_OK)
		return; /* the first reason is the reason */
	d->body.status = status;
	va_start(args, fmt);
	vsnprintf(d->reason, sizeof(d->reason), fmt, args);
	va_end(args);
}

/* ---- starting them ----------------------------------------------------------------------------------- */

static void start_one(struct density_run *d)
{
	const struct client_options how = { .notify_fd = -1, .poll_too = true,
					    .poll_period_us = POLL_US };
	struct scenario *s = &d->sc->scenario;
	struct instance *one = &d->list[d->n];
	struct args argv = { 0 };
	struct error err = { 0 };
	int ret;

	one->keeper.pid = -1;
	d->launched[d->n++] = clock_mono_ns();
	ret = instance_set_up(one, s, &d->st->scratch, ++d->st->next_run, how, &err);
	if (!ret)
		ret = s->ops->command(s, &one->run, &argv, &err);
	if (!ret) {
		client_go(one->client);
		ret = keeper_launch(&one->keeper, &argv, &err);
	}
	args_release(&argv);
	if (ret)
		fail(d, DENSITY_FAILED, "instance %u: %s", d->n, err.text);
}

/* The last line of what it printed says why, as a rule. */
static void fail_ended(struct density_run *d, unsigned int index, int status, int exec_errno)
{
	size_t len = 0;
	uint64_t total = 0;
	CLEANUP_FREE char *text = keeper_output(&d->list[index].keeper, 512, &len, &total);
	char *last;

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	last = len ? strrchr(text, '\n') : NULL;
	last = last ? last + 1 : len ? text : NULL;
	if (exec_errno)
		fail(d, DENSITY_FAILED, "instance %u could not be executed: %s", index + 1,
		     strerror(exec_errno));
	else if (WIFSIGNALED(status))
		fail(d, DENSITY_FAILED, "instance %u was killed by signal %d (%s)%s%s", index + 1,
		     WTERMSIG(status), strsignal(WTERMSIG(status)), last ? ": " : "",
		     last ? last : "");
	else
		fail(d, DENSITY_FAILED, "instance %u exited with status %d%s%s", index + 1,
		     WEXITSTATUS(status), last ? ": " : "", last ? last : "");
}

/* Has this one answered, ended, or taken too long? */
static void look_at(struct density_run *d, unsigned int index)
{
	struct instance *one = &d->list[index];
	unsigned int seconds = d->st->o->timeout ? d->st->o->timeout :
						   d->sc->scenario.ops->timeout;
	struct pollfd done = { .fd = client_done_fd(one->client), .events = POLLIN };
	int status, exec_errno;
	const char *problem;

	if (poll(&done, 1, 0) > 0) {
		client_result(one->client, &problem);
		if (*problem)
			fail(d, DENSITY_FAILED, "instance %u: %s", index + 1, problem);
		d->launched[index] = 0;
		d->answered++;
	} else if (keeper_exit(&one->keeper, &status, &exec_errno)) {
		fail_ended(d, index, status, exec_errno);
	} else if (clock_mono_ns() - d->launched[index] > seconds * 1000000000ull) {
		fail(d, DENSITY_FAILED, "instance %u gave no answer within %u s", index + 1, seconds);
	}
}

/* Until all that were started have answered, but max; or a failure, or a signal (returned). */
static int wait_for(struct density_run *d, unsigned int max)
{
	unsigned int i;
	int sig = 0;

	while (!sig && d->body.status == DENSITY_OK && d->n - d->answered > max) {
		struct pollfd fds[2] = { { .fd = d->st->signal_fd, .events = POLLIN } };

		for (i = 0; i < d->n && !fds[1].events; i++)
			if (d->launched[i])
				fds[1] = (struct pollfd){ .fd = client_done_fd(d->list[i].client),
							  .events = POLLIN };
		poll(fds, fds[1].events ? 2 : 1, WAIT_MS);
		sig = stage_pause(d->st, 0);
		for (i = 0; i < d->n && d->body.status == DENSITY_OK; i++)
			if (d->launched[i])
				look_at(d, i);
	}
	return sig;
}

/* As many at a time as there are CPUs, and one more: so that none of them is late by the others. */
static int start_up_to(struct density_run *d, unsigned int n)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int sig = 0;

	while (!sig && d->n < n && d->body.status == DENSITY_OK) {
		start_one(d);
		if (d->body.status == DENSITY_OK)
			sig = wait_for(d, cpus > 0 ? (unsigned int)cpus : 1);
	}
	return sig ? sig : wait_for(d, 0);
}

/* ---- a step ---------------------------------------------------------------------------------------- */

/* They settle, then are written down. */
static int step(struct density_run *d)
{
	unsigned int lacks;
	int sig;

	if (d->body.status != DENSITY_OK)
		return 0;
	sig = stage_pause(d->st, (int)d->st->o->settle_ms);
	if (sig)
		return sig;
	lacks = density_memory(d->st, d->sc, d->list, d->n);
	if (lacks)
		fail(d, DENSITY_FAILED, "instance %u had ended before all had settled", lacks);
	else
		d->body.answered = d->n;
	stage_live_show(d->st);
	return 0;
}

/* By what the first one took, whichever way it is counted. */
static void check_room(struct density_run *d)
{
	uint64_t more = d->body.asked - 1, each = density_memory_taken(&d->list[0]);
	struct host_memory_system m = { 0 };
	char need[TEXT_NUMBER_MAX], have[TEXT_NUMBER_MAX];

	meminfo_read(&m);
	if (d->body.available > m.available && d->body.available - m.available > each)
		each = d->body.available - m.available;
	if (!each || more <= room(&m) / each)
		return;
	fail(d, DENSITY_NO_ROOM,
	     "the first instance took %s; %" PRIu64 " more do not fit into the %s of memory that may "
	     "be used: --density %" PRIu64 " would", text_bytes(need, each), more,
	     text_bytes(have, room(&m)), room(&m) / each + 1);
}

static int measure(struct density_run *d)
{
	int sig = start_up_to(d, 1);

	if (!sig)
		sig = step(d);
	if (sig || d->body.status != DENSITY_OK || d->body.asked == 1)
		return sig;
	check_room(d);
	if (d->body.status == DENSITY_OK)
		sig = start_up_to(d, d->body.asked);
	return sig ? sig : step(d);
}

static void tell(const struct density_run *d)
{
	struct stage_event e = {
		.news = d->body.status == DENSITY_OK ? NEWS_DENSITY_DONE : NEWS_DENSITY_FAILED,
		.scenario = d->sc->scenario.ops->name,
		.of = d->body.asked,
		.text = d->reason,
	};

	stage_news(d->st, &e);
}

int stage_density(struct stage *st, struct stage_scenario *sc)
{
	struct density_run d = { .st = st, .sc = sc,
				 .body = { .scenario = sc->id, .asked = st->o->density } };
	struct host_memory_system m = { 0 };
	struct error err = { 0 };
	unsigned int i;
	int sig = 0;

	d.list = xcalloc(st->o->density, sizeof(*d.list));
	d.launched = xcalloc(st->o->density, sizeof(*d.launched));
	if (collector_quiet(st->collector, true, &err))
		fail(&d, DENSITY_FAILED, "%s", err.text);
	meminfo_read(&m);
	d.body.available = m.available;
	if (d.body.status == DENSITY_OK) {
		d.body.status = DENSITY_INTERRUPTED; /* what a session that is killed leaves */
		put_density(&d);
		d.body.status = DENSITY_OK;
		sig = measure(&d);
	}
	if (sig)
		fail(&d, DENSITY_INTERRUPTED, "interrupted by %s", strsignal(sig));
	put_density(&d);
	if (!sig)
		tell(&d);
	st->result->failed += !sig && d.body.status != DENSITY_OK;
	for (i = 0; i < d.n; i++)
		keeper_kill(&d.list[i].keeper);
	for (i = 0; i < d.n; i++)
		instance_release(&d.list[i]);
	scratch_remove_cgroups(st->scratch.name);
	free(d.list);
	free(d.launched);
	writer_flush(st->writer, &st->write_error);
	return sig;
}
