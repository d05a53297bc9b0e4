// SPDX-License-Identifier: GPL-2.0-only
/* test_procmem.c - memory of real processes whose size is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/collect/procmem.h"

#define MIB (1024 * 1024ull)
#define ANON (13 * MIB)
#define SHARED (7 * MIB)

/* fork() that cannot fail unseen: its -1 given to kill() would mean every process there is. */
static pid_t checked_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	return pid;
}

static void *map(size_t size, int flags)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	memset(p, 1, size);
	return p;
}

/* A child that owns ANON of its own memory and SHARED that is mapped by us too. */
static pid_t start_child(const char *name, void *shared)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = checked_fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		map(ANON, MAP_PRIVATE);
		memset(shared, 2, SHARED);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void stop_child(pid_t pid)
{
	assert_true(pid > 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_known_size(void **state)
{
	void *shared = map(SHARED, MAP_SHARED);
	pid_t pid = start_child("a\\b\nc (d) ef", shared);
	struct process_memory m;

	(void)state;
	assert_int_equal(procmem_read(pid, &m), 0);
	assert_int_equal(m.pid, pid);
	assert_int_equal(m.body.mm_owner, pid);
	assert_string_equal(m.body.comm, "a\\b\nc (d) ef");
	assert_true(m.body.pss_anon >= ANON && m.body.pss_anon < ANON + 4 * MIB);
	/* Two processes have it mapped: half of it each. */
	assert_true(m.body.pss_shmem >= SHARED / 2 && m.body.pss_shmem < SHARED / 2 + MIB);
	assert_true(m.body.rss >= ANON + SHARED);
	assert_true(m.body.uss >= ANON && m.body.uss < m.body.rss - SHARED + 4096);
	assert_true(m.body.pss <= m.body.rss && m.body.uss <= m.body.pss);
	assert_int_equal(m.body.pss_anon + m.body.pss_file + m.body.pss_shmem, m.body.pss);
	assert_int_equal(m.body.rss_anon + m.body.rss_file + m.body.rss_shmem, m.body.rss);
	assert_int_equal(m.body.threads, 1);
	assert_true(m.body.page_tables >= 13 * MIB / 512);
	stop_child(pid);
	munmap(shared, SHARED);
}

static void test_gone(void **state)
{
	struct process_memory m;
	pid_t pid = checked_fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	waitid(P_PID, pid, NULL, WEXITED | WNOWAIT);
	assert_int_equal(procmem_read(pid, &m), -ESRCH); /* zombie */
	waitpid(pid, NULL, 0);
	assert_int_equal(procmem_read(pid, &m), -ESRCH);
	assert_int_equal(procmem_read(2, &m), -ESRCH); /* kernel thread */
}

static int idle(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

/* Classes to the process, mappings to the process: exactly. */
static void check_sums(const struct process_memory *m)
{
	const struct host_memory_process *b = &m->body;
	uint64_t rss = 0, pss = 0;
	uint32_t count = 0;
	size_t i;

	assert_int_equal(b->pss_anon + b->pss_file + b->pss_shmem + b->pss_guest, b->pss);
	assert_int_equal(b->rss_anon + b->rss_file + b->rss_shmem + b->rss_guest, b->rss);
	assert_true(m->n_groups >= 2 && m->n_groups <= PROCMEM_MAPPINGS + 1);
	for (i = 0; i < m->n_groups; i++) {
		assert_true((m->groups[i].body.kind == MAPPING_REST) == (i == m->n_groups - 1));
		rss += m->groups[i].body.rss;
		pss += m->groups[i].body.pss;
		count += m->groups[i].body.count;
	}
	assert_int_equal(rss, b->rss);
	assert_int_equal(pss, b->pss);
	assert_true(count >= b->mappings); /* one that holds guest RAM and other things is two */
}

/* As gVisor's stubs: another process, the same memory. */
static void test_shared_mm(void **state)
{
	static char stack[65536] __attribute__((aligned(16)));
	void *shared = map(SHARED, MAP_SHARED);
	struct process_memory *m = NULL;
	pid_t pids[5];
	size_t n, i;

	(void)state;
	pids[0] = start_child("first", shared);
	pids[1] = getpid();
	pids[2] = start_child("second", shared);
	pids[3] = clone(idle, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	assert_true(pids[3] > 0);
	pids[4] = 0x7ffffff0; /* nobody */
	n = procmem_read_all(pids, 5, NULL, &m);
	assert_int_equal(n, 4);
	for (i = 0; i < n; i++) {
		assert_int_equal(m[i].pid, pids[i]);
		assert_int_equal(m[i].body.mm_owner, i == 3 ? pids[1] : pids[i]);
		if (i != 3)
			check_sums(&m[i]);
		else
			assert_int_equal(m[i].n_groups, 0); /* told with its owner's */
	}
	procmem_release(m, n);
	stop_child(pids[3]);
	stop_child(pids[2]);
	stop_child(pids[0]);
	munmap(shared, SHARED);
}

/*
 * 64 MiB of guest RAM of which 10 MiB are touched, in the middle of a larger mapping of which more is
 * touched: exactly the 10 MiB are the guest's. (pagemap says so to root and to the owner.)
 */
static void test_guest(void **state)
{
	size_t guest = 64 * MIB, room = guest + 16 * MIB;
	char *p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct wire_kvm_memslot slot = { .slot = 1, .hva = (uintptr_t)p + 4 * MIB, .bytes = guest };
	struct guestram g = { 0 };
	struct process_memory *m = NULL;
	pid_t pid = getpid();
	uint64_t found = 0;
	size_t i;

	(void)state;
	assert_true(p != MAP_FAILED);
	madvise(p, room, MADV_NOHUGEPAGE);
	memset(p, 1, 3 * MIB);
	memset(p + 4 * MIB, 1, 10 * MIB);
	memset(p + room - 2 * MIB, 1, 2 * MIB);
	guestram_record(&g, (uint32_t)pid, &slot);
	assert_int_equal(procmem_read_all(&pid, 1, &g, &m), 1);
	assert_int_equal(m->body.guest_how, GUEST_SLOTS);
	assert_int_equal(m->body.guest_given, guest);
	assert_int_equal(m->body.rss_guest, 10 * MIB);
	assert_int_equal(m->body.pss_guest, 10 * MIB);
	check_sums(m);
	for (i = 0; i < m->n_groups; i++)
		if (m->groups[i].body.kind == MAPPING_GUEST)
			found += m->groups[i].body.rss;
	assert_int_equal(found, 10 * MIB);
	procmem_release(m, 1);
	guestram_release(&g);
	munmap(p, room);
}

/* Processes that end while they are read: whoever is left owns what he has, and who shares is told. */
static void test_ending(void **state)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pids[42], sharer = clone(idle, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	struct process_memory *m;
	size_t n, i, round;

	(void)state;
	assert_true(sharer > 0);
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 40; i++) {
			pids[i] = checked_fork();
			if (pids[i] == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				usleep((useconds_t)(i * 37 % 40 * 250));
				_exit(0);
			}
		}
		/* What shares is told apart from what ends between them. */
		pids[40] = sharer;
		pids[41] = getpid();
		n = procmem_read_all(pids, 42, NULL, &m);
		assert_true(n >= 2);
		assert_int_equal(m[n - 2].pid, sharer);
		assert_int_equal(m[n - 1].pid, getpid());
		for (i = 0; i < n - 1; i++)
			assert_int_equal(m[i].body.mm_owner, m[i].pid);
		assert_int_equal(m[n - 1].body.mm_owner, sharer);
		procmem_release(m, n);
		for (i = 0; i < 40; i++)
			waitpid(pids[i], NULL, 0);
	}
	stop_child(sharer);
}

/*
 * Guest RAM in a memfd of which a helper has touched another part: the helper's is guest RAM, and what
 * is there of it is told once, with the VMM.
 */
static void test_helper(void **state)
{
	int fd = memfd_create("guest", MFD_CLOEXEC), ready[2];
	size_t guest = 16 * MIB;
	struct wire_kvm_memslot slot = { .slot = 1, .bytes = guest };
	struct process_memory *m = NULL;
	struct guestram g = { 0 };
	pid_t pids[2];
	char *p, c;

	(void)state;
	assert_int_equal(ftruncate(fd, (off_t)guest), 0);
	p = mmap(NULL, guest, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(p != MAP_FAILED);
	assert_int_equal(pipe(ready), 0);
	memset(p, 1, 3 * MIB);
	pids[0] = checked_fork();
	if (pids[0] == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		memset(p + 2 * MIB, 2, 4 * MIB);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	pids[1] = getpid();
	slot.hva = (uintptr_t)p;
	guestram_record(&g, (uint32_t)pids[1], &slot);
	assert_int_equal(procmem_read_all(pids, 2, &g, &m), 2);
	assert_int_equal(m[0].body.guest_how, GUEST_HELPER);
	assert_int_equal(m[0].body.guest_given, 0);
	assert_int_equal(m[0].body.rss_guest, 4 * MIB);
	assert_int_equal(m[1].body.guest_how, GUEST_SLOTS);
	assert_int_equal(m[1].body.guest_given, guest);
	assert_int_equal(m[1].body.rss_guest, 3 * MIB);
	assert_int_equal(m[1].body.guest_there, 6 * MIB);
	/* 2 MiB are the VMM's alone, 1 MiB both have, 3 MiB are the helper's. */
	assert_int_equal(m[0].body.pss_guest + m[1].body.pss_guest, 6 * MIB);
	check_sums(&m[0]);
	check_sums(&m[1]);
	procmem_release(m, 2);
	guestram_release(&g);
	stop_child(pids[0]);
	munmap(p, guest);
	close(fd);
}

static void test_none(void **state)
{
	struct process_memory *m = NULL;

	(void)state;
	assert_int_equal(procmem_read_all(NULL, 0, NULL, &m), 0);
	procmem_release(m, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_size),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_shared_mm),
		cmocka_unit_test(test_guest),
		cmocka_unit_test(test_ending),
		cmocka_unit_test(test_helper),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
