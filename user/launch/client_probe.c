// SPDX-License-Identifier: GPL-2.0-only
/* client_probe.c - the search for the first answer, and requests after it. */
#include "user/launch/client_probe.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"

#define NEVER UINT64_MAX
#define MS 1000000ull
#define ANSWER_MS 5000 /* from the first byte to the last */

/* ---- sockets -------------------------------------------------------------------------------- */

/* A connect under way, or -errno. Over loopback and veth it is established when this returns. */
static int dial(const struct probe_target *t)
{
	int one = 1, code;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&t->address, sizeof(t->address)) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	code = -errno;
	close(fd);
	return code;
}

/*
 * 0 or -errno of a connect that has come to an end. Whoever tries a free port of 127.0.0.1 often
 * enough gets it as his own source port one day, and is connected to himself.
 */
static int dial_outcome(int fd)
{
	struct sockaddr_in self, peer;
	socklen_t self_size = sizeof(self), peer_size = sizeof(peer), size = sizeof(int);
	int code = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size))
		return -errno;
	if (code)
		return -code;
	if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) ||
	    getsockname(fd, (struct sockaddr *)&self, &self_size))
		return -errno;
	if (self.sin_port == peer.sin_port && self.sin_addr.s_addr == peer.sin_addr.s_addr)
		return -ECONNREFUSED;
	return 0;
}

static int send_request(const struct probe_target *t, int fd)
{
	ssize_t n = send(fd, t->request, t->request_bytes, MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	return (size_t)n == t->request_bytes ? 0 : -EIO; /* a fresh socket takes 4 KiB */
}

/* Wait for events on fd or a wake-up, until deadline: 0, -EINTR when woken up, -ETIMEDOUT. */
static int wait_for(const struct probe_target *t, int fd, short events, uint64_t deadline)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = events },
		{ .fd = t->wake_fd, .events = POLLIN },
		{ .fd = t->stop_fd, .events = POLLIN },
	};

	for (;;) {
		uint64_t now = clock_mono_ns(), left = now < deadline ? deadline - now : 0;
		struct timespec timeout = { .tv_sec = left / 1000000000,
					    .tv_nsec = left % 1000000000 };
		int n = ppoll(fds, ARRAY_SIZE(fds), &timeout, NULL);

		if (n > 0 && (fds[1].revents || fds[2].revents))
			return -EINTR;
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
	}
}

/*
 * Read to the end of the response: 0, or -errno when it broke off or did not end in time. What has
 * been fed to r before counts.
 */
static int read_reply(const struct probe_target *t, int fd, uint64_t deadline, struct http_reply *r)
{
	char buf[16384];

	while (!http_complete(r)) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n > 0) {
			http_feed(r, buf, n);
		} else if (n == 0) {
			return http_whole(r) ? 0 : -ECONNRESET;
		} else if (errno == EAGAIN) {
			int ret = wait_for(t, fd, POLLIN, deadline);

			if (ret)
				return ret;
		} else {
			return -errno;
		}
	}
	return 0;
}

/* ---- attempts ------------------------------------------------------------------------------- */

static void drop(struct probe *p, unsigned int i)
{
	close(p->attempts[i].fd);
	memmove(&p->attempts[i], &p->attempts[i + 1], (p->n - i - 1) * sizeof(p->attempts[0]));
	p->n--;
}

static void drop_pending(struct probe *p)
{
	unsigned int i = 0;

	while (i < p->n)
		if (p->attempts[i].connected)
			i++;
		else
			drop(p, i);
}

static void make_room(struct probe *p)
{
	unsigned int i;

	if (p->n < PROBE_ATTEMPTS)
		return;
	for (i = 0; i < p->n; i++)
		if (!p->attempts[i].connected)
			break;
	drop(p, i < p->n ? i : 0);
}

static void try(struct probe *p, bool told)
{
	struct attempt a = { .started = clock_mono_ns(), .told = told };

	make_room(p);
	if (p->last_dial)
		a.pause = a.started - p->last_dial;
	p->last_dial = a.started;
	p->result.attempts++;
	a.fd = dial(p->target);
	if (a.fd < 0)
		p->last_error = -a.fd;
	else
		p->attempts[p->n++] = a;
}

static bool polls(const struct probe *p)
{
	return p->options->notify_fd < 0 || p->options->poll_too;
}

/* When to try next, if nothing happens before. */
static uint64_t next_dial(const struct probe *p)
{
	const struct client_options *o = p->options;
	uint64_t period = (o->poll_period_us ? o->poll_period_us : 2000) * 1000ull;
	uint32_t reply = o->reply_timeout_ms ? o->reply_timeout_ms : 50;
	const struct attempt *newest = p->n ? &p->attempts[p->n - 1] : NULL;
	uint64_t last = p->last_dial;
	unsigned int i;

	for (i = p->n; i-- > 0;)
		if (p->attempts[i].connected) {
			/*
			 * Somebody has our request. A listen that was told is the kernel's own:
			 * it will be accepted. Else it may be a proxy's that loses it: one more,
			 * and again as long after that, for it may be that nobody takes it.
			 */
			if (p->attempts[i].sent > last)
				last = p->attempts[i].sent;
			return polls(p) ? last + reply * MS : NEVER;
		}
	if (polls(p))
		return p->last_dial + period;
	if (!p->result.notified)
		return NEVER;
	if (newest)
		return newest->started + (o->connect_timeout_ms ? o->connect_timeout_ms : 100) * MS;
	return p->last_dial + period;
}

/* ---- the search ----------------------------------------------------------------------------- */

static void take_notices(struct probe *p)
{
	uint64_t time;
	bool told = false;

	while (p->options->notified(p->options->notify_ctx, &time)) {
		if (!p->result.notified)
			p->result.notified = time;
		told = true;
	}
	if (told)
		try(p, true);
}

/* An attempt's connect has come to an end. */
static void connected(struct probe *p, unsigned int i)
{
	struct attempt *a = &p->attempts[i];
	int ret = dial_outcome(a->fd);

	if (!ret) {
		a->connected = clock_mono_ns();
		ret = send_request(p->target, a->fd);
	}
	if (ret) {
		p->last_error = -ret;
		drop(p, i);
		return;
	}
	a->sent = clock_mono_ns();
	/* Others on their way would only make a guest that is just up accept for nothing. */
	drop_pending(p);
}

static void finish(struct probe *p, const struct attempt *a)
{
	const struct client_options *o = p->options;
	struct host_client *r = &p->result;
	uint64_t bound = (o->poll_period_us ? o->poll_period_us : 2000) * 1000ull + p->worst_late;
	int ret;

	r->connect = a->started;
	r->connected = a->connected;
	r->sent = a->sent;
	r->uncertainty = a->told ? 0 : a->pause > bound ? a->pause : bound;
	ret = read_reply(p->target, a->fd, r->first_byte + ANSWER_MS * MS, &p->reply);
	r->done = clock_mono_ns();
	r->http_status = p->reply.status;
	if (p->reply.status && p->reply.status != 200)
		snprintf(p->problem, sizeof(p->problem), "answered %u", p->reply.status);
	else if (ret == -ETIMEDOUT)
		snprintf(p->problem, sizeof(p->problem),
			 "began to answer, but did not finish within %d s", ANSWER_MS / 1000);
	else if (ret)
		snprintf(p->problem, sizeof(p->problem), "the answer broke off: %s",
			 strerror(-ret));
	else if (!p->reply.status)
		snprintf(p->problem, sizeof(p->problem), "what it answered is not HTTP");
}

/* Returns whether the search is over. */
static bool received(struct probe *p, unsigned int i)
{
	struct attempt *a = &p->attempts[i];
	char buf[16384];
	ssize_t n = recv(a->fd, buf, sizeof(buf), 0);
	uint64_t now = clock_mono_ns();

	if (n > 0) {
		p->result.first_byte = now;
		http_feed(&p->reply, buf, n);
		finish(p, a);
		return true;
	}
	if (n < 0 && errno == EAGAIN)
		return false;
	p->last_error = n ? errno : 0;
	p->closed++;
	drop(p, i);
	return false;
}

static bool advance(struct probe *p, const struct pollfd *fds, unsigned int n)
{
	unsigned int k, i;

	for (k = 0; k < n; k++) {
		if (!fds[k].revents)
			continue;
		/* Attempts go away while we walk: find the one that this event is of. */
		for (i = 0; i < p->n && p->attempts[i].fd != fds[k].fd; i++)
			;
		if (i == p->n)
			continue;
		if (p->attempts[i].connected) {
			if (received(p, i))
				return true;
		} else {
			connected(p, i);
		}
	}
	return false;
}

static void give_up(struct probe *p)
{
	if (p->closed)
		snprintf(p->problem, sizeof(p->problem),
			 "%u connections were closed without an answer", p->closed);
	else if (!p->result.attempts)
		snprintf(p->problem, sizeof(p->problem), "nothing told the client to connect");
	else if (p->n && p->attempts[p->n - 1].connected)
		snprintf(p->problem, sizeof(p->problem),
			 "it accepts connections but sends nothing");
	else
		snprintf(p->problem, sizeof(p->problem), "%u connections tried, the last one: %s",
			 p->result.attempts,
			 p->last_error ? strerror(p->last_error) : "no reply");
}

/* Wait until next, or events. Returns false when we are to stop. */
static bool wait_events(struct probe *p, struct pollfd *fds, uint64_t next)
{
	struct timespec timeout;
	uint64_t now = clock_mono_ns(), left = next > now ? next - now : 0;
	unsigned int i;

	fds[0] = (struct pollfd){ .fd = p->target->wake_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = p->options->notify_fd, .events = POLLIN };
	for (i = 0; i < p->n; i++)
		fds[2 + i] = (struct pollfd){
			.fd = p->attempts[i].fd,
			.events = p->attempts[i].connected ? POLLIN : POLLOUT,
		};
	timeout.tv_sec = left / 1000000000;
	timeout.tv_nsec = left % 1000000000;
	if (ppoll(fds, 2 + p->n, next == NEVER ? NULL : &timeout, NULL) < 0)
		for (i = 0; i < 2 + p->n; i++)
			fds[i].revents = 0;
	return !fds[0].revents;
}

void probe_run(struct probe *p)
{
	struct pollfd fds[2 + PROBE_ATTEMPTS];
	unsigned int n;

	if (polls(p))
		try(p, false);
	for (;;) {
		uint64_t next = next_dial(p), now;

		n = p->n;
		if (!wait_events(p, fds, next)) {
			give_up(p);
			break;
		}
		/* New attempts last: they may get the numbers of descriptors that have events. */
		if (advance(p, fds + 2, n))
			break;
		if (fds[1].revents)
			take_notices(p);
		now = clock_mono_ns();
		if (now < next)
			continue;
		if (now - next > p->worst_late)
			p->worst_late = now - next;
		/* What has just arrived may have changed when the next one is due. */
		if (now >= next_dial(p))
			try(p, false);
	}
	while (p->n)
		drop(p, 0);
}

/* ---- steady state --------------------------------------------------------------------------- */

int probe_request(const struct probe_target *t, uint32_t timeout_ms, uint64_t *ns)
{
	uint64_t start = clock_mono_ns(), deadline = start + timeout_ms * MS;
	struct http_reply reply = { 0 };
	int fd = dial(t), ret;

	if (fd < 0)
		return fd;
	ret = wait_for(t, fd, POLLOUT, deadline);
	if (!ret)
		ret = dial_outcome(fd);
	if (!ret)
		ret = send_request(t, fd);
	if (!ret)
		ret = read_reply(t, fd, deadline, &reply);
	*ns = clock_mono_ns() - start;
	close(fd);
	if (!ret && reply.status != 200)
		ret = -EBADMSG;
	return ret;
}
