// SPDX-License-Identifier: GPL-2.0-only
/* error.c - sentences for what went wrong. */
#include "user/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Callers return what they get from here, so a slip in the code must not turn a failure into a
 * success: errno passed without its sign is mended, 0 becomes an I/O error.
 */
static int failure(int code)
{
	if (code == 0)
		return -EIO;
	return code < 0 ? code : -code;
}

/* tail is "" or what follows the sentence; args may point into err->text. */
static int set(struct error *err, enum error_class class, int code, const char *tail,
	       const char *fmt, va_list args)
{
	char text[ERROR_TEXT_MAX];
	size_t n;

	code = failure(code);
	if (!err)
		return code;
	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		text[0] = '\0';
	n = strlen(text);
	if (*tail)
		snprintf(text + n, sizeof(text) - n, ": %s", tail);
	memcpy(err->text, text, sizeof(text));
	err->code = code;
	err->class = class;
	return code;
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	code = set(err, ERROR_FAILED, code, "", fmt, args);
	va_end(args);
	return code;
}

int error_errno(struct error *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	code = set(err, ERROR_FAILED, code, strerror(-failure(code)), fmt, args);
	va_end(args);
	return code;
}

int error_class(struct error *err, enum error_class class, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	code = set(err, class, code, "", fmt, args);
	va_end(args);
	return code;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char reason[ERROR_TEXT_MAX];
	va_list args;

	if (!err)
		return -EIO;
	memcpy(reason, err->text, sizeof(reason));
	va_start(args, fmt);
	set(err, err->class, err->code, reason, fmt, args);
	va_end(args);
	return err->code;
}
