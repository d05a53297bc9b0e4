// SPDX-License-Identifier: GPL-2.0-only
/* nobpf.c - the collector of a build without probes (make BPF=0): says so. */
#include <errno.h>
#include <stddef.h>

#include "user/collect/collector.h"
#include "user/collect/features.h"

#define NO_PROBES "this coldprof was built without probes (BPF=0); it can view, report and export"

struct collector *collector_open(const struct collector_options *o, collector_record_fn fn,
				 void *ctx, struct error *err)
{
	(void)o, (void)fn, (void)ctx;
	error_class(err, ERROR_HOST, -ENOSYS, NO_PROBES);
	return NULL;
}

int collector_run_begin(struct collector *c, const struct collector_run *run, struct error *err)
{
	(void)c, (void)run;
	return error_class(err, ERROR_HOST, -ENOSYS, NO_PROBES);
}

int collector_adopt_daemon(struct collector *c, pid_t pid)
{
	(void)c, (void)pid;
	return 0;
}

int collector_adopt_id(struct collector *c, const char *id, bool is_word)
{
	(void)c, (void)id, (void)is_word;
	return 0;
}

void collector_adoption_text(const struct collector *c, char *text, size_t size)
{
	(void)c;
	if (size)
		text[0] = '\0';
}

void collector_samples_text(const struct collector *c, char *text, size_t size)
{
	(void)c;
	if (size)
		text[0] = '\0';
}

bool collector_is_filling(const struct collector *c)
{
	(void)c;
	return false;
}

void collector_untimed(struct collector *c)
{
	(void)c;
}

void collector_idle(struct collector *c)
{
	(void)c;
}

int collector_quiet(struct collector *c, bool quiet, struct error *err)
{
	(void)c, (void)quiet, (void)err;
	return 0;
}

int collector_drain(struct collector *c)
{
	(void)c;
	return 0;
}

const struct collector_program *collector_programs(const struct collector *c, size_t *n)
{
	(void)c;
	*n = 0;
	return NULL;
}

int collector_run_end(struct collector *c, struct collector_counts *counts)
{
	(void)c;
	*counts = (struct collector_counts){ 0 };
	return 0;
}

void collector_kvm_text(const struct collector *c, char *text, size_t size)
{
	(void)c, (void)size;
	text[0] = '\0';
}

int collector_notify_fd(const struct collector *c)
{
	(void)c;
	return -1;
}

bool collector_notify_next(struct collector *c, struct collector_notice *notice)
{
	(void)c, (void)notice;
	return false;
}

uint64_t collector_lost(struct collector *c)
{
	(void)c;
	return 0;
}

int collector_watch_begin(struct collector *c, struct error *err)
{
	(void)c;
	return error_class(err, ERROR_HOST, -ENOSYS, NO_PROBES);
}

int collector_watch_calls(struct collector *c, bool on, struct error *err)
{
	(void)c, (void)on, (void)err;
	return 0;
}

void collector_watch_over(struct collector *c, uint32_t run)
{
	(void)c, (void)run;
}

void collector_close(struct collector *c)
{
	(void)c;
}

int features_require(struct error *err)
{
	return error_class(err, ERROR_HOST, -ENOSYS, NO_PROBES);
}

void features_check(feature_fn fn, void *ctx)
{
	struct feature_answer a = { FEATURE_MISSING, "probes", NO_PROBES, "build without BPF=0" };

	fn(ctx, &a);
}
