// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/kvm_sums.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/vcpu.h"
#include "user/base/mem.h"

#include "probes.skel.h"

struct slot {
	struct bpf_program *program;
	struct bpf_link **link;
};

static void slots_of(struct probes *p, struct slot s[KVM_PROBES])
{
	s[KVM_ENTRY] = (struct slot){ p->progs.on_kvm_entry, &p->links.on_kvm_entry };
	s[KVM_EXIT_REASON] =
		(struct slot){ p->progs.on_kvm_exit_reason, &p->links.on_kvm_exit_reason };
	s[KVM_EXIT] = (struct slot){ p->progs.on_kvm_exit, &p->links.on_kvm_exit };
	s[KVM_USERSPACE_EXIT] =
		(struct slot){ p->progs.on_kvm_userspace_exit, &p->links.on_kvm_userspace_exit };
	s[KVM_PIO] = (struct slot){ p->progs.on_kvm_pio, &p->links.on_kvm_pio };
	s[KVM_MMIO] = (struct slot){ p->progs.on_kvm_mmio, &p->links.on_kvm_mmio };
	s[KVM_FAST_MMIO] = (struct slot){ p->progs.on_kvm_fast_mmio, &p->links.on_kvm_fast_mmio };
}

void kvm_sums_choose(struct kvm_sums *k, struct probes *p, bool wanted)
{
	struct slot s[KVM_PROBES];
	struct kvm_facts facts;
	int i;

	memset(&facts, 0, sizeof(facts));
	if (wanted)
		kvm_read_facts(&facts);
	kvm_plan_make(&k->plan, &facts);
	k->asked = wanted;
	k->wanted = wanted && k->plan.load;
	slots_of(p, s);
	for (i = 0; i < KVM_PROBES; i++) {
		bpf_program__set_autoload(s[i].program, k->wanted);
		/* By hand: one that is not there would stop all of them. */
		bpf_program__set_autoattach(s[i].program, false);
	}
	bpf_program__set_autoload(p->progs.on_kvm_layout, k->wanted);
	bpf_program__set_autoattach(p->progs.on_kvm_layout, false);
	/* The others' programs speak of these: they stay, as small as they can be. */
	if (!k->wanted) {
		bpf_map__set_max_entries(p->maps.vm_devices, 1);
		bpf_map__set_max_entries(p->maps.vm_exits, 1);
		bpf_map__set_max_entries(p->maps.vcpus, 1);
		bpf_map__set_autocreate(p->maps.guest_texts, false);
	}
}

/* Where it cannot be found out, the tracepoint has to tell why KVM_RUN came back. */
static void find_layout(struct kvm_plan *plan, struct probes *p)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);

	bpf_prog_test_run_opts(bpf_program__fd(p->progs.on_kvm_layout), &run);
	plan->page = p->bss->control.vcpu_page;
}

void kvm_sums_attach(struct kvm_sums *k, struct probes *p)
{
	struct slot s[KVM_PROBES];
	int i;

	k->attached = 0;
	if (k->wanted)
		find_layout(&k->plan, p);
	slots_of(p, s);
	for (i = 0; k->wanted && i < KVM_PROBES; i++) {
		/* Two programs for one tracepoint: see bpf/kvm.bpf.c. */
		if (i == KVM_EXIT && k->attached & (1u << KVM_EXIT_REASON))
			continue;
		if (i == KVM_USERSPACE_EXIT && k->plan.page)
			continue;
		*s[i].link = bpf_program__attach(s[i].program);
		if (*s[i].link)
			k->attached |= 1u << i;
	}
}

void kvm_sums_detach(struct kvm_sums *k, struct probes *p)
{
	struct slot s[KVM_PROBES];
	int i;

	slots_of(p, s);
	for (i = 0; i < KVM_PROBES; i++) {
		bpf_link__destroy(*s[i].link);
		*s[i].link = NULL;
	}
	k->attached = 0;
}

void kvm_sums_begin(struct kvm_sums *k, struct probes *p)
{
	int map = bpf_map__fd(p->maps.vm_devices);
	uint64_t key;

	/* The module may have come since. */
	if (k->wanted && !k->attached)
		kvm_sums_attach(k, p);
	p->bss->control.marks = p->bss->control.posts = 0;
	p->bss->control.isa = 0;
	while (k->wanted && !bpf_map_get_next_key(map, NULL, &key) &&
	       !bpf_map_delete_elem(map, &key))
		;
	/* Where what does not fit goes: it has to be there before the table is full. */
	key = (uint64_t)WIRE_SPACE_REST << PROBE_DEVICE_SPACE;
	if (k->wanted)
		bpf_map_update_elem(map, &key, &(struct probe_device){ 0 }, BPF_ANY);
}

struct out {
	collector_record_fn fn;
	void *ctx;
	uint64_t end;
	uint16_t run;
};

static void send(const struct out *o, uint16_t kind, uint32_t tid, uint32_t pid, const void *body,
		 size_t size)
{
	unsigned char record[sizeof(struct wire_head) + sizeof(struct wire_guest_text)];
	struct wire_head head = { .time = o->end, .tid = tid, .pid = pid, .kind = kind,
				  .run = o->run, .size = (uint16_t)(sizeof(head) + size) };

	memcpy(record, &head, sizeof(head));
	memcpy(record + sizeof(head), body, size);
	o->fn(o->ctx, (const struct wire_head *)record);
}

/* A vCPU may be in the middle of a change: what reads the same twice is whole. */
static bool read_vcpu(int map, uint32_t slot, struct probe_vcpu *v)
{
	struct probe_vcpu again;
	int i;

	for (i = 0; i < 100; i++) {
		if (bpf_map_lookup_elem(map, &slot, v) || bpf_map_lookup_elem(map, &slot, &again))
			return false;
		if (!memcmp(v, &again, sizeof(again)))
			return true;
	}
	return true;
}

/* What one vCPU has of a device, to all vCPUs'; as device_flush() in bpf/kvm.bpf.h. */
static void book_device(int map, uint64_t key, const struct probe_device *sums)
{
	struct probe_device d = { .first = sums->first };

	if (bpf_map_lookup_elem(map, &key, &d) && bpf_map_update_elem(map, &key, &d, BPF_NOEXIST)) {
		key = (uint64_t)WIRE_SPACE_REST << PROBE_DEVICE_SPACE;
		if (bpf_map_lookup_elem(map, &key, &d))
			return;
	}
	if (!d.first || (sums->first && sums->first < d.first))
		d.first = sums->first;
	if (sums->last > d.last)
		d.last = sums->last;
	d.reads += sums->reads;
	d.writes += sums->writes;
	d.kernel_ns += sums->kernel_ns;
	d.user_ns += sums->user_ns;
	bpf_map_update_elem(map, &key, &d, BPF_ANY);
}

static void book_devices(int map, const struct probe_vcpu *v)
{
	/* The access that it was in when the window closed has its exit, but no time in the VMM yet. */
	const struct probe_device open = { .reads = !v->writes, .writes = !!v->writes,
					   .kernel_ns = v->device_kernel,
					   .first = v->last, .last = v->last };
	size_t i;

	for (i = 0; i < PROBE_VCPU_DEVICES; i++)
		if (v->devices[i].key)
			book_device(map, v->devices[i].key, &v->devices[i].sums);
	if (v->device)
		book_device(map, v->device, &open);
}

/* open: by index, the exits to the VMM that no KVM_RUN has followed yet. */
static void hand_over_vcpus(struct probes *p, const struct out *o, struct probe_exit *open)
{
	struct probe_vcpu v;
	struct wire_vcpu body;
	uint32_t slot;

	for (slot = 0; slot < PROBE_VCPUS_MAX; slot++) {
		if (!read_vcpu(bpf_map__fd(p->maps.vcpus), slot, &v) || v.run != o->run)
			continue;
		book_devices(bpf_map__fd(p->maps.vm_devices), &v);
		if (v.user_since) {
			struct probe_exit *e = &open[vcpu_user_exit_index(&v)];

			e->count++;
			e->kernel_ns += v.device_kernel;
		}
		if (!kvm_vcpu_close(&v, o->end, &body))
			continue;
		body.slot = slot;
		{
			struct out at = *o;

			at.end = v.last; /* where its thread ended before */
			send(&at, WIRE_VCPU, v.tid, v.pid, &body, sizeof(body));
		}
	}
}

static void hand_over_exits(struct probes *p, int cpus, const struct out *o,
			    const struct probe_exit *open)
{
	struct probe_exit *e = xcalloc(cpus, sizeof(*e));
	uint32_t index;
	int cpu;

	for (index = 0; index < PROBE_EXITS; index++) {
		struct wire_vm_exit body = { .count = open[index].count,
					     .kernel_ns = open[index].kernel_ns };

		if (bpf_map_lookup_elem(bpf_map__fd(p->maps.vm_exits), &index, e))
			break;
		for (cpu = 0; cpu < cpus; cpu++) {
			if (e[cpu].run != o->run)
				continue;
			body.count += e[cpu].count;
			body.kernel_ns += e[cpu].kernel_ns;
			body.user_ns += e[cpu].user_ns;
		}
		if (!body.count)
			continue;
		kvm_exit_name(index, p->bss->control.isa, &body);
		send(o, WIRE_VM_EXIT, 0, 0, &body, sizeof(body));
	}
	free(e);
}

static void hand_over_devices(struct probes *p, const struct out *o)
{
	int map = bpf_map__fd(p->maps.vm_devices);
	struct probe_device d;
	uint64_t key;

	while (!bpf_map_get_next_key(map, NULL, &key)) {
		if (!bpf_map_lookup_elem(map, &key, &d) && d.reads + d.writes) {
			struct wire_vm_device body = {
				.address = key & ((1ull << PROBE_DEVICE_SPACE) - 1),
				.space = (uint32_t)(key >> PROBE_DEVICE_SPACE),
				.reads = d.reads, .writes = d.writes,
				.kernel_ns = d.kernel_ns, .user_ns = d.user_ns,
				.first = d.first, .last = d.last,
			};

			send(o, WIRE_VM_DEVICE, 0, 0, &body, sizeof(body));
		}
		if (bpf_map_delete_elem(map, &key))
			break;
	}
}

/* A prompt, or the last words of a guest that hangs: a line that nobody has ended. */
static void hand_over_texts(struct probes *p, const struct out *o)
{
	int map = bpf_map__fd(p->maps.guest_texts);
	struct probe_text t;
	uint32_t pid;

	while (!bpf_map_get_next_key(map, NULL, &pid)) {
		if (!bpf_map_lookup_elem(map, &pid, &t) && t.run == o->run && t.n) {
			struct wire_guest_text body = { .since = t.since, .open = 1 };
			struct out at = *o;

			body.n = t.n < sizeof(body.text) ? t.n : sizeof(body.text);
			memcpy(body.text, t.bytes, body.n);
			at.end = t.last;
			send(&at, WIRE_GUEST_TEXT, pid, pid, &body, sizeof(body));
		}
		if (bpf_map_delete_elem(map, &pid))
			break;
	}
}

/* How many marks of a kind were left out. */
static void hand_over_dropped(const struct out *o, uint32_t seen, uint64_t address)
{
	const struct wire_guest_mark body = { .address = address, .space = WIRE_SPACE_REST,
					      .value = seen - WIRE_MARKS_MAX };

	if (seen > WIRE_MARKS_MAX)
		send(o, WIRE_GUEST_MARK, 0, 0, &body, sizeof(body));
}

void kvm_sums_hand_over(struct kvm_sums *k, struct probes *p, int cpus, uint64_t end,
			collector_record_fn fn, void *ctx)
{
	struct out o = { .fn = fn, .ctx = ctx, .end = end,
			 .run = (uint16_t)p->bss->control.run };
	struct probe_exit *open;

	if (!k->wanted)
		return;
	open = xcalloc(PROBE_EXITS, sizeof(*open));
	hand_over_vcpus(p, &o, open);
	hand_over_exits(p, cpus, &o, open);
	free(open);
	hand_over_devices(p, &o);
	hand_over_texts(p, &o);
	hand_over_dropped(&o, p->bss->control.marks, 0);
	hand_over_dropped(&o, p->bss->control.posts, 0x80);
}
