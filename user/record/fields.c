// SPDX-License-Identifier: GPL-2.0-only
#include "user/record/fields.h"

#include <string.h>

#define FIELD_NAMED(struct_, member, type_, names_)                                                \
	{ #member, offsetof(struct struct_, member), sizeof(((struct struct_ *)0)->member), type_, \
	  names_ }
#define FIELD(struct_, member) FIELD_NAMED(struct_, member, FIELD_IS_NUMBER, NULL)
#define FIELD_TIME(struct_, member) FIELD_NAMED(struct_, member, FIELD_IS_TIME, NULL)
#define FIELD_CHARS(struct_, member) FIELD_NAMED(struct_, member, FIELD_IS_CHARS, NULL)
#define FIELD_SIGNED(struct_, member) FIELD_NAMED(struct_, member, FIELD_IS_SIGNED, NULL)
#define FIELD_PART(i)                                                                              \
	{ "path" #i, offsetof(struct wire_mapping, path[i]), WIRE_PATH_PART_MAX, FIELD_IS_CHARS, NULL }
#define END { NULL, 0, 0, FIELD_IS_NUMBER, NULL }

const struct field_name field_trust_names[] = { { "truncated", WIRE_F_TRUNCATED },
					   { "unreadable", WIRE_F_UNREADABLE },
					   { "no_enter", WIRE_F_NO_ENTER },
					   { "throttled", WIRE_F_THROTTLED },
					   { NULL, 0 } };
static const struct field_name how_names[] = { { "trap", WIRE_GUEST_SECCOMP_TRAP },
					 { "dispatch", WIRE_GUEST_USER_DISPATCH },
					 { "ptrace", WIRE_GUEST_PTRACE },
					 { NULL, 0 } };
static const struct field_name scenario_names[] = { { "available", SCENARIO_AVAILABLE },
					      { "unavailable", SCENARIO_UNAVAILABLE },
					      { NULL, 0 } };
static const struct field_name scenario_flag_names[] = { { "host_accept", SCENARIO_HOST_ACCEPT },
						   { "guest_accept", SCENARIO_GUEST_ACCEPT },
						   { "vm", SCENARIO_VM },
						   { "module", SCENARIO_MODULE },
						   { "on_demand", SCENARIO_ON_DEMAND },
						   { NULL, 0 } };
static const struct field_name run_names[] = { { "ok", RUN_OK },
					 { "failed", RUN_FAILED },
					 { "interrupted", RUN_INTERRUPTED },
					 { NULL, 0 } };
static const struct field_name when_names[] = { { "first_byte", MEMORY_FIRST_BYTE },
					  { "settled", MEMORY_SETTLED },
					  { "peak", MEMORY_PEAK },
					  { "before", MEMORY_BEFORE },
					  { "loaded", MEMORY_LOADED },
					  { NULL, 0 } };

static const struct field_name density_names[] = { { "ok", DENSITY_OK },
					     { "failed", DENSITY_FAILED },
					     { "no_room", DENSITY_NO_ROOM },
					     { "interrupted", DENSITY_INTERRUPTED },
					     { NULL, 0 } };

static const struct field fork_fields[] = {
	{ "child", offsetof(struct wire_fork, child_pid), 4, FIELD_IS_NUMBER, NULL },
	{ "thread", offsetof(struct wire_fork, child_tid), 4, FIELD_IS_NUMBER, NULL },
	FIELD(wire_fork, child_pid), FIELD(wire_fork, child_tid), FIELD(wire_fork, shares_mm),
	FIELD(wire_fork, ns_changed), FIELD_CHARS(wire_fork, comm), FIELD(wire_fork, child_number),
	FIELD(wire_fork, kernel_worker), END
};
static const struct field exec_fields[] = {
	FIELD_TIME(wire_exec, enter), FIELD(wire_exec, old_tid), FIELD(wire_exec, argv_len),
	FIELD(wire_exec, exe_inode), FIELD(wire_exec, exe_dev), FIELD(wire_exec, root),
	FIELD_CHARS(wire_exec, comm), FIELD_CHARS(wire_exec, exe_name), END
};
static const struct field exit_fields[] = { FIELD(wire_exit, code), FIELD(wire_exit, group_dead),
					    FIELD_TIME(wire_exit, enter), END };
static const struct field comm_fields[] = { FIELD_CHARS(wire_comm, comm), END };
static const struct field sock_fields[] = {
	FIELD(wire_sock, sock), FIELD(wire_sock, family), FIELD(wire_sock, local_port),
	FIELD(wire_sock, remote_port), FIELD(wire_sock, passive), FIELD_SIGNED(wire_sock, bytes),
	FIELD(wire_sock, netns), END
};
static const struct field accept_fields[] = {
	FIELD_TIME(wire_accept, enter), FIELD_SIGNED(wire_accept, fd), FIELD(wire_accept, family),
	FIELD(wire_accept, local_port), FIELD(wire_accept, io_uring), FIELD(wire_accept, netns), END
};
static const struct field guest_syscall_fields[] = {
	FIELD(wire_guest_syscall, nr), FIELD_NAMED(wire_guest_syscall, how, FIELD_IS_NUMBER, how_names),
	FIELD_SIGNED(wire_guest_syscall, ret), END
};
static const struct field kvm_ioctl_fields[] = {
	FIELD_TIME(wire_kvm_ioctl, enter), FIELD(wire_kvm_ioctl, cmd), FIELD_SIGNED(wire_kvm_ioctl, fd),
	FIELD_SIGNED(wire_kvm_ioctl, ret), FIELD_CHARS(wire_kvm_ioctl, fd_name), END
};
static const struct field kvm_memslot_fields[] = {
	FIELD(wire_kvm_memslot, slot), FIELD(wire_kvm_memslot, flags), FIELD(wire_kvm_memslot, gpa),
	FIELD(wire_kvm_memslot, bytes), FIELD(wire_kvm_memslot, hva),
	FIELD_SIGNED(wire_kvm_memslot, fd), END
};
static const struct field kvm_run_fields[] = { FIELD_SIGNED(wire_kvm_run, fd), END };
static const struct field tap_frame_fields[] = {
	FIELD(wire_tap_frame, ifindex), FIELD(wire_tap_frame, bytes),
	FIELD_CHARS(wire_tap_frame, ifname), END
};
static const struct field_name state_names[] = { { "runnable", WIRE_STATE_RUNNABLE },
						 { "sleeping", WIRE_STATE_SLEEPING },
						 { "blocked", WIRE_STATE_BLOCKED },
						 { "stopped", WIRE_STATE_STOPPED },
						 { "ended", WIRE_STATE_ENDED },
						 { "throttled", WIRE_STATE_THROTTLED },
						 { NULL, 0 } };
static const struct field_name context_names[] = { { "task", WIRE_CONTEXT_TASK },
						   { "softirq", WIRE_CONTEXT_SOFTIRQ },
						   { "hardirq", WIRE_CONTEXT_HARDIRQ },
						   { "nmi", WIRE_CONTEXT_NMI },
						   { "unknown", WIRE_CONTEXT_UNKNOWN },
						   { NULL, 0 } };
static const struct field_name irq_names[] = { { "none", WIRE_IRQ_NONE },
					       { "softirq", WIRE_IRQ_SOFTIRQ },
					       { "device", WIRE_IRQ_DEVICE },
					       { "timer", WIRE_IRQ_TIMER },
					       { "work", WIRE_IRQ_WORK },
					       { NULL, 0 } };
static const struct field_name object_names[] = { { "none", WIRE_OBJECT_NONE },
						  { "path", WIRE_OBJECT_PATH },
						  { "file", WIRE_OBJECT_FILE },
						  { "pipe", WIRE_OBJECT_PIPE },
						  { "unix", WIRE_OBJECT_SOCKET_UNIX },
						  { "inet", WIRE_OBJECT_SOCKET_INET },
						  { "socket", WIRE_OBJECT_SOCKET_OTHER },
						  { "anon", WIRE_OBJECT_ANON },
						  { "device", WIRE_OBJECT_DEVICE },
						  { "futex", WIRE_OBJECT_FUTEX },
						  { "child", WIRE_OBJECT_CHILD },
						  { NULL, 0 } };
static const struct field_name call_names[] = { { "none", ~0u }, { NULL, 0 } };
static const struct field switch_fields[] = {
	FIELD(wire_switch, next_tid), FIELD(wire_switch, next_pid), FIELD(wire_switch, cpu),
	FIELD(wire_switch, prev_ours), FIELD(wire_switch, next_ours),
	FIELD_NAMED(wire_switch, prev_state, FIELD_IS_NUMBER, state_names),
	FIELD(wire_switch, prev_iowait),
	FIELD_NAMED(wire_switch, prev_syscall, FIELD_IS_NUMBER, call_names),
	FIELD(wire_switch, quick_calls), FIELD(wire_switch, quick_ns),
	FIELD_CHARS(wire_switch, prev_comm), FIELD_CHARS(wire_switch, next_comm),
	FIELD(wire_switch, stolen_ns), END
};
static const struct field waking_fields[] = {
	FIELD(wire_waking, tid), FIELD(wire_waking, pid), FIELD(wire_waking, cpu),
	FIELD_NAMED(wire_waking, context, FIELD_IS_NUMBER, context_names),
	FIELD_NAMED(wire_waking, waker_syscall, FIELD_IS_NUMBER, call_names),
	FIELD(wire_waking, waker_ours),
	FIELD(wire_waking, waker_kthread),
	FIELD_NAMED(wire_waking, irq, FIELD_IS_NUMBER, irq_names), FIELD(wire_waking, vector),
	FIELD_CHARS(wire_waking, waker_comm), END
};
static const struct field syscall_fields[] = {
	FIELD_TIME(wire_syscall, enter), FIELD_SIGNED(wire_syscall, ret),
	{ "arg0", offsetof(struct wire_syscall, arg[0]), 8, FIELD_IS_NUMBER, NULL },
	{ "arg1", offsetof(struct wire_syscall, arg[1]), 8, FIELD_IS_NUMBER, NULL },
	{ "arg2", offsetof(struct wire_syscall, arg[2]), 8, FIELD_IS_NUMBER, NULL },
	FIELD(wire_syscall, nr),
	FIELD_NAMED(wire_syscall, object_kind, FIELD_IS_NUMBER, object_names),
	FIELD(wire_syscall, object_id), FIELD(wire_syscall, peer_pid),
	FIELD(wire_syscall, netns_or_dev), FIELD_CHARS(wire_syscall, object), END
};
static const struct field blocked_fields[] = { FIELD_TIME(wire_blocked, since),
					       FIELD(wire_blocked, n), END };
static const struct field sample_fields[] = { FIELD(wire_sample, cpu), FIELD(wire_sample, n_kernel),
					      FIELD(wire_sample, n_user), END };
static const struct field seen_fields[] = { FIELD(wire_seen, cpu), END };
static const struct field read_wait_fields[] = {
	FIELD_TIME(wire_read_wait, since), FIELD(wire_read_wait, inode), FIELD(wire_read_wait, dev),
	FIELD_CHARS(wire_read_wait, name), END
};
static const struct field file_cache_fields[] = {
	FIELD(wire_file_cache, inode), FIELD(wire_file_cache, read_bytes),
	FIELD(wire_file_cache, dev),
	FIELD_CHARS(wire_file_cache, name), END
};
static const struct field mapping_fields[] = {
	FIELD(wire_mapping, start), FIELD(wire_mapping, bytes), FIELD(wire_mapping, file_offset),
	FIELD(wire_mapping, inode), FIELD(wire_mapping, dev), FIELD(wire_mapping, n),
	FIELD_PART(0), FIELD_PART(1), FIELD_PART(2), FIELD_PART(3), FIELD_PART(4), FIELD_PART(5),
	FIELD_PART(6), FIELD_PART(7), FIELD_PART(8), FIELD_PART(9), END
};
static const struct field_name vcpu_exit_names[] = { { "user", WIRE_EXIT_USER },
						     { "vmx", WIRE_EXIT_VMX },
						     { "svm", WIRE_EXIT_SVM },
						     { "other", WIRE_EXIT_OTHER },
						     { NULL, 0 } };
static const struct field_name space_names[] = { { "port", WIRE_SPACE_PORT },
						 { "mmio", WIRE_SPACE_MMIO },
						 { "rest", WIRE_SPACE_REST },
						 { NULL, 0 } };
#define FIELD_STATE(name, i) { name, offsetof(struct wire_vcpu, ns[i]), 8, FIELD_IS_NUMBER, NULL }
static const struct field vcpu_fields[] = {
	FIELD_TIME(wire_vcpu, first), FIELD_STATE("guest", WIRE_VCPU_GUEST),
	FIELD_STATE("kernel", WIRE_VCPU_KERNEL), FIELD_STATE("vmm", WIRE_VCPU_VMM),
	FIELD_STATE("halted", WIRE_VCPU_HALTED), FIELD_STATE("runnable", WIRE_VCPU_RUNNABLE),
	FIELD_STATE("blocked", WIRE_VCPU_BLOCKED), FIELD(wire_vcpu, runs),
	FIELD(wire_vcpu, entries), FIELD(wire_vcpu, user_exits), FIELD(wire_vcpu, slot), END
};
static const struct field vm_exit_fields[] = {
	FIELD_NAMED(wire_vm_exit, table, FIELD_IS_NUMBER, vcpu_exit_names),
	FIELD_NAMED(wire_vm_exit, reason, FIELD_IS_NUMBER, call_names),
	FIELD(wire_vm_exit, count), FIELD(wire_vm_exit, kernel_ns), FIELD(wire_vm_exit, user_ns), END
};
static const struct field vm_device_fields[] = {
	FIELD(wire_vm_device, address),
	FIELD_NAMED(wire_vm_device, space, FIELD_IS_NUMBER, space_names),
	FIELD(wire_vm_device, reads), FIELD(wire_vm_device, writes),
	FIELD(wire_vm_device, kernel_ns), FIELD(wire_vm_device, user_ns),
	FIELD_TIME(wire_vm_device, first), FIELD_TIME(wire_vm_device, last), END
};
static const struct field guest_text_fields[] = {
	FIELD_TIME(wire_guest_text, since), FIELD(wire_guest_text, n), FIELD(wire_guest_text, open),
	FIELD_CHARS(wire_guest_text, text), END
};
static const struct field guest_mark_fields[] = {
	FIELD(wire_guest_mark, address),
	FIELD_NAMED(wire_guest_mark, space, FIELD_IS_NUMBER, space_names),
	FIELD(wire_guest_mark, value), END
};
static const struct field_name adopted_names[] = { { "exec", WIRE_ADOPTED_EXEC },
						   { "daemon", WIRE_ADOPTED_DAEMON },
						   { "watch", WIRE_ADOPTED_WATCH },
						   { "cgroup", WIRE_ADOPTED_CGROUP },
						   { NULL, 0 } };
static const struct field adopted_fields[] = {
	FIELD_NAMED(wire_adopted, how, FIELD_IS_NUMBER, adopted_names),
	FIELD(wire_adopted, parent_pid), FIELD_CHARS(wire_adopted, parent_comm),
	FIELD_CHARS(wire_adopted, rule), FIELD_CHARS(wire_adopted, id), END
};
static const struct field rss_fields[] = {
	FIELD(wire_rss, mm), FIELD(wire_rss, known), FIELD(wire_rss, anon), FIELD(wire_rss, file),
	FIELD(wire_rss, shmem), FIELD(wire_rss, swap), FIELD(wire_rss, page_tables),
	FIELD(wire_rss, minor), FIELD(wire_rss, major), FIELD(wire_rss, faults_anon),
	FIELD(wire_rss, faults_file), FIELD(wire_rss, faults_read), FIELD(wire_rss, faults_shmem),
	FIELD(wire_rss, faults_cow), FIELD(wire_rss, faults_guest), FIELD(wire_rss, guest_anon),
	FIELD(wire_rss, guest_file), FIELD(wire_rss, guest_shmem), FIELD(wire_rss, most),
	FIELD(wire_rss, dropped), END
};
static const struct field session_fields[] = {
	FIELD(host_session, realtime), FIELD(host_session, port), FIELD(host_session, requests),
	FIELD(host_session, runs), FIELD(host_session, warmup), FIELD(host_session, settle_ms), END
};
static const struct field none[] = { END };
#define env_fields none
static const struct field scenario_fields[] = {
	FIELD(host_scenario, id), FIELD_NAMED(host_scenario, status, FIELD_IS_NUMBER, scenario_names),
	FIELD(host_scenario, row),
	FIELD_NAMED(host_scenario, flags, FIELD_IS_NUMBER, scenario_flag_names), END
};
static const struct field run_begin_fields[] = {
	FIELD(host_run_begin, scenario), FIELD(host_run_begin, index),
	FIELD(host_run_begin, warmup), FIELD(host_run_begin, cold), FIELD(host_run_begin, netns),
	FIELD(host_run_begin, client_netns), FIELD(host_run_begin, client_tid), END
};
static const struct field run_end_fields[] = {
	FIELD_NAMED(host_run_end, status, FIELD_IS_NUMBER, run_names), FIELD(host_run_end, exit_code),
	FIELD(host_run_end, sent), FIELD(host_run_end, lost), END
};
static const struct field client_fields[] = {
	FIELD_TIME(host_client, notified), FIELD_TIME(host_client, connect),
	FIELD_TIME(host_client, connected), FIELD_TIME(host_client, sent),
	FIELD_TIME(host_client, first_byte), FIELD_TIME(host_client, done),
	FIELD(host_client, uncertainty), FIELD(host_client, attempts),
	FIELD(host_client, http_status), END
};
static const struct field process_memory_fields[] = {
	FIELD_NAMED(host_process_memory, when, FIELD_IS_NUMBER, when_names), FIELD(host_process_memory, pid),
	FIELD(host_process_memory, rss), FIELD(host_process_memory, pss),
	FIELD(host_process_memory, uss), FIELD(host_process_memory, anon),
	FIELD(host_process_memory, file), FIELD(host_process_memory, shmem),
	FIELD(host_process_memory, page_tables), FIELD(host_process_memory, mm_owner), END
};
static const struct field latency_fields[] = { FIELD(host_latency, n), FIELD(host_latency, failed),
					       END };
static const struct field output_fields[] = { FIELD(host_output, total), END };
static const struct field cost_fields[] = {
	FIELD(host_cost, bpf_ns), FIELD(host_cost, bpf_count), FIELD(host_cost, collector_cpu_ns),
	FIELD(host_cost, client_cpu_ns), END
};

static const struct field symbol_fields[] = { FIELD(host_symbol, address),
					      FIELD(host_symbol, offset), FIELD(host_symbol, pid),
					      FIELD(host_symbol, exact), END };
static const struct field console_fields[] = { FIELD_TIME(host_console, since),
					       FIELD(host_console, open), END };
static const struct field program_cost_fields[] = { FIELD(host_program_cost, ns),
						    FIELD(host_program_cost, count), END };

static const struct field_name guest_names[] = { { "none", GUEST_NONE },
						 { "slots", GUEST_SLOTS },
						 { "size", GUEST_SIZE },
						 { "unknown", GUEST_UNKNOWN },
						 { "helper", GUEST_HELPER },
						 { NULL, 0 } };
static const struct field_name mapping_names[] = { { "rest", MAPPING_REST },
						   { "anon", MAPPING_ANON },
						   { "heap", MAPPING_HEAP },
						   { "stack", MAPPING_STACK },
						   { "code", MAPPING_CODE },
						   { "file", MAPPING_FILE },
						   { "data", MAPPING_DATA },
						   { "shared_file", MAPPING_SHARED_FILE },
						   { "shmem", MAPPING_SHMEM },
						   { "hugetlb", MAPPING_HUGETLB },
						   { "device", MAPPING_DEVICE },
						   { "guest", MAPPING_GUEST },
						   { NULL, 0 } };
static const struct field memory_process_fields[] = {
	FIELD_NAMED(host_memory_process, when, FIELD_IS_NUMBER, when_names),
	FIELD(host_memory_process, mm_owner), FIELD(host_memory_process, rss),
	FIELD(host_memory_process, pss), FIELD(host_memory_process, uss),
	FIELD(host_memory_process, pss_anon), FIELD(host_memory_process, pss_file),
	FIELD(host_memory_process, pss_shmem), FIELD(host_memory_process, pss_guest),
	FIELD(host_memory_process, rss_anon), FIELD(host_memory_process, rss_file),
	FIELD(host_memory_process, rss_shmem), FIELD(host_memory_process, rss_guest),
	FIELD(host_memory_process, page_tables), FIELD(host_memory_process, kernel_stack),
	FIELD(host_memory_process, hugetlb), FIELD(host_memory_process, guest_huge),
	FIELD(host_memory_process, guest_given), FIELD(host_memory_process, swap),
	FIELD_NAMED(host_memory_process, guest_how, FIELD_IS_NUMBER, guest_names),
	FIELD(host_memory_process, threads), FIELD(host_memory_process, mappings),
	FIELD_CHARS(host_memory_process, comm),
	FIELD(host_memory_process, guest_there), END
};
static const struct field memory_mapping_fields[] = {
	FIELD_NAMED(host_memory_mapping, when, FIELD_IS_NUMBER, when_names),
	FIELD_NAMED(host_memory_mapping, kind, FIELD_IS_NUMBER, mapping_names),
	FIELD(host_memory_mapping, count), FIELD(host_memory_mapping, bytes),
	FIELD(host_memory_mapping, rss), FIELD(host_memory_mapping, pss),
	FIELD(host_memory_mapping, private), FIELD(host_memory_mapping, shared),
	FIELD(host_memory_mapping, anon), FIELD(host_memory_mapping, huge),
	FIELD(host_memory_mapping, swap), END
};
static const struct field memory_cgroup_fields[] = {
	FIELD_NAMED(host_memory_cgroup, when, FIELD_IS_NUMBER, when_names),
	FIELD(host_memory_cgroup, version), FIELD(host_memory_cgroup, processes),
	FIELD(host_memory_cgroup, cgroups), FIELD(host_memory_cgroup, usage),
	FIELD(host_memory_cgroup, peak), FIELD(host_memory_cgroup, inactive_file),
	FIELD(host_memory_cgroup, kernel), FIELD(host_memory_cgroup, kernel_stack),
	FIELD(host_memory_cgroup, page_tables), FIELD(host_memory_cgroup, anon),
	FIELD(host_memory_cgroup, file), FIELD(host_memory_cgroup, shmem), END
};
static const struct field memory_system_fields[] = {
	FIELD_NAMED(host_memory_system, when, FIELD_IS_NUMBER, when_names),
	FIELD(host_memory_system, total), FIELD(host_memory_system, free),
	FIELD(host_memory_system, available), FIELD(host_memory_system, cached),
	FIELD(host_memory_system, shmem), FIELD(host_memory_system, slab),
	FIELD(host_memory_system, page_tables), FIELD(host_memory_system, kernel_stack),
	FIELD(host_memory_system, percpu), END
};
static const struct field preparing_fields[] = { FIELD(host_preparing, scenario), END };
static const struct field_name backing_names[] = {
	{ "anon", GUEST_ANON }, { "memfd", GUEST_MEMFD }, { "hugetlb", GUEST_HUGETLB },
	{ "file", GUEST_FILE }, { "shared_anon", GUEST_SHARED_ANON }, { NULL, 0 }
};
static const struct field guest_backing_fields[] = {
	FIELD(host_guest_backing, start), FIELD(host_guest_backing, end),
	FIELD(host_guest_backing, rss), FIELD(host_guest_backing, huge),
	FIELD_NAMED(host_guest_backing, backing, FIELD_IS_NUMBER, backing_names), END
};
static const struct field boot_timer_fields[] = { FIELD(host_boot_timer, ns),
						  FIELD(host_boot_timer, cpu_ns), END };
static const struct field io_fields[] = { FIELD(host_io, call_bytes), FIELD(host_io, storage_bytes),
					  FIELD(host_io, minor_faults),
					  FIELD(host_io, major_faults), END };
static const struct field density_fields[] = {
	FIELD(host_density, scenario), FIELD(host_density, asked), FIELD(host_density, answered),
	FIELD_NAMED(host_density, status, FIELD_IS_NUMBER, density_names),
	FIELD(host_density, available), END
};
static const struct field density_step_fields[] = {
	FIELD(host_density_step, scenario), FIELD(host_density_step, instances),
	FIELD(host_density_step, available), FIELD(host_density_step, boxes), END
};
static const struct field density_instance_fields[] = {
	FIELD(host_density_instance, scenario), FIELD(host_density_instance, instances),
	FIELD(host_density_instance, index), FIELD(host_density_instance, processes),
	FIELD(host_density_instance, rss), FIELD(host_density_instance, pss),
	FIELD(host_density_instance, uss), FIELD(host_density_instance, pss_anon),
	FIELD(host_density_instance, pss_file), FIELD(host_density_instance, pss_shmem),
	FIELD(host_density_instance, pss_guest), FIELD(host_density_instance, rss_anon),
	FIELD(host_density_instance, rss_file), FIELD(host_density_instance, rss_shmem),
	FIELD(host_density_instance, rss_guest), FIELD(host_density_instance, page_tables),
	FIELD(host_density_instance, kernel_stack), FIELD(host_density_instance, hugetlb),
	FIELD_NAMED(host_density_instance, guest_how, FIELD_IS_NUMBER, guest_names), END
};
static const struct field density_file_fields[] = {
	FIELD(host_density_file, scenario), FIELD(host_density_file, instances),
	FIELD(host_density_file, mapped_by), FIELD(host_density_file, rss),
	FIELD(host_density_file, pss), END
};
static const struct field_name ready_names[] = { { "exec", READY_EXEC },
						 { "exit", READY_EXIT },
						 { "accept", READY_ACCEPT },
						 { "line", READY_LINE },
						 { NULL, 0 } };
static const struct field ready_fields[] = {
	FIELD_TIME(host_ready, time), FIELD_NAMED(host_ready, how, FIELD_IS_NUMBER, ready_names),
	FIELD(host_ready, tid), END
};

/* What follows the body; the names are those of format.h's comments. */
#define tail_fork TAIL_NONE, { NULL }
#define tail_exec TAIL_ARGV, { NULL }
#define tail_exit TAIL_NONE, { NULL }
#define tail_comm TAIL_NONE, { NULL }
#define tail_sock TAIL_NONE, { NULL }
#define tail_accept TAIL_NONE, { NULL }
#define tail_guest_syscall TAIL_NONE, { NULL }
#define tail_kvm_ioctl TAIL_NONE, { NULL }
#define tail_kvm_memslot TAIL_NONE, { NULL }
#define tail_kvm_run TAIL_NONE, { NULL }
#define tail_tap_frame TAIL_NONE, { NULL }
#define tail_switch TAIL_NONE, { NULL }
#define tail_waking TAIL_NONE, { NULL }
#define tail_syscall TAIL_NONE, { NULL }
#define tail_blocked TAIL_ADDRESSES, { NULL }
#define tail_sample TAIL_ADDRESSES, { NULL }
#define tail_read_wait TAIL_NONE, { NULL }
#define tail_seen TAIL_NONE, { NULL }
#define tail_file_cache TAIL_NONE, { NULL }
#define tail_mapping TAIL_NONE, { NULL }
#define tail_vcpu TAIL_NONE, { NULL }
#define tail_vm_exit TAIL_NONE, { NULL }
#define tail_vm_device TAIL_NONE, { NULL }
#define tail_guest_text TAIL_NONE, { NULL }
#define tail_guest_mark TAIL_NONE, { NULL }
#define tail_adopted TAIL_NONE, { NULL }
#define tail_rss TAIL_NONE, { NULL }
#define tail_session TAIL_STRINGS, { "version" }
#define tail_env TAIL_STRINGS, { "key", "value" }
#define tail_scenario TAIL_STRINGS, { "name", "title", "boundary", "path", "version", "accel", \
				      "reason", "advice", "stands_for" }
#define tail_run_begin TAIL_NONE, { NULL }
#define tail_run_end TAIL_STRINGS, { "reason" }
#define tail_client TAIL_STRINGS, { "problem" }
#define tail_process_memory TAIL_STRINGS, { "comm" }
#define tail_latency TAIL_LATENCY, { NULL }
#define tail_output TAIL_STRINGS, { "text" }
#define tail_cost TAIL_NONE, { NULL }
#define tail_symbol TAIL_STRINGS, { "name", "object" }
#define tail_program_cost TAIL_STRINGS, { "name" }
#define tail_memory_process TAIL_NONE, { NULL }
#define tail_memory_mapping TAIL_STRINGS, { "name" }
#define tail_memory_cgroup TAIL_STRINGS, { "path" }
#define tail_memory_system TAIL_NONE, { NULL }
#define tail_console TAIL_STRINGS, { "text" }
#define tail_preparing TAIL_NONE, { NULL }
#define tail_guest_backing TAIL_STRINGS, { "name" }
#define tail_boot_timer TAIL_NONE, { NULL }
#define tail_io TAIL_NONE, { NULL }
#define tail_density TAIL_STRINGS, { "reason" }
#define tail_density_step TAIL_NONE, { NULL }
#define tail_density_instance TAIL_NONE, { NULL }
#define tail_density_file TAIL_STRINGS, { "path" }
#define tail_ready TAIL_STRINGS, { "by" }

#define WIRE_KIND(number_, NAME, body)                                                             \
	{ #NAME, number_, sizeof(struct wire_##body), body##_fields, tail_##body },
#define HOST_KIND(number_, NAME, body, n)                                                          \
	{ #NAME, number_, sizeof(struct host_##body), body##_fields, tail_##body },
const struct kind_fields kind_fields[] = {
	WIRE_KINDS(WIRE_KIND) HOST_KINDS(HOST_KIND) { NULL, 0, 0, NULL, TAIL_NONE, { NULL } }
};

const struct kind_fields *kind_fields_of(unsigned int number)
{
	const struct kind_fields *k;

	for (k = kind_fields; k->name; k++)
		if (k->number == number)
			return k;
	return NULL;
}

const struct kind_fields *kind_fields_named(const char *name)
{
	const struct kind_fields *k;

	for (k = kind_fields; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}
