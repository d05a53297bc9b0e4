// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/sampler.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/collect/collector.h"

#define DEAR_NS 5000        /* an interrupt that takes longer, 999 times a second, is 0.5 % of a CPU */
#define PROBE_PERIOD_NS 100000
#define PROBE_NS 1200000
#define PROBE_GAPS 32
#define GAP_NS 400          /* between two looks at the clock: less is no interrupt */
#define TICK_LEAD_NS 8000   /* so long before the tick, the two are one interrupt */
#define TICK_CPUS_MAX 16    /* of more than that the others are not brought in step: it would take long */

static int clock_open(int cpu, uint64_t period_ns)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = period_ns,
		.disabled = 1,
	};

	return syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static uint64_t tick_ns(void)
{
	struct timespec t;

	return clock_getres(CLOCK_MONOTONIC_COARSE, &t) ? 0 : t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Ask for some and see for how long the clock stands still: the median of those gaps. */
static uint64_t measure_interrupt(void)
{
	uint64_t gaps[PROBE_GAPS], begin, last, now;
	int cpu = sched_getcpu(), n = 0;
	int fd = cpu < 0 ? -1 : clock_open(cpu, PROBE_PERIOD_NS);

	if (fd < 0)
		return 0;
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	begin = last = clock_mono_ns();
	do {
		now = clock_mono_ns();
		if (now - last > GAP_NS && n < PROBE_GAPS)
			gaps[n++] = now - last;
		last = now;
	} while (now - begin < PROBE_NS);
	close(fd);
	qsort(gaps, n, sizeof(*gaps), by_size);
	return n ? gaps[n / 2] : 0;
}

void sampler_choose(struct sampler *s, unsigned int hz)
{
	uint64_t tick = tick_ns();

	s->hz = hz;
	if (hz != COLLECTOR_SAMPLES_AUTO)
		return;
	s->hz = SAMPLER_HZ;
	s->interrupt_ns = measure_interrupt();
	if (s->interrupt_ns < DEAR_NS || !tick || 1000000000 / tick >= SAMPLER_HZ)
		return;
	s->hz = 1000000000 / tick;
	s->with_tick = true;
}

/*
 * Begin a little before a tick, which since 6.4 is when the clock is a multiple of its length. From
 * the CPU itself: another one would have to send it an interrupt first, which takes its own time.
 */
static void begin_with_tick(int fd, int cpu, uint64_t tick)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	sched_setaffinity(0, sizeof(only), &only);
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	ioctl(fd, PERF_EVENT_IOC_PERIOD, &tick); /* the whole period from here on, not what was left */
	while ((clock_mono_ns() + TICK_LEAD_NS) % tick > TICK_LEAD_NS / 4)
		;
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
}

static void all_with_tick(const struct sampler *s, const int *cpus)
{
	uint64_t tick = tick_ns();
	cpu_set_t before;
	int i;

	if (CPU_SETSIZE <= cpus[s->n - 1] || sched_getaffinity(0, sizeof(before), &before))
		return;
	for (i = 0; i < s->n && i < TICK_CPUS_MAX; i++)
		begin_with_tick(s->fds[i], cpus[i], tick);
	sched_setaffinity(0, sizeof(before), &before);
}

int sampler_start(struct sampler *s, const struct bpf_program *program, struct error *err)
{
	int cpu, n = sysconf(_SC_NPROCESSORS_CONF);
	CLEANUP_FREE int *cpus = NULL;

	if (!s->hz)
		return 0;
	cpus = xcalloc(n, sizeof(*cpus));
	s->links = xcalloc(n, sizeof(struct bpf_link *));
	s->fds = xcalloc(n, sizeof(*s->fds));
	for (cpu = 0; cpu < n; cpu++) {
		int fd = clock_open(cpu, s->with_tick ? tick_ns() : 1000000000 / s->hz);
		struct bpf_link *link;

		if (fd < 0 && errno == ENODEV)
			continue; /* offline */
		link = fd < 0 ? NULL : bpf_program__attach_perf_event(program, fd);
		if (!link) {
			error_class(err, ERROR_HOST, -errno,
				    "cannot sample CPU %d: %s (--no-samples does without)", cpu,
				    strerror(errno));
			if (fd >= 0)
				close(fd);
			sampler_stop(s);
			return err->code;
		}
		cpus[s->n] = cpu;
		s->fds[s->n] = fd;
		s->links[s->n++] = link;
	}
	if (s->with_tick && s->n)
		all_with_tick(s, cpus);
	return 0;
}

void sampler_stop(struct sampler *s)
{
	while (s->n)
		bpf_link__destroy(s->links[--s->n]);
	free(s->links);
	free(s->fds);
	s->links = NULL;
	s->fds = NULL;
}
