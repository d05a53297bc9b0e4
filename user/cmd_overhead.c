// SPDX-License-Identifier: GPL-2.0-only
/* cmd_overhead.c - what tracing costs on this host: every run traced and untraced, in turn. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/cmd.h"
#include "user/collect/features.h"
#include "user/options.h"
#include "user/rows.h"

/* What is known of one runtime: times of both kinds, in the order in which they were made. */
struct pairs {
	const char *name;
	double *traced, *untraced;
	size_t n_traced, cap_traced, n_untraced, cap_untraced;
	unsigned int failed;
};

struct overhead {
	struct pairs *list;
	size_t n, cap;
};

static struct pairs *pairs_of(struct overhead *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (!strcmp(o->list[i].name, name))
			return &o->list[i];
	ARRAY_RESERVE(o->list, o->n, o->cap, 1);
	memset(&o->list[o->n], 0, sizeof(*o->list));
	o->list[o->n].name = name;
	return &o->list[o->n++];
}

static void keep(void *ctx, const struct stage_event *e)
{
	struct overhead *o = ctx;
	char text[512];
	struct pairs *p;

	if (e->news == NEWS_UNAVAILABLE || e->news == NEWS_RUN_FAILED)
		fprintf(stderr, "%-12s %s\n", e->scenario,
			text_escape(text, sizeof(text), e->text, strlen(e->text)));
	if (e->warmup || (e->news != NEWS_RUN_DONE && e->news != NEWS_RUN_FAILED))
		return;
	p = pairs_of(o, e->scenario);
	if (e->news == NEWS_RUN_FAILED) {
		p->failed++;
	} else if (e->untraced) {
		ARRAY_RESERVE(p->untraced, p->n_untraced, p->cap_untraced, 1);
		p->untraced[p->n_untraced++] = e->asked;
	} else {
		ARRAY_RESERVE(p->traced, p->n_traced, p->cap_traced, 1);
		p->traced[p->n_traced++] = e->asked;
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%-12s %u/%u ", e->scenario, e->index, e->of);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
	double at = q * (n - 1);
	size_t i = floor(at);

	return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static void print_pairs(const struct pairs *p)
{
	size_t i, n = p->n_traced < p->n_untraced ? p->n_traced : p->n_untraced;
	CLEANUP_FREE double *ratio = xcalloc(n ? n : 1, sizeof(*ratio));

	if (!n || p->failed) {
		printf("%-12s %u runs failed: no figure\n", p->name, p->failed);
		return;
	}
	for (i = 0; i < n; i++)
		ratio[i] = p->traced[i] / p->untraced[i];
	qsort(ratio, n, sizeof(*ratio), by_value);
	qsort(p->traced, n, sizeof(*p->traced), by_value);
	qsort(p->untraced, n, sizeof(*p->untraced), by_value);
	printf("%-12s %5zu %10.3f %8.3f…%-8.3f %10.3f %10.3f %8.3f\n", p->name, n,
	       quantile(ratio, n, 0.5), quantile(ratio, n, 0.25), quantile(ratio, n, 0.75),
	       quantile(p->traced, n, 0.5) / 1e6, quantile(p->untraced, n, 0.5) / 1e6,
	       quantile(p->traced, n, 0.5) / quantile(p->untraced, n, 0.5));
}

static int measure(struct launch_options *o, struct rows *rows)
{
	CLEANUP_FREE char *path = xasprintf("/tmp/coldprof-overhead-%d.coldprof", getpid());
	struct stage_result result = { 0 };
	struct overhead all = { 0 };
	struct error err = { 0 }, sealed = { 0 };
	struct writer *w;
	size_t i;
	int ret;

	w = writer_open(path, false, -1, -1, &err);
	if (!w)
		return command_fail(&err);
	unlink(path); /* half of it is untraced: nothing to look at later */
	o->stage.rows = rows->list;
	o->stage.n_rows = rows->n;
	o->stage.alternate = true;
	o->stage.requests = 0;
	o->stage.settle_ms = 0;
	o->stage.news = keep;
	o->stage.news_ctx = &all;
	ret = stage_session(&o->stage, w, &result, &err);
	writer_seal(w, &sealed);
	if (ret)
		return command_fail(&err);
	fprintf(stderr, "\r");
	printf("%-12s %5s %10s %17s %10s %10s %8s\n", "runtime", "pairs", "median", "quartiles",
	       "traced ms", "untraced", "of");
	printf("%-12s %5s %10s %17s %10s %10s %8s\n", "", "", "ratio", "of the ratios", "median",
	       "median", "medians");
	for (i = 0; i < all.n; i++) {
		print_pairs(&all.list[i]);
		free(all.list[i].traced);
		free(all.list[i].untraced);
	}
	free(all.list);
	printf("start of the session to the first launch: %.1f ms\n", result.start_to_launch / 1e6);
	if (result.interrupted)
		return 128 + result.interrupted;
	return result.failed || !result.done ? EXIT_FAILED : EXIT_DONE;
}

static int run(int argc, char **argv)
{
	struct launch_options o;
	struct rows rows = { 0 };
	struct error err = { 0 };
	int ret;

	ret = launch_options_parse(&o, &command_overhead, argc, argv);
	if (!ret && o.help) {
		ret = command_help(&command_overhead);
		launch_options_release(&o);
		return ret;
	}
	if (!ret && (o.rest < argc || !o.n_runtimes))
		ret = command_usage(&command_overhead, "which runtimes? --runtime NAME[,NAME…]");
	if (!ret && o.stage.density)
		ret = command_usage(&command_overhead, "--density is of `coldprof all`: nothing is traced then");
	if (!ret)
		ret = rows_choose(&rows, &o);
	if (!ret && features_require(&err))
		ret = command_fail(&err);
	if (!ret)
		ret = measure(&o, &rows);
	rows_release(&rows);
	launch_options_release(&o);
	return ret;
}

const struct command command_overhead = {
	.name = "overhead",
	.summary = "what tracing costs here: runs traced and untraced, interleaved",
	.usage = "overhead --runtime NAME[,NAME…] [-n PAIRS] [OPTION…]",
	.help = "\nEvery run is made twice, with the probes attached and without, in alternating order.\n"
		"Both are timed in the same way, from asking for the launch to the first byte. The\n"
		"untraced ones keep one probe: the one that tells the client of the listen. The other\n"
		"options are those of `coldprof all`.\n",
	.options = launch_options_table,
	.run = run,
};
