// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_run - the programs on kvm_entry and kvm_exit, run by BPF_PROG_TEST_RUN with arguments of our
 * making: where the tracepoints never fire this is how it is known that they load and count.
 *
 *     kvm_run            check them; prints what it did; 1: something is wrong, 77: cannot load BPF
 *     kvm_run bench N    ns for a pair of entry and exit, from the kernel's statistics, N pairs each
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/wire.h"
#include "bpf/shared.h"

#include "probes.skel.h"

#define RUN 7
#define VMX 1
#define SVM 2
#define SLOT 3

static struct probes *p;
static int cpus;

static void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static int silent(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

/* Only these two and what they need; this task is a vCPU of run RUN. */
static void load(void)
{
	struct probe_mark ours = { .run = RUN, .role = ROLE_TREE };
	struct probe_vcpu v = { .run = RUN, .reason = ~0u, .user_reason = ~0u };
	uint32_t slot = SLOT;
	struct bpf_program *prog;
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);

	libbpf_set_print(silent);
	p = probes__open();
	if (!p)
		exit(77);
	bpf_object__for_each_program(prog, p->obj)
		bpf_program__set_autoload(prog, prog == p->progs.on_kvm_entry ||
							prog == p->progs.on_kvm_exit ||
							prog == p->progs.on_kvm_exit_reason);
	if (probes__load(p)) {
		fprintf(stderr, "kvm_run: BPF is refused here\n");
		exit(77);
	}
	cpus = libbpf_num_possible_cpus();
	/* struct task_ctx: its fourth word is the place of the vCPU, from 1. */
	ours.rest[1] = SLOT + 1;
	v.tid = v.pid = getpid();
	v.first = v.last = 1;
	if (bpf_map_update_elem(bpf_map__fd(p->maps.tasks), &pidfd, &ours, BPF_ANY) ||
	    bpf_map_update_elem(bpf_map__fd(p->maps.vcpus), &slot, &v, BPF_ANY))
		die("cannot make this task a vCPU: %s", strerror(errno));
	p->bss->control.timed = 1;
	p->bss->control.run = RUN;
}

static void fire(const struct bpf_program *prog, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t args[5] = { a, b, c };
	LIBBPF_OPTS(bpf_test_run_opts, o, .ctx_in = args, .ctx_size_in = sizeof(args));
	int ret = bpf_prog_test_run_opts(bpf_program__fd(prog), &o);

	if (ret || o.retval)
		die("%s: test run: %d, it returned %d", bpf_program__name(prog), ret,
		    (int)o.retval);
}

static struct probe_vcpu vcpu(void)
{
	struct probe_vcpu v;
	uint32_t slot = SLOT;

	if (bpf_map_lookup_elem(bpf_map__fd(p->maps.vcpus), &slot, &v))
		die("the vCPU is gone");
	return v;
}

static struct probe_exit exits(uint32_t index)
{
	struct probe_exit *e = calloc(cpus, sizeof(*e)), sum = { 0 };
	int i;

	if (!e || bpf_map_lookup_elem(bpf_map__fd(p->maps.vm_exits), &index, e))
		die("no exit %u", index);
	for (i = 0; i < cpus; i++) {
		sum.count += e[i].count;
		sum.kernel_ns += e[i].kernel_ns;
	}
	free(e);
	return sum;
}

static void want(const char *what, uint64_t got, uint64_t expected)
{
	printf("%s: %llu\n", what, (unsigned long long)got);
	if (got != expected)
		die("%s: %llu was wanted", what, (unsigned long long)expected);
}

static void check(void)
{
	struct probe_vcpu v;
	struct probe_exit e;
	uint64_t sum = 0;
	int i;

	/* The older kernels' arguments: reason, vCPU, isa. A failed entry has its upper bit set. */
	for (i = 0; i < 30; i++) {
		fire(p->progs.on_kvm_entry, 0, 0, 0);
		fire(p->progs.on_kvm_exit_reason, i < 20 ? 30 : 0x80000021, 0, VMX);
	}
	/* Today's: vCPU, isa. One that cannot be read has no reason, and is counted. */
	fire(p->progs.on_kvm_entry, 0, 0, 0);
	fire(p->progs.on_kvm_exit, 0, 3, 0);
	fire(p->progs.on_kvm_entry, 0, 0, 0);
	fire(p->progs.on_kvm_exit_reason, 0x400, 0, SVM);
	want("entries", vcpu().entries, 32);
	want("exits for io", exits(30).count, 20);
	want("exits for invalid state", exits(33).count, 10);
	want("exits without a reason", exits(PROBE_EXIT_UNKNOWN).count, 1);
	want("nested page faults", exits(PROBE_EXIT_LOW).count, 1);
	want("isa", p->bss->control.isa, VMX);
	v = vcpu();
	e = exits(30);
	for (i = 0; i < 8; i++)
		sum += v.ns[i];
	want("ledger", sum, v.last - v.first);
	want("state", v.state, WIRE_VCPU_KERNEL);
	want("time is booked", e.kernel_ns > 0 && v.ns[WIRE_VCPU_GUEST] > 0, 1);
	/* Outside the timed window, and of another run, nothing counts. */
	p->bss->control.timed = 0;
	fire(p->progs.on_kvm_entry, 0, 0, 0);
	p->bss->control.timed = 1;
	p->bss->control.run = RUN + 1;
	fire(p->progs.on_kvm_entry, 0, 0, 0);
	want("entries at the end", vcpu().entries, 32);
}

static uint64_t run_time(const struct bpf_program *prog, uint64_t *count)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		die("no statistics");
	*count = info.run_cnt;
	return info.run_time_ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define ROUNDS 31

static double median_pair(unsigned int n, double *least, double *most)
{
	double ns[ROUNDS];
	int round;

	for (round = 0; round < ROUNDS; round++) {
		uint64_t count[4], before, after;
		unsigned int i;

		before = run_time(p->progs.on_kvm_entry, &count[0]) +
			 run_time(p->progs.on_kvm_exit_reason, &count[1]);
		for (i = 0; i < n; i++) {
			fire(p->progs.on_kvm_entry, 0, 0, 0);
			fire(p->progs.on_kvm_exit_reason, 30, 0, VMX);
		}
		after = run_time(p->progs.on_kvm_entry, &count[2]) +
			run_time(p->progs.on_kvm_exit_reason, &count[3]);
		if (count[2] - count[0] != n || count[3] - count[1] != n)
			die("a test run is not in the statistics: %llu of %u",
			    (unsigned long long)(count[2] - count[0]), n);
		ns[round] = (double)(after - before) / n;
	}
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	*least = ns[0];
	*most = ns[ROUNDS - 1];
	return ns[ROUNDS / 2];
}

/* Raw tracepoints' test runs tell no duration: the kernel's statistics do, their own clock in it. */
static void bench(unsigned int n)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	double all, idle, least, most;

	if (stats < 0)
		die("no run-time statistics");
	all = median_pair(n, &least, &most);
	printf("kvm_entry and kvm_exit together: median %.0f ns (%.0f to %.0f)", all, least, most);
	p->bss->control.run = 0;
	idle = median_pair(n, &least, &most);
	printf(", of which the statistics' own clock %.0f ns (%.0f to %.0f): %.0f ns; %d rounds of %u pairs\n",
	       idle, least, most, all - idle, ROUNDS, n);
	close(stats);
}

int main(int argc, char **argv)
{
	load();
	if (argc > 2 && !strcmp(argv[1], "bench"))
		bench(atoi(argv[2]));
	else
		check();
	probes__destroy(p);
	return 0;
}
