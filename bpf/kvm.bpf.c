// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.bpf.c - exits of a run's vCPUs, by reason and by address, and what the guest says by them.
 *
 * Raw tracepoints: they need no type information, so it is the same to them whether KVM is built in,
 * a module, or of another vendor; they are attached where there is such a tracepoint. What kvm_exit
 * is given changed in 5.16 (0a62a0319abb): before, the reason was its first argument; since then that
 * is the vCPU, and the reason has to be read from the vendor's own struct, whose layout comes from
 * the kernel's or the module's BTF.
 */
#include "bpf/kvm.bpf.h"
#include "bpf/memory.bpf.h"

#define ISA_VMX 1
#define ISA_SVM 2
#define ISA_ARM64 64 /* ours: its kvm_exit names none */

struct raw_args { /* struct bpf_raw_tracepoint_args, which needs no relocation */
	__u64 args[5];
};

/* The parts of the vendors' structs that hold the reason; each exists in one module's BTF only. */
union vmx_exit_reason___own {
	__u32 full;
} __attribute__((preserve_access_index));
struct vcpu_vmx___flat { /* up to 6.15 */
	union vmx_exit_reason___own exit_reason;
} __attribute__((preserve_access_index));
struct vcpu_vt___own {
	union vmx_exit_reason___own exit_reason;
} __attribute__((preserve_access_index));
struct vcpu_vmx___vt { /* shared with TDX since */
	struct vcpu_vt___own vt;
} __attribute__((preserve_access_index));
struct vmcb_control_area___own {
	__u32 exit_code;
} __attribute__((preserve_access_index));
struct vmcb___own {
	struct vmcb_control_area___own control;
} __attribute__((preserve_access_index));
struct vcpu_svm___own {
	struct vmcb___own *vmcb;
} __attribute__((preserve_access_index));

/* Both structs begin with their struct kvm_vcpu. */
static __always_inline __u32 read_reason(void *vcpu, __u32 isa)
{
	struct vcpu_vmx___flat *vmx = vcpu;
	struct vcpu_vmx___vt *vt = vcpu;
	struct vcpu_svm___own *svm = vcpu;

	if (isa == ISA_VMX) {
		if (bpf_core_field_exists(vmx->exit_reason))
			return (__u16)KERNEL_READ(vmx, exit_reason.full);
		if (bpf_core_field_exists(vt->vt))
			return (__u16)KERNEL_READ(vt, vt.exit_reason.full);
	} else if (isa == ISA_SVM && bpf_core_field_exists(svm->vmcb)) {
		return KERNEL_READ(svm, vmcb, control.exit_code);
	}
	return VCPU_NONE;
}

SEC("raw_tp/kvm_entry")
int on_kvm_entry(struct raw_args *ctx)
{
	struct probe_vcpu *v = vcpu_current(ctx);
	struct probe_exit *e;
	__u64 now;

	if (!v)
		return 0;
	now = bpf_ktime_get_ns();
	vcpu_here(v, now);
	if (v->reason != VCPU_NONE) {
		e = exit_at(v->reason);
		if (e)
			e->kernel_ns += vcpu_handled(v, now);
	}
	if (v->device) { /* handled without the VMM */
		v->device_kernel = vcpu_handled(v, now);
		v->device_user = 0;
		device_book(v, now);
	}
	vcpu_hw_entry(v, now);
	return 0;
}

static __always_inline int left_guest(struct probe_vcpu *v, __u32 isa, __u32 reason)
{
	__u64 now = bpf_ktime_get_ns();
	struct probe_exit *e;

	if (!control.isa)
		control.isa = isa;
	vcpu_here(v, now);
	vcpu_hw_exit(v, now, vcpu_exit_index(reason));
	e = exit_at(v->reason);
	if (e)
		e->count++;
	return 0;
}

SEC("raw_tp/kvm_exit")
int on_kvm_exit(struct raw_args *ctx)
{
	struct probe_vcpu *v = vcpu_current(ctx);
	__u32 isa = ctx->args[1];

	return v ? left_guest(v, isa, read_reason((void *)ctx->args[0], isa)) : 0;
}

/*
 * Where kvm_exit has three arguments: x86 before 5.16, and arm64. Elsewhere the kernel refuses to
 * attach a program that looks at a third one, so this one is tried first.
 */
SEC("raw_tp/kvm_exit")
int on_kvm_exit_reason(struct raw_args *ctx)
{
	struct probe_vcpu *v = vcpu_current(ctx);
	__u32 isa = ctx->args[2], reason = ctx->args[0];

	if (!v)
		return 0;
#if defined(__TARGET_ARCH_arm64)
	isa = ISA_ARM64; /* result, exception class, program counter */
	reason = ctx->args[1];
#endif
	return left_guest(v, isa, isa == ISA_VMX ? (__u16)reason : reason);
}

/*
 * Only attached where on_kvm_layout() found nothing, which saves each exit a program: the end of the
 * call tells the same. This is the last thing that KVM_RUN does, so for the ledger the call is over here.
 */
SEC("raw_tp/kvm_userspace_exit")
int on_kvm_userspace_exit(struct raw_args *ctx)
{
	struct cpu_state *s = control.timed ? cpu_state_on(ctx) : NULL;
	struct probe_vcpu *v = s ? vcpu_at(s->vcpu) : NULL;
	__u64 now;

	if (!v)
		return 0;
	now = bpf_ktime_get_ns();
	vcpu_told_why(v, ctx->args[0], (__s32)ctx->args[1] < 0);
	vcpu_left_run(v, now);
	memory_ends_run(s, now);
	return 0;
}

/* The address of the struct kvm_run of the vCPU that fd is; 0: not known. */
__u64 vcpu_page_of(__u32 fd)
{
	struct file *file = control.vcpu_page ? file_of_fd(bpf_get_current_task_btf(), fd) : NULL;

	return file ? kernel_u64((__u64)KERNEL_READ(file, private_data) + control.vcpu_page) : 0;
}

struct kvm_vcpu___own {
	void *run;
} __attribute__((preserve_access_index));

/*
 * Run once by the collector, never attached. Here and not where it is needed, because libbpf looks through
 * the types of every module for what the kernel itself has not, and so does it only where KVM is looked at.
 */
SEC("raw_tp")
int on_kvm_layout(struct raw_args *ctx)
{
	struct kvm_vcpu___own *vcpu = NULL;

	if (bpf_core_field_exists(vcpu->run))
		control.vcpu_page = bpf_core_field_offset(vcpu->run);
	return 0;
}

/* ---- what the guest says ---- */

/* The serial port of a VM is one, whichever of its vCPUs writes to it: by the VMM's pid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_TEXTS_MAX);
	__type(key, __u32);
	__type(value, struct probe_text);
} guest_texts SEC(".maps");

static __noinline void send_text(struct probe_text *t, __u32 open)
{
	WIRE_RECORD(guest_text) *r = record_reserve_at(WIRE_GUEST_TEXT, sizeof(*r), t->last);

	if (r) {
		r->body.since = t->since;
		r->body.n = t->n;
		r->body.open = open;
		__builtin_memcpy(r->body.text, t->bytes, sizeof(r->body.text));
		record_submit(r);
	}
	t->n = 0;
	__builtin_memset(t->bytes, 0, sizeof(t->bytes));
}

static __always_inline struct probe_text *text_of(const struct probe_vcpu *v)
{
	static const struct probe_text empty = {};
	__u32 pid = v->pid;
	struct probe_text *t = bpf_map_lookup_elem(&guest_texts, &pid);

	if (!t) {
		bpf_map_update_elem(&guest_texts, &pid, &empty, BPF_NOEXIST);
		t = bpf_map_lookup_elem(&guest_texts, &pid);
	}
	if (t && t->run != control.run) {
		t->run = control.run;
		t->n = t->divisor = 0;
		__builtin_memset(t->bytes, 0, sizeof(t->bytes));
	}
	return t;
}

/* The guest keeps its CPUs apart here as on a real one; if not, it is its text that is mixed up. */
static __always_inline void add_text(struct probe_text *t, __u64 now, __u8 byte)
{
	t->last = now;
	if (byte == '\n') {
		send_text(t, 0);
		return;
	}
	if (!t->n)
		t->since = now;
	t->bytes[t->n & 255] = byte;
	if (++t->n >= WIRE_GUEST_TEXT_MAX)
		send_text(t, 1);
}

static __always_inline void send_mark(__u32 space, __u64 address, __u32 value)
{
	__u32 *sent = space == WIRE_SPACE_PORT && address == 0x80 ? &control.posts : &control.marks;
	WIRE_RECORD(guest_mark) *r;
	bool over;

	/* Two vCPUs may both be the last; what is over is told as a number when the window closes. */
	over = *sent >= WIRE_MARKS_MAX;
	__sync_fetch_and_add(sent, 1);
	if (over)
		return;
	r = record_reserve(WIRE_GUEST_MARK, sizeof(*r));
	if (!r)
		return;
	r->body.address = address;
	r->body.space = space;
	r->body.value = value;
	record_submit(r);
}

#define COM1 0x3f8
#define COM1_LINE_CONTROL 0x3fb
#define LINE_CONTROL_DIVISOR 0x80
#define STRING_MAX 128 /* bytes of one string write (rep outsb in one exit) that are read */

static __always_inline bool says_something(__u32 port)
{
	return port == COM1 || port == COM1_LINE_CONTROL || port == 0xf4 || port == 0xf5 ||
	       port == 0xf1 || port == 0x80;
}

/* True: a line is complete. */
static __always_inline bool serial_written(struct probe_vcpu *v, void *data, __u32 count)
{
	struct probe_text *t = text_of(v);
	__u8 byte = 0;
	__u32 i;

	if (!t || t->divisor)
		return false;
	for (i = 0; i < STRING_MAX && i < count; i++) {
		if (bpf_probe_read_kernel(&byte, 1, data + i))
			return false;
		add_text(t, v->since, byte);
	}
	return byte == '\n';
}

/*
 * Few ports say more than that they were written to; the others' values are not read. True: something that
 * a phase may begin with.
 */
static __always_inline bool port_written(struct probe_vcpu *v, __u32 port, void *data, __u32 count)
{
	struct probe_text *t;
	__u8 byte = 0;

	if (port == COM1)
		return serial_written(v, data, count);
	byte = kernel_u8((__u64)data);
	if (port == COM1_LINE_CONTROL) {
		t = text_of(v);
		if (t)
			t->divisor = byte & LINE_CONTROL_DIVISOR;
	} else if (port != 0x80 || byte) {
		/* Linux writes zeros to 0x80 to wait a little; a code is something else. */
		send_mark(WIRE_SPACE_PORT, port, byte);
		return true;
	}
	return false;
}

/*
 * AMD's CPUs have one reason for guest memory that is not there yet and for what is none: an access of a
 * device is told apart once KVM has found out. (Intel's have one of their own.)
 */
static __always_inline void is_no_memory(struct probe_vcpu *v)
{
	struct probe_exit *e;

	if (v->reason != vcpu_exit_index(VCPU_SVM_NPF))
		return;
	e = exit_at(v->reason);
	if (e)
		e->count--; /* of another CPU's sum, maybe: only all of them together say something */
	v->reason = vcpu_exit_index(VCPU_SVM_MMIO);
	e = exit_at(v->reason);
	if (e)
		e->count++;
}

static __always_inline void begin_access(struct probe_vcpu *v, __u64 key, __u32 write)
{
	__u64 now;

	if (v->off)
		vcpu_here(v, bpf_ktime_get_ns());
	now = v->since ? v->since : bpf_ktime_get_ns();
	if (v->device) { /* another one in the same exit: what it took is not known apart */
		v->device_kernel = v->device_user = 0;
		device_book(v, now);
	}
	v->since = now;
	v->device = key;
	v->writes = write;
	v->device_kernel = v->device_user = 0;
}

SEC("raw_tp/kvm_pio")
int on_kvm_pio(struct raw_args *ctx)
{
	struct probe_vcpu *v = vcpu_current(ctx);
	__u32 write = ctx->args[0], port = ctx->args[1];
	__u64 key = (__u64)WIRE_SPACE_PORT << PROBE_DEVICE_SPACE | (__u16)port;

	if (!v)
		return 0;
	if (!write && v->pending_in) { /* the VMM has answered it already */
		v->pending_in = 0;
		v->device = key;
		v->writes = 0;
		device_book(v, v->last);
		return 0;
	}
	begin_access(v, key, write);
	if (write && ctx->args[2] == 1 && says_something(port) && /* of size 1 */
	    port_written(v, port, (void *)ctx->args[4], ctx->args[3]))
		vcpu_tell_here(v, bpf_ktime_get_ns());
	return 0;
}

/* Told after KVM has handed it to the eventfd: the guest goes on with it at once. */
SEC("raw_tp/kvm_fast_mmio")
int on_kvm_fast_mmio(struct raw_args *ctx)
{
	struct probe_vcpu *v = vcpu_current(ctx);
	__u64 gpa = ctx->args[0];

	if (!v)
		return 0;
	is_no_memory(v);
	begin_access(v, (__u64)WIRE_SPACE_MMIO << PROBE_DEVICE_SPACE | (gpa & ((1ull << PROBE_DEVICE_SPACE) - 1)),
		     1);
	return 0;
}

#define MMIO_READ_UNSATISFIED 0 /* goes to the VMM */
#define MMIO_READ 1             /* has its value: at once, or from the VMM */
#define MMIO_WRITE 2
#define FC_BOOT_TIMER 0xc0000000u /* Firecracker's, and where it was up to 2024 */
#define FC_BOOT_TIMER_OLD 0xd0000000u
#define FC_BOOT_TIMER_VALUE 123

SEC("raw_tp/kvm_mmio")
int on_kvm_mmio(struct raw_args *ctx)
{
	struct probe_vcpu *v = vcpu_current(ctx);
	__u32 type = ctx->args[0];
	__u64 gpa = ctx->args[2];
	__u8 byte = 0;

	if (!v)
		return 0;
	if (type == MMIO_READ && v->mmio_read == gpa) {
		v->mmio_read = 0;
		return 0;
	}
	is_no_memory(v);
	if (type == MMIO_READ_UNSATISFIED)
		v->mmio_read = gpa;
	begin_access(v, (__u64)WIRE_SPACE_MMIO << PROBE_DEVICE_SPACE |
				(gpa & ((1ull << PROBE_DEVICE_SPACE) - 1)),
		     type == MMIO_WRITE);
	if (type == MMIO_WRITE && ctx->args[1] == 1 && (gpa == FC_BOOT_TIMER || gpa == FC_BOOT_TIMER_OLD) &&
	    !bpf_probe_read_kernel(&byte, 1, (void *)ctx->args[3]) && byte == FC_BOOT_TIMER_VALUE) {
		send_mark(WIRE_SPACE_MMIO, gpa, byte);
		vcpu_tell_here(v, bpf_ktime_get_ns());
	}
	return 0;
}
