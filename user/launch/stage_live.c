// SPDX-License-Identifier: GPL-2.0-only
/*
 * stage_live.c - when a recording that somebody looks at is brought up to date within a run.
 *
 * A launch that is over before one could look at it (native, runc, crun) is left alone altogether.
 * One that takes seconds makes some hundred records in the time between two writes: compressing
 * them takes about a millisecond, of a thread that is not on the service's way.
 */
#include "user/base/clock.h"
#include "user/launch/stage.h"

#define TIMED_FIRST_NS 250000000ull /* after the run's begin */
#define TIMED_EVERY_NS 200000000ull

void stage_live_show(struct stage *st)
{
	if (!st->o->live)
		return;
	writer_show(st->writer, &st->write_error);
	st->shown = clock_mono_ns() + TIMED_FIRST_NS - TIMED_EVERY_NS;
}

bool stage_live_is_due(const struct stage *st)
{
	return st->o->live && (int64_t)(clock_mono_ns() - st->shown) >= (int64_t)TIMED_EVERY_NS;
}

void stage_live_timed(struct stage *st)
{
	if (!stage_live_is_due(st))
		return;
	writer_show(st->writer, &st->write_error);
	st->shown = clock_mono_ns();
}

void stage_live_preparing(struct stage *st, const struct stage_scenario *sc)
{
	struct wire_head head = { .time = clock_mono_ns(), .kind = HOST_PREPARING };
	struct host_preparing body = { .scenario = sc->id };

	writer_put(st->writer, &head, &body, sizeof(body), NULL, 0, &st->write_error);
	stage_live_show(st);
}
