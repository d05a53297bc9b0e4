// SPDX-License-Identifier: GPL-2.0-only
/*
 * empty - what the kernel's way to any probe costs, before the probe does anything:
 *
 *     empty TRACEPOINT... -- COMMAND [ARG...]
 *
 * attaches a program of two instructions, which returns 0, to each raw tracepoint, runs the command and
 * ends as it does; 77: cannot load BPF.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int i, status, program;
	pid_t child;

	program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "empty", "GPL", code, sizeof(code) / sizeof(*code), NULL);
	if (program < 0) {
		fprintf(stderr, "empty: BPF is refused here: %s\n", strerror(errno));
		return 77;
	}
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (bpf_raw_tracepoint_open(argv[i], program) < 0) {
			fprintf(stderr, "empty: %s: %s\n", argv[i], strerror(errno));
			return 1;
		}
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: empty TRACEPOINT... -- COMMAND [ARG...]\n");
		return 2;
	}
	child = fork();
	if (!child) {
		execvp(argv[i + 1], argv + i + 1);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
