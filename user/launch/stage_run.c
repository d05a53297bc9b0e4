// SPDX-License-Identifier: GPL-2.0-only
/* stage_run.c - one run, from an empty box to the box gone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/collect/collector.h"
#include "user/collect/procio.h"
#include "user/launch/instance.h"
#include "user/launch/stage.h"
#include "user/launch/stage_memory.h"

#define ALTERNATE_PAUSE_MS 100
/* How often it is seen to while a launch goes on whether the ring has to be emptied. */
#define DRAIN_MS 50
#define LINE_LATE_MS 200   /* after the root's end, for the client to read its last words */
#define OUTPUT_KEPT 4096   /* last bytes of a failed run's output in the recording */
#define REQUEST_BATCH 10   /* steady-state requests at a time; none of them good: left at that */
#define REQUEST_TIMEOUT_MS 1000
#define GUEST_LISTEN 50    /* x86-64 number, as GUEST_SYSCALL records have it */

struct run_now {
	struct stage *st;
	struct stage_scenario *sc;
	uint16_t number;
	bool warmup, launched, untraced;
	uint64_t asked; /* when the keeper was told to launch */
	uint64_t ready; /* end of the cold start; 0: not reached */
	struct instance box;
	struct host_io io_before; /* the keeper's own */
	uint64_t cpu_start, cpu_used; /* collector's CPU in the timed window */
	int root_status;
	bool root_ended;
	char reason[ERROR_TEXT_MAX];
	enum run_status status;
};

static struct wire_head head_of(const struct run_now *r, uint16_t kind)
{
	return (struct wire_head){ .time = clock_mono_ns(), .kind = kind, .run = r->number };
}

static void put(struct run_now *r, const struct wire_head *head, const void *body, size_t size,
		const char *string)
{
	writer_put(r->st->writer, head, body, size, &string, string ? 1 : 0, &r->st->write_error);
}

/* ---- before the launch ---------------------------------------------------------------------- */

static int drop_caches(struct error *err)
{
	CLEANUP_CLOSE int fd = -1;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "3", 1) != 1)
		return error_errno(err, -errno, "cannot drop the page cache");
	return 0;
}

/* The client goes when something listens on the service's port, on the host or inside gVisor. */
static bool listen_noticed(void *ctx, uint64_t *time)
{
	struct run_now *r = ctx;
	struct collector_notice n;

	while (collector_notify_next(r->st->collector, &n)) {
		if (n.run != r->number)
			continue;
		if (n.kind == WIRE_LISTEN || (n.kind == WIRE_GUEST_SYSCALL && n.nr == GUEST_LISTEN)) {
			*time = n.time;
			return true;
		}
	}
	return false;
}

static enum ready_how by(const struct run_now *r)
{
	return r->st->o->ready.how;
}

/* Is there somebody who asks the service? */
static bool asks(const struct run_now *r)
{
	return by(r) == READY_ANSWER || by(r) == READY_ACCEPT;
}

static int set_up(struct run_now *r, struct error *err)
{
	const struct client_options how = {
		.notify_fd = collector_notify_fd(r->st->collector),
		.notified = listen_noticed,
		.notify_ctx = r,
		.stop_fd = r->st->signal_fd,
		/* What listens in a guest is not seen from the host: ask again and again. */
		.poll_too = !(r->sc->scenario.ops->flags & SCENARIO_HOST_ACCEPT),
		.ready = by(r) == READY_LINE ? &r->st->o->ready : NULL,
	};
	int ret = instance_set_up(&r->box, &r->sc->scenario, &r->st->scratch, r->number, how, err);

	if (!ret && r->st->o->cold)
		ret = drop_caches(err);
	return ret;
}

static void put_begin(struct run_now *r)
{
	struct wire_head head = head_of(r, HOST_RUN_BEGIN);
	struct host_run_begin body = {
		.scenario = r->sc->id,
		.index = r->warmup ? r->sc->warmups_made : r->sc->runs_made,
		.warmup = r->warmup,
		.cold = r->st->o->cold,
		.netns = r->box.keeper.netns,
		.client_netns = r->box.client ? client_netns(r->box.client) : 0,
		.client_tid = r->box.client ? client_tid(r->box.client) : 0,
	};

	put(r, &head, &body, sizeof(body), NULL);
}

/*
 * What the probes cost is measured where it does not count: in the warm-ups. With totals only it is
 * left to `coldprof overhead`.
 */
static bool wants_statistics(const struct run_now *r)
{
	const struct stage_options *o = r->st->o;

	return o->self_cost || (!o->totals_only && (r->warmup || !o->warmup));
}

static int launch(struct run_now *r, struct error *err)
{
	struct stage *st = r->st;
	struct args argv = { 0 };
	int ret;

	ret = r->sc->scenario.ops->command(&r->sc->scenario, &r->box.run, &argv, err);
	if (!ret) {
		const struct collector_run run = {
			.number = r->number,
			.anchor_pidfd = r->box.keeper.pidfd,
			.netns = r->box.keeper.netns,
			.client_netns = client_netns(r->box.client),
			.client_tid = client_tid(r->box.client),
			.guest = r->sc->scenario.ops->flags & SCENARIO_GUEST_ACCEPT,
			.guest_ram = guestram_asked_words(argv.list, argv.n),
			.statistics = wants_statistics(r),
		};

		procio_add(&r->io_before, r->box.keeper.pid);
		ret = collector_run_begin(st->collector, &run, err);
		if (!ret)
			ret = adopted_daemons(&st->adopted, st->collector, r->sc->scenario.ops,
					      r->box.keeper.pid, err);
		if (!ret)
			adopted_command(st->collector, st->o->scenario.command,
					&st->known_ids);
	}
	if (!ret) {
		if (!st->result->start_to_launch)
			st->result->start_to_launch = clock_mono_ns() - st->started;
		r->cpu_start = clock_thread_cpu_ns();
		if (asks(r) || by(r) == READY_LINE)
			client_go(r->box.client);
		r->asked = clock_mono_ns();
		ret = keeper_launch(&r->box.keeper, &argv, err);
		r->launched = !ret;
	}
	args_release(&argv);
	return ret;
}

/* ---- while it goes on ----------------------------------------------------------------------- */

static void drain(struct run_now *r)
{
	collector_drain(r->st->collector);
	if (r->box.keeper.host)
		adopted_tell(&r->st->adopted, &r->box.keeper, r->st->launch);
}

static void fail(struct run_now *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct run_now *r, const char *fmt, ...)
{
	va_list args;

	if (r->status != RUN_OK)
		return; /* the first reason is the reason */
	r->status = RUN_FAILED;
	va_start(args, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, args);
	va_end(args);
}

static void fail_daemon(struct run_now *r)
{
	uint32_t status = r->st->adopted.daemon_status;
	const char *daemon = r->sc->scenario.ops->daemon;

	if (WIFSIGNALED(status))
		fail(r, "%s was killed by signal %d (%s) before the service answered", daemon,
		     WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		fail(r, "%s ended with status %d before the service answered", daemon,
		     WEXITSTATUS(status));
}

static void fail_ended(struct run_now *r, int status, int exec_errno)
{
	const char *name = r->sc->scenario.ops->name;
	const char *what = by(r) == READY_ANSWER ? "answered" : "was ready";

	drain(r);
	if (r->st->adopted.daemon_ended)
		fail_daemon(r);
	if (exec_errno)
		fail(r, "%s could not be executed: %s", name, strerror(exec_errno));
	else if (WIFSIGNALED(status))
		fail(r, "%s was killed by signal %d (%s) before it %s", name, WTERMSIG(status),
		     strsignal(WTERMSIG(status)), what);
	else
		fail(r, "%s exited with status %d before it %s", name, WEXITSTATUS(status), what);
}

static void fail_timeout(struct run_now *r, unsigned int seconds)
{
	static const char *const missed[] = {
		[READY_EXEC] = "no program was executed in namespaces of its own",
		[READY_EXIT] = "it has not ended",
		[READY_LINE] = "no line of its output matches",
	};
	unsigned int port = r->sc->scenario.options->port;
	const char *problem;

	client_result(r->box.client, &problem);
	drain(r);
	if (!asks(r))
		fail(r, "it was not ready within %u s: %s", seconds, missed[by(r)]);
	else if (r->st->listened)
		fail(r, "no answer within %u s, though something listens on port %u%s%s", seconds,
		     port, *problem ? ": " : "", problem);
	else if (r->st->other_port)
		fail(r, "no answer within %u s: it listens on port %u, not on %u", seconds,
		     r->st->other_port, port);
	else if (r->sc->scenario.ops->flags & SCENARIO_HOST_ACCEPT)
		fail(r, "nothing listened on port %u within %u s", port, seconds);
	else
		fail(r, "no answer on port %u within %u s%s%s", port, seconds,
		     *problem ? ": " : "", problem);
}

/*
 * Has what the user waits for come? Told by the records as far as they are drained, or by the
 * client, who is done.
 */
static bool is_ready(struct run_now *r, bool client_done)
{
	const char *problem;

	if (!client_done) {
		r->ready = r->st->ready.time;
		return r->ready;
	}
	if (by(r) == READY_ANSWER) {
		r->ready = client_result(r->box.client, &problem)->first_byte;
		return true; /* if only with a problem */
	}
	if (by(r) == READY_LINE) {
		r->ready = client_line(r->box.client);
		client_result(r->box.client, &problem);
		if (!r->ready)
			fail(r, "%s", problem);
		r->st->ready.time = r->ready;
		r->st->ready.tid = client_tid(r->box.client);
		return true;
	}
	drain(r); /* the accept was before whatever the client has seen */
	r->ready = r->st->ready.time;
	return r->ready;
}

/* The root process has ended: is it ready by that, or was it just before? */
static bool was_ready(struct run_now *r, int exec_errno)
{
	struct pollfd done = { .fd = client_done_fd(r->box.client), .events = POLLIN };

	if (by(r) == READY_EXIT && (r->root_status || exec_errno))
		return false;
	if (by(r) == READY_LINE && poll(&done, 1, LINE_LATE_MS) > 0)
		return is_ready(r, true);
	return is_ready(r, false);
}

/* Emptying the ring costs the launch a CPU: only when it fills up, or somebody acts on what it says. */
static bool wants_records(const struct run_now *r)
{
	const struct scenario_ops *ops = r->sc->scenario.ops;

	return collector_is_filling(r->st->collector) || by(r) != READY_ANSWER || ops->daemon ||
	       ops->net == NET_HOST || stage_live_is_due(r->st);
}

/* Until it is ready, the end of the root process, the timeout or a signal. */
static int watch(struct run_now *r)
{
	unsigned int seconds = r->st->o->timeout ? r->st->o->timeout : r->sc->scenario.ops->timeout;
	uint64_t deadline = clock_mono_ns() + seconds * 1000000000ull;
	struct pollfd fds[] = {
		{ .fd = client_done_fd(r->box.client), .events = POLLIN },
		{ .fd = keeper_wait_fd(&r->box.keeper), .events = POLLIN },
		{ .fd = r->st->signal_fd, .events = POLLIN },
	};
	int exec_errno = 0;

	for (;;) {
		int n = poll(fds, ARRAY_SIZE(fds), DRAIN_MS);

		if (fds[2].revents)
			return stage_pause(r->st, 0);
		if (fds[0].fd >= 0 && is_ready(r, fds[0].revents))
			return 0;
		if (fds[0].revents)
			fds[0].fd = -1; /* no accept yet: that of another will do */
		if (fds[1].revents && keeper_exit(&r->box.keeper, &r->root_status, &exec_errno)) {
			r->root_ended = true;
			drain(r);
			if (was_ready(r, exec_errno))
				return 0;
			if (!r->root_status && !exec_errno && r->st->adopted.n_adopted) {
				fds[1].fd = -1; /* it only asked a daemon, and that does it */
				continue;
			}
			fail_ended(r, r->root_status, exec_errno);
			return 0;
		}
		if (r->st->adopted.daemon_ended) {
			fail_daemon(r);
			return 0;
		}
		if (clock_mono_ns() > deadline) {
			fail_timeout(r, seconds);
			return 0;
		}
		if (n == 0) {
			if (wants_records(r))
				drain(r);
			if (is_ready(r, false))
				return 0;
			stage_live_timed(r->st);
		}
		if (r->st->adopted.container)
			keeper_be_gentle(&r->box.keeper);
	}
}

/* ---- after the first byte ---------------------------------------------------------------------- */

static void snapshot(struct run_now *r, enum memory_when when)
{
	struct stage *st = r->st;
	const struct memory_stage m = { .writer = st->writer, .err = &st->write_error,
					.run = r->number, .guest = &st->guest,
					.shapes = &r->sc->like };

	drain(r);
	if (when == MEMORY_BEFORE)
		stage_memory_system(&m, when);
	else
		stage_memory(&m, when, (const pid_t *)st->live.pids, st->live.n);
}

static int steady_state(struct run_now *r)
{
	unsigned int want = r->st->o->requests, got = 0, asked = 0;
	struct wire_head head;
	struct host_latency body = { 0 };
	CLEANUP_FREE uint64_t *latency = xcalloc(want ? want : 1, sizeof(*latency));
	int sig = 0;

	while (asked < want && !sig) {
		uint32_t batch = want - asked < REQUEST_BATCH ? want - asked : REQUEST_BATCH;
		uint32_t failed = 0, made;

		made = client_requests(r->box.client, batch, latency + got, &failed,
				       REQUEST_TIMEOUT_MS);
		got += made;
		asked += batch;
		body.failed += failed;
		sig = stage_pause(r->st, 0);
		if (failed == batch || made + failed < batch)
			break; /* it does not answer any more: do not wait for each of them */
	}
	if (!want)
		return sig;
	body.n = got;
	head = head_of(r, HOST_LATENCY);
	writer_put_bytes(r->st->writer, &head, &body, sizeof(body), latency,
			 got * sizeof(*latency), &r->st->write_error);
	return sig;
}

/* What daemons read and faulted in before the run is not told apart: then nothing is said. */
static void put_io(struct run_now *r)
{
	struct wire_head head = head_of(r, HOST_IO);
	struct host_io sum = { 0 };
	size_t i;

	if (r->st->adopted.n_daemons || r->st->adopted.n_adopted)
		return;
	drain(r);
	procio_add(&sum, r->box.keeper.pid);
	for (i = 0; i < r->st->live.n; i++)
		procio_add(&sum, (pid_t)r->st->live.pids[i]);
	procio_subtract(&sum, &r->io_before);
	put(r, &head, &sum, sizeof(sum), NULL);
}

/* Memory at first byte and settled, then the steady state. */
static int after_answer(struct run_now *r)
{
	uint64_t settled, now;
	const char *problem;
	int sig;

	client_result(r->box.client, &problem);
	if (*problem && by(r) == READY_ANSWER)
		fail(r, "%s", problem);
	if (!r->ready)
		return 0;
	if (!r->untraced) {
		put_io(r);
		snapshot(r, MEMORY_FIRST_BYTE);
	}
	stage_live_show(r->st);
	if (by(r) == READY_EXIT && !r->st->live.n)
		return 0; /* it has ended: there is nothing to settle */
	settled = r->ready + r->st->o->settle_ms * 1000000ull;
	now = clock_mono_ns();
	sig = stage_pause(r->st, now < settled ? (int)((settled - now) / 1000000) : 0);
	if (sig)
		return sig;
	if (!r->untraced)
		snapshot(r, MEMORY_SETTLED);
	stage_live_show(r->st);
	collector_idle(r->st->collector); /* latency is the service's own, not that of being watched */
	if (r->status != RUN_OK || by(r) != READY_ANSWER || !r->st->o->requests)
		return 0;
	sig = steady_state(r);
	if (!sig && !r->untraced)
		snapshot(r, MEMORY_LOADED);
	return sig;
}

/* ---- the end ------------------------------------------------------------------------------------ */

static void put_client(struct run_now *r)
{
	struct wire_head head = head_of(r, HOST_CLIENT);
	const char *problem;
	const struct host_client *c = client_result(r->box.client, &problem);

	head.tid = client_tid(r->box.client);
	head.pid = getpid();
	put(r, &head, c, sizeof(*c), problem);
}

static void put_ready(struct run_now *r)
{
	struct wire_head head = head_of(r, HOST_READY);
	const struct host_ready body = { .time = r->ready, .how = by(r), .tid = r->st->ready.tid };

	if (by(r) != READY_ANSWER && r->ready)
		put(r, &head, &body, sizeof(body), r->st->o->ready.text);
}

static void put_output(struct run_now *r)
{
	struct wire_head head = head_of(r, HOST_OUTPUT);
	struct host_output body = { 0 };
	CLEANUP_FREE char *text = NULL;
	uint64_t total = 0;
	size_t len = 0;

	if (!r->box.kept || r->status != RUN_FAILED)
		return;
	text = keeper_output(&r->box.keeper, OUTPUT_KEPT, &len, &total);
	if (!text)
		return;
	body.total = total;
	put(r, &head, &body, sizeof(body), text);
}

static void put_end(struct run_now *r, const struct collector_counts *counts)
{
	struct wire_head head = head_of(r, HOST_COST);
	struct host_cost cost = {
		.bpf_ns = counts->bpf_ns,
		.bpf_count = counts->bpf_count,
		.collector_cpu_ns = r->cpu_used,
		.client_cpu_ns = r->box.client ? client_cpu_ns(r->box.client) : 0,
	};
	const struct collector_program *programs;
	size_t i, n;
	struct host_run_end end = {
		.status = r->status,
		.exit_code = r->root_ended ? r->root_status : 0,
		.sent = counts->sent,
		.lost = counts->lost,
	};

	if (r->launched)
		put(r, &head, &cost, sizeof(cost), NULL);
	programs = collector_programs(r->st->collector, &n);
	for (i = 0; r->launched && i < n; i++) {
		const struct host_program_cost body = { programs[i].ns, programs[i].count };

		if (!body.count)
			continue;
		head = head_of(r, HOST_PROGRAM_COST);
		put(r, &head, &body, sizeof(body), programs[i].name);
	}
	head = head_of(r, HOST_RUN_END);
	put(r, &head, &end, sizeof(end), r->reason);
}

/* Names of addresses, while the processes and their files are still there. */
static void put_symbols(struct run_now *r)
{
	drain(r);
	symbols_write(r->st->symbols, r->st->writer, r->number, clock_mono_ns(),
		      r->box.kept ? r->box.keeper.pid : 0, &r->st->write_error);
}

/* The VMM's own word for its guest's boot, from its log: when it has ended, nothing more comes. */
static void put_boot_time(struct run_now *r)
{
	struct scenario *s = &r->sc->scenario;
	struct wire_head head = head_of(r, HOST_BOOT_TIMER);
	struct host_boot_timer body = { 0 };
	uint64_t ns, cpu_ns;

	if (!s->ops->boot_time || !r->box.run.dir || !s->ops->boot_time(s, &r->box.run, &ns, &cpu_ns))
		return;
	body.ns = ns;
	body.cpu_ns = cpu_ns;
	put(r, &head, &body, sizeof(body), NULL);
}

static void tear_down(struct run_now *r)
{
	struct collector_counts counts = { 0 };

	put_output(r);
	put_symbols(r);
	if (r->box.keeper.host && r->box.kept && r->st->adopted.container) {
		keeper_be_gentle(&r->box.keeper);
		adopted_hold(&r->st->adopted, r->st->live.pids, r->st->live.n);
		drain(r);
		adopted_end(&r->st->adopted, r->st->live.pids, r->st->live.n, r->st->launch);
	}
	keeper_stop(&r->box.keeper);
	collector_run_end(r->st->collector, &counts);
	if (r->box.console) {
		console_stop(r->box.console);
		console_write(r->box.console, r->st->writer, r->number, &r->st->write_error);
	}
	put_boot_time(r);
	put_end(r, &counts);
	instance_release(&r->box);
	ready_end(&r->st->ready);
	scratch_remove_cgroups(r->st->scratch.name);
}

static void tell(struct run_now *r)
{
	struct stage_event e = {
		.news = r->status == RUN_OK ? NEWS_RUN_DONE : NEWS_RUN_FAILED,
		.scenario = r->sc->scenario.ops->name,
		.index = (r->warmup ? r->sc->warmups_made : r->sc->runs_made) + 1,
		.of = r->warmup ? r->st->o->warmup : r->st->o->runs,
		.warmup = r->warmup,
		.untraced = r->untraced,
		.text = r->reason,
	};

	if (r->box.client && r->status == RUN_OK) {
		e.asked = r->ready - r->asked;
		if (r->st->launch)
			e.cold_start = r->ready - r->st->launch;
	}
	stage_news(r->st, &e);
}

/* What the kernel has put off when probes come or go must not fall into the run that follows. */
static int be_quiet(struct stage *st, bool untraced, struct error *err)
{
	int ret = collector_quiet(st->collector, untraced, err);

	if (!ret && st->o->alternate)
		stage_pause(st, ALTERNATE_PAUSE_MS);
	return ret;
}

int stage_run(struct stage *st, struct stage_scenario *sc, bool warmup, bool untraced)
{
	struct run_now r = { .st = st, .sc = sc, .warmup = warmup, .untraced = untraced,
			     .box.keeper.pid = -1 };
	struct error err = { 0 };
	int sig = 0;

	r.number = ++st->next_run;
	st->live.n = 0;
	guestram_reset(&st->guest);
	st->launch = 0;
	st->other_port = 0;
	st->listened = false;
	st->adopted = (struct adopted){ 0 };
	ready_begin(&st->ready, &st->o->ready, st->o->scenario.port);
	if (be_quiet(st, untraced, &err) || set_up(&r, &err)) {
		sig = stage_pause(st, 0); /* Ctrl-C reaches what sets up, too: no fault of its */
		if (!sig)
			fail(&r, "%s", err.text);
		put_begin(&r);
	} else {
		put_begin(&r);
		if (!untraced)
			snapshot(&r, MEMORY_BEFORE);
		stage_live_show(st);
		/* No compression while somebody's milliseconds are counted. */
		writer_hold(st->writer, true);
		if (launch(&r, &err))
			fail(&r, "%s", err.text);
		else
			sig = watch(&r);
		r.cpu_used = clock_thread_cpu_ns() - r.cpu_start;
		collector_untimed(st->collector);
		drain(&r);
		if (r.launched && asks(&r))
			put_client(&r);
		put_ready(&r);
		if (!sig && r.status == RUN_OK)
			sig = after_answer(&r);
	}
	if (sig && r.status == RUN_OK) {
		r.status = RUN_INTERRUPTED;
		snprintf(r.reason, sizeof(r.reason), "interrupted by %s", strsignal(sig));
	}
	if (!sig)
		tell(&r);
	st->result->failed += r.status == RUN_FAILED;
	st->result->done += r.status == RUN_OK;
	tear_down(&r);
	*(warmup ? &sc->warmups_made : &sc->runs_made) += 1;
	writer_hold(st->writer, false);
	writer_flush(st->writer, &st->write_error);
	return sig;
}
