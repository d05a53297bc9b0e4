// SPDX-License-Identifier: GPL-2.0-only
/*
 * finding_rules.c - what is known to make containers, gVisor and WASM start slowly.
 *
 * What is said of a mend is its maker's word or what was measured; a number that is not of the run
 * at hand is not given.
 */
#include "user/model/finding_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "user/model/session.h"
#include "user/model/syscall_names.h"

#define IN(STATE) FINDING_IN(STATE)
#define MS 1000000u

#define PR_SET_SECCOMP 22
#define LOOK_BACK 256    /* slices of the path */
#define INITS_MAX 16     /* executions by runc's init: a recording cannot make this slow */

/* ---- evidence --------------------------------------------------------------------------------- */

static const struct process *root_of(const struct run *run)
{
	return run->tree.n ? run->tree.processes[0] : NULL;
}

static const char *exe_of(const struct process *p)
{
	return p->n_execs ? p->execs[p->n_execs - 1].exe : "";
}

/* Calls of a runtime that does nothing but compute: locks, memory, the scheduler's. */
static bool is_idle_call(const char *detail)
{
	static const char *const calls[] = {
		"", "futex*", "madvise*", "mmap*", "munmap*", "mprotect*", "nanosleep*", "brk*",
		"sched_yield*", "epoll_pwait*", "tgkill*", "rt_sig*", "getpid*", "page fault*",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (phase_matches(calls[i], detail))
			return true;
	return false;
}

/* The time that a process computed without a telling system call until t, on the path. */
static uint64_t computed_before(const struct run *run, uint32_t pid, uint64_t t)
{
	uint64_t total = 0;
	size_t i = run->path.n, n;

	while (i && run->path.slices[i - 1].start >= t)
		i--;
	for (n = 0; i && n < LOOK_BACK; i--, n++) {
		const struct path_slice *s = &run->path.slices[i - 1];

		if (s->pid != pid || (s->state != PATH_USER && s->state != PATH_RUNNABLE &&
				      !is_idle_call(s->detail)))
			break;
		if (s->state == PATH_USER)
			total += (s->end < t ? s->end : t) - s->start;
	}
	return total;
}

/*
 * Samples name the code that makes filters. Where there are none: the time in user mode that led up
 * to the call that installs one, with nothing between.
 */
static bool seccomp_compiled(struct finding_search *q)
{
	const struct sched *s = &q->run->sched;
	size_t i;

	for (i = 0; i < s->n_calls; i++) {
		const struct sched_call *c = &s->calls[i];

		if (c->made || !((c->nr == SYSCALL_SECCOMP && c->arg[0] == 1) ||
				 (c->nr == SYSCALL_PRCTL && c->arg[0] == PR_SET_SECCOMP)))
			continue;
		q->count++;
		if (s->n_samples == 0) {
			q->ns += computed_before(q->run, c->pid, c->enter);
			snprintf(q->evidence, sizeof(q->evidence),
				 "user mode without a system call before %s",
				 syscall_name(c->nr));
		}
	}
	return q->count; /* how long it took: the table says from what on, the samples' share added */
}

/* What a process is at a time: the execve that it is in or came out of last, its own or inherited. */
static const struct exec *image_at(const struct process *p, uint64_t time)
{
	unsigned int depth;
	size_t k;

	for (depth = 0; p && depth < 64; depth++, time = p->start, p = p->parent)
		for (k = p->n_execs; k > 0; k--) {
			const struct exec *e = &p->execs[k - 1];

			if ((e->enter ? e->enter : e->time) <= time)
				return e;
		}
	return NULL;
}

/* In the runtime's own file, but not for the first time, which nobody can do without. */
static bool in_second_image(const struct finding_search *q, uint32_t pid, uint64_t time)
{
	const struct process *root = root_of(q->run);
	const struct exec *e = image_at(tree_process(&q->run->tree, pid), time);

	return e && root && root->n_execs && e != &root->execs[0] &&
	       e->inode == root->execs[0].inode && e->dev == root->execs[0].dev;
}

/*
 * The same file executed three times or more before the service is: each time the dynamic linker or
 * Go's runtime begins anew. Measured of all but the first: execve itself, and (functions) that
 * beginning.
 */
static bool executed_again(struct finding_search *q)
{
	const struct tree *tree = &q->run->tree;
	const struct process *root = root_of(q->run);
	const struct milestones *m = &q->run->milestones;
	uint64_t until = m->launch + m->at[m->seen[MILESTONE_SERVICE_EXEC] ?
						   MILESTONE_SERVICE_EXEC : m->end];
	size_t i, k;

	if (!root || !root->n_execs || !root->execs[0].inode)
		return false;
	for (i = 0; i < tree->n; i++) {
		const struct process *p = tree->processes[i];

		for (k = 0; k < p->n_execs; k++)
			q->count += p->execs[k].inode == root->execs[0].inode &&
				    p->execs[k].dev == root->execs[0].dev &&
				    p->execs[k].time < until;
	}
	snprintf(q->evidence, sizeof(q->evidence), "%.60s: execve, and its runtime's initialisation",
		 root->execs[0].exe);
	return q->count >= 3;
}

/* The first thread that an execve kills is woken for it; what the call did before was its own work. */
static uint64_t killing_since(const struct sched *s, const struct sched_life *exec)
{
	size_t i;

	for (i = 0; i < s->n_wakings && s->wakings[i].time <= exec->time; i++) {
		const struct sched_waking *w = &s->wakings[i];
		const struct sched_task *task;

		if (w->time < exec->enter || w->waker != exec->other || w->tid == exec->other ||
		    w->context != WIRE_CONTEXT_TASK)
			continue;
		task = sched_task(s, w->tid);
		if (task && task->pid == exec->pid)
			return w->time;
	}
	return exec->enter;
}

/*
 * Until when an execve waited for the other threads: the last one's end, and until its caller was told of
 * it or, no leader itself, had its leader's number. *threads is how many there were.
 */
static uint64_t killing_until(const struct sched *s, size_t life, uint64_t *threads)
{
	const struct sched_life *exec = &s->lives[life];
	const struct sched_task *task = sched_task(s, exec->other);
	uint64_t end = 0;
	uint32_t at;
	size_t i;

	for (i = 0; i < s->n_lives && s->lives[i].time <= exec->time; i++) {
		const struct sched_life *l = &s->lives[i];

		if (l->kind != WIRE_EXIT || l->pid != exec->pid || l->tid == exec->other ||
		    l->time < exec->enter)
			continue;
		end = l->time;
		(*threads)++;
	}
	at = end && task ? sched_span_before(s, task, end + 1) : SCHED_NONE;
	if (at != SCHED_NONE && s->spans[at].state == SPAN_BLOCKED)
		end = sched_span_end(s, task, at);
	task = exec->other != exec->tid ? sched_task(s, exec->tid) : NULL;
	for (i = 0; task && i < task->spans.n; i++) {
		const struct span *span = &s->spans[task->spans.at + i];

		if (span->flags & SPAN_TAKEN && span->ref == life && span->start > end)
			end = span->start;
	}
	return end < exec->time ? end : exec->time;
}

/* Whatever thread of the process the path is with meanwhile. */
static bool killed_threads(struct finding_search *q)
{
	const struct sched *s = &q->run->sched;
	size_t i, k, inits = 0;

	for (i = 0; i < s->n_lives && inits < INITS_MAX; i++) {
		const struct sched_life *l = &s->lives[i];
		const struct sched_task *task = l->kind == WIRE_EXEC && l->enter ?
							sched_task(s, l->other) : NULL;
		uint64_t from, to;

		if (!task || !phase_matches(q->rule->comm, sched_task_name(s, task, l->enter)))
			continue;
		inits++;
		from = killing_since(s, l);
		to = killing_until(s, i, &q->count);
		for (k = 0; k < q->run->path.n; k++) {
			const struct path_slice *p = &q->run->path.slices[k];

			/* (Where records are lost the end can be before the beginning.) */
			if (p->pid == l->pid && from < to && p->start < to && p->end > from)
				q->ns += (p->end < to ? p->end : to) -
					 (p->start > from ? p->start : from);
		}
		snprintf(q->evidence, sizeof(q->evidence), "execve of %.15s",
			 sched_name(s, l->name));
	}
	return q->count > 0;
}

/* The guest's calls trapped in the way of the ptrace platform. */
static bool by_ptrace(struct finding_search *q)
{
	size_t i;

	for (i = 0; i < q->run->n_socks; i++)
		q->count += q->run->socks[i].kind == WIRE_GUEST_SYSCALL &&
			    q->run->socks[i].how == WIRE_GUEST_PTRACE;
	return q->count > 0;
}

/* Bytes for which the page cache was not enough. (Of what a daemon reads for the run nothing is known.) */
static bool from_disk(struct finding_search *q)
{
	const struct disk *d = &q->run->disk;

	if (!d->read_bytes && d->has_io && !d->io.storage_bytes)
		return false;
	q->bytes = d->read_bytes;
	if (d->n && *d->files[0].name)
		snprintf(q->evidence, sizeof(q->evidence), "%.100s%s", d->files[0].name,
			 d->n > 1 ? " and others" : "");
	return true;
}

/* Programs that listen for somebody else. What they do themselves on the path is what they took. */
static bool by_proxy(struct finding_search *q)
{
	const struct tree *tree = &q->run->tree;
	size_t i, k;

	for (i = 0; i < tree->n; i++) {
		const struct process *p = tree->processes[i];

		if (!p->n_execs || !milestone_is_proxy(exe_of(p)))
			continue;
		for (k = 0; k < q->run->n_socks; k++)
			if (q->run->socks[k].kind == WIRE_LISTEN && q->run->socks[k].pid == p->pid)
				break;
		if (k == q->run->n_socks)
			continue;
		q->count++;
		snprintf(q->evidence, sizeof(q->evidence), "%.100s", exe_of(p));
		for (k = 0; k < q->run->path.n; k++)
			if (q->run->path.slices[k].pid == p->pid)
				q->ns += q->run->path.slices[k].end - q->run->path.slices[k].start;
	}
	return q->count > 0;
}

/* When the connection that was answered stood, for the kernel of the client's side; its local port, 0: not known. */
static uint64_t established_at(const struct run *run, uint16_t *port)
{
	const struct host_client *client = &run->client;
	const struct sock_event *last = NULL;
	size_t i;

	for (i = 0; i < run->n_socks; i++) {
		const struct sock_event *e = &run->socks[i];

		if (e->kind == WIRE_ESTABLISHED && !e->passive && e->time >= client->connect &&
		    e->time <= client->connected && (!last || e->time >= last->time))
			last = e;
	}
	*port = last ? last->local_port : 0;
	return last ? last->time : client->connected;
}

/*
 * Packets of the handshake that had to be sent again, which takes 1 s the first time: of the connection
 * that was answered, others have cost nothing. It was waited for from the first packet on, but before
 * the service listened that would have been in vain.
 */
static bool syn_again(struct finding_search *q)
{
	const struct milestones *m = &q->run->milestones;
	uint64_t from = q->run->client.connect, end;
	uint16_t port;
	size_t i;

	if (!from || !q->run->client.connected)
		return false;
	end = established_at(q->run, &port);
	for (i = 0; i < q->run->n_socks; i++) {
		const struct sock_event *e = &q->run->socks[i];

		q->count += e->kind == WIRE_SYN_RETRANSMIT && e->time >= from && e->time <= end &&
			    (!port || e->local_port == port);
	}
	if (m->seen[MILESTONE_LISTEN] && m->launch + m->at[MILESTONE_LISTEN] > from)
		from = m->launch + m->at[MILESTONE_LISTEN];
	q->ns = q->count ? finding_path_ns(q->run, IN(CLIENT) | IN(NOTICED_LATE) | IN(BLOCKED), from,
					   end) : 0;
	return q->count > 0;
}

static uint64_t quick_of(const struct path_slice *s)
{
	return s->quick_ns;
}

static uint64_t stolen_of(const struct path_slice *s)
{
	return s->stolen_ns;
}

/* What slices have in them of something, together; the one that has most of it, NULL when none has any. */
static const struct path_slice *add_parts(struct finding_search *q, uint64_t (*part)(const struct path_slice *s))
{
	const struct path_slice *most = NULL;
	size_t i;

	for (i = 0; i < q->run->path.n; i++) {
		const struct path_slice *s = &q->run->path.slices[i];

		q->ns += part(s);
		if (part(s) && (!most || part(s) > part(most)))
			most = s;
	}
	return most;
}

/* Those that are too short for a record of their own (less than 10 us), together. */
static bool short_calls(struct finding_search *q)
{
	const struct path_slice *most = add_parts(q, quick_of);

	if (most)
		snprintf(q->evidence, sizeof(q->evidence), "%.15s", most->comm);
	return most;
}

/* What the kernel of a host that is itself a virtual machine knows of its hypervisor's doing. */
static bool stolen(struct finding_search *q)
{
	const struct path_slice *most = add_parts(q, stolen_of);

	if (most)
		snprintf(q->evidence, sizeof(q->evidence), "most of it from %.15s", most->comm);
	return most;
}

/* ---- the table -------------------------------------------------------------------------------- */

const struct finding_rule finding_rules_containers[] = {
	{
		.name = "cgroup-rcu-stall",
		.title = "moving a task into a cgroup waits for an RCU grace period",
		.states = IN(BLOCKED),
		.details = { "write cgroup.procs*", "mount *cgroup*", "write tasks*" },
		.least_ns = 5 * MS,
		.mend = "mount -o remount,favordynmods /sys/fs/cgroup (v2), or boot with "
			"cgroup_favordynmods=true; or keep cgroups between starts.",
		.trade_off = "Forks and exits of the whole host take a little longer.",
	},
	{
		.name = "rcu-grace-period",
		.title = "mounts, namespaces or membarrier wait for RCU grace periods",
		.states = IN(BLOCKED),
		.details = { "*synchronize_rcu*", "*synchronize_srcu*", "*: RCU", "*rcu_barrier*" },
		.not_details = { "write cgroup.procs*", "mount *cgroup*", "write tasks*" },
		.least_ns = 2 * MS,
		.mend = "echo 1 > /sys/kernel/rcu_expedited while containers are started; fewer "
			"umount and pivot_root calls.",
		.trade_off = "Expedited grace periods interrupt every CPU: jitter for latency-critical "
			     "work.",
	},
	{
		.name = "kernel-lock",
		.title = "a lock of the kernel that others hold is waited for",
		.states = IN(BLOCKED),
		/* (Those that only take a lock are seldom on a stack: compilers jump out of them.) */
		.details = { "*rtnl_lock*", "*rtnetlink_rcv_msg*", "*register_netdev*",
			     "*cgroup_lock*", "*cgroup_attach_lock*", "*cgroup_kn_lock_live*",
			     "*namespace_lock*", "*lock_mount*", "*net_ns*lock*", "*copy_net_ns*" },
		.least_ns = 2 * MS,
		.mend = "Start fewer of them at once; make network namespaces ahead and hand them "
			"over by path.",
		.trade_off = "A pool of namespaces has to be kept and cleaned.",
	},
	{
		.name = "seccomp-compile",
		.title = "a seccomp filter is put together and optimised at every start",
		.functions = { "*/seccomp.*", "seccomp_*", "_seccomp_*", "gen_bpf_*", "_gen_bpf_*" },
		.objects = { "libseccomp.so*" },
		.least_ns = 5 * MS,
		.counts = "filters installed",
		.evidence = seccomp_compiled,
		.mend = "A shorter profile; a runtime that keeps the compiled filter (newer releases of "
			"crun) or has it built in (gVisor's own releases).",
		.trade_off = "A shorter profile filters less finely; a cache is a file to be trusted.",
	},
	{
		.name = "re-exec",
		.title = "the runtime executes itself again and again before the service",
		.states = IN(KERNEL),
		.details = { "execve*" },
		.before = MILESTONE_SERVICE_EXEC,
		.within = in_second_image,
		.functions = { "runtime.schedinit", "runtime.doInit*", "runtime.rt0_go",
			       "_dl_start*", "dl_main" },
		/* All of `runc init` is called by a package's initialiser, and is none. */
		.not_functions = { "main.init.*", "main.main", "*StartInitialization*" },
		.objects = { "ld-linux*" },
		.least_ns = 2 * MS,
		.counts = "executions",
		.evidence = executed_again,
		.mend = "runc: 1.2 or later seals itself without a second copy; crun starts in a "
			"fraction of the time. gVisor needs it for its chroot and capabilities.",
		.trade_off = "Another runtime has other defaults and other bugs.",
	},
	{
		.name = "memfd-exe-clone",
		.title = "the runtime copies its own binary into memory before it runs it",
		.states = IN(KERNEL) | IN(BLOCKED),
		.details = { "*_cloned:*" },
		.least_ns = 1 * MS,
		.mend = "Let it seal its binary by a read-only bind mount or overlay (runc up to 1.1, and "
			"from 1.2 where the kernel allows it).",
		.trade_off = "The mount needs privileges in the initial mount namespace.",
	},
	{
		.name = "exec-kills-threads",
		.title = "execve of the service waits until the runtime's other threads are dead",
		.comm = "runc:[2:INIT]",
		.least_ns = 1 * MS,
		.counts = "threads",
		.evidence = killed_threads,
		.mend = "A runtime whose init has one thread: crun, youki.",
		.trade_off = "Another runtime has other defaults and other bugs.",
	},
	{
		.name = "oci-hook",
		.title = "programs that are neither runtime nor service run in between: hooks, helpers",
		.scenarios = { "runc", "crun", "youki" },
		.least_ns = 1 * MS,
		.counts = "programs",
		.evidence = finding_other_program,
		.mend = "Drop hooks that are not needed; make the rest a small static program, or move "
			"their work behind the start.",
		.trade_off = "What a hook sets up is there later or not at all.",
	},
	{
		.name = "mounts",
		.title = "the container's file systems are mounted one by one",
		.not_flags = SCENARIO_VM | SCENARIO_MODULE,
		.states = IN(KERNEL) | IN(BLOCKED),
		.details = { "mount *", "umount2*", "pivot_root*", "open_tree*", "move_mount*",
			     "fs*mount*" },
		.least_ns = 5 * MS,
		.mend = "Fewer mounts, masked and read-only paths in config.json; no overlay made for "
			"each start.",
		.trade_off = "What is not masked can be read in the container.",
	},
	{
		.name = "cpu-quota",
		.title = "a CPU quota of the cgroup holds the start back",
		.states = IN(RUNNABLE),
		.details = { "held back by a CPU quota*" },
		.least_ns = 1 * MS,
		.mend = "Raise cpu.max, or allow bursts (cpu.max.burst, cpu.cfs_burst_us), until the "
			"service is up.",
		.trade_off = "Neighbours on the same CPUs get less for so long.",
	},
	{
		.name = "cpu-contention",
		.title = "the start wants a CPU that is in use, by others or by threads of its own",
		.states = IN(RUNNABLE),
		.details = { "CPU held by *" },
		.least_ns = 1 * MS,
		.least_percent = 20,
		.mend = "More CPUs, or fewer things at once; cpu.weight or nice for what is started.",
		.trade_off = "What is held back instead is somebody else's work.",
	},
	{
		.name = "stolen-time",
		.title = "this host is a virtual machine, and its hypervisor gave the CPUs to others",
		.least_ns = 1 * MS,
		.least_percent = 2,
		.evidence = stolen,
		.mend = "CPUs of one's own on the machine below (dedicated or pinned vCPUs), bare metal, or fewer "
			"things at once there.",
		.trade_off = "CPUs of one's own are idle when their owner is.",
	},
	{
		.name = "cold-page-cache",
		.title = "files are read from disk: they were not in the page cache",
		.states = IN(BLOCKED),
		.details = { "*: disk", "*, disk" }, /* wait.c: how a wait ended is behind all names */
		.not_details = { "fsync*", "fdatasync*", "sync*", "msync*", "write*", "pwrite*",
				 "fallocate*", "ftruncate*", "truncate*", "rename*", "unlink*",
				 "link*", "symlink*", "mkdir*", "umount2*" },
		.least_ns = 1 * MS,
		.evidence = from_disk,
		.mend = "Start once ahead, or read binaries and images into the page cache at boot "
			"(vmtouch, a readahead list); smaller images.",
		.trade_off = "Memory that holds them is not free for others.",
	},
	{
		.name = "sync-to-disk",
		.title = "the start waits until data has reached the disk",
		.states = IN(KERNEL) | IN(BLOCKED),
		.details = { "fsync*", "fdatasync*", "sync*", "sync_file_range*", "msync*" },
		.not_details = { "*synchronize_*" },
		.least_ns = 1 * MS,
		.mend = "Keep the runtime's state on tmpfs (--root, containerd's root).",
		.trade_off = "State on tmpfs is gone after a power failure.",
	},
	{
		.name = "sleep",
		.title = "somebody sleeps for a fixed time instead of waiting for an event",
		.states = IN(BLOCKED),
		.details = { "nanosleep*: timer", "clock_nanosleep*: timer" },
		.least_ns = 1 * MS,
		.least_percent = 2,
		.mend = "Wait for the event itself (inotify, a pidfd, a socket), or poll more often.",
		.trade_off = "Polling more often costs CPU time.",
	},
	{
		.name = "page-faults",
		.title = "memory is touched for the first time, page by page",
		.functions = { "exc_page_fault", "asm_exc_page_fault", "do_user_addr_fault" },
		.not_flags = SCENARIO_VM,
		.least_ns = 1 * MS,
		.least_percent = 15,
		.mend = "Smaller binaries and heaps at the start; transparent huge pages for a large heap; "
			"MAP_POPULATE for what is needed anyway.",
		.trade_off = "Huge pages and populated maps take memory that may never be used.",
	},
	{
		.name = "short-calls",
		.title = "very many short system calls",
		.least_ns = 5 * MS,
		.least_percent = 10,
		.evidence = short_calls,
		.mend = "Read with a buffer, or map the file; wazero reads its compiled cache in such a "
			"way. Being traced makes them longer: see own cost.",
		.trade_off = "A buffer is memory and one more copy.",
	},
	{
		.name = "gvisor-ptrace",
		.title = "gVisor runs on its ptrace platform: every call of the guest is two switches",
		.scenarios = { "gvisor*" },
		.states = IN(KERNEL) | IN(BLOCKED) | IN(RUNNABLE),
		.details = { "ptrace*", "wait4*", "waitid*" },
		.counts = "guest calls seen",
		.evidence = by_ptrace,
		.mend = "--platform=systrap, or kvm on bare metal.",
		.trade_off = "systrap spins a little while it waits; kvm needs /dev/kvm.",
	},
	{
		.name = "gvisor-debug-log",
		.title = "runsc writes a debug log",
		.scenarios = { "gvisor*" },
		.states = IN(KERNEL) | IN(BLOCKED),
		.details = { "write *runsc.log*", "write *.boot.txt*", "write *.run.txt*",
			     "write *.gofer.txt*", "write *.log" },
		.least_ns = MS / 10,
		.mend = "Drop --debug and --strace.",
		.trade_off = "No log when something goes wrong.",
	},
	{
		.name = "syn-retransmit",
		.title = "a connection's first packet was lost and sent again after a second",
		.counts = "retransmissions",
		.evidence = syn_again,
		.mend = "Clients should connect anew after some ms instead of waiting; have the interface "
			"up before the service is announced.",
		.trade_off = "More connection attempts while nobody listens.",
	},
	{
		.name = "proxy-accept",
		.title = "a forwarder takes the connection before the service can: its listen and accept are not "
			 "the service's",
		.not_flags = SCENARIO_VM,
		.counts = "forwarders",
		.evidence = by_proxy,
		.mend = "Ask the service itself: --network host, or dockerd --userland-proxy=false.",
		.trade_off = "Without the forwarder a published port is not reached by 127.0.0.1.",
	},
	{
		.name = "client-interference",
		.title = "the probing client itself was late: this is not the runtime's time",
		.states = IN(CLIENT) | IN(NOTICED_LATE),
		.comm = "client",
		.least_ns = 2 * MS,
		.least_percent = 2,
		.mend = "Measure on a quieter machine or one with more CPUs.",
		.trade_off = "None.",
	},
	{
		.name = "jit-no-cache",
		.title = "the module is compiled at every start",
		.flags = SCENARIO_MODULE,
		.functions = { "*.(*engine).compileModule*", "*compileLocalWasmFunction*",
			       "*/wazevo/backend*", "*/wazevo/ssa*", "*cranelift_codegen*" },
		.least_ns = 10 * MS,
		.least_percent = 20,
		.mend = "Compile ahead (wazero -cachedir, wasmtime compile); a smaller module.",
		.trade_off = "The cache depends on runtime version and CPU, and has to be trusted.",
	},
	{ 0 }
};
