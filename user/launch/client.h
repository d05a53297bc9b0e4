/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client.h - the probing client: the stranger who wants an answer from the service.
 *
 * It is a thread of ours in a network namespace of its own, the peer of the run's. It connects the
 * moment a listen is noticed; where the host cannot see it (a VM guest) it tries with fresh
 * non-blocking sockets at a short period, because one blocking connect would be quantised to the
 * SYN retry of 1 s (RUNTIMES.md §0.2 trap 5). What it saw is in host_client's terms.
 *
 * The uncertainty of first_byte: 0 when it was told of the listen and the connection made at that
 * answered; else the longest time that a service which was ready could have gone unnoticed: the
 * polling period plus its own worst measured oversleep, or the pause before the connection that
 * answered if that was longer (an earlier one got through but was not answered).
 *
 * A connection is not given up because a later one is tried: under a slow emulator an answer may
 * well take longer than any of the periods here. The first byte on any of them counts.
 *
 * The thread runs under SCHED_FIFO where that is allowed, else at nice -10: it sleeps nearly
 * always, and on a busy machine its own waiting for a CPU would be measured as the service's.
 */
#ifndef COLDPROF_CLIENT_H
#define COLDPROF_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "scenarios/scenario.h"
#include "user/base/error.h"
#include "user/launch/ready.h"
#include "user/record/format.h"

struct client;

struct client_options {
	uint16_t port;
	const char *path;       /* of the GET */
	const char *address;    /* NET_SERVICE_ADDRESS; 127.0.0.1 for NET_HOST */
	enum scenario_net net;  /* VETH and TAP: a namespace of its own; HOST: stays where it is */
	/*
	 * Told when to go: fd becomes readable, then next(ctx) until false; true means "something
	 * listens on the port". fd -1: nobody tells, poll from the start.
	 */
	int notify_fd;
	bool (*notified)(void *ctx, uint64_t *time);
	void *notify_ctx;
	int stop_fd;   /* readable: no more requests (client_requests()); 0 = none */
	bool poll_too; /* do not rely on being told: poll as well (VMs) */
	/* READY_LINE: nobody is asked, the file at output is read for the line. NULL: ask. */
	const struct ready *ready;
	const char *output; /* copied */
	uint32_t poll_period_us;    /* 0 = default 2000 */
	uint32_t connect_timeout_ms; /* told: until a fresh try beside a pending one; 0 = 100 */
	uint32_t reply_timeout_ms;   /* polling: the same beside an unanswered one; 0 = 50 */
};

/*
 * Start the thread and make its namespace (lo up; for NET_TAP_DEVICE the tap with
 * NET_CLIENT_ADDRESS up). It waits for client_go().
 */
struct client *client_start(const struct client_options *o, struct error *err);

int client_netns_fd(const struct client *c);
uint32_t client_netns(const struct client *c); /* inode number */
pid_t client_tid(const struct client *c);

/* NET_VETH: make the pair between the client's namespace and the one behind netns_fd, both up. */
int client_join(struct client *c, int netns_fd, struct error *err);

/* The launch is about to happen: look out for the service. */
void client_go(struct client *c);

/* Readable when the first answer, or the line, is there. */
int client_done_fd(const struct client *c);
/*
 * What it saw; final. Asked before client_done_fd() is readable, the client gives up first.
 * *problem is "" when the answer came and was right. Both are valid until client_stop().
 */
const struct host_client *client_result(struct client *c, const char **problem);

/* READY_LINE, after client_done: when the line was read; 0: it was not, client_result() says why. */
uint64_t client_line(const struct client *c);

/*
 * Steady state, after client_done: n requests on fresh connections, one after the other, in the
 * client's thread. Latencies in ns of the good ones into latency[] (n entries). Returns how many were
 * good; *failed how many were not. Together they are less than n when it stopped early: one took
 * longer than timeout_ms (it counts as failed), or stop_fd became readable.
 */
uint32_t client_requests(struct client *c, uint32_t n, uint64_t *latency, uint32_t *failed,
			 uint32_t timeout_ms);

uint64_t client_cpu_ns(const struct client *c); /* of its thread, so far */

/* Stop the thread wherever it is, join it, let the namespace go. NULL is fine. */
void client_stop(struct client *c);

#endif
