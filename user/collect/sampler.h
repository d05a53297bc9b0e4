/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sampler.h - the software clock that looks at every CPU some hundred times a second.
 *
 * Each look is a timer interrupt. On hardware that is a microsecond or two; on a guest whose timers
 * its host has to program it is tens of them, and 999 a second are then 4 % of a CPU. There the clock
 * runs with the kernel's own tick instead: as often, and at the same moment, so that one interrupt
 * serves both.
 */
#ifndef COLDPROF_SAMPLER_H
#define COLDPROF_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/error.h"

struct bpf_link;
struct bpf_program;

#define SAMPLER_HZ 999

struct sampler {
	struct bpf_link **links; /* one a CPU */
	int *fds;                /* … and its perf event, which is the link's */
	int n;
	unsigned int hz;       /* how often; 0 = never */
	bool with_tick;        /* at the moments of the kernel's tick */
	uint64_t interrupt_ns; /* what a timer interrupt takes here; 0 = was not measured */
};

/* How often, as asked for; for COLLECTOR_SAMPLES_AUTO an interrupt is measured (1 ms). */
void sampler_choose(struct sampler *s, unsigned int hz);

/*
 * On every CPU that is online; hotplug in the middle of a session is not followed. With the tick this
 * takes up to a tick for each CPU.
 */
int sampler_start(struct sampler *s, const struct bpf_program *program, struct error *err);
void sampler_stop(struct sampler *s);

#endif
