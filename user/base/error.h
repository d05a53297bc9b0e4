/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * error.h - fail with a sentence, return a code, print once.
 *
 * A function that can fail takes a struct error * last and returns a negative errno; only commands
 * and the terminal UI print. The sentence says what was tried, on what, and why it failed; it
 * begins in lower case and has no full stop, so that it can be wrapped: "cannot start runc: …".
 */
#ifndef COLDPROF_ERROR_H
#define COLDPROF_ERROR_H

#include <stddef.h>

#define ERROR_TEXT_MAX 1024

/* What kind of fault it is; the command turns it into its exit status (DESIGN.md §7). */
enum error_class {
	ERROR_FAILED = 1, /* something that should have worked did not */
	ERROR_USAGE = 2,  /* what the user asked for makes no sense, or a file is unreadable */
	ERROR_HOST = 3,   /* this host or user cannot trace */
};

struct error {
	int code;               /* negative errno, 0 = none */
	enum error_class class; /* ERROR_FAILED unless set */
	char text[ERROR_TEXT_MAX];
};

/*
 * Put a sentence into err and return code, a negative errno. err may be NULL here and below. What
 * these functions return is never 0.
 */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": strerror(-code)" after the sentence. */
int error_errno(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with a class other than ERROR_FAILED. */
int error_class(struct error *err, enum error_class class, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put "context: " before what err says; returns err->code. */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
