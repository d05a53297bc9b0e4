// SPDX-License-Identifier: GPL-2.0-only
/* test_client.c - the probing client against servers of all manners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/launch/client.h"
#include "user/launch/netns.h"

#define MS 1000000ull
#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n"

/* A server in a namespace of its own (VETH) or on 127.0.0.1, and the client that looks for it. */
struct fixture {
	bool veth;
	uint16_t port;
	const char *answer;   /* NULL: accepts and says nothing */
	unsigned int listen_ms, answer_ms; /* after start_server() */
	unsigned int resets;  /* connections that it resets first */
	unsigned int reset_at; /* this one, too: the n-th from 1 */
	bool tells;           /* says when it listens, as the collector does */
	bool full;            /* takes one connection, and no other before it has answered it … */
	unsigned int accept_ms; /* … which it looks at so late */
	/* set by the server: */
	uint64_t listened;    /* just before listen() */
	int netns_fd, stop_fd, notify_fd;
	unsigned int accepted;
	pthread_t thread;
	pthread_mutex_t lock; /* of: */
	bool ready, go, told;
	struct client *client;
};

/* fork() that cannot fail unseen: its -1 given to kill() would mean every process there is. */
static pid_t checked_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	return pid;
}

static void pause_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static bool next_notice(void *ctx, uint64_t *time)
{
	struct fixture *f = ctx;
	eventfd_t count;
	bool told;

	pthread_mutex_lock(&f->lock);
	told = f->told;
	f->told = false;
	*time = f->listened;
	pthread_mutex_unlock(&f->lock);
	eventfd_read(f->notify_fd, &count);
	return told;
}

static int open_listener(struct fixture *f, bool listens)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(f->port) };
	socklen_t size = sizeof(a);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(f->veth ? INADDR_ANY : INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &size))
		abort();
	f->port = ntohs(a.sin_port);
	if (listens && listen(fd, 128))
		abort();
	return fd;
}

static void answer_one(struct fixture *f, int fd)
{
	struct linger now = { .l_onoff = 1 };
	char buf[4096];
	int c;

	pause_ms(f->accept_ms);
	c = accept(fd, NULL, NULL);

	if (c < 0)
		return;
	f->accepted++;
	if (f->resets || f->accepted == f->reset_at) {
		f->resets -= f->resets > 0;
		setsockopt(c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	} else if (recv(c, buf, sizeof(buf), 0) > 0) {
		pause_ms(f->answer_ms);
		if (!f->answer)
			return; /* stays open, for ever unanswered */
		if (send(c, f->answer, strlen(f->answer), MSG_NOSIGNAL) < 0)
			errno = 0;
	}
	close(c);
}

static void *serve(void *arg)
{
	struct fixture *f = arg;
	struct pollfd fds[2];
	int fd;

	if (f->veth && unshare(CLONE_NEWNET))
		abort();
	f->netns_fd = netns_current();
	fd = open_listener(f, false);
	pthread_mutex_lock(&f->lock);
	f->ready = true;
	while (!f->go) {
		pthread_mutex_unlock(&f->lock);
		pause_ms(1);
		pthread_mutex_lock(&f->lock);
	}
	pthread_mutex_unlock(&f->lock);
	fds[0] = (struct pollfd){ .fd = f->stop_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (poll(fds, 1, f->listen_ms) == 0) {
		pthread_mutex_lock(&f->lock);
		f->listened = clock_mono_ns();
		listen(fd, f->full ? 0 : 128);
		f->told = f->tells;
		pthread_mutex_unlock(&f->lock);
		if (f->tells)
			eventfd_write(f->notify_fd, 1);
		while (poll(fds, 2, -1) >= 0 && !fds[0].revents)
			answer_one(f, fd);
	}
	close(fd);
	return NULL;
}

static void start_server(struct fixture *f)
{
	bool ready = false;

	if (f->veth && geteuid()) {
		print_message("skipped: needs root\n");
		skip();
	}
	f->port = f->veth ? 8080 : 0;
	f->stop_fd = eventfd(0, EFD_CLOEXEC);
	f->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&f->lock, NULL);
	assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
	while (!ready) {
		pthread_mutex_lock(&f->lock);
		ready = f->ready;
		pthread_mutex_unlock(&f->lock);
		pause_ms(1);
	}
}

static void start(struct fixture *f, struct client_options *o)
{
	struct error err = { 0 };

	start_server(f);
	o->port = f->port;
	o->path = "/";
	o->address = f->veth ? NET_SERVICE_ADDRESS : "127.0.0.1";
	o->net = f->veth ? NET_VETH : NET_HOST;
	o->notify_fd = f->tells ? f->notify_fd : -1;
	o->notified = next_notice;
	o->notify_ctx = f;
	f->client = client_start(o, &err);
	if (!f->client)
		fail_msg("%s", err.text);
	if (f->veth && client_join(f->client, f->netns_fd, &err))
		fail_msg("%s", err.text);
	client_go(f->client);
	pthread_mutex_lock(&f->lock);
	f->go = true;
	pthread_mutex_unlock(&f->lock);
}

/* Wait for the answer as the stage does. */
static const struct host_client *result(struct fixture *f, int ms, const char **problem)
{
	struct pollfd fd = { .fd = client_done_fd(f->client), .events = POLLIN };

	poll(&fd, 1, ms);
	return client_result(f->client, problem);
}

static void stop(struct fixture *f)
{
	client_stop(f->client);
	eventfd_write(f->stop_fd, 1);
	pthread_join(f->thread, NULL);
	close(f->netns_fd);
	close(f->stop_fd);
	close(f->notify_fd);
}

static void check_order(const struct host_client *r)
{
	assert_true(r->connect && r->connect <= r->connected);
	assert_true(r->connected <= r->sent && r->sent <= r->first_byte);
	assert_true(r->first_byte <= r->done);
	assert_int_equal(r->http_status, 200);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_told(void **state)
{
	struct fixture f = { .veth = true, .answer = HELLO, .tells = true, .listen_ms = 30 };
	struct client_options o = { 0 };
	const struct host_client *r;
	const char *problem;

	(void)state;
	start(&f, &o);
	r = result(&f, 5000, &problem);
	assert_string_equal(problem, "");
	check_order(r);
	assert_int_equal(r->notified, f.listened);
	assert_true(r->connect >= r->notified);
	assert_int_equal(r->uncertainty, 0);
	assert_int_equal(r->attempts, 1);
	assert_true(client_cpu_ns(f.client) > 0);
	stop(&f);
}

/* The promise: no more than the uncertainty lies between a ready service and the connect. */
static void polled_late(bool veth)
{
	struct fixture f = { .veth = veth, .answer = HELLO, .listen_ms = 120 };
	struct client_options o = { .poll_period_us = 3000 };
	const struct host_client *r;
	const char *problem;

	start(&f, &o);
	r = result(&f, 5000, &problem);
	assert_string_equal(problem, "");
	check_order(r);
	assert_int_equal(r->notified, 0);
	assert_true(r->connect <= f.listened + r->uncertainty);
	assert_true(r->connected >= f.listened);
	assert_true(r->uncertainty >= 3 * MS);
	assert_true(r->attempts >= 5);
	stop(&f);
}

static void test_polled_late(void **state)
{
	(void)state;
	polled_late(false);
}

static void test_polled_late_veth(void **state)
{
	(void)state;
	polled_late(true);
}

static void test_told_answers_late(void **state)
{
	struct fixture f = { .answer = HELLO, .tells = true, .listen_ms = 10, .answer_ms = 250 };
	struct client_options o = { .reply_timeout_ms = 20 };
	const struct host_client *r;
	const char *problem;

	(void)state;
	start(&f, &o);
	r = result(&f, 5000, &problem);
	assert_string_equal(problem, "");
	check_order(r);
	assert_true(r->first_byte - r->sent >= 250 * MS);
	assert_int_equal(r->attempts, 1); /* the kernel has it: asking again only disturbs */
	assert_int_equal(r->uncertainty, 0);
	stop(&f);
}

/* Slower than every timeout of ours: the first connection's answer counts all the same. */
static void test_polled_answers_late(void **state)
{
	struct fixture f = { .answer = HELLO, .answer_ms = 250 };
	struct client_options o = { .reply_timeout_ms = 20 };
	const struct host_client *r;
	const char *problem;

	(void)state;
	start(&f, &o);
	r = result(&f, 5000, &problem);
	assert_string_equal(problem, "");
	check_order(r);
	assert_true(r->first_byte - r->sent >= 250 * MS);
	assert_true(r->first_byte - f.listened < 400 * MS);
	assert_true(r->attempts >= 5);
	stop(&f);
}

static void test_500(void **state)
{
	struct fixture f = { .answer = "HTTP/1.1 500 Oh\r\n\r\n", .tells = true };
	struct client_options o = { 0 };
	const struct host_client *r;
	const char *problem;

	(void)state;
	start(&f, &o);
	r = result(&f, 5000, &problem);
	assert_string_equal(problem, "answered 500");
	assert_int_equal(r->http_status, 500);
	assert_true(r->first_byte > 0);
	stop(&f);
}

static void bad_answer(const char *answer, const char *expected)
{
	struct fixture f = { .answer = answer };
	struct client_options o = { 0 };
	const char *problem;

	start(&f, &o);
	assert_true(result(&f, 5000, &problem)->first_byte > 0);
	assert_non_null(strstr(problem, expected));
	stop(&f);
}

static void test_bad_answers(void **state)
{
	(void)state;
	bad_answer("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\nhello", "broke off");
	bad_answer("HTTP/1.1 200 OK\r\nContent", "broke off");
	bad_answer("SSH-2.0-OpenSSH\r\n\r\n", "not HTTP");
}

/* A proxy in front of a service that is not up: goes on until the answer is there. */
static void test_resets_first(void **state)
{
	bool tells;

	(void)state;
	for (tells = false;; tells = true) {
		struct fixture f = { .answer = HELLO, .resets = 3, .tells = tells };
		struct client_options o = { 0 };
		const struct host_client *r;
		const char *problem;

		start(&f, &o);
		r = result(&f, 5000, &problem);
		assert_string_equal(problem, "");
		check_order(r);
		assert_true(r->attempts >= 4);
		assert_true(r->uncertainty >= 2 * MS);
		stop(&f);
		if (tells)
			break;
	}
}

static void never(struct fixture f, struct client_options o, const char *expected)
{
	const struct host_client *r;
	const char *problem;
	uint64_t start_ns;

	start(&f, &o);
	pause_ms(100);
	start_ns = clock_mono_ns();
	r = client_result(f.client, &problem);
	assert_true(clock_mono_ns() - start_ns < 100 * MS);
	assert_non_null(strstr(problem, expected));
	assert_int_equal(r->first_byte, 0);
	assert_int_equal(r->connect, 0);
	/* Asked again: the same, at once. */
	assert_ptr_equal(client_result(f.client, &problem), r);
	stop(&f);
}

/*
 * A guest that is just up: it has our first connection and drops whatever comes after. The client asks
 * again now and then, and leaves it the CPU.
 */
static void test_polled_full(void **state)
{
	struct fixture f = { .veth = true, .answer = HELLO, .listen_ms = 20, .full = true, .accept_ms = 400 };
	struct client_options o = { .reply_timeout_ms = 20 };
	const struct host_client *r;
	const char *problem;

	(void)state;
	start(&f, &o);
	r = result(&f, 5000, &problem);
	assert_string_equal(problem, "");
	assert_true(r->first_byte - r->sent >= 300 * MS);
	assert_true(r->attempts < 100); /* one every 2 ms, then every 20 */
	assert_true(client_cpu_ns(f.client) < 100 * MS);
	stop(&f);
}

static void test_never(void **state)
{
	struct client_options o = { 0 };

	(void)state;
	never((struct fixture){ .listen_ms = 60000 }, o, "Connection refused");
	never((struct fixture){ .listen_ms = 60000, .tells = true }, o, "nothing told");
	never((struct fixture){ .answer = NULL }, o, "sends nothing");
	never((struct fixture){ .resets = 1000000 }, o, "closed without an answer");
	never((struct fixture){ .veth = true, .listen_ms = 60000 }, o, "Connection refused");
}

static void test_requests(void **state)
{
	struct fixture f = { .veth = true, .answer = HELLO, .tells = true, .answer_ms = 2 };
	struct client_options o = { 0 };
	uint64_t latency[20] = { 0 }, start_ns;
	uint32_t failed, good;
	const char *problem;
	size_t i;

	(void)state;
	start(&f, &o);
	result(&f, 5000, &problem);
	good = client_requests(f.client, 20, latency, &failed, 1000);
	assert_int_equal(good, 20);
	assert_int_equal(failed, 0);
	assert_int_equal(f.accepted, 21);
	for (i = 0; i < 20; i++)
		assert_in_range(latency[i], 2 * MS, 1000 * MS);
	f.reset_at = 21 + 5; /* one that fails is one that fails */
	assert_int_equal(client_requests(f.client, 20, latency, &failed, 1000), 19);
	assert_int_equal(failed, 1);
	f.answer = NULL; /* hangs */
	start_ns = clock_mono_ns();
	f.answer_ms = 300;
	assert_int_equal(client_requests(f.client, 20, latency, &failed, 50), 0);
	assert_int_equal(failed, 1);
	assert_in_range(clock_mono_ns() - start_ns, 50 * MS, 500 * MS); /* stops at the first */
	stop(&f);
}

/* Ctrl-C: the request that is on its way is neither good nor bad. */
static void test_requests_stopped(void **state)
{
	struct fixture f = { .answer = HELLO, .tells = true, .answer_ms = 2 };
	struct client_options o = { .stop_fd = eventfd(0, EFD_CLOEXEC) };
	uint32_t failed, good;
	uint64_t latency[20], start_ns;
	const char *problem;

	(void)state;
	start(&f, &o);
	result(&f, 5000, &problem);
	f.answer_ms = 3000;
	start_ns = clock_mono_ns();
	eventfd_write(o.stop_fd, 1);
	good = client_requests(f.client, 20, latency, &failed, 10000);
	assert_int_equal(good, 0);
	assert_int_equal(failed, 0);
	assert_true(clock_mono_ns() - start_ns < 1000 * MS);
	stop(&f);
	close(o.stop_fd);
}

/* Stopped wherever it is. */
static void test_stop(void **state)
{
	struct client_options o = { .port = 9, .path = "/", .address = "127.0.0.1",
				    .net = NET_HOST, .notify_fd = -1 };
	struct error err = { 0 };
	unsigned int i;

	(void)state;
	client_stop(NULL);
	for (i = 0; i < 20; i++) {
		struct client *c = client_start(&o, &err);

		assert_non_null(c);
		if (i % 2)
			client_go(c);
		if (i % 4 > 1)
			pause_ms(i % 5);
		client_stop(c);
	}
	o.address = "no address";
	assert_null(client_start(&o, &err));
	assert_non_null(strstr(err.text, "no address"));
}

/* ---- namespaces ----------------------------------------------------------------------------- */

static char *interfaces(void)
{
	char *text = xcalloc(1, 65536), line[512];
	CLEANUP_FCLOSE FILE *f = fopen("/proc/self/net/dev", "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, ":")] = '\0'; /* names only: the counters run on */
		strcat(strcat(text, line), "\n");
	}
	return text;
}

static void test_host_untouched(void **state)
{
	struct fixture f = { .veth = true, .answer = HELLO };
	CLEANUP_FREE char *before = interfaces(), *during = NULL;
	CLEANUP_CLOSE int home = netns_current();
	struct client_options o = { 0 };

	(void)state;
	start(&f, &o);
	during = interfaces();
	assert_string_equal(before, during);
	assert_int_equal(client_netns(f.client), netns_inode(client_netns_fd(f.client)));
	assert_int_not_equal(client_netns(f.client), netns_inode(home));
	assert_int_not_equal(client_netns(f.client), netns_inode(f.netns_fd));
	assert_int_not_equal(client_tid(f.client), getpid());
	stop(&f);
}

/* Read what is in the tap; counts SYNs, returns what was wrong. */
static int drain_tap(int fd, unsigned int *syns)
{
	static const unsigned char mac[] = { 2, 0, 0, 0xc0, 0x1d, 2 };
	unsigned char frame[2048], *eth = frame + 10;
	int n;

	while ((n = read(fd, frame, sizeof(frame))) > 0) {
		if (n < 64 || eth[12] != 8)
			continue; /* IPv6 multicasts */
		if (eth[13] == 6)
			return 12; /* ARP */
		if (memcmp(eth, mac, sizeof(mac)))
			return 13;
		*syns += eth[14 + 9] == IPPROTO_TCP && (eth[14 + 20 + 13] & 2);
	}
	return 0;
}

/* Where the VMM is: opens the tap as QEMU does. Exit status tells what was wrong. */
static int read_tap(int netns_fd)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	unsigned int stale = 0, fresh = 0, round;
	int fd, ret;

	if (setns(netns_fd, CLONE_NEWNET))
		return 10;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", NET_TAP);
	if (ioctl(fd, TUNSETIFF, &request))
		return 11;
	/* Like a guest that is not up: reads nothing, while some hundred connects are tried. */
	pause_ms(400);
	ret = drain_tap(fd, &stale);
	for (round = 0; round < 100 && !ret; round++) {
		pause_ms(1);
		ret = drain_tap(fd, &fresh);
	}
	if (!ret && (stale < 1 || stale > 20))
		ret = 14;
	return !ret && fresh < 10 ? 15 : ret;
}

static void test_tap(void **state)
{
	struct client_options o = { .port = 8080, .path = "/", .address = NET_SERVICE_ADDRESS,
				    .net = NET_TAP_DEVICE, .notify_fd = -1, .poll_too = true };
	struct error err = { 0 };
	struct client *c;
	const char *problem;
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() || access("/dev/net/tun", R_OK)) {
		print_message("skipped: needs root and /dev/net/tun\n");
		skip();
	}
	c = client_start(&o, &err);
	if (!c)
		fail_msg("%s", err.text);
	client_go(c);
	pid = checked_fork();
	if (pid == 0)
		_exit(read_tap(client_netns_fd(c)));
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(client_result(c, &problem)->attempts > 100);
	assert_non_null(strstr(problem, "no reply"));
	client_stop(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_polled_late),
		cmocka_unit_test(test_polled_late_veth),
		cmocka_unit_test(test_told_answers_late),
		cmocka_unit_test(test_polled_answers_late),
		cmocka_unit_test(test_500),
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_resets_first),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_polled_full),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_requests_stopped),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_host_untouched),
		cmocka_unit_test(test_tap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
