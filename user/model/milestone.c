// SPDX-License-Identifier: GPL-2.0-only
/*
 * milestone.c - which record is which moment.
 *
 *   launch        entry of the first execve of the root process
 *   exec          that execve's new program is ready
 *   service_exec  last exec, before listen, of the program that listens. A process that listens
 *                 without an exec of its own runs the program of the one that forked it.
 *   listen        first LISTEN on the service's port in the run's namespace. The probes see TCP
 *                 only, so control sockets (AF_UNIX) of runtimes are no trap.
 *   connected     the connection that was answered stands: the kernel's ESTABLISHED on the client's
 *                 side, which precedes whatever the server does with it. The client's own time is
 *                 later by its wake-up, possibly later than the server's accept: a fall-back.
 *   first_accept  first ACCEPT on the port since listen, at its return. Of any connection: one that
 *                 the client gave up may be taken first.
 *   first_byte    of the answer, as the client saw it
 *                 Neither listen nor first_accept is a forwarder's (docker-proxy and the like), who
 *                 has the port long before the service does.
 *   ready         what the user said makes the command ready, as the record READY has it; there it
 *                 is the end of the cold start, and what comes later is not considered
 *
 * What lies before launch or after the first byte cannot have led to it and is not considered.
 * In a VM nothing of the service is visible; who listens and accepts there on the host is a
 * forwarder of the VMM, which does so long before the guest is up.
 */
#include "user/model/milestone.h"

#include "user/model/milestone_rules.h"

#include <string.h>

#define NOT_LAUNCHED "the launch was not seen"

bool milestone_is_proxy(const char *exe)
{
	static const char *const names[] = {
		"docker-proxy", "rootlessport", "rootlesskit", "slirp4netns", "pasta", "pasta.avx2",
		"passt", "passt.avx2", "gvproxy", "kubectl",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(exe, names[i]))
			return true;
	return false;
}

const char *milestone_name(enum milestone m)
{
	static const char *const names[] = {
#define MILESTONE_NAME(NAME, name) [MILESTONE_##NAME] = name,
		MILESTONES(MILESTONE_NAME)
#undef MILESTONE_NAME
	};

	return m < MILESTONE_COUNT ? names[m] : "";
}

const char *milestone_title(enum milestone m)
{
	static const char *const titles[MILESTONE_COUNT] = {
		[MILESTONE_LAUNCH] = "launch",
		[MILESTONE_EXEC] = "exec",
		[MILESTONE_SERVICE_EXEC] = "service exec",
		[MILESTONE_LISTEN] = "listen",
		[MILESTONE_CONNECTED] = "connected",
		[MILESTONE_FIRST_ACCEPT] = "first accept",
		[MILESTONE_FIRST_BYTE] = "first byte",
		[MILESTONE_READY] = "ready",
	};

	return m < MILESTONE_COUNT ? titles[m] : "";
}

void rules_seen(struct rules *r, enum milestone which, uint64_t time, const char *note)
{
	r->m->seen[which] = true;
	r->m->at[which] = time - r->launch;
	r->m->note[which] = note;
	r->m->why[which] = NULL;
}

void rules_absent(struct rules *r, enum milestone which, const char *why)
{
	r->m->seen[which] = false;
	r->m->why[which] = why;
}

bool rules_in_window(const struct rules *r, uint64_t time)
{
	return time >= r->launch && time <= r->end;
}

/* The root's execve; false when it is not in the recording. */
static bool find_launch(struct rules *r)
{
	const struct tree *tree = &r->run->tree;
	const struct process *root;
	const struct exec *first;
	size_t i;

	if (!tree->has_root || tree->processes[0]->n_execs == 0)
		return false;
	root = tree->processes[0];
	first = &root->execs[0];
	for (i = 1; i < root->n_execs; i++) {
		if (root->execs[i].time < first->time)
			first = &root->execs[i];
	}
	r->launch = first->enter ? first->enter : first->time;
	if (r->launch == 0)
		return false;
	r->m->launch = r->launch;
	if (first->enter) {
		rules_seen(r, MILESTONE_LAUNCH, r->launch, NULL);
		rules_seen(r, MILESTONE_EXEC, first->time, NULL);
	} else {
		rules_seen(r, MILESTONE_LAUNCH, r->launch,
			   "end of the execve: its entry was not seen");
		rules_absent(r, MILESTONE_EXEC, "the entry of the execve was not seen");
	}
	return true;
}

static void find_first_byte(struct rules *r)
{
	const struct host_client *client = &r->run->client;

	r->end = UINT64_MAX;
	if (!r->run->has_client)
		rules_absent(r, MILESTONE_FIRST_BYTE, "nothing is known of the client");
	else if (client->first_byte == 0)
		rules_absent(r, MILESTONE_FIRST_BYTE, "no answer came");
	else if (client->first_byte < r->launch)
		rules_absent(r, MILESTONE_FIRST_BYTE, "its time is before the launch");
	else {
		r->end = client->first_byte;
		rules_seen(r, MILESTONE_FIRST_BYTE, client->first_byte, NULL);
		r->m->uncertainty = client->uncertainty;
	}
}

/* Told by something else than an answer: then that is the end. */
static void find_ready(struct rules *r)
{
	static const char *const notes[] = {
		[READY_EXEC] = "the first exec in namespaces of its own",
		[READY_EXIT] = "the command's end",
		[READY_ACCEPT] = "the first accept",
		[READY_LINE] = "a line of its output, when coldprof's client had read it",
	};
	const struct host_ready *ready = &r->run->ready;

	if (ready->time < r->launch) {
		rules_absent(r, MILESTONE_READY, "its time is before the launch");
		r->end = UINT64_MAX;
		return;
	}
	if (r->m->seen[MILESTONE_FIRST_BYTE] && r->end > ready->time)
		rules_absent(r, MILESTONE_FIRST_BYTE, "the command was ready before");
	else if (!r->run->has_client)
		rules_absent(r, MILESTONE_FIRST_BYTE, "nobody asked for an answer");
	r->end = ready->time;
	r->m->uncertainty = 0;
	rules_seen(r, MILESTONE_READY, ready->time,
		   ready->how < ARRAY_SIZE(notes) ? notes[ready->how] : NULL);
}

static bool on_port(const struct rules *r, uint16_t port)
{
	return r->port == 0 || port == r->port;
}

static bool is_clients_connection(const struct rules *r, const struct sock_event *e)
{
	return e->kind == WIRE_ESTABLISHED && !e->passive && on_port(r, e->remote_port) &&
	       (r->run->client_netns == 0 || e->netns == r->run->client_netns) &&
	       rules_in_window(r, e->time);
}

static void find_connected(struct rules *r)
{
	const struct host_client *client = &r->run->client;
	uint64_t good = 0;
	size_t i;

	for (i = 0; i < r->run->n_socks; i++) {
		const struct sock_event *e = &r->run->socks[i];

		if (!is_clients_connection(r, e))
			continue;
		if (!r->established || e->time < r->established)
			r->established = e->time;
		/* The last one before the client noticed: earlier ones were given up. */
		if (e->time >= client->connect && e->time <= client->connected && e->time > good)
			good = e->time;
	}
	if (!r->run->has_client)
		rules_absent(r, MILESTONE_CONNECTED, r->run->has_ready ?
			     "nobody connected" : "nothing is known of the client");
	else if (!client->connected)
		rules_absent(r, MILESTONE_CONNECTED, "no connection succeeded");
	else if (!rules_in_window(r, client->connected))
		rules_absent(r, MILESTONE_CONNECTED, "its time is outside of launch to first byte");
	else if (good)
		rules_seen(r, MILESTONE_CONNECTED, good, NULL);
	else
		rules_seen(r, MILESTONE_CONNECTED, client->connected,
			   "when the client noticed: the kernel's own event was not seen");
}

/* Who had this pid at that time: pids are re-used. */
static const struct process *process_at(const struct tree *tree, uint32_t pid, uint64_t time)
{
	size_t i;

	for (i = tree->n; i-- > 0;) {
		const struct process *p = tree->processes[i];

		if (p->pid == pid && p->start <= time && (!p->end || p->end >= time))
			return p;
	}
	return NULL;
}

/* The exec whose program runs in p at that time, by p itself or by whom it was forked from. */
static const struct exec *program_of(const struct process *p, uint64_t time)
{
	for (; p; p = p->parent) {
		const struct exec *last = NULL;
		size_t i;

		for (i = 0; i < p->n_execs; i++) {
			const struct exec *e = &p->execs[i];

			if (e->time <= time && (!last || e->time >= last->time))
				last = e;
		}
		if (last)
			return last;
		if (!p->parent_tid) /* its birth was not seen: who knows from whom */
			return NULL;
		time = p->start;
	}
	return NULL;
}

static bool is_proxys(const struct rules *r, const struct sock_event *e)
{
	const struct exec *program;

	if (e->kind != WIRE_LISTEN && e->kind != WIRE_ACCEPT)
		return false;
	program = program_of(process_at(&r->run->tree, e->pid, e->time), e->time);
	return program && milestone_is_proxy(program->exe);
}

static bool has_proxy(const struct rules *r)
{
	size_t i;

	for (i = 0; i < r->run->n_socks; i++)
		if (on_port(r, r->run->socks[i].local_port) && is_proxys(r, &r->run->socks[i]))
			return true;
	return false;
}

/* Earliest event of a kind on the service's port, not before start and no forwarder's. */
static const struct sock_event *first_on_port(const struct rules *r, uint16_t kind, uint64_t start)
{
	const struct sock_event *first = NULL;
	size_t i;

	for (i = 0; i < r->run->n_socks; i++) {
		const struct sock_event *e = &r->run->socks[i];

		if (e->kind == kind && e->time >= start && on_port(r, e->local_port) &&
		    (r->run->netns == 0 || e->netns == r->run->netns) &&
		    (!first || e->time < first->time) && !is_proxys(r, e))
			first = e;
	}
	return first;
}

static void find_service(struct rules *r, const struct sock_event *listen)
{
	const struct process *service = process_at(&r->run->tree, listen->pid, listen->time);
	const struct exec *program = service ? program_of(service, listen->time) : NULL;

	r->m->service_pid = listen->pid;
	if (program && program->time >= r->launch)
		rules_seen(r, MILESTONE_SERVICE_EXEC, program->time, NULL);
	else
		rules_absent(r, MILESTONE_SERVICE_EXEC,
			     "the exec of the process that listens was not seen");
}

static void find_accept(struct rules *r, uint64_t listen, const char *note)
{
	const struct sock_event *accept = first_on_port(r, WIRE_ACCEPT, listen);

	if (!accept)
		rules_absent(r, MILESTONE_FIRST_ACCEPT, r->proxied ?
			     "a forwarder accepts on the port, on behalf of the service" :
			     "no accept on the port was seen");
	else if (accept->time > r->end)
		rules_absent(r, MILESTONE_FIRST_ACCEPT,
			     "accepts were seen only after the first byte: events are lost");
	else
		rules_seen(r, MILESTONE_FIRST_ACCEPT, accept->time, note);
}

/* The service's sockets are the host kernel's. */
static void rules_host(struct rules *r, const struct sock_event *listen)
{
	uint32_t flags = r->run->scenario ? r->run->scenario->flags : 0;
	const char *sentry = NULL;

	if (flags & SCENARIO_GUEST_ACCEPT)
		sentry = "by gVisor's kernel on behalf of the program";
	r->proxied = has_proxy(r);
	if (r->proxied && r->m->seen[MILESTONE_CONNECTED])
		r->m->note[MILESTONE_CONNECTED] = "possibly to a forwarder";
	if (listen && listen->time <= r->end) {
		rules_seen(r, MILESTONE_LISTEN, listen->time, sentry);
		find_service(r, listen);
		find_accept(r, listen->time, sentry);
	} else {
		rules_absent(r, MILESTONE_LISTEN, listen ?
			     "it was seen only after the first byte: events are lost" :
			     r->proxied ? "a forwarder listens on the port, on behalf of the service" :
			     "nothing was seen to listen on the port");
		rules_absent(r, MILESTONE_SERVICE_EXEC, "who listens was not seen");
		find_accept(r, r->launch, sentry);
	}
	if (flags & SCENARIO_MODULE) {
		rules_absent(r, MILESTONE_SERVICE_EXEC,
			     "the service is a module inside the runtime's process");
	} else if (sentry) {
		rules_absent(r, MILESTONE_SERVICE_EXEC,
			     "inside gVisor: it starts a program without an execve on the host");
		r->m->service_pid = 0;
	}
}

static void rules_vm(struct rules *r)
{
	static const char why[] = "inside the guest";

	rules_absent(r, MILESTONE_SERVICE_EXEC, why);
	rules_absent(r, MILESTONE_LISTEN, why);
	rules_absent(r, MILESTONE_FIRST_ACCEPT, why);
	r->proxied = first_on_port(r, WIRE_LISTEN, r->launch) ||
		     first_on_port(r, WIRE_ACCEPT, r->launch);
	if (r->proxied && r->m->seen[MILESTONE_CONNECTED])
		r->m->note[MILESTONE_CONNECTED] = "to the VMM's forwarder, not to the guest";
}

/*
 * Between which moments does a milestone lie that was not seen? The connection is special: its time
 * as the client noticed it can be later than the accept, and with a forwarder it says nothing.
 */
static void bracket(struct rules *r, enum milestone which)
{
	struct milestones *m = r->m;
	uint64_t from = 0, to = UINT64_MAX;
	int i;

	for (i = 0; i < (int)which; i++) {
		if (m->seen[i] && i != MILESTONE_CONNECTED && m->at[i] > from)
			from = m->at[i];
	}
	if (which == MILESTONE_FIRST_ACCEPT && r->established && !r->proxied &&
	    r->established - r->launch > from)
		from = r->established - r->launch;
	for (i = (int)which + 1; i < MILESTONE_COUNT; i++) {
		if (m->seen[i] && (i != MILESTONE_CONNECTED || !r->proxied) && m->at[i] < to)
			to = m->at[i];
	}
	if (to == UINT64_MAX || from > to)
		return;
	m->bracketed[which] = true;
	m->from[which] = from;
	m->to[which] = to;
}

static void bracket_absent(struct rules *r)
{
	static const enum milestone which[] = { MILESTONE_SERVICE_EXEC, MILESTONE_LISTEN,
						MILESTONE_FIRST_ACCEPT };
	uint32_t flags = r->run->scenario ? r->run->scenario->flags : 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(which); i++) {
		if (r->m->seen[which[i]])
			continue;
		/* A module is never executed: there is no moment to be bracketed. */
		if (which[i] == MILESTONE_SERVICE_EXEC && (flags & SCENARIO_MODULE))
			continue;
		bracket(r, which[i]);
	}
}

void milestones_find(struct run *run, uint16_t port)
{
	struct rules r = { .run = run, .m = &run->milestones, .port = port };
	uint32_t flags = run->scenario ? run->scenario->flags : 0;
	const struct sock_event *listen;
	int i;

	*r.m = (struct milestones){ .n = run->has_ready ? MILESTONE_COUNT : MILESTONE_READY,
				    .end = run->has_ready ? MILESTONE_READY : MILESTONE_FIRST_BYTE };
	for (i = 0; i < r.m->n; i++)
		r.m->why[i] = NOT_LAUNCHED;
	if (!find_launch(&r))
		return;
	find_first_byte(&r);
	if (run->has_ready)
		find_ready(&r);
	find_connected(&r);
	listen = first_on_port(&r, WIRE_LISTEN, r.launch);
	if (flags & SCENARIO_VM)
		rules_vm(&r);
	else if ((flags & SCENARIO_GUEST_ACCEPT) && !listen)
		rules_gvisor(&r);
	else
		rules_host(&r, listen);
	bracket_absent(&r);
}
