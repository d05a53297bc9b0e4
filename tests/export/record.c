// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c - make recordings for the tests of the exporters, with the real writer.
 *
 *     record FILE.ev OUT        from text (tests/unit/evtext.h); lines that begin with % are left out
 *     record --many N OUT       a run with N events: tasks that wake one another, over and over
 *     record --cost COMMAND …   run it; its time and peak memory to stderr
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/evtext.h"
#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/record/writer.h"

#define NOBODY ((uid_t)-1), ((gid_t)-1)
#define TASKS 64u
#define START 1000000000u

static int fail(const struct error *err)
{
	fprintf(stderr, "record: %s\n", err->text);
	return 1;
}

static int from_text(const char *path, const char *out)
{
	CLEANUP_FREE char *text = evtext_read_file(path);
	struct error err = { 0 };
	struct evtext e = { 0 };
	const struct wire_head *record;
	struct writer *w;
	size_t at = 0;

	if (!text || evtext_parse(&e, text)) {
		fprintf(stderr, "record: %s: %s\n", path, text ? e.error : "cannot be read");
		return 1;
	}
	w = writer_open(out, true, NOBODY, &err);
	while (w && !err.code && (record = evtext_next(&e, &at)))
		writer_append(w, record, &err);
	evtext_release(&e);
	if (!w || err.code || writer_seal(w, &err))
		return fail(&err);
	return 0;
}

/* ---- many events ----------------------------------------------------------------------------- */

struct many {
	struct writer *w;
	struct error err;
	uint64_t time;
	uint64_t left; /* events to write */
};

static void put(struct many *m, uint16_t kind, uint32_t tid, const void *body, size_t size)
{
	struct {
		struct wire_head head;
		unsigned char body[512];
	} record = { .head = { .time = m->time, .tid = tid, .pid = tid, .kind = kind, .run = 1 } };

	record.head.size = (__u16)(sizeof(record.head) + size);
	memcpy(record.body, body, size);
	if (!m->err.code)
		writer_append(m->w, &record.head, &m->err);
}

static void put_begin(struct many *m)
{
	static const char *const names[] = { "many", "many", "none" };
	struct wire_head head = { .time = 1, .kind = HOST_SCENARIO };
	struct host_scenario scenario = { .id = 1, .flags = SCENARIO_HOST_ACCEPT };
	struct host_run_begin begin = { .scenario = 1, .netns = 100, .client_netns = 200,
					.client_tid = 50 };
	struct host_session session = { .port = 8080, .runs = 1 };
	struct wire_exec exec = { .enter = START, .root = 1, .comm = "task0", .exe_name = "task0" };
	struct wire_switch on = { .next_tid = 1000, .next_pid = 1000, .next_ours = 1,
				  .prev_syscall = ~0u };
	uint32_t i;

	head.kind = HOST_SESSION;
	writer_put(m->w, &head, &session, sizeof(session), NULL, 0, &m->err);
	head.kind = HOST_SCENARIO;
	writer_put(m->w, &head, &scenario, sizeof(scenario), names, 3, &m->err);
	m->time = START;
	put(m, HOST_RUN_BEGIN, 0, &begin, sizeof(begin));
	put(m, WIRE_SWITCH, 0, &on, sizeof(on));
	m->time += 1000;
	put(m, WIRE_EXEC, 1000, &exec, sizeof(exec));
	for (i = 1; i < TASKS; i++) {
		struct wire_fork fork = { .child_tid = 1000 + i, .child_pid = 1000 + i };

		snprintf(fork.comm, sizeof(fork.comm), "task%" PRIu32, i);
		put(m, WIRE_FORK, 1000, &fork, sizeof(fork));
	}
}

/* A task does a call that takes 20 us, wakes the next one, and sleeps. Three events. */
static void put_step(struct many *m, uint32_t n)
{
	uint32_t tid = 1000 + n % TASKS, next = 1000 + (n + 1) % TASKS;
	struct wire_syscall call = { .enter = m->time + 5000, .ret = 1, .nr = n % 3 ? 1 : 257,
				     .object_kind = n % 3 ? WIRE_OBJECT_PIPE : WIRE_OBJECT_PATH };
	struct wire_waking waking = { .tid = next, .pid = next, .waker_syscall = 1,
				      .waker_ours = 1 };
	struct wire_switch off = { .next_tid = next, .next_pid = next, .prev_ours = 1,
				   .next_ours = 1, .prev_state = WIRE_STATE_SLEEPING };

	snprintf(call.object, sizeof(call.object), "/usr/lib/x86_64-linux-gnu/lib%" PRIu32 ".so",
		 n % 97);
	m->time += 25000;
	put(m, WIRE_SYSCALL, tid, &call, sizeof(call));
	m->time += 1000;
	put(m, WIRE_WAKING, tid, &waking, sizeof(waking));
	m->time += 1000;
	put(m, WIRE_SWITCH, tid, &off, sizeof(off));
	m->left -= 3;
}

static void put_end(struct many *m)
{
	struct wire_waking waking = { .tid = 50, .pid = 49, .context = WIRE_CONTEXT_SOFTIRQ,
				      .waker_syscall = 1, .waker_ours = 1, .irq = WIRE_IRQ_SOFTIRQ,
				      .vector = 3 };
	struct wire_switch on = { .next_tid = 50, .next_pid = 49, .cpu = 1, .next_ours = 2,
				  .prev_syscall = ~0u };
	struct host_client client = { .attempts = 1, .http_status = 200 };
	struct host_run_end end = { .sent = m->left };

	m->time += 1000;
	put(m, WIRE_WAKING, 1000, &waking, sizeof(waking));
	m->time += 1000;
	put(m, WIRE_SWITCH, 0, &on, sizeof(on));
	m->time += 1000;
	client.first_byte = m->time;
	put(m, HOST_CLIENT, 0, &client, sizeof(client));
	put(m, HOST_RUN_END, 0, &end, sizeof(end));
}

static int many(const char *count, const char *out)
{
	struct many m = { .left = strtoull(count, NULL, 10) };
	uint32_t n;

	m.w = writer_open(out, true, NOBODY, &m.err);
	if (!m.w)
		return fail(&m.err);
	put_begin(&m);
	for (n = 0; m.left >= 3 && !m.err.code; n++)
		put_step(&m, n);
	put_end(&m);
	if (m.err.code || writer_seal(m.w, &m.err))
		return fail(&m.err);
	return 0;
}

/* ---- what a command costs -------------------------------------------------------------------- */

static int cost(char **argv)
{
	uint64_t start = clock_mono_ns();
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	fprintf(stderr, "%.2f s, %.2f s of CPU, %.1f MiB\n", (double)(clock_mono_ns() - start) / 1e9,
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
		(double)usage.ru_maxrss / 1024);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--many"))
		return many(argv[2], argv[3]);
	if (argc > 2 && !strcmp(argv[1], "--cost"))
		return cost(argv + 2);
	if (argc == 3)
		return from_text(argv[1], argv[2]);
	fprintf(stderr, "usage: record FILE.ev OUT | --many N OUT | --cost COMMAND…\n");
	return 2;
}
