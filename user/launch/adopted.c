// SPDX-License-Identifier: GPL-2.0-only
/* adopted.c - the rules of adoption, and a run's daemons. */
#include "user/launch/adopted.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "bpf/shared.h"
#include "user/base/mem.h"
#include "user/collect/collector.h"
#include "user/launch/keeper_box.h"

#define BOTH (ADOPT_FOR_RUN | ADOPT_STARTS)
#define CONTAINER (BOTH | ADOPT_MOVES)
#define MACHINE (BOTH | ADOPT_ID_OPTIONAL | ADOPT_IS_SERVICE)
#define ASKS "--version", "--help", "-h" /* what it can be asked instead of starting anything */
/* Also with "exec": its own last argument may be any word, a verb too. */
#define OCI_RUNTIME(NAME, ...)                                                                     \
	{ .exe = NAME, .name = NAME, .verbs = { __VA_ARGS__ }, .deny = { ASKS, "-v", "exec" },     \
	  .use = CONTAINER }
/* Its kinds of machines and devices are asked for without one, as libvirt does by "-machine none". */
#define QEMU(NAME)                                                                                 \
	{ .exe = NAME, .name = "QEMU", .id_after = "-name", .skip = "guest=",                      \
	  .deny = { ASKS, "-version", "-help", "help", "?" }, .behind = { "-machine", "-M" },      \
	  .bad = { "none", "none,accel=", "help" }, .use = MACHINE }
#define END_MS 1000 /* a container has this long to end when it is asked to */
#define END_POLL_MS 10

/*
 * What daemons execute to start a container or a machine, and where its argv has the id. Their
 * descendants (runc below a shim, QEMU below Kata's) are inherited and need no rule. A shim is
 * executed for other things too (`delete`): only its verb tells. A pod's second container has a shim
 * that only asks the first one's: what that executes then (`runc create`) has the id.
 */
const struct adopt_program adopt_programs[] = {
	{ .exe = "containerd-shim-*", .name = "containerd shim", .id_after = "-id",
	  .verbs = { "start" }, .deny = { ASKS, "-v" }, .use = CONTAINER | ADOPT_HANDS_OVER },
	/* Of an exec it is the monitor too. */
	{ .exe = "conmon", .name = "conmon", .id_after = "-c", .deny = { ASKS, "-e", "--exec", "--exec-attach" },
	  .use = CONTAINER },
	OCI_RUNTIME("runc", "create", "run", "restore"),
	OCI_RUNTIME("crun", "create", "run", "restore"),
	OCI_RUNTIME("youki", "create", "run"),
	OCI_RUNTIME("runsc", "create", "run", "restore"),
	QEMU("qemu-system-*"),
	QEMU("qemu-kvm"),
	/* Releases are called firecracker-v1.12.0-x86_64. */
	{ .exe = "firecracker*", .name = "Firecracker", .id_after = "--id",
	  .deny = { ASKS, "-V", "--snapshot-version", "--describe-snapshot" }, .use = MACHINE },
	{ .exe = "jailer*", .name = "Firecracker's jailer", .id_after = "--id", .deny = { ASKS, "-V" },
	  .use = BOTH },
	/* It has no id: the socket by which it is spoken to is its own. */
	{ .exe = "cloud-hypervisor*", .name = "cloud-hypervisor", .id_after = "--api-socket",
	  .skip = "path=", .deny = { ASKS, "-V" }, .use = MACHINE },
	/* The clients: not adopted, but not a container's program either. */
	{ .exe = "docker", .name = "docker" },
	{ .exe = "podman", .name = "podman" },
	{ .exe = "nerdctl", .name = "nerdctl" },
	{ .exe = "ctr", .name = "ctr" },
	{ .exe = "virsh", .name = "virsh" },
	{ 0 }
};

int adopted_daemons(struct adopted *a, struct collector *c, const struct scenario_ops *ops,
		    pid_t keeper, struct error *err)
{
	pid_t children[ADOPTED_DAEMONS];
	size_t i, n;
	int ret = 0;

	if (!ops->daemon)
		return 0;
	n = box_children(keeper, children, ADOPTED_DAEMONS);
	if (!n)
		return error_set(err, -ESRCH, "%s ended before the launch", ops->daemon);
	for (i = 0; i < n && !ret; i++) {
		ret = collector_adopt_daemon(c, children[i]);
		a->daemons[a->n_daemons++] = children[i];
	}
	return ret ? error_errno(err, ret, "cannot count %s to the run", ops->daemon) : 0;
}

void adopted_command(struct collector *c, char *const *command, const struct args *ids)
{
	size_t i;

	for (; command && *command; command++)
		if (**command)
			collector_adopt_id(c, *command, true);
	for (i = 0; i < ids->n; i++)
		collector_adopt_id(c, ids->list[i], false);
}

static const struct adopt_program *program_named(const char *exe)
{
	const struct adopt_program *p;

	for (p = adopt_programs; p->exe; p++) {
		size_t n = strlen(p->exe);
		bool prefix = p->exe[n - 1] == '*';

		if (prefix ? !strncmp(exe, p->exe, n - 1) : !strcmp(exe, p->exe))
			return p;
	}
	return NULL;
}

bool adopted_hands_over(const char *rule)
{
	const struct adopt_program *p;

	for (p = adopt_programs; p->exe && strcmp(p->name, rule); p++)
		;
	return p->exe && (p->use & ADOPT_HANDS_OVER);
}

static bool is_manager(const struct adopted *a, uint32_t pid)
{
	size_t i;

	for (i = 0; i < a->n_managers; i++)
		if (a->managers[i] == pid)
			return true;
	return false;
}

static void set_manager(struct adopted *a, uint32_t pid, bool manages)
{
	size_t i;

	for (i = 0; i < a->n_managers && a->managers[i] != pid; i++)
		;
	if (i == a->n_managers && manages && i < ADOPTED_MANAGERS)
		a->managers[a->n_managers++] = pid;
	else if (i < a->n_managers && !manages)
		a->managers[i] = a->managers[--a->n_managers];
}

static void add_top(struct adopted *a, uint32_t pid)
{
	a->tops[a->n_tops++ % ADOPTED_TOPS] = pid;
}

static void note_exec(struct adopted *a, uint32_t pid, const struct wire_exec *e)
{
	char exe[sizeof(e->exe_name) + 1] = "";
	const struct adopt_program *p;
	bool was_manager = is_manager(a, pid), manages;

	memcpy(exe, e->exe_name, sizeof(e->exe_name));
	p = program_named(exe);
	a->container |= p != NULL;
	if (e->root && !a->root)
		a->root = pid;
	manages = p && !(p->use & ADOPT_IS_SERVICE);
	set_manager(a, pid, manages);
	/* What a runtime's child executes that is no runtime is what the container is for. */
	if (a->n_adopted && (was_manager || (p && p->use & ADOPT_IS_SERVICE)) && !manages)
		add_top(a, pid);
}

static void note_exit(struct adopted *a, uint32_t pid, const struct wire_exit *e)
{
	size_t i;

	if (!e->group_dead)
		return;
	set_manager(a, pid, false);
	for (i = 0; i < a->n_daemons; i++)
		if (a->daemons[i] == pid && !a->daemon_ended) {
			a->daemon_ended = true;
			a->daemon_status = e->code;
		}
}

/* A shim forks the shim that stays, and that one has not executed anything. */
static void note_fork(struct adopted *a, uint32_t pid, const struct wire_fork *f)
{
	size_t i;

	for (i = 0; i < a->n_managers && f->child_pid == f->child_tid; i++)
		if (a->managers[i] == pid) {
			set_manager(a, f->child_pid, true);
			return;
		}
}

/* What somebody else's daemon made for the run is a container's or a machine's, and ends with the run. */
static void note_adopted(struct adopted *a, uint32_t pid, const struct wire_adopted *adopted)
{
	if (adopted->how != WIRE_ADOPTED_EXEC && adopted->how != WIRE_ADOPTED_CGROUP)
		return;
	if (adopted->how == WIRE_ADOPTED_CGROUP)
		add_top(a, pid);
	a->n_adopted++;
	a->container = true;
}

void adopted_record(struct adopted *a, const struct wire_head *record)
{
	const void *body = record + 1;

	switch (record->kind) {
	case WIRE_FORK:
		note_fork(a, record->pid, body);
		break;
	case WIRE_EXEC:
		note_exec(a, record->pid, body);
		break;
	case WIRE_EXIT:
		note_exit(a, record->pid, body);
		break;
	case WIRE_ADOPTED:
		note_adopted(a, record->pid, body);
		break;
	default:
		break;
	}
}

void adopted_tell(struct adopted *a, const struct keeper *k, uint64_t since)
{
	if (a->n_tops - a->n_told > ADOPTED_TOPS)
		a->n_told = a->n_tops - ADOPTED_TOPS;
	for (; a->n_told < a->n_tops; a->n_told++) {
		uint32_t pid = a->tops[a->n_told % ADOPTED_TOPS];

		if (box_born_after(pid, since))
			keeper_adopt(k, pid);
	}
}

/* ---- the end ---------------------------------------------------------------------------------- */

void adopted_hold(struct adopted *a, const uint32_t *pids, size_t n)
{
	size_t i;

	a->held = xcalloc(n ? n : 1, sizeof(*a->held));
	for (i = 0; i < n && i < ADOPTED_HELD; i++) {
		a->held[a->n_held].pid = pids[i];
		a->held[a->n_held].fd = pidfd_open(pids[i], 0);
		a->n_held += a->held[a->n_held].fd >= 0;
	}
}

static void drop(struct adopted_held *held)
{
	if (held->fd >= 0)
		close(held->fd);
	held->fd = -1;
}

/* What has ended before it was opened, or was not made by the run, is let go of. */
static void keep_ours(struct adopted *a, const uint32_t *pids, size_t n, uint64_t since)
{
	size_t i, k;

	for (i = 0; i < a->n_held; i++) {
		for (k = 0; k < n && pids[k] != a->held[i].pid; k++)
			;
		if (k == n || !box_born_after(a->held[i].pid, since))
			drop(&a->held[i]);
	}
}

/* Signal those that are still there, managers and the root process excepted; returns how many. */
static size_t signal_all(struct adopted *a, int sig)
{
	size_t i, there = 0;

	for (i = 0; i < a->n_held; i++) {
		struct adopted_held *held = &a->held[i];

		if (held->fd < 0 || held->pid == a->root || is_manager(a, held->pid))
			continue;
		if (pidfd_send_signal(held->fd, sig, NULL, 0) || !box_start_of(held->pid))
			drop(held); /* gone, or a zombie */
		else
			there++;
	}
	return there;
}

/* The client passes the signal on to its container; where it has ended, nobody does. */
static bool signal_root(const struct adopted *a)
{
	size_t i;

	for (i = 0; i < a->n_held; i++)
		if (a->root && a->held[i].pid == a->root && a->held[i].fd >= 0)
			return !pidfd_send_signal(a->held[i].fd, SIGTERM, NULL, 0);
	return false;
}

void adopted_end(struct adopted *a, const uint32_t *pids, size_t n, uint64_t since)
{
	struct timespec pause = { .tv_nsec = END_POLL_MS * 1000000 };
	unsigned int ms;
	size_t i;

	keep_ours(a, pids, n, since);
	if (a->container && since) {
		if (!signal_root(a))
			signal_all(a, SIGTERM);
		for (ms = 0; ms < END_MS && signal_all(a, 0); ms += END_POLL_MS)
			nanosleep(&pause, NULL);
		signal_all(a, SIGKILL);
	}
	for (i = 0; i < a->n_held; i++)
		drop(&a->held[i]);
	free(a->held);
	a->held = NULL;
	a->n_held = 0;
}
