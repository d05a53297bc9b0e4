// SPDX-License-Identifier: GPL-2.0-only
#include "user/launch/stage.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/collect/collector.h"
#include "user/collect/environment.h"
#include "user/collect/procio.h"
#include "user/launch/stage_density.h"

#define AF_INET_FAMILIES(f) ((f) == 2 || (f) == 10)

void stage_news(const struct stage *st, const struct stage_event *event)
{
	if (st->o->news)
		st->o->news(st->o->news_ctx, event);
}

int stage_pause(struct stage *st, int ms)
{
	struct pollfd fd = { .fd = st->signal_fd, .events = POLLIN };
	struct signalfd_siginfo info;

	if (st->result->interrupted)
		return st->result->interrupted;
	if (poll(&fd, 1, ms) > 0 && read(st->signal_fd, &info, sizeof(info)) == sizeof(info))
		st->result->interrupted = info.ssi_signo;
	return st->result->interrupted;
}

/* ---- records of the kernel ---------------------------------------------------------------------- */

static void live_add(struct live_processes *l, uint32_t pid)
{
	ARRAY_RESERVE(l->pids, l->n, l->cap, 1);
	l->pids[l->n++] = pid;
}

static void live_remove(struct live_processes *l, uint32_t pid)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->pids[i] == pid) {
			l->pids[i] = l->pids[--l->n];
			return;
		}
}

/* The stage itself needs to know little: who lives (for memory), launch and listens (for words). */
static void on_record(void *ctx, const struct wire_head *h)
{
	struct stage *st = ctx;
	const void *body = h + 1;

	adopted_record(&st->adopted, h);
	ready_record(&st->ready, h);
	switch (h->kind) {
	case WIRE_ADOPTED:
		live_add(&st->live, h->pid);
		break;
	case WIRE_FORK: {
		const struct wire_fork *f = body;

		if (f->child_tid == f->child_pid)
			live_add(&st->live, f->child_pid);
		break;
	}
	case WIRE_EXIT:
		if (((const struct wire_exit *)body)->group_dead)
			live_remove(&st->live, h->pid);
		break;
	case WIRE_EXEC: {
		const struct wire_exec *e = body;

		if (e->root && !st->launch)
			st->launch = e->enter ? e->enter : h->time;
		break;
	}
	case WIRE_KVM_MEMSLOT:
		guestram_record(&st->guest, h->pid, body);
		break;
	case WIRE_LISTEN: {
		const struct wire_sock *s = body;

		if (s->local_port == st->o->scenario.port)
			st->listened = true;
		else if (AF_INET_FAMILIES(s->family))
			st->other_port = s->local_port;
		break;
	}
	default:
		break;
	}
	if (!symbols_record(st->symbols, h))
		writer_append(st->writer, h, &st->write_error);
}

/* ---- what is said once ------------------------------------------------------------------------- */

static void put_env(void *ctx, const char *key, const char *value)
{
	struct stage *st = ctx;
	struct wire_head head = { .time = clock_mono_ns(), .kind = HOST_ENV };
	struct host_env body = { 0 };
	const char *strings[] = { key, value };

	writer_put(st->writer, &head, &body, sizeof(body), strings, 2, &st->write_error);
}

static void put_session(struct stage *st)
{
	struct wire_head head = { .time = clock_mono_ns(), .kind = HOST_SESSION };
	struct host_session body = {
		.realtime = clock_real_ns(),
		.port = st->o->scenario.port,
		.requests = st->o->requests,
		.runs = st->o->runs,
		.warmup = st->o->warmup,
		.settle_ms = st->o->settle_ms,
	};
	const char *version = COLDPROF_VERSION;
	char kvm[160], samples[96], adoption[160];

	writer_put(st->writer, &head, &body, sizeof(body), &version, 1, &st->write_error);
	put_env(st, "coldprof", COLDPROF_VERSION);
	environment_each(put_env, st);
	collector_kvm_text(st->collector, kvm, sizeof(kvm));
	if (*kvm)
		put_env(st, "kvm_tracepoints", kvm);
	collector_samples_text(st->collector, samples, sizeof(samples));
	put_env(st, "samples", samples);
	collector_adoption_text(st->collector, adoption, sizeof(adoption));
	if (*adoption)
		put_env(st, "adoption", adoption);
	put_env(st, "options", st->o->command_line ? st->o->command_line : "");
	if (st->o->untraced)
		put_env(st, "untraced", "yes");
}

/* What the session itself took: how soon it launched, how much memory it needed. */
static void put_own_figures(struct stage *st)
{
	uint64_t peak = procio_own_peak_rss();
	char text[32];

	if (st->result->start_to_launch) { /* nothing was launched: there is none */
		snprintf(text, sizeof(text), "%llu", (unsigned long long)st->result->start_to_launch);
		put_env(st, "own_start_ns", text);
	}
	if (peak) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)peak);
		put_env(st, "own_peak_rss", text);
	}
}

static void put_scenario(struct stage *st, const struct stage_scenario *sc)
{
	const struct scenario *s = &sc->scenario;
	const struct stage_row *row = sc->row;
	struct wire_head head = { .time = clock_mono_ns(), .kind = HOST_SCENARIO };
	struct host_scenario body = {
		.id = sc->id,
		.status = sc->available ? SCENARIO_AVAILABLE : SCENARIO_UNAVAILABLE,
		.row = sc->id - 1,
		.flags = s->ops ? s->ops->flags : 0,
	};
	const char *strings[] = {
		s->ops ? s->ops->name : row->name,
		s->ops ? s->ops->title : row->title,
		s->ops ? s->ops->boundary : "",
		s->runtime_path,
		s->runtime_version,
		s->accel,
		s->ops ? s->reason : "this version of coldprof has no driver for it yet",
		s->ops ? s->advice : row->advice,
		sc->stands_in ? row->name : "",
	};

	writer_put(st->writer, &head, &body, sizeof(body), strings, ARRAY_SIZE(strings),
		   &st->write_error);
}

/* ---- scenarios ------------------------------------------------------------------------------------ */

static int scenario_try(struct stage *st, struct scenario *s, const struct scenario_ops *ops,
			struct error *err)
{
	int ret;

	s->ops = ops;
	s->options = &st->o->scenario;
	s->state = xcalloc(1, ops->state_size ? ops->state_size : 1);
	s->scratch = scratch_subdir(&st->scratch, ops->name, err);
	if (!s->scratch)
		return err->code;
	ret = ops->probe(s, err);
	return ret < 0 ? error_wrap(err, "%s", ops->name) : ret;
}

/* The row's own scenario if it is here, else its nearest relative, else its own with the reason. */
static int probe_row(struct stage *st, struct stage_scenario *sc, struct error *err)
{
	const char *const *name;

	for (name = sc->row->candidates; *name; name++) {
		const struct scenario_ops *ops = scenario_find(*name);
		struct scenario s = { 0 };
		int ret;

		if (!ops)
			continue;
		ret = scenario_try(st, &s, ops, err);
		if (ret < 0) {
			scenario_forget(&s);
			return ret;
		}
		sc->available = ret == 0;
		if (sc->available || !sc->scenario.ops) {
			scenario_forget(&sc->scenario);
			sc->scenario = s;
		} else {
			scenario_forget(&s);
		}
		if (sc->available)
			break;
	}
	sc->stands_in = sc->available && strcmp(sc->scenario.ops->name, sc->row->name);
	return 0;
}

static void tell_unavailable(struct stage *st, const struct stage_scenario *sc)
{
	struct stage_event e = {
		.news = NEWS_UNAVAILABLE,
		.scenario = sc->scenario.ops ? sc->scenario.ops->name : sc->row->name,
		.text = sc->scenario.ops ? sc->scenario.reason : "no driver for it yet",
	};

	stage_news(st, &e);
}

static int probe_all(struct stage *st, struct error *err)
{
	size_t i;
	int ret;

	st->scenarios = xcalloc(st->o->n_rows ? st->o->n_rows : 1, sizeof(*st->scenarios));
	for (i = 0; i < st->o->n_rows; i++) {
		struct stage_scenario *sc = &st->scenarios[i];

		sc->row = &st->o->rows[i];
		sc->id = i + 1;
		ret = probe_row(st, sc, err);
		if (ret)
			return ret;
		if (!sc->available)
			tell_unavailable(st, sc);
	}
	return 0;
}

/*
 * Just before its first run, so that a slow one (a module to compile) does not delay the others.
 * A scenario whose files cannot be made is not available, with that as its reason.
 */
static void prepare(struct stage *st, struct stage_scenario *sc)
{
	struct stage_event e = { .news = NEWS_PREPARE, .scenario = sc->scenario.ops->name };
	struct error err = { 0 };

	sc->prepared = true;
	scenario_ask_version(&sc->scenario);
	put_scenario(st, sc); /* the later record of an id counts */
	if (!sc->scenario.ops->prepare)
		return;
	stage_news(st, &e);
	stage_live_preparing(st, sc);
	if (!sc->scenario.ops->prepare(&sc->scenario, &err) || stage_pause(st, 0))
		return; /* Ctrl-C reaches what prepares, too: that it died of it is no fault */
	free(sc->scenario.reason);
	sc->scenario.reason = xasprintf("could not be prepared: %s", err.text);
	sc->available = false;
	st->result->failed++;
	tell_unavailable(st, sc);
	put_scenario(st, sc);
}

static void release_all(struct stage *st)
{
	size_t i;

	for (i = 0; st->scenarios && i < st->o->n_rows; i++)
		scenario_forget(&st->scenarios[i].scenario);
	free(st->scenarios);
	free(st->live.pids);
	guestram_release(&st->guest);
}

/* One round of one row: a run, or two (traced and not) in alternating order. */
static int run_row(struct stage *st, struct stage_scenario *sc, unsigned int round)
{
	bool warmup = round < st->o->warmup;
	struct stage_event e = {
		.news = NEWS_LAUNCH,
		.scenario = sc->available ? sc->scenario.ops->name : "",
		.index = (warmup ? round : round - st->o->warmup) + 1,
		.of = warmup ? st->o->warmup : st->o->runs,
		.warmup = warmup,
	};
	bool untraced = st->o->untraced;
	int sig;

	if (sc->available && !sc->prepared)
		prepare(st, sc);
	sig = stage_pause(st, 0);
	if (sig || !sc->available)
		return sig;
	stage_news(st, &e);
	if (st->o->alternate) {
		sig = stage_run(st, sc, warmup, round % 2);
		if (sig)
			return sig;
		untraced = !(round % 2);
	}
	return stage_run(st, sc, warmup, untraced);
}

static int run_all(struct stage *st)
{
	unsigned int round, rounds = st->o->warmup + st->o->runs;
	size_t i;

	for (round = 0; round < rounds; round++)
		for (i = 0; i < st->o->n_rows; i++) {
			if (run_row(st, &st->scenarios[i], round))
				return 0; /* interrupted: what there is, is kept */
			if (st->write_error.code)
				return st->write_error.code;
		}
	for (i = 0; st->o->density && i < st->o->n_rows; i++) {
		struct stage_scenario *sc = &st->scenarios[i];

		if (sc->available && stage_density(st, sc))
			return 0;
		if (st->write_error.code)
			return st->write_error.code;
	}
	return 0;
}

/* ---- the session ------------------------------------------------------------------------------------ */

static int open_collector(struct stage *st, struct error *err)
{
	struct collector_options o = {
		.port = st->o->scenario.port,
		.ledger = !st->o->totals_only,
		.memory = !st->o->totals_only && !st->o->no_memory_timeline,
		.sample_hz = st->o->totals_only ? 0 : st->o->sample_hz,
	};
	size_t i;

	for (i = 0; i < st->o->n_rows; i++) {
		const struct scenario_ops *ops = st->scenarios[i].scenario.ops;

		if (!st->scenarios[i].available)
			continue;
		/* Anybody's own command may be a VMM. */
		o.kvm |= !!(ops->flags & (SCENARIO_VM | SCENARIO_ON_DEMAND));
		o.daemons |= ops->daemon != NULL;
		if (ops->net == NET_HOST)
			o.adopt = adopt_programs;
		o.guest_syscalls |= !!(ops->flags & SCENARIO_GUEST_ACCEPT);
	}
	st->symbols = symbols_new();
	st->collector = collector_open(&o, on_record, st, err);
	return st->collector ? 0 : err->code;
}

int stage_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int stage_session(const struct stage_options *o, struct writer *w, struct stage_result *result,
		  struct error *err)
{
	struct stage st = { .o = o, .writer = w, .result = result, .scratch.lock_fd = -1 };
	size_t i;
	int ret;

	memset(result, 0, sizeof(*result));
	st.started = clock_mono_ns();
	st.signal_fd = stage_block_signals();
	if (st.signal_fd < 0)
		return error_errno(err, -errno, "cannot watch for signals");
	scratch_sweep();
	ret = scratch_open(&st.scratch, err);
	if (!ret) {
		ret = probe_all(&st, err);
		if (!ret && o->density)
			ret = stage_density_check(&st, err);
		if (!ret)
			ret = open_collector(&st, err);
		if (!ret) {
			put_session(&st);
			for (i = 0; i < o->n_rows; i++)
				put_scenario(&st, &st.scenarios[i]);
			stage_live_show(&st);
			adopted_ask(o->scenario.command, &st.known_ids);
			ret = run_all(&st);
			put_own_figures(&st);
		}
		if (st.write_error.code) {
			*err = st.write_error;
			ret = err->code;
			result->recording_lost = true;
		}
		release_all(&st);
		collector_close(st.collector);
		symbols_free(st.symbols);
		scratch_close(&st.scratch);
	}
	args_release(&st.known_ids);
	close(st.signal_fd);
	return ret;
}
