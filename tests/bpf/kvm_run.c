// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_run - the programs on kvm_entry, kvm_exit and kvm_pio, run by BPF_PROG_TEST_RUN with arguments of
 * our making: where the tracepoints never fire this is how it is known that they load and count.
 *
 * Where the reason of an exit lies depends on the vendor's module. It is read here from memory of our
 * own, which looks as the types say that each test is given instead of the kernel's: struct vcpu_vmx as
 * it was up to 6.15, as it is since, and struct vcpu_svm.
 *
 *     kvm_run            check them; prints what it did; 1: something is wrong, 77: cannot load BPF
 *     kvm_run bench N    ns for a pair of entry and exit, from the kernel's statistics, N pairs each
 */
#include <bpf/btf.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
static uint32_t own_slot; /* of the vCPU that this task is */
static bool loads = true; /* how the probes read the kernel's memory: bpf/read.bpf.h */

/* Memory that the kernel can read: where it has it, and where we do. */
#define CRAFTED_BYTES 65536
static unsigned char *crafted;
static uint64_t crafted_at;

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

/* ---- memory and types of our making ------------------------------------------------------------ */

/* A map's value that we have mapped; a program of four instructions leaves its address in it. */
static void craft_memory(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, o, .map_flags = BPF_F_MMAPABLE);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "crafted", 4, CRAFTED_BYTES, 1, &o), prog;
	const struct bpf_insn code[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map },
		{ 0 }, /* its second half: offset 0 */
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	uint64_t args[5] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = args, .ctx_size_in = sizeof(args));

	prog = map < 0 ? -1 : bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "where", "GPL", code,
					    sizeof(code) / sizeof(*code), NULL);
	if (prog < 0) {
		fprintf(stderr, "kvm_run: BPF is refused here\n");
		exit(77);
	}
	crafted = mmap(NULL, CRAFTED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (crafted == MAP_FAILED || bpf_prog_test_run_opts(prog, &run))
		die("no memory of our making: %s", strerror(errno));
	memcpy(&crafted_at, crafted, sizeof(crafted_at));
	close(prog);
}

enum layout { LAYOUT_HOST, LAYOUT_VMX_FLAT, LAYOUT_VMX_VT, LAYOUT_SVM };
#define FLAT_AT 4712
#define VT_AT 9000
#define VT_REASON_AT 40
#define VMCB_AT 8192
#define CONTROL_AT 16
#define CODE_AT 112
#define OUR_VMCB 32768 /* in the crafted memory */

static int add_struct(struct btf *b, const char *name, const char *field, int type, uint32_t at)
{
	int id = btf__add_struct(b, name, CRAFTED_BYTES / 4);

	if (id < 0 || btf__add_field(b, field, type, at * 8, 0))
		die("BTF of struct %s", name);
	return id;
}

static void add_layout(struct btf *b, enum layout layout)
{
	int u32 = btf__add_int(b, "unsigned int", 4, 0), reason;

	if (layout == LAYOUT_SVM) {
		int control = add_struct(b, "vmcb_control_area", "exit_code", u32, CODE_AT);
		int vmcb = add_struct(b, "vmcb", "control", control, CONTROL_AT);

		add_struct(b, "vcpu_svm", "vmcb", btf__add_ptr(b, vmcb), VMCB_AT);
		return;
	}
	reason = btf__add_union(b, "vmx_exit_reason", 4);
	if (btf__add_field(b, "full", u32, 0, 0))
		die("BTF of union vmx_exit_reason");
	if (layout == LAYOUT_VMX_FLAT)
		add_struct(b, "vcpu_vmx", "exit_reason", reason, FLAT_AT);
	else
		add_struct(b, "vcpu_vmx", "vt",
			   add_struct(b, "vcpu_vt", "exit_reason", reason, VT_REASON_AT), VT_AT);
}

/* The kernel's types with the vendors' exchanged for ours, as a file. */
static void write_types(enum layout layout, char *path)
{
	struct btf *kernel = btf__load_vmlinux_btf(), *b = btf__new_empty();
	static const char *const vendors[] = { "vcpu_vmx", "vcpu_svm", "vcpu_vt", "vmcb",
					       "vmcb_control_area", "vmx_exit_reason" };
	const void *bytes;
	uint32_t size, id, k;
	int fd = mkstemp(path), gone;

	if (!kernel || btf__add_btf(b, kernel) < 0)
		die("the kernel's types cannot be copied");
	gone = btf__add_str(b, "the kernel's own");
	for (id = 1; id < btf__type_cnt(b); id++)
		for (k = 0; k < sizeof(vendors) / sizeof(*vendors); k++) {
			struct btf_type *t = (struct btf_type *)btf__type_by_id(b, id);

			if (!strcmp(btf__name_by_offset(b, t->name_off), vendors[k]))
				t->name_off = gone;
		}
	add_layout(b, layout);
	bytes = btf__raw_data(b, &size);
	if (fd < 0 || !bytes || write(fd, bytes, size) != (ssize_t)size)
		die("%s: %s", path, strerror(errno));
	close(fd);
	btf__free(b);
	btf__free(kernel);
}

/* Only these programs and what they need; this task is a vCPU of run RUN. */
static void load(enum layout layout)
{
	char types[] = "/tmp/coldprof-types-XXXXXX";
	LIBBPF_OPTS(bpf_object_open_opts, o);
	struct probe_mark ours = { .run = RUN, .role = ROLE_TREE };
	struct probe_vcpu v = { .run = RUN, .reason = ~0u, .user_reason = ~0u };
	uint32_t slot = SLOT;
	struct bpf_program *prog;
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0), ret;

	libbpf_set_print(silent);
	if (layout != LAYOUT_HOST) {
		write_types(layout, types);
		o.btf_custom_path = types;
	}
	p = probes__open_opts(&o);
	if (!p)
		exit(77);
	p->rodata->config_loads = loads;
	bpf_object__for_each_program(prog, p->obj)
		bpf_program__set_autoload(prog, prog == p->progs.on_kvm_entry ||
							prog == p->progs.on_kvm_exit ||
							prog == p->progs.on_kvm_exit_reason ||
							prog == p->progs.on_kvm_pio ||
							prog == p->progs.on_kvm_layout ||
							prog == p->progs.on_kvm_userspace_exit ||
							prog == p->progs.on_kvm_fast_mmio);
	ret = probes__load(p);
	if (layout != LAYOUT_HOST)
		unlink(types);
	if (ret) {
		fprintf(stderr, "kvm_run: BPF is refused here\n");
		exit(77);
	}
	cpus = libbpf_num_possible_cpus();
	/* struct task_ctx: its fourth word is the place of the vCPU, from 1. */
	own_slot = SLOT;
	ours.rest[1] = SLOT + 1;
	v.tid = v.pid = getpid();
	v.first = v.last = 1;
	if (bpf_map_update_elem(bpf_map__fd(p->maps.tasks), &pidfd, &ours, BPF_ANY) ||
	    bpf_map_update_elem(bpf_map__fd(p->maps.vcpus), &slot, &v, BPF_ANY))
		die("cannot make this task a vCPU: %s", strerror(errno));
	close(pidfd);
	p->bss->control.timed = 1;
	p->bss->control.run = RUN;
}

static void fire_all(const struct bpf_program *prog, uint64_t args[5])
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .ctx_in = args, .ctx_size_in = 5 * sizeof(*args));
	int ret = bpf_prog_test_run_opts(bpf_program__fd(prog), &o);

	if (ret || o.retval)
		die("%s: test run: %d, it returned %d", bpf_program__name(prog), ret,
		    (int)o.retval);
}

static void fire(const struct bpf_program *prog, uint64_t a, uint64_t b, uint64_t c)
{
	fire_all(prog, (uint64_t[5]){ a, b, c });
}

static struct probe_vcpu vcpu(void)
{
	struct probe_vcpu v;

	if (bpf_map_lookup_elem(bpf_map__fd(p->maps.vcpus), &own_slot, &v))
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

/* A vCPU in the crafted memory that has left its guest for that reason. */
static void craft_exit(enum layout layout, uint32_t reason)
{
	uint64_t vmcb = crafted_at + OUR_VMCB;

	memset(crafted, 0xa5, CRAFTED_BYTES);
	if (layout == LAYOUT_VMX_FLAT)
		memcpy(crafted + FLAT_AT, &reason, sizeof(reason));
	if (layout == LAYOUT_VMX_VT)
		memcpy(crafted + VT_AT + VT_REASON_AT, &reason, sizeof(reason));
	if (layout == LAYOUT_SVM) {
		memcpy(crafted + VMCB_AT, &vmcb, sizeof(vmcb));
		memcpy(crafted + OUR_VMCB + CONTROL_AT + CODE_AT, &reason, sizeof(reason));
	}
}

static void check_layout(const char *name, enum layout layout)
{
	bool svm = layout == LAYOUT_SVM;
	int i;

	load(layout);
	printf("%s\n", name);
	for (i = 0; i < 30; i++) {
		fire(p->progs.on_kvm_entry, 0, 0, 0);
		/* vmx: a failed entry has its upper bit set; svm: nested page faults are far up */
		craft_exit(layout, i < 20 ? (svm ? 0x7b : 30) : svm ? 0x400 : 0x80000021);
		fire(p->progs.on_kvm_exit, crafted_at, svm ? SVM : VMX, 0);
	}
	want("  exits for io", exits(svm ? 0x7b : 30).count, 20);
	want("  others", exits(svm ? PROBE_EXIT_LOW : 33).count, 10);
	/* The other vendor's reasons are not to be found in this one's struct. */
	fire(p->progs.on_kvm_entry, 0, 0, 0);
	fire(p->progs.on_kvm_exit, crafted_at, svm ? VMX : SVM, 0);
	want("  without a reason", exits(PROBE_EXIT_UNKNOWN).count, 1);
	want("  entries", vcpu().entries, 31);
	probes__destroy(p);
}

static void port_write(uint32_t port, uint32_t count, const char *bytes)
{
	memcpy(crafted, bytes, strlen(bytes));
	fire_all(p->progs.on_kvm_pio, (uint64_t[5]){ 1, port, 1, count, crafted_at });
}

/* What the serial port has of a line that has not ended, by whichever vCPU: of a VMM, by its pid. */
static void want_text(const char *expected)
{
	struct probe_text t;
	uint32_t pid = getpid();

	if (bpf_map_lookup_elem(bpf_map__fd(p->maps.guest_texts), &pid, &t))
		die("nothing was heard");
	t.bytes[t.n & 255] = '\0';
	printf("text: \"%s\"\n", t.bytes);
	if (t.n != strlen(expected) || strcmp(t.bytes, expected))
		die("text: \"%s\" was wanted", expected);
}

/* From now on this task is the vCPU in that slot; the CPU must not remember another. */
static void become(uint32_t slot)
{
	struct probe_mark ours = { .run = RUN, .role = ROLE_TREE };
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);

	own_slot = slot;
	ours.rest[1] = slot + 1;
	if (bpf_map_update_elem(bpf_map__fd(p->maps.tasks), &pidfd, &ours, BPF_ANY))
		die("cannot be another vCPU: %s", strerror(errno));
	close(pidfd);
	p->bss->control.run = RUN + 1;
	fire(p->progs.on_kvm_entry, 0, 0, 0);
	p->bss->control.run = RUN;
}

static void check_text(void)
{
	struct probe_vcpu other = vcpu();
	uint32_t slot = SLOT + 1;

	if (bpf_map_update_elem(bpf_map__fd(p->maps.vcpus), &slot, &other, BPF_ANY))
		die("no other vCPU: %s", strerror(errno));
	become(SLOT);
	port_write(0x3f8, 1, "a");
	port_write(0x3f8, 5, "bcdef"); /* several bytes in one exit */
	want_text("abcdef");
	port_write(0x3fb, 1, "\x83"); /* one vCPU sets the divisor, another one writes it */
	become(SLOT + 1);
	port_write(0x3f8, 1, "X");
	port_write(0x3fb, 1, "\x03");
	port_write(0x3f8, 1, "g");
	want_text("abcdefg");
	port_write(0x3f8, 3, "h\ni"); /* a line ends in the middle */
	want_text("i");
}

/* A doorbell, three times: a write that KVM itself handles. */
static void check_fast_mmio(void)
{
	uint64_t gpa = 0xfeb00050, key = (uint64_t)WIRE_SPACE_MMIO << PROBE_DEVICE_SPACE | gpa;
	struct probe_device d = { 0 };
	struct probe_vcpu v;
	int i;

	for (i = 0; i < 3; i++) {
		fire(p->progs.on_kvm_entry, 0, 0, 0);
		fire(p->progs.on_kvm_exit_reason, 49, 0, VMX);
		fire(p->progs.on_kvm_fast_mmio, gpa, 0, 0);
	}
	fire(p->progs.on_kvm_entry, 0, 0, 0);
	/* It is still with the vCPU. */
	v = vcpu();
	for (i = 0; i < PROBE_VCPU_DEVICES; i++)
		if (v.devices[i].key == key)
			d = v.devices[i].sums;
	want("doorbells", d.writes, 3);
	want("of the VMM's time", d.user_ns, 0);
	want("of KVM's, some", d.kernel_ns > 0, 1);
}

/* More devices than a vCPU keeps by itself: each is to be found once, with all that was counted of it. */
#define DEVICES (3 * PROBE_VCPU_DEVICES)
static void check_devices(void)
{
	uint64_t counted[DEVICES] = { 0 }, sum = 0, found = 0;
	struct probe_vcpu v;
	int round, i, k;

	for (round = 0; round < 5; round++)
		for (i = 0; i < DEVICES; i++)
			fire_all(p->progs.on_kvm_pio, (uint64_t[5]){ 1, 0x1000 + 4 * i, 4, 1, crafted_at });
	fire(p->progs.on_kvm_entry, 0, 0, 0);
	v = vcpu();
	for (i = 0; i < DEVICES; i++) {
		uint64_t key = (uint64_t)WIRE_SPACE_PORT << PROBE_DEVICE_SPACE | (0x1000 + 4 * i);
		struct probe_device d = { 0 };

		bpf_map_lookup_elem(bpf_map__fd(p->maps.vm_devices), &key, &d);
		counted[i] = d.writes;
		for (k = 0; k < PROBE_VCPU_DEVICES; k++)
			if (v.devices[k].key == key)
				counted[i] += v.devices[k].sums.writes;
		sum += counted[i];
		found += counted[i] == 5;
	}
	want("accesses to many devices", sum, 5 * DEVICES);
	want("devices with all of theirs", found, DEVICES);
}

/* Where this kernel's struct kvm_vcpu has its struct kvm_run; 0: it has no such type. */
static uint32_t page_offset(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct btf *module = btf__load_module_btf("kvm", kernel), *b = module ? module : kernel;
	int id = btf__find_by_name_kind(b, "kvm_vcpu", BTF_KIND_STRUCT);
	const struct btf_type *t = btf__type_by_id(b, id > 0 ? id : 0);
	uint32_t at = 0, i;

	for (i = 0; id > 0 && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(b, btf_members(t)[i].name_off), "run"))
			at = btf_member_bit_offset(t, i) / 8;
	btf__free(module);
	btf__free(kernel);
	return at;
}

/* Why KVM_RUN came back, told by its tracepoint: where the types do not say where else that is. */
static void check_userspace_exit(void)
{
	struct probe_vcpu before = vcpu(), v;

	fire(p->progs.on_kvm_layout, 0, 0, 0);
	want("struct kvm_run is in struct kvm_vcpu at", p->bss->control.vcpu_page, page_offset());
	fire(p->progs.on_kvm_userspace_exit, 6, 0, 0);
	v = vcpu();
	want("returns", v.user_exits, before.user_exits + 1);
	want("for mmio", v.user_reason, 6);
	want("the VMM has it", v.state, WIRE_VCPU_VMM);
	/* Another one without a KVM_RUN in between: that was not seen, and the VMM has it as before. */
	fire(p->progs.on_kvm_userspace_exit, 2, (uint64_t)-4, 0);
	v = vcpu();
	want("interrupted", v.user_reason, 10);
	want("the VMM has it still", v.state == WIRE_VCPU_VMM && v.user_since > 0, 1);
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

struct pair {
	const struct bpf_program *exit;
	uint64_t args[3];
};

static double median_pair(const struct pair *pair, unsigned int n, double *least, double *most)
{
	double ns[ROUNDS];
	int round;

	for (round = 0; round < ROUNDS; round++) {
		uint64_t count[4], before, after;
		unsigned int i;

		before = run_time(p->progs.on_kvm_entry, &count[0]) + run_time(pair->exit, &count[1]);
		for (i = 0; i < n; i++) {
			fire(p->progs.on_kvm_entry, 0, 0, 0);
			fire(pair->exit, pair->args[0], pair->args[1], pair->args[2]);
		}
		after = run_time(p->progs.on_kvm_entry, &count[2]) + run_time(pair->exit, &count[3]);
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
static void bench_pair(const char *name, const struct pair *pair, unsigned int n)
{
	double all, idle, least, most;

	p->bss->control.run = RUN;
	all = median_pair(pair, n, &least, &most);
	printf("%s: median %.0f ns (%.0f to %.0f)", name, all, least, most);
	p->bss->control.run = 0;
	idle = median_pair(pair, n, &least, &most);
	printf(", of which the statistics' own clock %.0f ns (%.0f to %.0f): %.0f ns; %d rounds of %u pairs\n",
	       idle, least, most, all - idle, ROUNDS, n);
}

static void bench(unsigned int n)
{
	static const struct {
		const char *name;
		enum layout layout;
	} layouts[] = { { "vmx up to 6.15", LAYOUT_VMX_FLAT }, { "vmx since 6.16", LAYOUT_VMX_VT },
			{ "svm", LAYOUT_SVM } };
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	size_t i;

	if (stats < 0)
		die("no run-time statistics");
	load(LAYOUT_HOST);
	bench_pair("reason as an argument", &(struct pair){ p->progs.on_kvm_exit_reason, { 30, 0, VMX } }, n);
	probes__destroy(p);
	for (i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		bool svm = layouts[i].layout == LAYOUT_SVM;

		load(layouts[i].layout);
		craft_exit(layouts[i].layout, svm ? 0x7b : 30);
		bench_pair(layouts[i].name,
			   &(struct pair){ p->progs.on_kvm_exit, { crafted_at, svm ? SVM : VMX } }, n);
		if (!exits(svm ? 0x7b : 30).count)
			die("no reason was read");
		probes__destroy(p);
	}
	close(stats);
}

static void check_layouts(void)
{
	check_layout("vmx up to 6.15", LAYOUT_VMX_FLAT);
	check_layout("vmx since 6.16", LAYOUT_VMX_VT);
	check_layout("svm", LAYOUT_SVM);
}

static bool loads_all(bool by_load)
{
	bool loaded;

	p = probes__open();
	if (!p)
		die("the probes cannot be opened");
	p->rodata->config_loads = by_load;
	p->rodata->config_ledger = p->rodata->config_memory = p->rodata->config_kvm = true;
	p->rodata->config_mappings = p->rodata->config_guest_syscalls = true;
	loaded = !probes__load(p);
	probes__destroy(p);
	return loaded;
}

int main(int argc, char **argv)
{
	craft_memory();
	if (argc > 2 && !strcmp(argv[1], "bench")) {
		bench(atoi(argv[2]));
		return 0;
	}
	load(LAYOUT_HOST);
	check();
	p->bss->control.run = RUN;
	check_text();
	check_fast_mmio();
	check_devices();
	check_userspace_exit();
	probes__destroy(p);
	check_layouts();
	loads = false;
	check_layouts();
	/* A kernel that has what all programs need takes them as well without a cheap way to its memory. */
	if (loads_all(true))
		want("all programs without loads", loads_all(false), 1);
	return 0;
}
