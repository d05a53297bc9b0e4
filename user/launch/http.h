/* SPDX-License-Identifier: GPL-2.0-only */
/* http.h - as much of HTTP/1 as asking for one page takes; no descriptor, no clock. */
#ifndef COLDPROF_HTTP_H
#define COLDPROF_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_REQUEST_MAX 4096
#define HTTP_HEAD_MAX 8192

/* Length of the request, 0 when it does not fit. */
size_t http_request(char out[HTTP_REQUEST_MAX], const char *path, const char *host, uint16_t port);

/* A response that arrives in pieces. Zero-initialise. */
struct http_reply {
	char head[HTTP_HEAD_MAX];
	size_t head_bytes;
	bool head_done;
	unsigned int status; /* 0: not HTTP, or the head is not complete yet */
	bool has_length;
	uint64_t length;     /* Content-Length */
	uint64_t body_bytes;
};

void http_feed(struct http_reply *r, const char *data, size_t n);

/* Nothing more can come, even if the connection stays open. */
bool http_complete(const struct http_reply *r);

/* The connection was closed: was that the end of a whole response? */
bool http_whole(const struct http_reply *r);

#endif
