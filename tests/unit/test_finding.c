// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_finding.c - each rule on a recording in which it holds, and on one just beside it.
 *
 * All are the same run: 100 is launched, does what the case says between 1 and 20 ms, and answers.
 */
#include "tests/unit/evtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/mem.h"
#include "user/model/finding.h"

#define HEAD                                                                                       \
	"0 - SESSION port=8080\n"                                                                  \
	"0 - SCENARIO id=1 name=%s flags=%s\n"                                                     \
	"run 1 at 1s\n"                                                                            \
	"+0 - RUN_BEGIN scenario=1 netns=100 client_netns=200 client_tid=50\n"                     \
	"+0 90 FORK child=100 comm=keeper\n"                                                       \
	"+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"                            \
	"+0.5ms 100 EXEC enter=+0.1ms root=1 exe_name=runc comm=runc exe_inode=7 exe_dev=1\n"      \
	"+0.5ms 100 SYSCALL enter=+0.1ms nr=59\n"
#define TAIL                                                                                       \
	"+20ms 100 LISTEN local_port=8080 netns=100\n"                                             \
	"+20.5ms 100 ACCEPT enter=+20.4ms fd=5 local_port=8080 netns=100\n"                        \
	"+21ms 100 WAKING tid=50 pid=49 context=softirq irq=softirq vector=3 waker_syscall=1 "     \
	"waker_ours=1\n"                                                                           \
	"+21ms - SWITCH cpu=1 next_tid=50 next_pid=49 next_ours=2 prev_syscall=none\n"             \
	"+21.2ms - CLIENT first_byte=+21.2ms attempts=1 http_status=200\n"                         \
	"+22ms - SYMBOL address=0x10 name=synchronize_rcu_expedited object=kernel\n"               \
	"+22ms - SYMBOL address=0x20 name=namespace_unlock object=kernel\n"                        \
	"+22ms - SYMBOL address=0x30 name=rtnl_lock object=kernel\n"                               \
	"+22ms - SYMBOL address=0x40 name=exc_page_fault object=kernel\n"                          \
	"+22ms - SYMBOL address=0x1000 pid=100 name=main.work object=runc\n"                       \
	"+22ms - SYMBOL address=0x2000 pid=100 name=example.org/pkg/seccomp.Build object=runsc\n"  \
	"+22ms - SYMBOL address=0x3000 pid=100 name=runtime.schedinit object=runc\n"               \
	"+22ms - SYMBOL address=0x3100 pid=100 name=runtime.doInit1 object=runc\n"                 \
	"+22ms - SYMBOL address=0x3200 pid=100 name=main.init.0 object=runc\n"                     \
	"+22ms - SYMBOL address=0x3300 pid=100 name=os/exec.init object=runc\n"                    \
	"+22ms - SYMBOL address=0x4000 pid=100 name=\"w/internal/engine/wazevo.(*engine)."         \
	"compileModule\" object=wazero\n"                                                          \
	"+22ms - RUN_END status=ok\n"

#define STRETCH                                                                                    \
	"+1ms 100 SWITCH prev_ours=1 prev_state=runnable prev_syscall=none\n"                      \
	"+1.1ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
#define BY_KTHREAD "waker_syscall=none waker_comm=kworker waker_kthread=1"
#define BY_TIMER "waker_syscall=none context=hardirq irq=timer"

/* Samples of 100 from 3 to 12 ms, two a line: STACK of the first, that of the second. */
#define PAIR(MS, A, B) "+" MS "ms 100 SAMPLE " A "\n+" MS ".4ms 100 SAMPLE " B "\n"
#define NINE(A, B)                                                                                 \
	PAIR("3", A, B) PAIR("4", A, B) PAIR("5", A, B) PAIR("6", A, B) PAIR("7", A, B)            \
	PAIR("8", A, B) PAIR("9", A, B) PAIR("10", A, B) PAIR("11", A, B)
#define TEN(A, B) NINE(A, B) PAIR("12", A, B)
/* Half of twenty in a function: just enough. Half of eighteen: one too few. */
#define OTHER "n_user=1 stack=0x1000"
#define SAMPLES(AT) TEN("n_user=1 stack=" AT, OTHER)
#define TOO_FEW(AT) NINE("n_user=1 stack=" AT, OTHER)
#define FAULTS "n_kernel=1 n_user=1 stack=0x40,0x1000"
#define LOCKS "n_kernel=1 n_user=1 stack=0x30,0x1000"

/* 2 ms for a block device in a call on a file; what was read. */
#define COLD_WAIT(NR, FILE)                                                                        \
	"+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_iowait=1 prev_syscall=" NR "\n"       \
	"+4ms 9 WAKING tid=100 waker_syscall=none context=softirq irq=softirq vector=4\n"          \
	"+4ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"                               \
	"+4ms 100 SYSCALL enter=+2ms nr=" NR " object_kind=file object=" FILE "\n"
#define COLD_READ "+5ms 100 FILE_CACHE inode=4 read_bytes=64KiB name=libc.so\n"

/* runc's init with a thread; its execve of the service, from 2 to 8 ms. */
#define INIT_THREAD                                                                                \
	"+1ms 100 COMM comm=\"runc:[2:INIT]\"\n"                                                   \
	"+1.2ms 100 FORK thread=101 comm=\"runc:[2:INIT]\"\n"
#define INIT_EXEC                                                                                  \
	"+8ms 100 EXEC enter=+2ms exe_name=service comm=service exe_inode=9 exe_dev=1\n"           \
	"+8ms 100 SYSCALL enter=+2ms nr=59\n"

/* 100 waits for a child from 2 to 7 ms, that one for its own from 4 to 6. */
#define CHILD(FORK)                                                                                \
	"+2ms 100 FORK child=101 comm=runc " FORK "\n"                                             \
	"+2ms 100 SWITCH next_tid=101 prev_ours=1 next_ours=1 prev_state=sleeping prev_syscall=61\n"
#define GRANDCHILD                                                                                 \
	"+4ms 101 FORK child=102 comm=x\n"                                                         \
	"+4ms 101 SWITCH next_tid=102 prev_ours=1 next_ours=1 prev_state=sleeping prev_syscall=61\n"
#define GRANDCHILD_ENDS                                                                            \
	"+6ms 102 WAKING tid=101 waker_ours=1 waker_syscall=231\n"                                 \
	"+6ms 102 SWITCH next_tid=101 prev_ours=1 next_ours=1 prev_state=ended prev_syscall=231\n"
#define CHILD_ENDS                                                                                 \
	"+7ms 101 WAKING tid=100 waker_ours=1 waker_syscall=231\n"                                 \
	"+7ms 101 SWITCH next_tid=100 prev_ours=1 next_ours=1 prev_state=ended prev_syscall=231\n" \
	"+7ms 100 SYSCALL enter=+2ms nr=61 object_kind=child\n"
#define EXECUTES(PID, WHAT) "+4.5ms " PID " EXEC enter=+4.2ms exe_dev=1 " WHAT "\n"
#define EXECUTES_SOON(PID, WHAT) "+3ms " PID " EXEC enter=+2.5ms exe_dev=1 " WHAT "\n"
#define EXECUTES_LATE(PID, WHAT) "+6.5ms " PID " EXEC enter=+6.2ms exe_dev=1 " WHAT "\n"
#define LISTENS(PID) "+6.9ms " PID " LISTEN local_port=8080 netns=100\n"

static const struct finding_case {
	const char *rule, *scenario, *flags;
	const char *holds;
	uint64_t ns;
	const char *not_so; /* the same, or nearly, where it does not hold */
} cases[] = {
	{
		.rule = "cgroup-rcu-stall", .scenario = "runc",
		.holds = "+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_syscall=1\n"
			 "+9ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			 "+9ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			 "+9ms 100 SYSCALL enter=+2ms nr=1 object_kind=file object=cgroup.procs\n",
		.ns = 7000000,
		.not_so = "+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_syscall=1\n"
			  "+6ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			  "+6ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			  "+6ms 100 SYSCALL enter=+2ms nr=1 object_kind=file object=cgroup.procs\n",
	},
	{
		.rule = "rcu-grace-period", .scenario = "crun",
		.holds = "+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_syscall=166\n"
			 "+5ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			 "+5ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			 "+5ms 100 BLOCKED since=+2ms stack=0x10,0x20\n"
			 "+5ms 100 SYSCALL enter=+2ms nr=166 object_kind=path object=/tmp/x\n",
		.ns = 3000000,
		.not_so = "+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_syscall=1\n"
			  "+9ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			  "+9ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			  "+9ms 100 BLOCKED since=+2ms stack=0x10,0x20\n"
			  "+9ms 100 SYSCALL enter=+2ms nr=1 object_kind=file object=cgroup.procs\n",
	},
	{
		.rule = "kernel-lock", .scenario = "runc",
		.holds = "+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_syscall=272\n"
			 "+5ms 8 WAKING tid=100 waker_syscall=none waker_comm=ip\n"
			 "+5ms 8 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			 "+5ms 100 BLOCKED since=+2ms stack=0x30\n"
			 "+5ms 100 SYSCALL enter=+2ms nr=272\n",
		.ns = 3000000,
		.not_so = "+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_syscall=272\n"
			  "+5ms 8 WAKING tid=100 waker_syscall=none waker_comm=ip\n"
			  "+5ms 8 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			  "+5ms 100 SYSCALL enter=+2ms nr=272\n",
	},
	{
		/* By samples: half of them, and so half of the 20.9 ms on a CPU. */
		.rule = "seccomp-compile", .scenario = "gvisor", .flags = "guest_accept",
		.holds = SAMPLES("0x2000") "+13ms 100 SYSCALL enter=+12.9ms nr=317 arg0=1\n",
		.ns = 10450000,
		.not_so = SAMPLES("0x3000") "+13ms 100 SYSCALL enter=+12.9ms nr=317 arg0=1\n",
	},
	{
		/* libseccomp asks what the kernel can do; no filter is installed. */
		.rule = "seccomp-compile", .scenario = "gvisor", .flags = "guest_accept",
		.holds = SAMPLES("0x2000") "+13ms 100 SYSCALL enter=+12.9ms nr=157 arg0=22\n",
		.ns = 10450000,
		.not_so = SAMPLES("0x2000") "+13ms 100 SYSCALL enter=+12.9ms nr=317 arg0=2\n",
	},
	{
		/* Without samples: what was computed since the last telling call. */
		.rule = "seccomp-compile", .scenario = "runc",
		.holds = "+3ms 100 SYSCALL enter=+2ms nr=257 object_kind=path object=config.json\n"
			 "+10ms 100 SYSCALL enter=+9ms nr=317 arg0=1\n",
		.ns = 6000000,
		.not_so = "+3ms 100 SYSCALL enter=+2ms nr=257 object_kind=path object=config.json\n"
			  "+10ms 100 SYSCALL enter=+9ms nr=317 arg0=2\n", /* a question, no filter */
	},
	{
		/* 1 and 1.6 ms: neither the first, 0.4, nor the service's, 0.1; no samples. */
		.rule = "re-exec", .scenario = "runc",
		.holds = "+3ms 100 EXEC enter=+2ms exe_name=runc comm=runc exe_inode=7 exe_dev=1\n"
			 "+3ms 100 SYSCALL enter=+2ms nr=59\n"
			 "+6ms 100 EXEC enter=+4.4ms exe_name=runc comm=runc exe_inode=7 exe_dev=1\n"
			 "+6ms 100 SYSCALL enter=+4.4ms nr=59\n"
			 "+7ms 100 EXEC enter=+6.9ms exe_name=service exe_inode=9 exe_dev=1\n"
			 "+7ms 100 SYSCALL enter=+6.9ms nr=59\n",
		.ns = 2600000,
		.not_so = "+3ms 100 EXEC enter=+2ms exe_name=runc comm=runc exe_inode=7 exe_dev=1\n"
			  "+3ms 100 SYSCALL enter=+2ms nr=59\n"
			  "+6ms 100 EXEC enter=+4.4ms exe_name=other comm=runc exe_inode=8 exe_dev=1\n"
			  "+6ms 100 SYSCALL enter=+4.4ms nr=59\n",
	},
	{
		.rule = "proxy-accept", .scenario = "run",
		.holds = "+2ms 100 FORK child=101 comm=x\n"
			 "+3ms 101 EXEC enter=+2.9ms exe_name=docker-proxy exe_inode=8 exe_dev=1\n"
			 "+4ms 101 LISTEN local_port=8080 netns=100\n",
		.not_so = "+2ms 100 FORK child=101 comm=x\n"
			  "+3ms 101 EXEC enter=+2.9ms exe_name=docker exe_inode=8 exe_dev=1\n"
			  "+4ms 101 LISTEN local_port=8080 netns=100\n",
	},
	{
		.rule = "memfd-exe-clone", .scenario = "crun",
		.holds = "+6ms 100 SYSCALL enter=+2ms nr=40 object_kind=file "
			 "object=\"memfd:crun_cloned:/proc/self/exe\"\n",
		.ns = 4000000,
		.not_so = "+6ms 100 SYSCALL enter=+2ms nr=40 object_kind=file object=layer.tar\n",
	},
	{
		/*
		 * From the blow, at 2.5 ms, to when the caller was told of the last one's end; neither
		 * what execve did before nor what it does behind. Alone it waits for nobody.
		 */
		.rule = "exec-kills-threads", .scenario = "runc",
		.holds = INIT_THREAD
			 "+2.5ms 100 WAKING tid=101 pid=100 waker_ours=1 waker_syscall=59\n"
			 "+2.6ms 100 SWITCH next_tid=101 next_pid=100 prev_ours=1 next_ours=1 "
			 "prev_state=blocked prev_syscall=59\n"
			 "+4ms 100/101 EXIT\n"
			 "+4.1ms 100/101 WAKING tid=100 waker_ours=1 waker_syscall=none\n"
			 "+4.2ms 100/101 SWITCH next_tid=100 prev_ours=1 next_ours=1 prev_state=ended "
			 "prev_syscall=none\n" INIT_EXEC,
		.ns = 1600000,
		.not_so = "+1ms 100 COMM comm=\"runc:[2:INIT]\"\n" INIT_EXEC,
	},
	{
		/* The same by a thread that is no leader: its leader dies, and it takes that one's number. */
		.rule = "exec-kills-threads", .scenario = "runc",
		.holds = INIT_THREAD
			 "+1.3ms 100 SWITCH next_tid=101 next_pid=100 prev_ours=1 next_ours=1 "
			 "prev_state=sleeping prev_syscall=202\n"
			 "+2.5ms 100/101 WAKING tid=100 waker_ours=1 waker_syscall=59\n"
			 "+2.6ms 100/101 SWITCH next_tid=100 prev_ours=1 next_ours=1 "
			 "prev_state=blocked prev_syscall=59\n"
			 "+4ms 100 EXIT group_dead=0\n"
			 "+4.1ms 100 WAKING tid=101 pid=100 waker_ours=1 waker_syscall=none\n"
			 "+4.2ms 100 SWITCH next_tid=101 next_pid=100 prev_ours=1 next_ours=1 "
			 "prev_state=ended prev_syscall=none\n"
			 "+8ms 100 EXEC enter=+2ms old_tid=101 exe_name=service comm=service exe_inode=9 "
			 "exe_dev=1\n+8ms 100 SYSCALL enter=+2ms nr=59\n",
		.ns = 1700000,
		/* Another one's init, whatever it waits for. */
		.not_so = "+1ms 100 COMM comm=crun\n+1.2ms 100 FORK thread=101 comm=crun\n"
			  "+2.5ms 100 WAKING tid=101 pid=100 waker_ours=1 waker_syscall=59\n"
			  "+2.6ms 100 SWITCH next_tid=101 next_pid=100 prev_ours=1 next_ours=1 "
			  "prev_state=blocked prev_syscall=59\n"
			  "+4ms 100/101 EXIT\n"
			  "+4.1ms 100/101 WAKING tid=100 waker_ours=1 waker_syscall=none\n"
			  "+4.2ms 100/101 SWITCH next_tid=100 prev_ours=1 next_ours=1 prev_state=ended "
			  "prev_syscall=none\n" INIT_EXEC,
	},
	{
		/* From its birth to the wake-up of its parent. */
		.rule = "oci-hook", .scenario = "runc",
		.holds = CHILD("") EXECUTES_SOON("101", "exe_name=hook comm=hook exe_inode=8") CHILD_ENDS,
		.ns = 5000000,
		.not_so = CHILD("") EXECUTES_SOON("101", "exe_name=runc comm=runc exe_inode=7") CHILD_ENDS,
	},
	{
		/* What a hook starts is in its time, once; the runtime may run from a copy of itself … */
		.rule = "oci-hook", .scenario = "runc",
		.holds = CHILD("") EXECUTES_SOON("101", "exe_name=sh comm=sh exe_inode=8") GRANDCHILD
			 EXECUTES("102", "exe_name=sleep comm=sleep exe_inode=9") GRANDCHILD_ENDS CHILD_ENDS,
		.ns = 5000000,
		.not_so = CHILD("") EXECUTES_SOON("101", "exe_name=memfd:runc_cloned:/proc/self/exe exe_inode=8")
			  CHILD_ENDS,
	},
	{
		/* … on another file system … */
		.rule = "oci-hook", .scenario = "crun",
		.holds = CHILD("") EXECUTES_SOON("101", "exe_name=init exe_inode=8 argv=\"hook init\"") CHILD_ENDS,
		.ns = 5000000,
		.not_so = CHILD("") EXECUTES_SOON("101", "exe_name=crun exe_inode=70") CHILD_ENDS,
	},
	{
		/* … or from a file without a name. */
		.rule = "oci-hook", .scenario = "runc",
		.holds = CHILD("") EXECUTES_SOON("101", "exe_name=#4711 exe_inode=8 argv=\"runc initial\"") CHILD_ENDS,
		.ns = 5000000,
		.not_so = CHILD("") EXECUTES_SOON("101", "exe_name=#4711 exe_inode=8 argv=\"/usr/sbin/runc init\"")
			  CHILD_ENDS,
	},
	{
		/* An init of the container that forks the service, and others; before it was one: a hook. */
		.rule = "oci-hook", .scenario = "runc",
		.holds = CHILD("") GRANDCHILD EXECUTES("102", "exe_name=hook comm=hook exe_inode=8")
			 GRANDCHILD_ENDS EXECUTES_LATE("101", "exe_name=tini comm=tini exe_inode=9")
			 "+6.7ms 101 FORK child=103 comm=tini\n" LISTENS("103") CHILD_ENDS,
		.ns = 2000000,
		.not_so = CHILD("") EXECUTES_SOON("101", "exe_name=tini comm=tini exe_inode=9") GRANDCHILD
			  EXECUTES("102", "exe_name=sh comm=sh exe_inode=8") GRANDCHILD_ENDS
			  "+6.7ms 101 FORK child=103 comm=tini\n" LISTENS("103") CHILD_ENDS,
	},
	{
		/* The first process of a pid namespace is such an init, whoever listens. */
		.rule = "oci-hook", .scenario = "runc",
		.holds = CHILD("ns_changed=0x40000000") EXECUTES_SOON("101", "exe_name=sh exe_inode=9") GRANDCHILD
			 EXECUTES("102", "exe_name=svc exe_inode=8") GRANDCHILD_ENDS CHILD_ENDS,
		.ns = 5000000,
		.not_so = CHILD("ns_changed=0x20000000") EXECUTES_SOON("101", "exe_name=sh exe_inode=9") GRANDCHILD
			  EXECUTES("102", "exe_name=svc exe_inode=8") GRANDCHILD_ENDS CHILD_ENDS,
	},
	{
		.rule = "mounts", .scenario = "crun",
		.holds = "+5ms 100 SYSCALL enter=+2ms nr=165 object_kind=path object=/proc\n"
			 "+8.5ms 100 SYSCALL enter=+6ms nr=165 object_kind=path object=/dev\n",
		.ns = 5500000,
		.not_so = "+5ms 100 SYSCALL enter=+2ms nr=165 object_kind=path object=/proc\n"
			  "+8.5ms 100 SYSCALL enter=+7ms nr=165 object_kind=path object=/dev\n",
	},
	{
		.rule = "cpu-quota", .scenario = "native",
		.holds = "+2ms 100 SWITCH prev_ours=1 prev_state=runnable prev_syscall=none\n"
			 "+9ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n",
		.ns = 7000000,
		.not_so = "+2ms 100 SWITCH next_tid=8 prev_ours=1 prev_state=runnable "
			  "prev_syscall=none next_comm=other\n"
			  "+9ms 8 SWITCH next_tid=100 next_ours=1 prev_syscall=none prev_comm=other\n",
	},
	{
		.rule = "cpu-contention", .scenario = "native",
		.holds = "+2ms 100 SWITCH next_tid=8 prev_ours=1 prev_state=runnable "
			 "prev_syscall=none next_comm=other\n"
			 "+9ms 8 SWITCH next_tid=100 next_ours=1 prev_syscall=none prev_comm=other\n",
		.ns = 7000000,
		.not_so = "+2ms 100 SWITCH next_tid=8 prev_ours=1 prev_state=runnable "
			  "prev_syscall=none next_comm=other\n"
			  "+5ms 8 SWITCH next_tid=100 next_ours=1 prev_syscall=none prev_comm=other\n",
	},
	{
		.rule = "stolen-time", .scenario = "native",
		.holds = STRETCH "+4ms 100 SWITCH prev_ours=1 prev_state=runnable prev_syscall=none stolen_ns=1200us\n"
			 "+4.1ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n",
		.ns = 1200000,
		.not_so = STRETCH "+4ms 100 SWITCH prev_ours=1 prev_state=runnable prev_syscall=none stolen_ns=900us\n"
			  "+4.1ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n",
	},
	{
		.rule = "cold-page-cache", .scenario = "native",
		.holds = COLD_WAIT("0", "libc.so") COLD_READ,
		.ns = 2000000,
		.not_so = "+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_syscall=0\n"
			  "+4ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			  "+4ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			  "+4ms 100 SYSCALL enter=+2ms nr=0 object_kind=file object=libc.so\n",
	},
	{
		/* The same wait, but it is for a write. */
		.rule = "cold-page-cache", .scenario = "native",
		.holds = COLD_WAIT("0", "libc.so") COLD_READ,
		.ns = 2000000,
		.not_so = COLD_WAIT("75", "libc.so") COLD_READ,
	},
	{
		/* By the kernel's account not a byte came from there. */
		.rule = "cold-page-cache", .scenario = "native",
		.holds = COLD_WAIT("0", "libc.so") "+5ms - IO call_bytes=64KiB storage_bytes=4KiB\n",
		.ns = 2000000,
		.not_so = COLD_WAIT("0", "libc.so") "+5ms - IO call_bytes=64KiB\n",
	},
	{
		/* What the file is called says nothing. */
		.rule = "cold-page-cache", .scenario = "native",
		.holds = COLD_WAIT("0", "disk") COLD_READ,
		.ns = 2000000,
		.not_so = "+2ms 100 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=0\n"
			  "+4ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			  "+4ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			  "+4ms 100 SYSCALL enter=+2ms nr=0 object_kind=file object=disk.img\n" COLD_READ,
	},
	{
		.rule = "sync-to-disk", .scenario = "containerd",
		.holds = "+2ms 100 SWITCH prev_ours=1 prev_state=blocked prev_iowait=1 prev_syscall=75\n"
			 "+4ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			 "+4ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			 "+4.5ms 100 SYSCALL enter=+2ms nr=75 object_kind=file object=meta.db\n",
		.ns = 2500000,
		.not_so = "+4.5ms 100 SYSCALL enter=+2ms nr=1 object_kind=file object=meta.db\n",
	},
	{
		.rule = "sleep", .scenario = "native",
		.holds = "+2ms 100 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=230\n"
			 "+8ms 9 WAKING tid=100 " BY_TIMER "\n"
			 "+8ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			 "+8ms 100 SYSCALL enter=+2ms nr=230\n",
		.ns = 6000000,
		/* A wait with a limit that ran out is no sleep. */
		.not_so = "+2ms 100 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=7\n"
			  "+8ms 9 WAKING tid=100 " BY_TIMER "\n"
			  "+8ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			  "+8ms 100 SYSCALL enter=+2ms nr=7\n",
	},
	{
		.rule = "page-faults", .scenario = "native",
		.holds = TEN(FAULTS, OTHER),
		.ns = 10450000,
		.not_so = TEN(LOCKS, OTHER),
	},
	{
		/* Half of the samples again, but nine: that may be a third of the time or two thirds. */
		.rule = "page-faults", .scenario = "native",
		.holds = TEN(FAULTS, OTHER),
		.ns = 10450000,
		.not_so = NINE(FAULTS, OTHER),
	},
	{
		/* All of them, but there is one. */
		.rule = "page-faults", .scenario = "native",
		.holds = TEN(FAULTS, FAULTS),
		.ns = 20900000,
		.not_so = "+3ms 100 SAMPLE " FAULTS "\n",
	},
	{
		.rule = "seccomp-compile", .scenario = "gvisor", .flags = "guest_accept",
		.holds = SAMPLES("0x2000") "+13ms 100 SYSCALL enter=+12.9ms nr=317 arg0=1\n",
		.ns = 10450000,
		.not_so = TOO_FEW("0x2000") "+13ms 100 SYSCALL enter=+12.9ms nr=317 arg0=1\n",
	},
	{
		.rule = "short-calls", .scenario = "wasm-cached", .flags = "host_accept|module",
		.holds = "+19ms 100 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=0 "
			 "quick_calls=9000 quick_ns=8ms\n"
			 "+19.5ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			 "+19.5ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			 "+19.6ms 100 SYSCALL enter=+19ms nr=0\n",
		.ns = 7962085, /* of 8 ms in 18.99 ms, those since launch */
		.not_so = "+19ms 100 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=0 "
			  "quick_calls=9000 quick_ns=2ms\n"
			  "+19.5ms 9 WAKING tid=100 " BY_KTHREAD "\n"
			  "+19.5ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			  "+19.6ms 100 SYSCALL enter=+19ms nr=0\n",
	},
	{
		.rule = "gvisor-ptrace", .scenario = "gvisor", .flags = "guest_accept",
		.holds = "+3ms 100 GUEST_SYSCALL nr=41 how=ptrace ret=3\n"
			 "+5ms 100 SYSCALL enter=+4ms nr=101\n",
		.ns = 1000000,
		.not_so = "+3ms 100 GUEST_SYSCALL nr=41 how=trap ret=41\n"
			  "+5ms 100 SYSCALL enter=+4ms nr=101\n",
	},
	{
		.rule = "gvisor-debug-log", .scenario = "gvisor", .flags = "guest_accept",
		.holds = "+3ms 100 SYSCALL enter=+2ms nr=1 object_kind=file "
			 "object=runsc.log.20261123-150341.000000.boot.txt\n",
		.ns = 1000000,
		.not_so = "+3ms 100 SYSCALL enter=+2ms nr=1 object_kind=file object=state.json\n",
	},
	{
		.rule = "jit-no-cache", .scenario = "wasm", .flags = "host_accept|module",
		.holds = SAMPLES("0x4000"), .ns = 10450000,
		.not_so = SAMPLES("0x3000"),
	},
	{
		.rule = "jit-no-cache", .scenario = "wasm", .flags = "host_accept|module",
		.holds = SAMPLES("0x4000"), .ns = 10450000,
		.not_so = TOO_FEW("0x4000"),
	},
};

static struct session *session_of(const struct finding_case *c, const char *middle)
{
	CLEANUP_FREE char *head = xasprintf(HEAD, c->scenario, c->flags ? c->flags : "host_accept");
	CLEANUP_FREE char *text = xasprintf("%s%s%s", head, middle, TAIL);
	struct session *s = evtext_session(text);

	assert_int_equal(s->n_runs, 1);
	assert_true(s->runs[0]->path.n > 0);
	assert_int_equal(s->nonsense, 0);
	return s;
}

static const struct finding *found(const struct session *s, const char *rule)
{
	const struct findings *f = &s->runs[0]->findings;
	size_t i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->list[i].rule->name, rule))
			return &f->list[i];
	return NULL;
}

static void test_rule(void **state)
{
	const struct finding_case *c = *state;
	struct session *s = session_of(c, c->holds);
	const struct finding *f = found(s, c->rule);
	struct finding_summaries all;

	if (!f)
		fail_msg("%s does not hold", c->rule);
	assert_int_equal(f->ns, c->ns);
	findings_of_scenario(s->scenarios[0], &all);
	assert_int_equal(all.n, s->runs[0]->findings.n);
	assert_int_equal(all.of_runs, 1);
	free(all.list);
	session_free(s);
	s = session_of(c, c->not_so);
	if (found(s, c->rule))
		fail_msg("%s holds where it does not", c->rule);
	session_free(s);
}

/* Runs that are short: what there is of samples in each, and how many such runs. */
static struct session *short_runs(const char *samples, unsigned int runs)
{
	char *text = xstrdup("0 - SESSION port=8080\n0 - SCENARIO id=1 name=native flags=host_accept\n");
	struct session *s;
	unsigned int i;

	for (i = 1; i <= runs; i++) {
		char *more = xasprintf(
			"%srun %u at %us\n"
			"+0 - RUN_BEGIN scenario=1 index=%u netns=100 client_netns=200 client_tid=50\n"
			"+0 90 FORK child=100 comm=keeper\n"
			"+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
			"+0.5ms 100 EXEC enter=+0.1ms root=1 exe_name=runc comm=runc exe_inode=7 "
			"exe_dev=1\n" "%s" TAIL, text, i, i, i - 1, samples);

		free(text);
		text = more;
	}
	s = evtext_session(text);
	free(text);
	assert_int_equal(s->nonsense, 0);
	return s;
}

/*
 * One sample a run, as the kernel's tick gives: of four runs two of four fit, which is nothing to go
 * by. Of ten runs with two each ten of twenty do: each run has the common share of its time, and
 * the evidence says of what.
 */
static void test_short_runs(void **state)
{
	static const char two[] = "+3ms 100 SAMPLE " FAULTS "\n+4ms 100 SAMPLE " OTHER "\n";
	struct finding_summaries all;
	struct session *s = short_runs(two, 9);
	const struct finding *f;

	(void)state;
	assert_null(found(s, "page-faults"));
	findings_of_scenario(s->scenarios[0], &all);
	assert_int_equal(all.n, 0);
	free(all.list);
	session_free(s);
	s = short_runs(two, 10);
	f = found(s, "page-faults");
	assert_non_null(f);
	assert_int_equal(f->ns, 10450000);
	assert_string_equal(f->evidence, "10 of 20 samples of 10 runs, e.g. in exc_page_fault");
	findings_of_scenario(s->scenarios[0], &all);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.list[0].runs, 10);
	assert_int_equal(all.list[0].typical, 10450000);
	free(all.list);
	session_free(s);
}

/* A run that has a hundred samples is asked by itself, and gives the short ones nothing. */
static void test_own_samples(void **state)
{
	static const char hundred[] = TEN(FAULTS, FAULTS) TEN(FAULTS, FAULTS) TEN(FAULTS, FAULTS)
				      TEN(FAULTS, FAULTS) TEN(FAULTS, FAULTS);
	CLEANUP_FREE char *text = xasprintf(
		HEAD "%s" TAIL "run 2 at 2s\n"
		"+0 - RUN_BEGIN scenario=1 index=1 netns=100 client_netns=200 client_tid=50\n"
		"+0 90 FORK child=100 comm=keeper\n"
		"+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
		"+0.5ms 100 EXEC enter=+0.1ms root=1 exe_name=runc comm=runc\n"
		"+3ms 100 SAMPLE " FAULTS "\n" TAIL, "native", "host_accept", hundred);
	struct session *s = evtext_session(text);

	(void)state;
	assert_int_equal(s->n_runs, 2);
	assert_int_equal(s->runs[0]->findings.n, 1);
	assert_int_equal(s->runs[0]->findings.list[0].ns, 20900000);
	assert_string_equal(s->runs[0]->findings.list[0].evidence,
			    "100 of 100 samples, e.g. in exc_page_fault");
	assert_int_equal(s->runs[1]->findings.n, 0);
	session_free(s);
}

#define EXEC_AGAIN                                                                                 \
	"+2.5ms 100 EXEC enter=+2ms exe_name=runc comm=runc exe_inode=7 exe_dev=1\n"               \
	"+2.5ms 100 SYSCALL enter=+2ms nr=59\n"                                                    \
	"+2.9ms 100 EXEC enter=+2.8ms exe_name=runc comm=runc exe_inode=7 exe_dev=1\n"             \
	"+2.9ms 100 SYSCALL enter=+2.8ms nr=59\n"
#define SERVICE                                                                                    \
	"+19ms 100 EXEC enter=+18.9ms exe_name=service exe_inode=9 exe_dev=1\n"                    \
	"+19ms 100 SYSCALL enter=+18.9ms nr=59\n"

/* Its own evidence and the samples' stand side by side; without enough of them the calls remain. */
static void test_re_exec(void **state)
{
	const struct finding_case c = { .rule = "re-exec", .scenario = "runc" };
	struct session *s = session_of(&c, EXEC_AGAIN SAMPLES("0x3000") SERVICE);
	const struct finding *f = found(s, "re-exec");

	(void)state;
	assert_non_null(f);
	assert_string_equal(f->evidence, "runc: execve, and its runtime's initialisation; "
			    "10 of 20 samples, e.g. in runtime.schedinit");
	session_free(s);
	s = session_of(&c, EXEC_AGAIN TOO_FEW("0x3000") SERVICE);
	assert_null(found(s, "re-exec"));
	session_free(s);
	/* A package's initialiser is part of it, all of `runc init` below main's is not … */
	s = session_of(&c, EXEC_AGAIN TEN("n_user=2 stack=0x3300,0x3100",
					  "n_user=3 stack=0x1000,0x3200,0x3100") SERVICE);
	f = found(s, "re-exec");
	assert_non_null(f);
	assert_string_equal(f->evidence, "runc: execve, and its runtime's initialisation; "
			    "10 of 20 samples, e.g. in runtime.doInit1");
	session_free(s);
	s = session_of(&c, EXEC_AGAIN NINE("n_user=2 stack=0x3300,0x3100",
					   "n_user=3 stack=0x1000,0x3200,0x3100") SERVICE);
	assert_null(found(s, "re-exec"));
	session_free(s);
	/* … but where a fitting one is further in than main's. */
	s = session_of(&c, EXEC_AGAIN TEN("n_user=2 stack=0x3000,0x3200", OTHER) SERVICE);
	assert_non_null(found(s, "re-exec"));
	session_free(s);
}

static void test_short_names(void **state)
{
	static const struct {
		const char *name, *text;
	} names[] = {
		{ "runtime.schedinit", "runtime.schedinit" },
		{ "example.org/a/b.Do[go.shape.struct { X int },go.shape.int]", "b.Do[...]" },
		{ "example.org/a/b.(*T[go.shape.int]).Do[[]int].func1", "b.(*T[...]).Do[...].func1" },
		{ "b.Do[go.shape.struct { Na", "b.Do[...]" },
		{ "w/wazevo.(*engine).compileModule", "wazevo.(*engine).compileModule" },
		{ "", "" }, { "a]b", "a]b" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *text = oncpu_short_name(names[i].name);

		assert_string_equal(text, names[i].text);
	}
}

/* It is the client's own, so it needs another end of the run. */
static void test_client(void **state)
{
	static const char text[] =
		"0 - SESSION port=8080\n0 - SCENARIO id=1 name=native flags=host_accept\n"
		"run 1 at 1s\n+0 - RUN_BEGIN scenario=1 netns=100 client_netns=200 client_tid=50\n"
		"+0 90 FORK child=100 comm=keeper\n"
		"+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
		"+0.5ms 100 EXEC enter=+0.1ms root=1 exe_name=svc comm=svc\n"
		"+2ms 100 WAKING tid=50 pid=49 context=softirq irq=softirq vector=3 waker_syscall=1 "
		"waker_ours=1\n"
		"+%s 9 SWITCH cpu=1 next_tid=50 next_pid=49 next_ours=2 prev_syscall=none\n"
		"+%s - CLIENT first_byte=+%s\n+10ms - RUN_END status=ok\n";
	CLEANUP_FREE char *late = xasprintf(text, "8ms", "9ms", "9ms");
	CLEANUP_FREE char *soon = xasprintf(text, "2.1ms", "3ms", "3ms");
	struct session *s = evtext_session(late);

	(void)state;
	assert_non_null(found(s, "client-interference"));
	session_free(s);
	s = evtext_session(soon);
	assert_null(found(s, "client-interference"));
	session_free(s);
}

/* The answered connect is from 2 ms to LAST_MS + 0.1; the service listens at LISTEN_MS and waits for it. */
static struct session *handshake(const char *listen_ms, const char *last_ms, const char *packets)
{
	CLEANUP_FREE char *text = xasprintf(
		"0 - SESSION port=8080\n0 - SCENARIO id=1 name=native flags=host_accept\n"
		"run 1 at 1s\n+0 - RUN_BEGIN scenario=1 netns=100 client_netns=200 client_tid=50\n"
		"+0 90 FORK child=100 comm=keeper\n"
		"+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
		"+0.5ms 100 EXEC enter=+0.1ms root=1 exe_name=svc comm=svc\n"
		"+%sms 100 LISTEN local_port=8080 netns=100\n"
		"+%s.1ms 100 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=232\n%s"
		"+%s.1ms - ESTABLISHED local_port=40000 remote_port=8080 netns=200\n"
		"+%s.1ms 9 WAKING tid=100 context=softirq irq=softirq vector=3 waker_syscall=none\n"
		"+%s.1ms 9 SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
		"+%s.1ms 100 SYSCALL enter=+%s.1ms nr=232\n"
		"+%s.2ms 100 WAKING tid=50 pid=49 context=softirq irq=softirq vector=3 "
		"waker_syscall=1 waker_ours=1\n"
		"+%s.2ms - SWITCH cpu=1 next_tid=50 next_pid=49 next_ours=2 prev_syscall=none\n"
		"+%s.3ms - CLIENT connect=+2ms connected=+%s.2ms first_byte=+%s.3ms\n"
		"+9s - RUN_END status=ok\n", listen_ms, listen_ms, packets, last_ms, last_ms, last_ms,
		last_ms, listen_ms, last_ms, last_ms, last_ms, last_ms, last_ms);
	struct session *s = evtext_session(text);

	assert_true(s->runs[0]->path.n > 0);
	assert_int_equal(s->nonsense, 0);
	return s;
}

#define SYN(MS, PORT) "+" MS "ms - SYN_RETRANSMIT local_port=" PORT " remote_port=8080 netns=200\n"

static void test_syn(void **state)
{
	static const struct {
		const char *listen_ms, *last_ms, *packets;
		uint64_t ns, count; /* 0: it does not hold */
	} tests[] = {
		{ "1", "1002", SYN("1002", "40000"), 1000100000, 1 },
		{ "1", "3018", SYN("1002", "40000") SYN("3018", "40000"), 3016100000, 2 },
		/* As long as nobody listened the lost one has cost nothing. */
		{ "500", "1002", SYN("1002", "40000"), 502000000, 1 },
		/* Another attempt's, that nobody waits for any more; after the answer. */
		{ "1", "1002", SYN("1001", "39999"), 0, 0 },
		{ "1", "3", SYN("1002", "40000"), 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		struct session *s = handshake(tests[i].listen_ms, tests[i].last_ms, tests[i].packets);
		const struct finding *f = found(s, "syn-retransmit");

		assert_int_equal(f ? f->ns : 0, tests[i].ns);
		assert_int_equal(f ? f->count : 0, tests[i].count);
		session_free(s);
	}
}

/* Each rule has a case here, says all that it must, and has a name of its own. */
static void test_table(void **state)
{
	const struct finding_rule *r = NULL;
	size_t i, n = 0;

	(void)state;
	while ((r = finding_rule_next(r))) {
		bool tested = !strcmp(r->name, "client-interference") ||
			      !strcmp(r->name, "syn-retransmit");

		for (i = 0; i < ARRAY_SIZE(cases); i++)
			tested = tested || !strcmp(cases[i].rule, r->name);
		if (!tested && r >= finding_rule_named("cgroup-rcu-stall") &&
		    r <= finding_rule_named("jit-no-cache"))
			fail_msg("%s has no test", r->name);
		assert_ptr_equal(finding_rule_named(r->name), r);
		assert_true(r->title && *r->title && r->mend && *r->mend && r->trade_off &&
			    *r->trade_off);
		assert_true(r->states || r->functions[0] || r->evidence);
		n++;
	}
	assert_true(n >= 20);
	assert_null(finding_rule_named("no such rule"));
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases) + 7];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].rule, .test_func = test_rule,
						.initial_state = (void *)&cases[i] };
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(test_client);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(test_syn);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(test_table);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(test_short_runs);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(test_own_samples);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(test_re_exec);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(test_short_names);
	return _cmocka_run_group_tests("finding", tests, i, NULL, NULL);
}
