// SPDX-License-Identifier: GPL-2.0-only
/* http.c - as much of HTTP/1 as asking for one page takes. */
#include "user/launch/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t http_request(char out[HTTP_REQUEST_MAX], const char *path, const char *host, uint16_t port)
{
	int n = snprintf(out, HTTP_REQUEST_MAX,
			 "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: coldprof\r\nAccept: */*\r\n"
			 "Connection: close\r\n\r\n",
			 path && *path ? path : "/", host, port);

	return n > 0 && n < HTTP_REQUEST_MAX ? (size_t)n : 0;
}

static void parse_head(struct http_reply *r)
{
	unsigned int status, minor;
	char *line = r->head;

	if (sscanf(line, "HTTP/1.%1u %3u", &minor, &status) == 2 && status >= 100)
		r->status = status;
	if (r->status == 204 || r->status == 304)
		r->has_length = true; /* these have no body, whatever else they say */
	while (!r->has_length && (line = strstr(line, "\r\n"))) {
		line += 2;
		if (strncasecmp(line, "Content-Length:", 15) == 0) {
			r->has_length = true;
			r->length = strtoull(line + 15, NULL, 10);
		}
	}
}

void http_feed(struct http_reply *r, const char *data, size_t n)
{
	size_t room = sizeof(r->head) - 1 - r->head_bytes, take = n < room ? n : room;
	char *end;

	if (r->head_done) {
		r->body_bytes += n;
		return;
	}
	memcpy(r->head + r->head_bytes, data, take);
	r->head_bytes += take;
	r->head[r->head_bytes] = '\0';
	end = strstr(r->head, "\r\n\r\n");
	if (!end && r->head_bytes < sizeof(r->head) - 1)
		return;
	/* A head that does not end is no HTTP: what follows only has to be read. */
	r->head_done = true;
	r->body_bytes = n - take;
	if (!end)
		return;
	r->body_bytes += r->head_bytes - (end + 4 - r->head);
	end[2] = '\0';
	parse_head(r);
}

bool http_complete(const struct http_reply *r)
{
	return r->head_done && r->has_length && r->body_bytes >= r->length;
}

bool http_whole(const struct http_reply *r)
{
	return r->head_done && (!r->has_length || r->body_bytes >= r->length);
}
