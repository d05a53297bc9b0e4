// SPDX-License-Identifier: GPL-2.0-only
/*
 * milestone_guest.c - moments of a program inside gVisor, told from its trapped calls.
 *
 * With gVisor's own network stack the host sees no socket of the service, but the calls of the
 * sandboxed program trap on the host (RUNTIMES.md §2.b). What a trap tells depends on the platform:
 *
 *   ptrace    the record is the call's return, with its result: as good as on the host.
 *   systrap   the record is the call's *entry*; the result stays inside. A call site may trap only
 *             at its first use (gVisor patches those of the form "mov $nr, %eax; syscall").
 *
 * listen is over as soon as it is called, so its entry stands for it, with a note. accept is not:
 * it waits. A server that uses epoll (Go's, for one) calls accept at once, gets EAGAIN, and calls
 * it again when there is a connection, so the first accept that is called after the connection stood
 * is the one that returned it. (Not the last one before the answer: while one connection is served,
 * an accept loop already asks for the next.) A server that blocks in accept called it before; then
 * nothing is seen of its return, and the milestone is absent and bracketed. A server of several
 * threads that block is taken wrongly: the call seen is the next one, made when the first returned.
 * The note, which says that it is an entry, holds all the same.
 */
#include "user/model/milestone_rules.h"

/* x86-64 numbers, which is what the model speaks of every architecture. */
#define GUEST_ACCEPT 43
#define GUEST_LISTEN 50
#define GUEST_EXECVE 59
#define GUEST_ACCEPT4 288
#define GUEST_EXECVEAT 322

#define ENTRY "entry of the call: its return is inside gVisor"

static bool has_result(const struct sock_event *e)
{
	return e->how == WIRE_GUEST_PTRACE;
}

/* A call of either number; one that is known to have failed does not count. */
static bool is_call(const struct sock_event *e, int64_t nr, int64_t other)
{
	return e->kind == WIRE_GUEST_SYSCALL && (e->value == nr || e->value == other) &&
	       (!has_result(e) || e->ret >= 0);
}

static const struct sock_event *first_call(const struct rules *r, int64_t nr, int64_t other)
{
	const struct sock_event *first = NULL;
	size_t i;

	for (i = 0; i < r->run->n_socks; i++) {
		const struct sock_event *e = &r->run->socks[i];

		if (is_call(e, nr, other) && rules_in_window(r, e->time) &&
		    (!first || e->time < first->time))
			first = e;
	}
	return first;
}

static void find_exec(struct rules *r, uint64_t before)
{
	const struct sock_event *last = NULL;
	size_t i;

	for (i = 0; i < r->run->n_socks; i++) {
		const struct sock_event *e = &r->run->socks[i];

		if (is_call(e, GUEST_EXECVE, GUEST_EXECVEAT) && e->time >= r->launch &&
		    e->time <= before && (!last || e->time >= last->time))
			last = e;
	}
	if (last)
		rules_seen(r, MILESTONE_SERVICE_EXEC, last->time, has_result(last) ? NULL : ENTRY);
	else
		rules_absent(r, MILESTONE_SERVICE_EXEC,
			     "inside gVisor: it starts a program without an execve on the host");
}

static void find_accept(struct rules *r, uint64_t since)
{
	const struct sock_event *real = NULL, *entered = NULL;
	bool any = false;
	size_t i;

	for (i = 0; i < r->run->n_socks; i++) {
		const struct sock_event *e = &r->run->socks[i];

		if (!is_call(e, GUEST_ACCEPT, GUEST_ACCEPT4) || !rules_in_window(r, e->time))
			continue;
		any = true;
		if (has_result(e)) {
			if (e->time >= since && (!real || e->time < real->time))
				real = e;
		} else if (r->established && e->time >= r->established &&
			   (!entered || e->time < entered->time)) {
			entered = e;
		}
	}
	if (real)
		rules_seen(r, MILESTONE_FIRST_ACCEPT, real->time, NULL);
	else if (entered)
		rules_seen(r, MILESTONE_FIRST_ACCEPT, entered->time, ENTRY);
	else if (any && !r->established)
		rules_absent(r, MILESTONE_FIRST_ACCEPT,
			     "inside gVisor; which call took the connection cannot be told");
	else if (any)
		rules_absent(r, MILESTONE_FIRST_ACCEPT,
			     "inside gVisor: called before the client came, its return is unseen");
	else
		rules_absent(r, MILESTONE_FIRST_ACCEPT, "inside gVisor: the call was not seen");
}

/* Neither the socket nor its port is seen from outside. */
static bool listens_more_than_once(const struct rules *r)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < r->run->n_socks; i++)
		n += is_call(&r->run->socks[i], GUEST_LISTEN, GUEST_LISTEN) &&
		     rules_in_window(r, r->run->socks[i].time);
	return n > 1;
}

void rules_gvisor(struct rules *r)
{
	const struct sock_event *listen = first_call(r, GUEST_LISTEN, GUEST_LISTEN);

	if (listen && listens_more_than_once(r))
		rules_seen(r, MILESTONE_LISTEN, listen->time,
			   "the first of several inside gVisor: which is the service's is not seen");
	else if (listen)
		rules_seen(r, MILESTONE_LISTEN, listen->time, has_result(listen) ? NULL : ENTRY);
	else
		rules_absent(r, MILESTONE_LISTEN, "inside gVisor: the call was not seen");
	find_exec(r, listen ? listen->time : r->end);
	find_accept(r, listen ? listen->time : r->launch);
}
