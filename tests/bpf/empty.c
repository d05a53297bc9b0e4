// SPDX-License-Identifier: GPL-2.0-only
/*
 * empty - what the kernel's way to any probe costs, before the probe does anything:
 *
 *     empty PAIRS TRACEPOINT... -- COMMAND [ARG...]
 *
 * runs the command so often with a program of two instructions attached to each raw tracepoint, and as
 * often without, in turn, and prints the ratio of the times that it took: median, quartiles. The
 * command's output is thrown away. 1: it failed, 77: cannot load BPF.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PLACES_MAX 32
#define PAUSE_US 50000 /* for what the kernel puts off when programs come and go */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static double time_of(char **command)
{
	static int nowhere = -1;
	uint64_t start;
	pid_t child;
	int status;

	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	start = now_ns();
	child = vfork();
	if (!child) {
		dup2(nowhere, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		execvp(command[0], command);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || status) {
		fprintf(stderr, "empty: %s failed\n", command[0]);
		exit(1);
	}
	return now_ns() - start;
}

/* n = 0: untraced. */
static double time_with(int program, char **places, int n, char **command)
{
	int links[PLACES_MAX], i;
	double ns;

	for (i = 0; i < n; i++) {
		links[i] = bpf_raw_tracepoint_open(places[i], program);
		if (links[i] < 0) {
			fprintf(stderr, "empty: %s: %s\n", places[i], strerror(errno));
			exit(1);
		}
	}
	/* Without programs too: behind a pause the CPU is another one than behind work. */
	usleep(PAUSE_US);
	ns = time_of(command);
	for (i = 0; i < n; i++)
		close(links[i]);
	usleep(PAUSE_US);
	return ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int pairs = argc > 1 ? atoi(argv[1]) : 0, places = 0, program, i;
	double *ratio, with, without;

	while (2 + places < argc && strcmp(argv[2 + places], "--"))
		places++;
	if (pairs < 1 || places > PLACES_MAX || 3 + places >= argc) {
		fprintf(stderr, "usage: empty PAIRS TRACEPOINT... -- COMMAND [ARG...]\n");
		return 2;
	}
	program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "empty", "GPL", code, sizeof(code) / sizeof(*code), NULL);
	if (program < 0) {
		fprintf(stderr, "empty: BPF is refused here: %s\n", strerror(errno));
		return 77;
	}
	ratio = calloc(pairs, sizeof(*ratio));
	for (i = 0; ratio && i < pairs; i++) {
		char **command = argv + 3 + places;

		/* Each of them is the first of a pair as often as the other. */
		without = i & 1 ? time_with(program, NULL, 0, command) : 0;
		with = time_with(program, argv + 2, places, command);
		if (!without)
			without = time_with(program, NULL, 0, command);
		ratio[i] = with / without;
	}
	if (!ratio)
		return 1;
	qsort(ratio, pairs, sizeof(*ratio), compare);
	printf("median %.3f [%.3f, %.3f], n %d\n", ratio[pairs / 2], ratio[pairs / 4], ratio[pairs * 3 / 4], pairs);
	free(ratio);
	return 0;
}
