// SPDX-License-Identifier: GPL-2.0-only
/* test_tree.c - descent by fork, whatever order and truth the records have. */
#include "tests/unit/evtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A tree from records alone, without a session. */
struct fixture {
	struct arena arena;
	struct tree tree;
};

static void feed(struct fixture *f, const char *text)
{
	struct evtext e = { 0 };
	const struct wire_head *record;
	size_t at = 0;

	if (evtext_parse(&e, text))
		fail_msg("%s", e.error);
	while ((record = evtext_next(&e, &at)))
		tree_add(&f->tree, &f->arena, record);
	evtext_release(&e);
}

static void release(struct fixture *f)
{
	tree_release(&f->tree);
	arena_release(&f->arena);
}

/* The two invariants of tree.c: one without parent, and it is at the top of everyone. */
static void check(const struct tree *t)
{
	size_t i, steps;

	for (i = 0; i < t->n; i++) {
		const struct process *p = t->processes[i];

		assert_true((p->parent == NULL) == (i == 0));
		for (steps = 0; p->parent; p = p->parent) {
			assert_int_equal(p->depth, p->parent->depth + 1);
			assert_true(++steps <= t->n);
		}
		assert_ptr_equal(p, t->processes[0]);
	}
}

static void test_lineage(void **state)
{
	struct fixture f = { 0 };
	struct process *p;

	(void)state;
	feed(&f, "1ms 100 EXEC enter=0.5ms root=1 comm=runc exe_name=runc argv=\"runc run\"\n"
		 "2ms 100 FORK thread=101 comm=worker\n"
		 "3ms 100/101 FORK child=110 comm=mid shares_mm=1\n"
		 "4ms 110 FORK child=111 comm=mid\n"
		 "5ms 110 EXIT code=0\n" /* double fork: 111 stays 110's */
		 "6ms 111 COMM comm=daemon\n"
		 "7ms 111 EXEC enter=6.5ms comm=svc exe_name=service argv=\"a b\\x20c\"\n"
		 "9ms 111 EXIT code=0x8b\n");
	check(&f.tree);
	assert_true(f.tree.has_root);
	assert_int_equal(f.tree.n, 3);
	assert_int_equal(f.tree.n_tasks, 4);
	assert_int_equal(f.tree.forks, 3);
	assert_int_equal(f.tree.execs, 2);
	assert_int_equal(f.tree.exits, 2);
	assert_int_equal(f.tree.processes[0]->threads, 2);
	p = tree_process(&f.tree, 110);
	assert_true(p->shares_mm);
	assert_int_equal(p->parent_tid, 101);
	assert_int_equal(p->end, 5000000);
	p = tree_process(&f.tree, 111);
	assert_int_equal(p->parent->pid, 110);
	assert_int_equal(p->depth, 2);
	assert_string_equal(p->comm, "svc");
	assert_int_equal(p->exit_code, 0x8b);
	assert_int_equal(p->n_execs, 1);
	assert_int_equal(p->execs[0].argv_len, 6);
	assert_memory_equal(p->execs[0].argv, "a\0b c", 6);
	assert_string_equal(p->execs[0].exe, "service");
	assert_int_equal(p->execs[0].enter, 6500000);
	assert_string_equal(tree_task(&f.tree, 101)->comm, "worker");
	assert_null(tree_process(&f.tree, 101));
	release(&f);
}

static void test_thread_executes(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	feed(&f, "1ms 100 EXEC root=1 comm=a\n"
		 "2ms 100 FORK thread=105 comm=t\n"
		 "3ms 100 EXEC old_tid=105 enter=2.9ms comm=b\n");
	assert_int_equal(tree_task(&f.tree, 105)->end, 3000000);
	assert_int_equal(tree_task(&f.tree, 100)->end, 0);
	assert_string_equal(f.tree.processes[0]->comm, "b");
	release(&f);
}

/* The child's first records overtake the one of its birth. */
static void test_late_birth(void **state)
{
	struct fixture f = { 0 };
	struct process *p;

	(void)state;
	feed(&f, "1ms 100 EXEC root=1\n"
		 "2ms 100 FORK child=110\n"
		 "4ms 120 EXEC comm=x\n"
		 "3ms 110 FORK child=120 comm=y\n");
	check(&f.tree);
	p = tree_process(&f.tree, 120);
	assert_int_equal(f.tree.n, 3);
	assert_int_equal(p->parent->pid, 110);
	assert_int_equal(p->start, 3000000);
	assert_string_equal(p->comm, "x");
	release(&f);
}

static void test_reused_pid(void **state)
{
	struct fixture f = { 0 };
	struct process *p;

	(void)state;
	feed(&f, "1ms 100 EXEC root=1\n"
		 "2ms 100 FORK child=110 comm=first\n"
		 "3ms 110 EXIT code=256\n"
		 "4ms 100 FORK child=110 comm=second\n"
		 "5ms 110 EXIT code=512\n"
		 "6ms 110 EXEC comm=third\n"); /* its birth was lost */
	check(&f.tree);
	assert_int_equal(f.tree.n, 4);
	p = tree_process(&f.tree, 110);
	assert_string_equal(p->comm, "third");
	assert_int_equal(p->parent_tid, 0);
	assert_int_equal(f.tree.processes[1]->exit_code, 256);
	assert_int_equal(f.tree.processes[2]->exit_code, 512);
	release(&f);
}

/* Whoever was seen first makes way for the true root, even if it seemed to be its ancestor. */
static void test_root_comes_late(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	feed(&f, "1ms 90 FORK child=100\n"
		 "1ms 100 FORK child=101\n"
		 "1ms 101 FORK child=102\n"
		 "1ms 80 COMM comm=stranger\n"
		 "2ms 101 EXEC root=1 comm=root\n"
		 "3ms 102 EXEC root=1 comm=liar\n");
	check(&f.tree);
	assert_int_equal(f.tree.processes[0]->pid, 101);
	assert_int_equal(tree_process(&f.tree, 102)->depth, 1);
	assert_int_equal(tree_process(&f.tree, 100)->depth, 2);
	release(&f);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

/* Few pids, any record about any of them: the invariants hold all the way. */
static void test_nonsense(void **state)
{
	struct fixture f = { 0 };
	uint32_t seed = 1;
	int i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		uint32_t what = next_random(&seed) % 4, a = next_random(&seed) % 7;
		uint32_t b = next_random(&seed) % 7, c = next_random(&seed) % 7;
		uint32_t time = next_random(&seed) % 50, root = next_random(&seed) % 40 == 0;
		char line[160];

		if (what == 0)
			snprintf(line, sizeof(line), "%u %u/%u FORK child_pid=%u child_tid=%u",
				 time, a, b, c, next_random(&seed) % 7);
		else if (what == 1)
			snprintf(line, sizeof(line), "%u %u/%u EXEC root=%u old_tid=%u", time, a, b,
				 root, c);
		else
			snprintf(line, sizeof(line), "%u %u/%u %s", time, a, b,
				 what == 2 ? "EXIT" : "COMM");
		feed(&f, line);
		if (i % 50 == 0)
			check(&f.tree);
	}
	check(&f.tree);
	release(&f);
}

static void test_empty(void **state)
{
	struct fixture f = { 0 };

	(void)state;
	assert_null(tree_process(&f.tree, 1));
	assert_null(tree_task(&f.tree, 1));
	feed(&f, "1 1 LISTEN local_port=1\n");
	assert_int_equal(f.tree.n, 0);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lineage),	   cmocka_unit_test(test_thread_executes),
		cmocka_unit_test(test_late_birth), cmocka_unit_test(test_reused_pid),
		cmocka_unit_test(test_root_comes_late), cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
