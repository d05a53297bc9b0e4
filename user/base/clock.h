/* SPDX-License-Identifier: GPL-2.0-only */
/* clock.h - the clocks. The model may not include this: it knows recorded times only. */
#ifndef COLDPROF_CLOCK_H
#define COLDPROF_CLOCK_H

#include <stdint.h>

uint64_t clock_mono_ns(void);       /* CLOCK_MONOTONIC, as the probes stamp */
uint64_t clock_real_ns(void);       /* CLOCK_REALTIME */
uint64_t clock_thread_cpu_ns(void); /* CPU time of the calling thread */

#endif
