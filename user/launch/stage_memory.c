// SPDX-License-Identifier: GPL-2.0-only
#include "user/launch/stage_memory.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/collect/backing.h"
#include "user/collect/cgroupmem.h"
#include "user/collect/procmem.h"

static struct wire_head head_of(const struct memory_stage *m, uint16_t kind, pid_t pid)
{
	return (struct wire_head){ .time = clock_mono_ns(), .kind = kind, .run = m->run,
				   .pid = (uint32_t)pid, .tid = (uint32_t)pid };
}

static void put(const struct memory_stage *m, const struct wire_head *head, const void *body,
		size_t size, const char *string)
{
	writer_put(m->writer, head, body, size, &string, string ? 1 : 0, m->err);
}

static void put_process(const struct memory_stage *m, enum memory_when when,
			struct process_memory *p)
{
	struct wire_head head = head_of(m, HOST_MEMORY_PROCESS, p->pid);
	size_t i;

	p->body.when = when;
	put(m, &head, &p->body, sizeof(p->body), NULL);
	head.kind = HOST_MEMORY_MAPPING;
	for (i = 0; i < p->n_groups; i++) {
		p->groups[i].body.when = when;
		put(m, &head, &p->groups[i].body, sizeof(p->groups[i].body), p->groups[i].name);
	}
}

/* What a VMM's guest RAM is made of: asked once, of those that have memory slots. */
static void put_backing(const struct memory_stage *m, pid_t pid, const char *comm)
{
	struct wire_head head = head_of(m, HOST_GUEST_BACKING, pid);
	CLEANUP_FREE struct backing_part *parts = NULL;
	size_t n = backing_read(m->guest, pid, &parts), i;

	for (i = 0; i < n; i++)
		put(m, &head, &parts[i].body, sizeof(parts[i].body), parts[i].name);
	for (i = 0; m->shapes && i < n; i++) {
		struct guest_shape shape = { .bytes = parts[i].body.end - parts[i].body.start,
					     .backing = (enum guest_backing)parts[i].body.backing };

		memcpy(shape.comm, comm, sizeof(shape.comm));
		/* One that has other memory too would be taken for guest RAM as a whole. */
		if (parts[i].whole)
			guestram_add_shape(m->shapes, &shape);
	}
}

void stage_memory_system(const struct memory_stage *m, enum memory_when when)
{
	struct wire_head head = head_of(m, HOST_MEMORY_SYSTEM, 0);
	struct host_memory_system body = { .when = when };

	meminfo_read(&body);
	put(m, &head, &body, sizeof(body), NULL);
}

void stage_memory(const struct memory_stage *m, enum memory_when when, const pid_t *pids, size_t n)
{
	struct process_memory *processes;
	struct cgroup_memory *cgroups;
	struct wire_head head;
	size_t got, i;

	got = procmem_read_all(pids, n, m->guest, &processes);
	for (i = 0; i < got; i++)
		put_process(m, when, &processes[i]);
	for (i = 0; i < got && m->guest && when == MEMORY_FIRST_BYTE; i++)
		put_backing(m, processes[i].pid, processes[i].body.comm);
	procmem_release(processes, got);
	got = cgroupmem_read(pids, n, &cgroups);
	head = head_of(m, HOST_MEMORY_CGROUP, 0);
	for (i = 0; i < got; i++) {
		cgroups[i].body.when = when;
		put(m, &head, &cgroups[i].body, sizeof(cgroups[i].body), cgroups[i].path);
	}
	cgroupmem_release(cgroups, got);
	stage_memory_system(m, when);
}
