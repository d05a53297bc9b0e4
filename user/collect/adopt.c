// SPDX-License-Identifier: GPL-2.0-only
/* adopt.c - rules and ids of adoption into the probes' maps; the run's own daemon marked. */
#include "user/collect/adopt.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/shared.h"
#include "user/base/mem.h"

#include "probes.skel.h"

/* A whole argument of 8 characters or more is known by its first 8. */
static struct adopt_word word_of(const char *text, bool whole)
{
	struct adopt_word w = { 0 };
	size_t n = text ? strlen(text) : 0;

	if (!n) {
		w.bytes = 1; /* which no argument & 0 is */
		return w;
	}
	if (n > sizeof(w.bytes))
		n = sizeof(w.bytes);
	memcpy(&w.bytes, text, n);
	memset(&w.mask, 0xff, n + (whole && n < sizeof(w.bytes) ? 1 : 0));
	return w;
}

static void put_words(struct adopt_word *to, size_t n, const char *const *words)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = word_of(words[i], true);
}

int adopt_put_rules(struct probes *p, const struct adopt_program *rules, struct error *err)
{
	for (; rules && rules->exe; rules++) {
		size_t n = strlen(rules->exe);
		struct adopt_key key = { 0 };
		struct adopt_rule rule = {
			.id_after = word_of(rules->id_after, true),
			.skip = word_of(rules->skip, false),
			.skip_len = rules->skip ? strnlen(rules->skip, 7) : 0,
			.use = rules->use,
		};
		bool prefix = n && rules->exe[n - 1] == '*';

		if (!(rules->use & (ADOPT_FOR_RUN | ADOPT_STARTS)))
			continue; /* user space's own business */
		n -= prefix;
		if (!n || n >= sizeof(key.exe))
			return error_set(err, -EINVAL, "a program's name has 1 to %zu characters: %s",
					 sizeof(key.exe) - 1, rules->exe);
		memcpy(key.exe, rules->exe, n);
		key.bits = 8 * (n + !prefix);
		put_words(rule.verbs, ARRAY_SIZE(rule.verbs), rules->verbs);
		put_words(rule.deny, ARRAY_SIZE(rule.deny), rules->deny);
		put_words(rule.behind, ARRAY_SIZE(rule.behind), rules->behind);
		put_words(rule.bad, ARRAY_SIZE(rule.bad), rules->bad);
		snprintf(rule.name, sizeof(rule.name), "%s", rules->name);
		if (bpf_map_update_elem(bpf_map__fd(p->maps.adopt_rules), &key, &rule, BPF_ANY))
			return error_errno(err, -errno, "cannot hand the probes a rule of adoption");
	}
	return 0;
}

int adopt_put_id(struct probes *p, const char *id, uint32_t run)
{
	char key[ADOPT_ID_MAX] = "";

	/* One less than the room: the probes keep a NUL. */
	memcpy(key, id, strnlen(id, sizeof(key) - 1));
	return bpf_map_update_elem(bpf_map__fd(p->maps.adopt_ids), key, &run, BPF_ANY) ? -errno : 0;
}

void adopt_forget_ids(struct probes *p)
{
	int map = bpf_map__fd(p->maps.adopt_ids);
	char key[ADOPT_ID_MAX];

	while (map >= 0 && !bpf_map_get_next_key(map, NULL, key) && !bpf_map_delete_elem(map, key))
		;
}

int adopt_threads(struct probes *p, pid_t pid)
{
	char nothing[64];
	CLEANUP_CLOSE int fd = -1;

	if (!p->links.on_adopt_task)
		return 0; /* not traced */
	p->bss->adopt_tgid = pid;
	fd = bpf_iter_create(bpf_link__fd(p->links.on_adopt_task));
	if (fd < 0)
		return -errno;
	while (read(fd, nothing, sizeof(nothing)) > 0)
		;
	p->bss->adopt_tgid = 0;
	return 0;
}

int watch_begin(struct probes *p, struct error *err)
{
	int ret = watch_calls(p, false, err);

	p->bss->control.timed = 1;
	__atomic_store_n(&p->bss->control.run, 1, __ATOMIC_RELEASE);
	return ret;
}

static int attach(struct bpf_program *program, struct bpf_link **link, struct error *err)
{
	if (!*link)
		*link = bpf_program__attach(program);
	return *link ? 0 : error_errno(err, -errno, "cannot attach %s", bpf_program__name(program));
}

int watch_calls(struct probes *p, bool on, struct error *err)
{
	if (on)
		return attach(p->progs.on_sys_enter, &p->links.on_sys_enter, err) ?:
		       attach(p->progs.on_sys_exit, &p->links.on_sys_exit, err);
	bpf_link__destroy(p->links.on_sys_enter);
	bpf_link__destroy(p->links.on_sys_exit);
	p->links.on_sys_enter = p->links.on_sys_exit = NULL;
	return 0;
}

void watch_over(struct probes *p, uint32_t run)
{
	uint32_t *slot = &p->bss->watch_live[run % WATCH_SLOTS];

	if (*slot == run)
		*slot = 0;
}
