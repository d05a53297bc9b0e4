/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vm.h - inside a VM's boot, from the host: vCPUs, exits, devices, set-up, and the guest's console.
 *
 * Part of struct run. Everything is 0 for a run without a VMM. Times are absolute ns unless said
 * otherwise. Texts are the guest's own, i.e. hostile; they live in the session's arena.
 */
#ifndef COLDPROF_VM_H
#define COLDPROF_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

#include "bpf/wire.h"

#define VM_GAP_NS 5000000 /* a silence of the console that is worth a mark */
#define VM_NO_STAMP UINT64_MAX

/* Sums of a vCPU up to a moment. */
struct vcpu_point {
	uint64_t time;
	uint64_t ns[WIRE_VCPU_STATES];
};

struct vcpu {
	uint32_t tid, pid;
	uint64_t first; /* its first KVM_RUN */
	struct vcpu_point *points; /* by time; the last one is its end or the window's */
	size_t n_points, cap_points;
	uint64_t runs, entries, user_exits;
};

struct vm_exit {
	uint32_t table, reason; /* enum wire_exit_table */
	uint64_t count, kernel_ns, user_ns;
};

struct vm_address {
	uint64_t address;
	uint32_t space; /* enum wire_space */
	uint64_t reads, writes, kernel_ns, user_ns, first, last;
	uint64_t untold; /* of the reads: what the kernel took for them is not known, and not in kernel_ns */
	const char *device;
};

/* The bill of one device: its addresses together. */
struct vm_device {
	const char *name;
	uint64_t exits, kernel_ns, user_ns, first, last;
	uint64_t untold; /* so many of the exits, as above */
	size_t addresses;
};

struct vm_mark {
	uint64_t time, address;
	uint32_t space, value;
	bool of_probe; /* a write that the probes saw; else read from the VMM's pipe for that port */
};

/* A line of the guest's console. */
struct guest_line {
	uint64_t time; /* its first byte came to the host */
	uint64_t end;  /* … and its last */
	uint64_t stamp; /* the guest kernel's own "[ s.us ]", ns; VM_NO_STAMP = none */
	uint64_t placed; /* when the guest said it, by its stamp; without one when it came */
	const char *text;
	size_t len;
	size_t said;   /* where the text begins behind the stamp */
	bool gap;      /* nothing was said for VM_GAP_NS or longer before it */
};

/* An initcall of the guest's kernel (initcall_debug). */
struct guest_initcall {
	const char *name;
	uint64_t start, end; /* host's clock */
};

/* A mapping of the VMM in which guest RAM lies, at the first byte. */
struct vm_backing {
	uint32_t pid, backing; /* enum guest_backing of user/record/format.h */
	uint64_t start, end, rss, huge;
	const char *name; /* "" = none; hostile */
};

struct vm {
	struct vm_backing *backings;
	size_t n_backings, cap_backings;
	uint64_t boot_timer, boot_timer_cpu; /* the VMM's own word, ns; 0 = none */
	struct vcpu *vcpus; /* by first */
	size_t n_vcpus, cap_vcpus;
	struct vm_exit *exits; /* by table, then by time */
	size_t n_exits, cap_exits;
	struct vm_address *addresses;
	size_t n_addresses, cap_addresses;
	struct vm_device *devices; /* heaviest first */
	size_t n_devices, cap_devices;
	struct vm_mark *marks;
	size_t n_marks, cap_marks;
	uint64_t marks_dropped; /* there were so many more than the recording has … */
	uint64_t posts_dropped; /* … and POST codes, which are not among these */
	struct guest_line *lines; /* by time */
	size_t n_lines, cap_lines;
	struct guest_initcall *initcalls;
	size_t n_initcalls, cap_initcalls;
	uint64_t console_bytes;
	bool tcg; /* the vCPUs are threads that QEMU names so, for there is no KVM_RUN */
	bool from_chardev; /* the lines come from the VMM's chardev, else from port writes */
	/*
	 * When the guest kernel's clock (that of its stamps) was 0 at the latest, by a log that
	 * begins there. 0: the console has not the log's beginning.
	 */
	uint64_t clock_zero;
	bool line_open; /* private: the last line goes on in the next record */
};

struct session;
struct run;

/* False: the record makes no sense. Kinds VCPU to GUEST_MARK, CONSOLE, GUEST_BACKING, BOOT_TIMER. */
bool vm_add(struct session *s, struct run *r, const struct wire_head *record);
void vm_settle(struct session *s, struct run *r);
void vm_release(struct vm *vm);

/* Is there anything to tell? */
bool vm_present(const struct run *r);

/* Index of a vCPU's first point after t; n_points when there is none. */
size_t vcpu_point_after(const struct vcpu *v, uint64_t t);

/*
 * What a vCPU did in [from, to), cut to its life: ns[] sums to what is left of it. Between two
 * points (10 ms, or longer in one state) each state has its share of the time.
 */
void vcpu_between(const struct vcpu *v, uint64_t from, uint64_t to,
		  uint64_t ns[WIRE_VCPU_STATES]);
uint64_t vcpu_end(const struct vcpu *v);
const struct vcpu *vm_vcpu(const struct run *r, uint32_t tid);

/* kvm_entry did not fire: time in the guest has that of the kernel in it. */
bool vm_guest_has_kernel(const struct run *r);

/* Is anything known of what the kernel took for this device's exits? */
bool vm_device_told(const struct vm_device *d);
/* Exits of all devices of which it is not known. */
uint64_t vm_untold(const struct vm *vm);

/* ---- set-up ----------------------------------------------------------------------------------- */

/* KVM ioctls of one command. */
struct kvm_setup {
	uint32_t cmd;
	uint64_t count, failed, ns, longest;
	uint64_t at; /* when the longest began */
	uint64_t later, later_ns; /* of count and ns: begun after the run's first KVM_RUN, so no set-up */
};
/* Heaviest first; the caller frees *list. */
size_t vm_setup(const struct run *r, struct kvm_setup **list);
/* What the memory at an address of the VMM is backed by; NULL: not known. */
const struct vm_backing *vm_backing_at(const struct vm *vm, uint64_t hva);
const char *vm_backing_name(const struct vm_backing *b); /* "anon" …; "?" of a later version */
/* Bytes of guest RAM that are there, and of those in huge pages; false: not known. */
bool vm_backing_total(const struct vm *vm, uint64_t *rss, uint64_t *huge);
uint64_t vm_setup_count(const struct run *r, uint32_t nr); /* that did not fail */
/* ns from the VMM's exec to the first KVM_RUN; false: not seen. */
bool vm_exec_to_run(const struct run *r, uint64_t *ns);

/*
 * Once path and phases are there: slices of vCPUs parted by the ledger and by phase, with the
 * console's silences.
 */
void vm_refine_path(struct session *s, struct run *r);

/* ---- names (vm_names.c) ------------------------------------------------------------------------ */

const char *vcpu_state_name(unsigned int state);
#define VM_NAME_MAX 48
/*
 * "vCPU 0", by the order in which they first ran: KVM's own number is not recorded. "vCPU 0 of 4711",
 * with the VMM's pid, in a run of several VMMs (vcpu_name.c).
 */
const char *vcpu_name(char buf[VM_NAME_MAX], const struct run *r, size_t index);
bool vm_several(const struct run *r);
/* Never NULL: buf where the number has no name. */
const char *vm_exit_name(char buf[VM_NAME_MAX], uint32_t table, uint32_t reason);
const char *vm_ioctl_name(char buf[VM_NAME_MAX], uint32_t cmd);
const char *vm_device_name(uint32_t space, uint64_t address);
const char *vm_isa_name(const struct vm *vm); /* "vmx", "svm", "other"; "" without exits */
/* What a mark means: "start of user space" …; "" = nobody knows. */
const char *vm_mark_name(const struct vm_mark *m);

/* ---- marks (vm_marks.c) ------------------------------------------------------------------------ */

bool vm_mark_is_post(const struct vm_mark *m);
/* As vm_mark_name(), and by whose VMM it is: cloud-hypervisor says which POST codes are whose. */
const char *vm_mark_meaning(const struct run *r, const struct vm_mark *m);

/* Writes of one value to one address. */
struct vm_mark_sum {
	struct vm_mark first;
	size_t index;  /* its number among all */
	uint64_t last; /* when */
	uint64_t count;
};
/*
 * At most so many, by time, marks rather than POST codes; *rest: writes that are in none of them. The
 * caller frees *list.
 */
size_t vm_mark_sums(const struct vm *vm, size_t most, struct vm_mark_sum **list, uint64_t *rest);

/* guest_console.c: lines in order, stamps, silences, initcalls. */
void guest_console_add(struct session *s, struct run *r, uint64_t since, uint64_t end,
		       const char *text, size_t len, bool open);
void guest_console_settle(struct session *s, struct run *r);

/* How long nothing was said before a line, ns; 0 before the first one. */
uint64_t guest_silence(const struct vm *vm, size_t line);

#endif
