/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client_probe.h - the client's network work, without the thread around it: the search for the
 * first answer, and one request after it. Of client.c only.
 */
#ifndef COLDPROF_CLIENT_PROBE_H
#define COLDPROF_CLIENT_PROBE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/launch/client.h"
#include "user/launch/http.h"
#include "user/record/format.h"

#define PROBE_ATTEMPTS 64

struct probe_target {
	struct sockaddr_in address;
	char request[HTTP_REQUEST_MAX];
	size_t request_bytes;
	int wake_fd; /* readable: stop whatever you do */
	int stop_fd; /* likewise, for requests; -1 = none */
};

struct attempt {
	int fd;
	uint64_t started, connected, sent;
	uint64_t pause; /* since the attempt before it; 0 = there was none */
	bool told;      /* made because something listens */
};

struct probe {
	const struct client_options *options;
	const struct probe_target *target;
	struct attempt attempts[PROBE_ATTEMPTS]; /* oldest first */
	unsigned int n;
	uint64_t last_dial;
	uint64_t worst_late; /* of our own wake-ups */
	int last_error;      /* errno of the last attempt that failed */
	unsigned int closed; /* connections that were closed without an answer */
	struct http_reply reply;
	struct host_client result;
	char problem[256];
};

/* Look for the first answer until it is there or wake_fd is readable; fills result and problem. */
void probe_run(struct probe *p);

/* A request on a fresh connection; 0 and *ns, or -errno; -EINTR: wake_fd or stop_fd was readable. */
int probe_request(const struct probe_target *t, uint32_t timeout_ms, uint64_t *ns);

#endif
