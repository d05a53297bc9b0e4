// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/base/mem.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

static const struct btf_type *tracepoint_proto(const struct btf *btf, const char *name)
{
	CLEANUP_FREE char *typedef_name = xasprintf("btf_trace_%s", name);
	const struct btf_type *t;
	int id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);

	if (id < 0)
		return NULL;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type); /* pointer */
	t = t && btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) ? t : NULL;
}

bool feature_tracepoint(const struct btf *btf, const char *name)
{
	return tracepoint_proto(btf, name) != NULL;
}

static bool has_capability(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return false;
	return data[cap / 32].effective & (1u << (cap % 32));
}


static const struct {
	int cap;
	const char *name, *why;
} capabilities[] = {
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "to make namespaces and load probes" },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "to set up a run's own network" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "to read the memory figures of other processes" },
};

int features_require(struct error *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (!has_capability(capabilities[i].cap))
			return error_class(err, ERROR_HOST, -EPERM,
					   "coldprof needs root (%s is missing, %s): use sudo",
					   capabilities[i].name, capabilities[i].why);
	if (access(BTF_PATH, R_OK))
		return error_class(err, ERROR_HOST, -ENOENT,
				   "this kernel has no BTF at " BTF_PATH
				   ": it needs CONFIG_DEBUG_INFO_BTF=y");
	return 0;
}

static void answer(feature_fn fn, void *ctx, enum feature_level level, const char *what,
		   const char *found, const char *mend)
{
	struct feature_answer a = { .level = level, .what = what };

	snprintf(a.found, sizeof(a.found), "%s", found);
	snprintf(a.mend, sizeof(a.mend), "%s", level == FEATURE_OK ? "" : mend);
	fn(ctx, &a);
}

static const struct {
	const char *name;
	bool needed;
	const char *lost; /* what is not seen without it */
} tracepoints[] = {
	{ "task_newtask", true, "process tree" },
	{ "sched_process_exec", true, "process tree" },
	{ "sched_process_exit", true, "process tree" },
	{ "task_rename", false, "names that tasks give themselves" },
	{ "sys_enter", true, "accept, KVM calls" },
	{ "sys_exit", true, "accept, KVM calls" },
	{ "inet_sock_set_state", true, "listen, connections" },
	{ "sock_recv_length", false, "first request" },
	{ "sock_send_length", false, "first response" },
	{ "tcp_retransmit_skb", false, "repeated SYNs" },
	{ "io_uring_complete", false, "accepts by io_uring" },
	{ "signal_generate", false, "calls of newer gVisor guests" },
	{ "sched_switch", true, "waits" },
	{ "sched_waking", true, "who woke whom" },
	{ "softirq_entry", true, "wake-ups by interrupts" },
	{ "irq_handler_entry", true, "wake-ups by interrupts" },
	{ "hrtimer_expire_entry", true, "wake-ups by timers" },
	{ "irq_work_entry", false, "wake-ups by irq_work" },
	{ "block_bio_queue", false, "bytes read from disk" },
	{ "netif_receive_skb", false, "a guest's first frame" },
};

/* Those of KVM: built in, or in the module's own BTF. None of them is needed for anything else. */
static void check_kvm_tracepoints(feature_fn fn, void *ctx, struct btf *kernel)
{
	static const char *const names[] = { "kvm_entry", "kvm_exit", "kvm_pio", "kvm_mmio" };
	struct btf *module = btf__parse_split("/sys/kernel/btf/kvm", kernel);
	char here[80] = "", missing[80] = "", found[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		bool ok = feature_tracepoint(kernel, names[i]) ||
			  (module && feature_tracepoint(module, names[i]));
		char *list = ok ? here : missing;
		size_t n = strlen(list);

		snprintf(list + n, sizeof(here) - n, "%s%s", n ? ", " : "", names[i]);
	}
	btf__free(module);
	snprintf(found, sizeof(found), "%s%s%s%s", *here ? here : "none",
		 *missing ? "; not in this kernel: " : "", missing,
		 *missing ? " (exits by reason and device are not seen)" : "");
	answer(fn, ctx, *missing ? FEATURE_WARN : FEATURE_OK, "kvm tracepoints", found,
	       "load kvm_intel or kvm_amd; nothing but VMs needs it");
}

static void check_tracepoints(feature_fn fn, void *ctx)
{
	struct btf *btf = btf__parse(BTF_PATH, NULL);
	char found[160];
	size_t i;

	if (!btf) {
		answer(fn, ctx, FEATURE_MISSING, "BTF", "none readable at " BTF_PATH,
		       "boot a kernel with CONFIG_DEBUG_INFO_BTF=y");
		return;
	}
	snprintf(found, sizeof(found), BTF_PATH ", %u types", btf__type_cnt(btf));
	answer(fn, ctx, FEATURE_OK, "BTF", found, "");
	for (i = 0; i < ARRAY_SIZE(tracepoints); i++) {
		if (feature_tracepoint(btf, tracepoints[i].name))
			continue;
		snprintf(found, sizeof(found), "%s is not in this kernel: not seen: %s",
			 tracepoints[i].name, tracepoints[i].lost);
		answer(fn, ctx, tracepoints[i].needed ? FEATURE_MISSING : FEATURE_WARN,
		       "tracepoint", found, "boot a kernel that has it");
	}
	snprintf(found, sizeof(found), "%zu looked for", ARRAY_SIZE(tracepoints));
	answer(fn, ctx, FEATURE_OK, "tracepoints", found, "");
	check_kvm_tracepoints(fn, ctx, btf);
	btf__free(btf);
}

void features_check(feature_fn fn, void *ctx)
{
	static const struct {
		enum bpf_map_type type;
		const char *what;
	} maps[] = {
		{ BPF_MAP_TYPE_RINGBUF, "BPF ring buffer" },
		{ BPF_MAP_TYPE_TASK_STORAGE, "BPF task storage" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(capabilities); i++)
		answer(fn, ctx,
		       has_capability(capabilities[i].cap) ? FEATURE_OK : FEATURE_MISSING,
		       "capability", capabilities[i].name, "run it with sudo");
	check_tracepoints(fn, ctx);
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		bool ok = libbpf_probe_bpf_map_type(maps[i].type, NULL) == 1;

		answer(fn, ctx, ok ? FEATURE_OK : FEATURE_MISSING, maps[i].what,
		       ok ? "yes" : "refused by bpf(2)", "Linux 6.1 or later, as root");
	}
}
