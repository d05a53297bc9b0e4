// SPDX-License-Identifier: GPL-2.0-only
/*
 * adopt.bpf.c - what a daemon does for a run: tasks that belong to it though nobody of it made them.
 *
 * Nothing here is loaded unless it is asked for:
 *   on_adopt_task  an iterator: marks all threads of the run's own daemon before the launch
 *   on_adopt_exec  somebody else's exec of a runtime or shim whose argv has an id of the run; on
 *                  `coldprof watch` any such exec begins a run
 *   on_learn       ids of containers that the run's tasks ask a daemon to start; it has on_sys_enter's
 *                  work as well, and its place
 * (and adopt_cgroup.bpf.c: who executes anything in a cgroup that carries such an id)
 *
 * This file sorts before scope.bpf.c, so on_adopt_exec is attached, and runs, before on_exec: the
 * exec by which a task is adopted is already recorded as the run's.
 */
#include "bpf/adopt.bpf.h"
#include "bpf/syscall.bpf.h"

const volatile __u32 config_cpus = 1;
__u32 watch_live[WATCH_SLOTS] = {}; /* number of the run that has the slot; 0 = over */
__u32 adopt_tgid = 0;               /* on_adopt_task: whose threads */

#define ARGV_ROOM (WIRE_ARGV_MAX + ADOPT_ID_MAX) /* an id may begin at the last byte that is kept */
#define TAIL_ROOM 128                            /* bytes of argv's end, for an id that is its last */
#define WORDS_MAX 64                             /* arguments that are looked at */
#define LEARN_MAX 512                            /* bytes of a message that are looked at */
#define HEX_ID 64                                /* characters of a container's id */

struct adopt_scan {
	char argv[ARGV_ROOM];
	__u32 len;
	__u32 id_at;   /* where the id begins; ~0: not found */
	__u32 next;    /* 1: the next argument is the id */
	__u32 verb;    /* 1: a verb of the rule was there */
	__u32 denied;  /* 1: and a word with which it starts nothing */
	__u32 behind;  /* 1: the last argument was one of the rule's "behind" */
	__u32 hex;     /* on_learn: hexadecimal digits in a row */
	volatile __u32 n_words; /* arguments but the first, that begin in argv[]; the first WORDS_MAX: */
	__u16 words[WORDS_MAX];
	__u32 fresh;   /* 1: the run was begun just now */
	__u32 tail_len;
	__u32 tail_at; /* where the last argument begins in tail[]; 0: not there */
	char tail[TAIL_ROOM];
	__u32 begun;   /* runs that this CPU has numbered */
	struct adopt_key key;
	char id[ADOPT_ID_MAX];
};

/* What the kernel hands to an iterator over tasks (struct bpf_iter__task). */
struct iter_task {
	void *meta;
	struct task_struct *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct adopt_scan);
} adopt_scratch SEC(".maps");

/* Programs at system calls may be preempted (since Linux 6.13), others not: they do not share a room. */
enum { ROOM_EXEC, ROOM_LEARN };

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 128);
	__type(key, struct adopt_key);
	__type(value, struct adopt_rule);
} adopt_rules SEC(".maps");

static __always_inline struct adopt_scan *scan_room(__u32 room)
{
	return bpf_map_lookup_elem(&adopt_scratch, &room);
}

/* ---- the run's own daemon ----------------------------------------------------------------------- */

/* The leader's adoption is told, then everybody's name: no FORK or EXEC of theirs is in the recording. */
static __always_inline void tell_daemon(struct task_struct *task)
{
	WIRE_RECORD(adopted) *r = record_reserve(WIRE_ADOPTED, sizeof(*r));

	if (!r)
		return;
	__builtin_memset(&r->body, 0, sizeof(r->body));
	r->head.tid = task->pid;
	r->head.pid = task->tgid;
	r->body.how = WIRE_ADOPTED_DAEMON;
	__builtin_memcpy(r->body.rule, "daemon of the run", sizeof("daemon of the run"));
	record_submit(r);
}

SEC("iter/task")
int on_adopt_task(struct iter_task *ctx)
{
	struct task_struct *task = ctx->task;
	WIRE_RECORD(comm) *r;

	if (!task || (__u32)task->tgid != adopt_tgid || !adopt_mark(task, control.run))
		return 0;
	if (task->pid == task->tgid)
		tell_daemon(task);
	r = record_reserve(WIRE_COMM, sizeof(*r));
	if (!r)
		return 0;
	r->head.tid = task->pid;
	r->head.pid = task->tgid;
	bpf_probe_read_kernel_str(r->body.comm, sizeof(r->body.comm), task->comm);
	record_submit(r);
	return 0;
}

/* ---- somebody else's exec ----------------------------------------------------------------------- */

static __always_inline struct adopt_rule *rule_of(struct adopt_scan *s, struct linux_binprm *bprm)
{
	__builtin_memset(&s->key, 0, sizeof(s->key));
	s->key.bits = 8 * ADOPT_EXE_MAX;
	bpf_probe_read_kernel_str(s->key.exe, sizeof(s->key.exe),
				  KERNEL_READ(bprm, file, f_path.dentry, d_name.name));
	return bpf_map_lookup_elem(&adopt_rules, &s->key);
}

static __always_inline bool read_argv(struct adopt_scan *s, struct task_struct *task)
{
	__u64 start = KERNEL_READ(task, mm, arg_start);
	__u64 len = KERNEL_READ(task, mm, arg_end) - start;

	if (len > WIRE_ARGV_MAX)
		len = WIRE_ARGV_MAX;
	s->len = len;
	s->id_at = ~0u;
	s->next = s->verb = s->denied = s->behind = s->fresh = 0;
	return !bpf_probe_read_user(s->argv, len, (void *)start);
}

/* A runtime's argv may be longer than what is kept of it (paths with two ids each): its end by itself. */
static __always_inline bool read_tail(struct adopt_scan *s, struct task_struct *task)
{
	__u64 start = KERNEL_READ(task, mm, arg_start);
	__u64 end = KERNEL_READ(task, mm, arg_end);
	__u64 len = end - start;
	__u32 i;

	if (len > TAIL_ROOM)
		len = TAIL_ROOM;
	s->tail_len = len;
	s->tail_at = 0;
	if (bpf_probe_read_user(s->tail, len, (void *)(end - len)))
		return false;
	for (i = 1; i < TAIL_ROOM; i++) {
		if (i >= s->tail_len)
			break;
		if (!s->tail[i - 1])
			s->tail_at = i;
	}
	return true;
}

/*
 * 1 or 0, without a branch: the verifier would follow both ways of each, for every byte. The compiler,
 * which would make one of it, is not shown what is negated.
 */
static __always_inline __u32 is_word(__u64 bytes, const struct adopt_word *word)
{
	__u64 differs = (bytes & word->mask) ^ word->bytes, minus = -differs;

	barrier_var(minus);
	return 1 ^ ((differs | minus) >> 63);
}

/* The compiler knows that at is small, the verifier does not: for it there is a mask. */
static __always_inline __u32 within_argv(__u32 at)
{
	barrier_var(at);
	return at & (WIRE_ARGV_MAX - 1);
}

/*
 * Where the arguments begin, then one after the other. What is found is kept in the scratch, not in
 * variables: the verifier would follow every combination of them through every byte.
 */
static __always_inline void scan_argv(struct adopt_scan *s, const struct adopt_rule *rule)
{
	__u64 bytes;
	__u32 i, k, at;

	s->n_words = 0;
	for (i = 1; i < WIRE_ARGV_MAX; i++) {
		if (i >= s->len)
			break;
		if (s->argv[i - 1])
			continue;
		at = s->n_words;
		if (at >= WORDS_MAX)
			break;
		s->words[at] = i;
		s->n_words = at + 1;
	}
	for (i = 0; i < WORDS_MAX; i++) {
		if (i >= s->n_words)
			break;
		at = within_argv(s->words[i]);
		__builtin_memcpy(&bytes, s->argv + at, sizeof(bytes));
		if (s->next)
			s->id_at = at;
		s->next = is_word(bytes, &rule->id_after);
		s->verb |= is_word(bytes, &rule->verbs[0]) | is_word(bytes, &rule->verbs[1]) |
			   is_word(bytes, &rule->verbs[2]);
		for (k = 0; k < ADOPT_DENY; k++)
			s->denied |= is_word(bytes, &rule->deny[k]);
		for (k = 0; k < ADOPT_BAD; k++)
			s->denied |= s->behind & is_word(bytes, &rule->bad[k]);
		s->behind = is_word(bytes, &rule->behind[0]) | is_word(bytes, &rule->behind[1]);
	}
}

/* The id, up to a comma (QEMU's -name guest=NAME,…). False: there is none. */
static __always_inline bool take_id(struct adopt_scan *s, const struct adopt_rule *rule)
{
	__u32 at = s->id_at, tail_at = s->tail_at, i;
	__u64 bytes;

	__builtin_memset(s->id, 0, sizeof(s->id));
	if (!rule->id_after.mask) {
		barrier_var(tail_at);
		tail_at &= TAIL_ROOM - 1;
		if (!tail_at)
			return false;
		/* Never beyond tail[]: what was there before may stand behind its end. */
		s->tail[TAIL_ROOM - 1] = 0;
		bpf_probe_read_kernel_str(s->id, sizeof(s->id), s->tail + tail_at);
		return s->id[0] != 0;
	}
	if (!at || at >= WIRE_ARGV_MAX)
		return false;
	at = within_argv(at);
	__builtin_memcpy(&bytes, s->argv + at, sizeof(bytes));
	if (is_word(bytes, &rule->skip))
		at = within_argv(at + (rule->skip_len & 7));
	bpf_probe_read_kernel_str(s->id, sizeof(s->id), s->argv + at);
	s->key.bits = 0; /* here: the comma was met */
	for (i = 0; i < ADOPT_ID_MAX; i++) {
		if (s->id[i] == ',')
			s->key.bits = 1;
		if (s->key.bits)
			s->id[i] = 0;
	}
	return s->id[0] != 0;
}

/* A new run; every CPU has numbers of its own. 16 bits are what a record has for it. */
static __always_inline __u32 watch_begin(struct adopt_scan *s)
{
	__u32 run = (s->begun++ * config_cpus + bpf_get_smp_processor_id()) % 65535 + 1;

	watch_live[run % WATCH_SLOTS] = run;
	return run;
}

/* Whose it is: 0 = nobody's whom we follow, or that of the run that it belongs to already. */
static __always_inline __u32 run_of_exec(struct adopt_scan *s, const struct adopt_rule *rule,
					 bool has_id, __u32 own)
{
	__u32 *known = has_id ? bpf_map_lookup_elem(&adopt_ids, s->id) : NULL;
	__u32 run = known ? *known & ~ADOPT_ID_WORD : 0;

	if (run && run_is_on(run))
		return run == own ? 0 : run;
	if (!config_watch || !(rule->use & ADOPT_STARTS) ||
	    (!has_id && !(rule->use & ADOPT_ID_OPTIONAL)))
		return 0;
	run = watch_begin(s);
	s->fresh = 1;
	if (has_id)
		bpf_map_update_elem(&adopt_ids, s->id, &run, BPF_ANY);
	return run;
}

static __always_inline void tell_adopted(struct adopt_scan *s, const struct adopt_rule *rule,
					 struct task_struct *task, __u32 run)
{
	WIRE_RECORD(adopted) *r = record_reserve(WIRE_ADOPTED, sizeof(*r));

	if (!r)
		return;
	r->head.run = run;
	r->body.how = config_watch ? WIRE_ADOPTED_WATCH : WIRE_ADOPTED_EXEC;
	adopt_tell_parent(&r->body, task);
	__builtin_memcpy(r->body.rule, rule->name, sizeof(r->body.rule));
	__builtin_memcpy(r->body.id, s->id, sizeof(r->body.id));
	record_submit(r);
	if (config_watch)
		notify(bpf_ktime_get_ns(), WIRE_ADOPTED, 0, 0);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_adopt_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct adopt_rule *rule;
	struct adopt_scan *s;
	struct task_ctx *c;
	bool has_id;
	__u32 run, own;

	if (!control.run)
		return 0;
	c = ctx_of(task);
	own = c ? c->run : 0;
	if (own && !config_watch)
		return 0;
	s = scan_room(ROOM_EXEC);
	if (!s)
		return 0;
	rule = rule_of(s, bprm);
	if (!rule || (own && !(rule->use & ADOPT_MOVES)) || !read_argv(s, task) || !read_tail(s, task))
		return 0;
	scan_argv(s, rule);
	if ((rule->verbs[0].mask && !s->verb) || s->denied)
		return 0;
	has_id = take_id(s, rule);
	/* The shim of a pod's first container makes the others: each is an entry of its own. */
	run = own && !has_id ? 0 : run_of_exec(s, rule, has_id, own);
	if (!run || !adopt_mark(task, run))
		return 0;
	/* An entry of `coldprof watch` begins with the exec that began it. */
	c = config_watch && s->fresh ? ctx_of(task) : NULL;
	if (c)
		c->root = 1;
	tell_adopted(s, rule, task, run);
	return 0;
}

/* ---- ids that the run's tasks name -------------------------------------------------------------- */

/* A table, because every branch in the loop below is one that the verifier follows 512 times. */
static const volatile __u8 is_hex[256] = {
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
	['8'] = 1, ['9'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
};

/*
 * Only what asks for a start: else a container that has been running for days would be the run's
 * because somebody looked into it. Of Docker's and podman's API (HTTP/1):
 *     POST /v1.41/containers/ID/start        … /ID/restart
 * Of containerd's (gRPC) what makes a container, or writes down that it is wanted to run, as nerdctl
 * does before each start: a message that begins with a message that begins with the id. All others
 * (tasks: exec, kill, …) begin with the id itself.
 */
static __always_inline bool asks_to_start(struct adopt_scan *s, __u32 at)
{
	__u64 bytes, differs;
	__u32 front;

	if (s->argv[0] == 'P' && s->argv[1] == 'O' && s->argv[2] == 'S' && s->argv[3] == 'T') {
		__builtin_memcpy(&bytes, s->argv + at + HEX_ID, sizeof(bytes));
		differs = (bytes ^ 0x74726174732full) & 0xffffffffffffull; /* "/start" */
		return !differs || bytes == 0x747261747365722full;         /* "/restart" */
	}
	if (at < 8)
		return false;
	front = within_argv(at - 8);
	__builtin_memcpy(&bytes, s->argv + front, sizeof(bytes));
	/* Behind each other: 0x0a, its length in one to three bytes, 0x0a, 64. */
	return bytes >> 48 == 0x400a && ((bytes >> 32 & 0xff) == 0x0a || (bytes >> 24 & 0xff) == 0x0a ||
					 (bytes >> 16 & 0xff) == 0x0a);
}

static __always_inline void learn(struct adopt_scan *s)
{
	__u32 run = control.run, i, at;

	s->hex = 0;
	for (i = 0; i < LEARN_MAX; i++) {
		if (i >= s->len)
			return;
		s->hex = (s->hex + 1) * is_hex[(__u8)s->argv[i]];
		if (s->hex == HEX_ID)
			break;
	}
	at = i - (HEX_ID - 1);
	if (at > LEARN_MAX - HEX_ID)
		return;
	at = within_argv(at);
	if (!asks_to_start(s, at))
		return;
	/* As the id of an argument is kept: with a NUL behind it, one character less. */
	__builtin_memset(s->id, 0, sizeof(s->id));
	bpf_probe_read_kernel(s->id, ADOPT_ID_MAX - 1, s->argv + at);
	bpf_map_update_elem(&adopt_ids, s->id, &run, BPF_ANY);
}

/* docker, nerdctl and podman's remote client name a container to a daemon, which then starts it. */
static __always_inline void learn_from_call(struct pt_regs *regs)
{
	struct adopt_scan *s;
	struct file *file;
	__u64 len;

	if (!ctx_current())
		return;
	file = file_of_fd(bpf_get_current_task_btf(), PT_REGS_PARM1_SYSCALL(regs));
	if (!file || !sock_of_file(file))
		return;
	s = scan_room(ROOM_LEARN);
	len = PT_REGS_PARM3_SYSCALL(regs);
	if (!s || len < HEX_ID)
		return;
	if (len > LEARN_MAX)
		len = LEARN_MAX;
	s->len = len;
	if (!bpf_probe_read_user(s->argv, len, (void *)PT_REGS_PARM2_SYSCALL(regs)))
		learn(s);
}

/* In the place of on_sys_enter. */
SEC("tp_btf/sys_enter")
int BPF_PROG(on_learn, struct pt_regs *regs, long id)
{
	enter_call(regs, id);
	if (id == SYSCALL_write || id == SYSCALL_sendto)
		learn_from_call(regs);
	return 0;
}
