// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/collector.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/shared.h"
#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/collect/features.h"
#include "user/collect/kvm_sums.h"
#include "user/collect/sampler.h"

#include "probes.skel.h"

#define MAX_PROGRAMS 64
#define FILLING_PART 8 /* of the ring: worth emptying while a launch goes on */

struct collector {
	struct probes *probes;
	struct ring_buffer *ring, *notices;
	const volatile unsigned long *read_to, *written_to; /* of the ring: pages that the kernel shares */
	size_t ring_bytes;
	collector_record_fn fn;
	void *ctx;
	int stats_fd; /* keeps the kernel's run-time statistics on; -1 = off, or not allowed */
	int cpus;
	uint64_t bad_size; /* records whose size made no sense */
	struct collector_counts base; /* counters when the run began */
	struct collector_program before[MAX_PROGRAMS]; /* programs when the run began */
	struct collector_program after[MAX_PROGRAMS];  /* … and what they took in the timed window */
	size_t n_programs;
	bool timed_over;
	uint64_t timed_end;
	bool quiet;
	struct sampler sampler;
	bool ledger, adopts, adoption_refused;
	struct kvm_sums kvm;
	struct collector_notice notice; /* hand-over from the ring's callback */
};

/* What libbpf says while it loads; shown only when loading fails. */
static char load_log[1024];

static int keep_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char line[512];
	size_t used = strlen(load_log);

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, args);
	snprintf(load_log + used, sizeof(load_log) - used, "%s", line);
	return 0;
}

/* Programs that are worth loading only where somebody will look at what they see. */
static void choose_wanted(struct probes *p, const struct collector_options *o)
{
	struct bpf_program *const ledger[] = {
		p->progs.on_switch, p->progs.on_waking, p->progs.on_softirq_entry,
		p->progs.on_softirq_exit, p->progs.on_handler_entry, p->progs.on_handler_exit,
		p->progs.on_hrtimer_entry, p->progs.on_hrtimer_exit, p->progs.on_irq_work_entry,
		p->progs.on_irq_work_exit, p->progs.on_bio,
	};
	struct bpf_program *const memory[] = {
		p->progs.on_fault_user, p->progs.on_fault_kernel,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ledger); i++)
		bpf_program__set_autoload(ledger[i], o->ledger);
	for (i = 0; i < ARRAY_SIZE(memory); i++)
		bpf_program__set_autoload(memory[i], o->memory);
	bpf_program__set_autoload(p->progs.on_rss_stat, false); /* unless there are no faults */
	bpf_program__set_autoload(p->progs.on_sample, o->sample_hz > 0);
	bpf_program__set_autoload(p->progs.on_exec_mapped, o->sample_hz > 0);
	bpf_program__set_autoload(p->progs.on_signal, o->guest_syscalls);
	bpf_program__set_autoload(p->progs.on_receive, o->kvm);
	bpf_program__set_autoload(p->progs.on_adopt_task, o->daemons);
	bpf_program__set_autoload(p->progs.on_adopt_exec, o->adopt != NULL);
	bpf_program__set_autoload(p->progs.on_learn, o->adopt && !o->watch);
	bpf_program__set_autoload(p->progs.on_sys_enter, !bpf_program__autoload(p->progs.on_learn));
	bpf_program__set_autoload(p->progs.on_adopt_cgroup, o->adopt && !o->watch);
	bpf_program__set_autoload(p->progs.on_adopt_mkdir, o->adopt && !o->watch);
	bpf_program__set_autoload(p->progs.on_recv, !o->watch);
	bpf_program__set_autoload(p->progs.on_send, !o->watch);
	bpf_program__set_autoload(p->progs.on_retransmit, !o->watch);
	bpf_map__set_autocreate(p->maps.adopt_rules, o->adopt != NULL);
	bpf_map__set_autocreate(p->maps.adopt_ids, o->adopt != NULL);
	bpf_map__set_autocreate(p->maps.adopt_scratch, o->adopt != NULL);
	bpf_map__set_autocreate(p->maps.adopt_cgroup_scratch, o->adopt && !o->watch);
	bpf_map__set_autocreate(p->maps.adopt_cgroups, o->adopt && !o->watch);
}

/* Leave out what this kernel does not have and what can be done without. */
static int choose_possible(struct probes *p, struct error *err)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct {
		struct bpf_program *program;
		const char *tracepoint;
	} optional[] = {
		{ p->progs.on_rename, "task_rename" },
		{ p->progs.on_adopt_mkdir, "cgroup_mkdir" },
		{ p->progs.on_recv, "sock_recv_length" },
		{ p->progs.on_send, "sock_send_length" },
		{ p->progs.on_retransmit, "tcp_retransmit_skb" },
		{ p->progs.on_io_uring_complete, "io_uring_complete" },
		{ p->progs.on_signal, "signal_generate" },
		{ p->progs.on_receive, "netif_receive_skb" },
		{ p->progs.on_bio, "block_bio_queue" },
		{ p->progs.on_fault_user, "page_fault_user" },
		{ p->progs.on_fault_kernel, "page_fault_kernel" },
		{ p->progs.on_irq_work_entry, "irq_work_entry" },
		{ p->progs.on_irq_work_exit, "irq_work_exit" },
	};
	size_t i;

	if (!btf)
		return error_class(err, ERROR_HOST, -errno, "cannot read this kernel's BTF: %s",
				   strerror(errno));
	if (bpf_program__autoload(p->progs.on_fault_user) &&
	    !feature_tracepoint(btf, "page_fault_user") && feature_tracepoint(btf, "rss_stat"))
		bpf_program__set_autoload(p->progs.on_rss_stat, true);
	for (i = 0; i < ARRAY_SIZE(optional); i++)
		if (!feature_tracepoint(btf, optional[i].tracepoint))
			bpf_program__set_autoload(optional[i].program, false);
	btf__free(btf);
	return 0;
}

/* What is left out, more each time that the kernel refuses the rest. */
enum leave_out {
	LEAVE_OUT_NOTHING,
	LEAVE_OUT_IMPOSSIBLE, /* what needs tracepoints that it does not have; costs reading its BTF */
	LEAVE_OUT_ADOPTION,   /* and what its verifier may not follow: a daemon's work is somebody else's */
};

static int open_and_load(struct collector *c, const struct collector_options *o,
			 enum leave_out out, struct error *err)
{
	int ret;

	load_log[0] = '\0';
	c->probes = probes__open();
	if (!c->probes)
		return error_class(err, ERROR_HOST, -errno, "cannot open the probes: %s",
				   strerror(errno));
	/* A kernel with patches from later ones may have one half of what they need. */
	c->probes->rodata->config_loads = out == LEAVE_OUT_NOTHING;
	c->probes->rodata->config_port = o->port;
	c->probes->rodata->config_kvm = o->kvm;
	c->probes->rodata->config_ledger = o->ledger;
	c->probes->rodata->config_mappings = o->sample_hz > 0;
	c->probes->rodata->config_memory = o->memory;
	c->probes->rodata->config_memory_cpus = libbpf_num_possible_cpus();
	c->probes->rodata->config_page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	c->probes->rodata->config_guest_syscalls = o->guest_syscalls;
	c->probes->rodata->config_watch = o->watch;
	c->probes->rodata->config_cpus = c->cpus;
	if (o->ring_bytes)
		bpf_map__set_max_entries(c->probes->maps.ring, o->ring_bytes);
	choose_wanted(c->probes, o);
	kvm_sums_choose(&c->kvm, c->probes, o->kvm && o->ledger);
	ret = out >= LEAVE_OUT_IMPOSSIBLE ? choose_possible(c->probes, err) : 0;
	if (ret)
		return ret;
	if (out >= LEAVE_OUT_ADOPTION) {
		bpf_program__set_autoload(c->probes->progs.on_adopt_exec, false);
		bpf_program__set_autoload(c->probes->progs.on_learn, false);
		bpf_program__set_autoload(c->probes->progs.on_sys_enter, true);
		c->adoption_refused = true;
	}
	ret = probes__load(c->probes);
	if (ret)
		error_class(err, ERROR_HOST, ret,
			    "this kernel refused the probes (%s); `coldprof doctor` says what it lacks\n%s",
			    strerror(-ret), load_log);
	return ret;
}

static int on_ring_record(void *ctx, void *data, size_t size)
{
	struct collector *c = ctx;
	const struct wire_head *h = data;

	if (size < sizeof(*h) || h->size < sizeof(*h) || h->size > size || h->size % 8) {
		c->bad_size++;
		return 0;
	}
	c->fn(c->ctx, h);
	return 0;
}

/* One notice a call: a negative return ends the consumption behind this record. */
static int on_notice(void *ctx, void *data, size_t size)
{
	struct collector *c = ctx;
	const struct probe_notice *n = data;

	if (size < sizeof(*n))
		return 0;
	c->notice = (struct collector_notice){
		.time = n->time, .kind = n->kind, .nr = n->nr, .port = n->port, .run = n->run
	};
	return -ECANCELED;
}

/* How full the ring is stands in its first two pages; libbpf keeps them to itself up to 1.3. */
static bool map_positions(struct collector *c)
{
	int fd = bpf_map__fd(c->probes->maps.ring);
	size_t page = sysconf(_SC_PAGESIZE);
	void *read_to = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	void *written_to = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, page);

	if (read_to == MAP_FAILED || written_to == MAP_FAILED)
		return false;
	c->read_to = read_to;
	c->written_to = written_to;
	c->ring_bytes = bpf_map__max_entries(c->probes->maps.ring);
	return true;
}

static int load(struct collector *c, const struct collector_options *o, struct error *err)
{
	enum leave_out out;
	int ret;

	libbpf_set_print(keep_log);
	/* Most kernels have everything: reading their BTF once more (25 ms) would be for nothing. */
	for (out = LEAVE_OUT_NOTHING;; out++) {
		ret = open_and_load(c, o, out, err);
		/* A watch sees nothing but by adoption. */
		if (!ret || out == (o->adopt && !o->watch ? LEAVE_OUT_ADOPTION : LEAVE_OUT_IMPOSSIBLE))
			break;
		probes__destroy(c->probes);
		c->probes = NULL;
	}
	if (ret)
		return ret;
	if (o->adopt && (adopt_put_rules(c->probes, o->adopt, err) ||
			 adopt_put_rules(c->probes, o->adopt_more, err)))
		return err->code;
	/* Attached last and together: it is quick, detaching is not. */
	ret = probes__attach(c->probes);
	if (ret)
		return error_class(err, ERROR_HOST, ret, "cannot attach the probes (%s)\n%s",
				   strerror(-ret), load_log);
	kvm_sums_attach(&c->kvm, c->probes);
	sampler_choose(&c->sampler, o->sample_hz);
	ret = sampler_start(&c->sampler, c->probes->progs.on_sample, err);
	if (ret)
		return ret;
	c->ring = ring_buffer__new(bpf_map__fd(c->probes->maps.ring), on_ring_record, c, NULL);
	c->notices = ring_buffer__new(bpf_map__fd(c->probes->maps.notices), on_notice, c, NULL);
	if (!c->ring || !c->notices || !map_positions(c))
		return error_class(err, ERROR_HOST, -errno, "cannot map the ring buffer: %s",
				   strerror(errno));
	return 0;
}

struct collector *collector_open(const struct collector_options *o, collector_record_fn fn,
				 void *ctx, struct error *err)
{
	struct collector *c;

	if (features_require(err))
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->fn = fn;
	c->ctx = ctx;
	c->cpus = libbpf_num_possible_cpus();
	c->ledger = o->ledger;
	c->stats_fd = -1;
	c->adopts = o->adopt != NULL;
	if (load(c, o, err)) {
		collector_close(c);
		return NULL;
	}
	/* Reading the kernel's BTF took megabytes that are free again: give them back. */
	malloc_trim(0);
	return c;
}

/* Each program's run time, into n[] (MAX_PROGRAMS entries); returns how many. */
static size_t read_programs(struct collector *c, struct collector_program *n)
{
	struct bpf_program *program;
	size_t count = 0;

	bpf_object__for_each_program(program, c->probes->obj) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info);

		if (count == MAX_PROGRAMS)
			break;
		if (bpf_program__fd(program) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
			continue;
		n[count++] = (struct collector_program){
			.name = bpf_program__name(program),
			.ns = info.run_time_ns,
			.count = info.run_cnt,
			.missed = info.recursion_misses,
		};
	}
	return count;
}

static void read_counts(struct collector *c, struct collector_counts *n)
{
	struct wire_stats *per_cpu;
	uint32_t zero = 0;
	int i;

	memset(n, 0, sizeof(*n));
	per_cpu = xcalloc(c->cpus, sizeof(*per_cpu));
	if (!bpf_map_lookup_elem(bpf_map__fd(c->probes->maps.stats), &zero, per_cpu))
		for (i = 0; i < c->cpus; i++) {
			n->sent += per_cpu[i].sent;
			n->lost += per_cpu[i].lost;
		}
	free(per_cpu);
}

static void set_statistics(struct collector *c, bool on)
{
	if (on && c->stats_fd < 0) {
		c->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	} else if (!on && c->stats_fd >= 0) {
		close(c->stats_fd);
		c->stats_fd = -1;
	}
}

int collector_run_begin(struct collector *c, const struct collector_run *run, struct error *err)
{
	struct probe_control *control = &c->probes->bss->control;
	struct probe_mark anchor = { .run = run->number, .role = ROLE_ANCHOR };
	struct collector_notice stale;

	while (collector_notify_next(c, &stale))
		;
	if (bpf_map_update_elem(bpf_map__fd(c->probes->maps.tasks), &run->anchor_pidfd, &anchor,
				BPF_ANY))
		return error_errno(err, -errno, "cannot mark the run's anchor for the probes");
	set_statistics(c, run->statistics);
	if (c->adopts)
		adopt_forget_ids(c->probes);
	read_counts(c, &c->base);
	control->netns = run->netns;
	control->client_netns = run->client_netns;
	control->client_tid = run->client_tid;
	c->probes->bss->memory_shared.asked = run->guest_ram;
	c->n_programs = read_programs(c, c->before);
	kvm_sums_begin(&c->kvm, c->probes);
	control->roots = 0;
	control->tap_frames = 0;
	control->timed = 1;
	control->guest = run->guest;
	control->idle = 0;
	c->timed_over = false;
	__atomic_store_n(&control->run, run->number, __ATOMIC_RELEASE);
	return 0;
}

int collector_adopt_daemon(struct collector *c, pid_t pid)
{
	return adopt_threads(c->probes, pid);
}

int collector_adopt_id(struct collector *c, const char *id, bool is_word)
{
	uint32_t run = c->probes->bss->control.run | (is_word ? ADOPT_ID_WORD : 0);

	return c->adopts ? adopt_put_id(c->probes, id, run) : 0;
}

/* The sums per file become records; the map is empty for the next run. */
static void hand_over_files(struct collector *c)
{
	int map = bpf_map__fd(c->probes->maps.files);
	struct {
		struct wire_head head;
		struct wire_file_cache body;
	} r;
	struct probe_file key;
	struct probe_file_sums sums;

	while (!bpf_map_get_next_key(map, NULL, &key)) {
		memset(&r, 0, sizeof(r));
		if (!bpf_map_lookup_elem(map, &key, &sums) &&
		    sums.run == c->probes->bss->control.run) {
			r.head = (struct wire_head){
				.time = c->timed_end, .tid = sums.pid, .pid = sums.pid,
				.kind = WIRE_FILE_CACHE, .run = sums.run, .size = sizeof(r),
			};
			r.body.inode = key.inode;
			r.body.dev = key.dev;
			r.body.read_bytes = sums.read_bytes;
			memcpy(r.body.name, sums.name, sizeof(r.body.name));
			c->fn(c->ctx, &r.head);
		}
		if (bpf_map_delete_elem(map, &key))
			break;
	}
}

void collector_untimed(struct collector *c)
{
	size_t i, n;

	c->probes->bss->control.timed = 0;
	c->timed_end = clock_mono_ns();
	n = read_programs(c, c->after);
	for (i = 0; i < n && i < c->n_programs; i++) {
		c->after[i].ns -= c->before[i].ns;
		c->after[i].count -= c->before[i].count;
		c->after[i].missed -= c->before[i].missed;
	}
	c->timed_over = true;
	if (c->ledger)
		hand_over_files(c);
	kvm_sums_hand_over(&c->kvm, c->probes, c->cpus, c->timed_end, c->fn, c->ctx);
}

void collector_idle(struct collector *c)
{
	c->probes->bss->control.idle = 1;
}

const struct collector_program *collector_programs(const struct collector *c, size_t *n)
{
	*n = c->n_programs;
	return c->after;
}

void collector_samples_text(const struct collector *c, char *text, size_t size)
{
	const struct sampler *s = &c->sampler;

	if (!s->hz)
		snprintf(text, size, "none");
	else if (!s->with_tick)
		snprintf(text, size, "%u a second", s->hz);
	else
		snprintf(text, size,
			 "%u a second, with the kernel's tick: a timer interrupt takes %.0f us here",
			 s->hz, s->interrupt_ns / 1e3);
}

void collector_adoption_text(const struct collector *c, char *text, size_t size)
{
	snprintf(text, size, "%s", !c->adoption_refused ? "" :
		 "what daemons do for a run is not seen: this kernel refuses the probe that would "
		 "tell (`coldprof doctor` says more)");
}

void collector_kvm_text(const struct collector *c, char *text, size_t size)
{
	text[0] = '\0';
	if (c->kvm.asked)
		kvm_probes_text(text, size, &c->kvm.plan, c->kvm.attached);
}

int collector_quiet(struct collector *c, bool quiet, struct error *err)
{
	struct bpf_object_skeleton *s = c->probes->skeleton;
	int i;

	if (quiet == c->quiet)
		return 0;
	c->quiet = quiet;
	c->probes->bss->control.quiet = quiet;
	if (quiet) {
		sampler_stop(&c->sampler);
		kvm_sums_detach(&c->kvm, c->probes);
	} else {
		if (sampler_start(&c->sampler, c->probes->progs.on_sample, err))
			return err->code;
		kvm_sums_attach(&c->kvm, c->probes);
	}
	for (i = 0; i < s->prog_cnt; i++) {
		struct bpf_program *program = *s->progs[i].prog;
		struct bpf_link **link = s->progs[i].link;

		if (program == c->probes->progs.on_set_state ||
		    program == c->probes->progs.on_sample || !bpf_program__autoload(program) ||
		    !bpf_program__autoattach(program))
			continue;
		if (quiet) {
			bpf_link__destroy(*link);
			*link = NULL;
			continue;
		}
		*link = bpf_program__attach(program);
		if (!*link)
			return error_errno(err, -errno, "cannot attach %s again",
					   bpf_program__name(program));
	}
	return 0;
}

bool collector_is_filling(const struct collector *c)
{
	return *c->written_to - *c->read_to >= c->ring_bytes / FILLING_PART;
}

int collector_drain(struct collector *c)
{
	return ring_buffer__consume(c->ring);
}

int collector_run_end(struct collector *c, struct collector_counts *counts)
{
	struct collector_counts now;
	size_t i;
	int ret;

	__atomic_store_n(&c->probes->bss->control.run, 0, __ATOMIC_RELEASE);
	ret = collector_drain(c);
	read_counts(c, &now);
	counts->sent = now.sent - c->base.sent;
	counts->lost = now.lost - c->base.lost + c->bad_size;
	counts->bpf_ns = counts->bpf_count = 0;
	/* What tracing costs matters in the timed window; the settling after it is long and idle. */
	if (!c->timed_over)
		collector_untimed(c);
	for (i = 0; i < c->n_programs; i++) {
		counts->bpf_ns += c->after[i].ns;
		counts->bpf_count += c->after[i].count;
		/* The kernel leaves a program out that is still running on that CPU. */
		counts->lost += c->after[i].missed;
	}
	c->bad_size = 0;
	return ret < 0 ? ret : 0;
}

int collector_notify_fd(const struct collector *c)
{
	return bpf_map__fd(c->probes->maps.notices);
}

bool collector_notify_next(struct collector *c, struct collector_notice *notice)
{
	if (ring_buffer__consume(c->notices) != -ECANCELED)
		return false;
	*notice = c->notice;
	return true;
}

uint64_t collector_lost(struct collector *c)
{
	struct collector_counts now;

	read_counts(c, &now);
	return now.lost - c->base.lost + c->bad_size;
}

int collector_watch_begin(struct collector *c, struct error *err)
{
	return watch_begin(c->probes, err);
}

int collector_watch_calls(struct collector *c, bool on, struct error *err)
{
	return watch_calls(c->probes, on, err);
}

void collector_watch_over(struct collector *c, uint32_t run)
{
	watch_over(c->probes, run);
}

void collector_close(struct collector *c)
{
	if (!c)
		return;
	sampler_stop(&c->sampler);
	if (c->read_to)
		munmap((void *)c->read_to, sysconf(_SC_PAGESIZE));
	if (c->written_to)
		munmap((void *)c->written_to, sysconf(_SC_PAGESIZE));
	ring_buffer__free(c->ring);
	ring_buffer__free(c->notices);
	if (c->probes)
		probes__destroy(c->probes);
	set_statistics(c, false);
	free(c);
}
