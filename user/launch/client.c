// SPDX-License-Identifier: GPL-2.0-only
/* client.c - the probing client's thread and its network namespace. */
#include "user/launch/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/launch/client_probe.h"
#include "user/launch/netns.h"

#define CLIENT_IF "client0"
#define SERVICE_IF "eth0"
#define CARRIER_MS 1000

enum job { JOB_NONE, JOB_JOIN, JOB_PROBE, JOB_REQUESTS, JOB_STOP };

struct client {
	struct client_options options;
	struct probe_target target;
	struct probe probe;
	pthread_t thread;
	pid_t tid;
	clockid_t cpu_clock;
	int netns_fd; /* the client's; -1 for NET_HOST */
	int rtnl;     /* a netlink socket in it */
	int done_fd;
	uint32_t netns;

	/* What the thread is asked to do; it works on one job at a time, lock not held. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum job job;
	bool busy;
	bool ready;     /* namespace made, or failed */
	bool probed;    /* the search is over */
	uint64_t line;  /* READY_LINE: when it was read */
	int ret;        /* of the last job, and its sentence */
	struct error err;
	int service_netns_fd; /* JOB_JOIN */
	/* JOB_REQUESTS */
	uint32_t requests, good, failed, timeout_ms;
	uint64_t *latency;
};

/* ---- in the thread -------------------------------------------------------------------------- */

static void hurry(void)
{
	struct sched_param p = { .sched_priority = 1 };

	prctl(PR_SET_TIMERSLACK, 1);
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p))
		setpriority(PRIO_PROCESS, gettid(), -10);
}

static int make_namespace(struct client *c, struct error *err)
{
	int ret;

	if (c->options.net != NET_HOST && unshare(CLONE_NEWNET))
		return error_errno(err, -errno, "cannot make the client's network namespace");
	c->netns_fd = netns_current();
	if (c->netns_fd < 0)
		return error_errno(err, c->netns_fd, "cannot open the client's network namespace");
	c->netns = netns_inode(c->netns_fd);
	if (c->options.net == NET_HOST)
		return 0;
	c->rtnl = rtnl_open(err);
	if (c->rtnl < 0)
		return c->rtnl;
	ret = rtnl_up(c->rtnl, "lo", err);
	if (ret || c->options.net != NET_TAP_DEVICE)
		return ret;
	ret = netns_tap(c->rtnl, NET_TAP, NET_CLIENT_MAC, err);
	if (!ret)
		ret = rtnl_address(c->rtnl, NET_TAP, NET_CLIENT_ADDRESS, NET_PREFIX, err);
	if (!ret)
		ret = rtnl_neighbour(c->rtnl, NET_TAP, NET_SERVICE_ADDRESS, NET_SERVICE_MAC, err);
	return ret;
}

/* Each side knows the other's MAC address: no ARP in the timed window. */
static int join(struct client *c, struct error *err)
{
	struct rtnl_veth veth = {
		.name = CLIENT_IF, .mac = NET_CLIENT_MAC,
		.peer = SERVICE_IF, .peer_mac = NET_SERVICE_MAC,
		.peer_netns_fd = c->service_netns_fd,
	};
	CLEANUP_CLOSE int peer = rtnl_open_in(c->service_netns_fd, err);
	int ret = peer < 0 ? peer : rtnl_veth(c->rtnl, &veth, err);

	if (!ret)
		ret = rtnl_up(peer, SERVICE_IF, err);
	if (!ret)
		ret = rtnl_address(c->rtnl, CLIENT_IF, NET_CLIENT_ADDRESS, NET_PREFIX, err);
	if (!ret)
		ret = rtnl_neighbour(c->rtnl, CLIENT_IF, NET_SERVICE_ADDRESS, NET_SERVICE_MAC, err);
	if (!ret)
		ret = rtnl_address(peer, SERVICE_IF, NET_SERVICE_ADDRESS, NET_PREFIX, err);
	if (!ret)
		ret = rtnl_neighbour(peer, SERVICE_IF, NET_CLIENT_ADDRESS, NET_CLIENT_MAC, err);
	if (!ret)
		ret = rtnl_wait_running(c->rtnl, CLIENT_IF, CARRIER_MS, err);
	if (!ret)
		ret = rtnl_wait_running(peer, SERVICE_IF, CARRIER_MS, err);
	return ret;
}

static void requests(struct client *c)
{
	c->good = c->failed = 0;
	while (c->good + c->failed < c->requests) {
		int ret = probe_request(&c->target, c->timeout_ms, &c->latency[c->good]);

		if (ret == -EINTR)
			return;
		c->good += ret == 0;
		c->failed += ret != 0;
		if (ret == -ETIMEDOUT)
			return;
	}
}

static void signal_done(struct client *c)
{
	eventfd_write(c->done_fd, 1);
}

static void wait_line(struct client *c)
{
	int error;

	c->line = ready_wait_line(c->options.ready, c->options.output, c->target.wake_fd, &error);
	if (error)
		snprintf(c->probe.problem, sizeof(c->probe.problem),
			 "cannot read what it says: %s", strerror(-error));
}

static void work(struct client *c, enum job job)
{
	switch (job) {
	case JOB_JOIN:
		c->ret = join(c, &c->err);
		break;
	case JOB_PROBE:
		if (c->options.ready)
			wait_line(c);
		else
			probe_run(&c->probe);
		break;
	case JOB_REQUESTS:
		requests(c);
		break;
	default:
		break;
	}
}

static void *client_main(void *arg)
{
	struct client *c = arg;
	enum job job;

	hurry();
	pthread_mutex_lock(&c->lock);
	c->tid = gettid();
	c->ret = make_namespace(c, &c->err);
	c->ready = true;
	pthread_cond_broadcast(&c->changed);
	while (c->job != JOB_STOP) {
		if (c->job == JOB_NONE) {
			pthread_cond_wait(&c->changed, &c->lock);
			continue;
		}
		job = c->job;
		c->busy = true;
		pthread_mutex_unlock(&c->lock);
		work(c, job);
		pthread_mutex_lock(&c->lock);
		c->busy = false;
		if (c->job == job)
			c->job = JOB_NONE;
		if (job == JOB_PROBE) {
			c->probed = true;
			signal_done(c);
		}
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* ---- outside of it -------------------------------------------------------------------------- */

static void post(struct client *c, enum job job)
{
	pthread_mutex_lock(&c->lock);
	c->job = job;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

static void wait_idle(struct client *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->job != JOB_NONE || c->busy)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

static void client_free(struct client *c)
{
	int fds[] = { c->netns_fd, c->rtnl, c->done_fd, c->target.wake_fd };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free((char *)c->options.output);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static int init(struct client *c, const struct client_options *o, struct error *err)
{
	struct probe_target *t = &c->target;

	c->options = *o;
	c->options.output = NULL;
	c->netns_fd = c->rtnl = -1;
	c->probe.options = &c->options;
	c->probe.target = t;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->stop_fd = o->stop_fd > 0 ? o->stop_fd : -1;
	if (c->done_fd < 0 || t->wake_fd < 0)
		return error_errno(err, -errno, "cannot make the client's event descriptors");
	if (o->output)
		c->options.output = xstrdup(o->output);
	t->address.sin_family = AF_INET;
	t->address.sin_port = htons(o->port);
	if (inet_pton(AF_INET, o->address, &t->address.sin_addr) != 1)
		return error_set(err, -EINVAL, "'%s' is not an IPv4 address", o->address);
	t->request_bytes = http_request(t->request, o->path, o->address, o->port);
	if (!t->request_bytes)
		return error_class(err, ERROR_USAGE, -E2BIG, "the path to ask for is too long");
	return 0;
}

/* Signals are the main thread's: this one starts with all of them blocked. */
static int start_thread(struct client *c, struct error *err)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&c->thread, NULL, client_main, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return error_errno(err, -ret, "cannot start the client's thread");
	pthread_getcpuclockid(c->thread, &c->cpu_clock);
	pthread_mutex_lock(&c->lock);
	while (!c->ready)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
	return 0;
}

struct client *client_start(const struct client_options *o, struct error *err)
{
	struct client *c = xcalloc(1, sizeof(*c));

	if (init(c, o, err) || start_thread(c, err)) {
		client_free(c);
		return NULL;
	}
	if (!c->ret)
		return c;
	if (err)
		*err = c->err;
	client_stop(c);
	return NULL;
}

int client_netns_fd(const struct client *c)
{
	return c->netns_fd;
}

uint32_t client_netns(const struct client *c)
{
	return c->netns;
}

pid_t client_tid(const struct client *c)
{
	return c->tid;
}

int client_join(struct client *c, int netns_fd, struct error *err)
{
	c->service_netns_fd = netns_fd;
	post(c, JOB_JOIN);
	wait_idle(c);
	if (c->ret && err)
		*err = c->err;
	return c->ret;
}

void client_go(struct client *c)
{
	post(c, JOB_PROBE);
}

int client_done_fd(const struct client *c)
{
	return c->done_fd;
}

/* Whatever the thread is doing on the network ends now. */
static void interrupt(struct client *c)
{
	eventfd_write(c->target.wake_fd, 1);
}

const struct host_client *client_result(struct client *c, const char **problem)
{
	eventfd_t ignored;
	bool probing;

	pthread_mutex_lock(&c->lock);
	probing = c->job == JOB_PROBE;
	pthread_mutex_unlock(&c->lock);
	if (probing) {
		interrupt(c);
		wait_idle(c);
		eventfd_read(c->target.wake_fd, &ignored);
	}
	*problem = c->probe.problem;
	return &c->probe.result;
}

uint64_t client_line(const struct client *c)
{
	return c->line;
}

uint32_t client_requests(struct client *c, uint32_t n, uint64_t *latency, uint32_t *failed,
			 uint32_t timeout_ms)
{
	c->requests = n;
	c->latency = latency;
	c->timeout_ms = timeout_ms;
	post(c, JOB_REQUESTS);
	wait_idle(c);
	*failed = c->failed;
	return c->good;
}

uint64_t client_cpu_ns(const struct client *c)
{
	struct timespec t = { 0 };

	clock_gettime(c->cpu_clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void client_stop(struct client *c)
{
	if (!c)
		return;
	post(c, JOB_STOP);
	interrupt(c);
	pthread_join(c->thread, NULL);
	client_free(c);
}
