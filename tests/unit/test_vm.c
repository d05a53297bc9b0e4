// SPDX-License-Identifier: GPL-2.0-only
/* test_vm.c - what a run has of its VM: marks that two tell of. */
#include "tests/unit/evtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "user/base/mem.h"

#define RUN                                                                                        \
	"0 - SCENARIO id=1 name=vm boundary=VM flags=vm\nrun 1 at 1s\n"                            \
	"+0 - RUN_BEGIN scenario=1 netns=100\n+0 100 EXEC enter=+0 root=1 exe_name=vmm comm=vmm\n"

struct expected_mark {
	uint64_t ms, address;
	uint32_t value;
};

static void assert_marks(const char *events, const struct expected_mark *expect, size_t n)
{
	CLEANUP_FREE char *text = xasprintf("%s%s", RUN, events);
	struct session *s = evtext_session(text);
	const struct run *r = s->runs[0];
	size_t i;

	assert_int_equal(r->vm.n_marks, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(r->vm.marks[i].time - r->milestones.launch, expect[i].ms * 1000000);
		assert_int_equal(r->vm.marks[i].address, expect[i].address);
		assert_int_equal(r->vm.marks[i].value, expect[i].value);
	}
	session_free(s);
}

/* The pipe's reader waited 13 ms for a CPU: what he tells of a port that the probes told of is no second write. */
static void test_marks_of_two(void **state)
{
	static const char late[] = "+10ms 100/101 GUEST_MARK address=0xf4 space=port value=6\n"
				   "+12ms 100/101 GUEST_MARK address=0xf4 space=port value=0x22\n"
				   "+13ms 100/101 GUEST_MARK address=0xf4 space=port value=0x22\n"
				   "+23ms - GUEST_MARK address=0xf4 space=port value=6\n"
				   "+23ms - GUEST_MARK address=0xf4 space=port value=0x22\n"
				   "+23ms - GUEST_MARK address=0xf4 space=port value=0x22\n";
	static const struct expected_mark once[] = { { 10, 0xf4, 6 }, { 12, 0xf4, 0x22 }, { 13, 0xf4, 0x22 } };

	(void)state;
	assert_marks(late, once, ARRAY_SIZE(once));
}

/* Of another port, or where no probe tells (TCG), he is all there is. */
static void test_marks_of_the_pipe(void **state)
{
	static const char other[] = "+10ms 100/101 GUEST_MARK address=0xf4 space=port value=6\n"
				    "+12ms - GUEST_MARK address=0xf1 space=port value=0\n";
	static const char alone[] = "+12ms - GUEST_MARK address=0xf4 space=port value=7\n"
				    "+10ms - GUEST_MARK address=0xf4 space=port value=6\n";
	static const struct expected_mark both[] = { { 10, 0xf4, 6 }, { 12, 0xf1, 0 } };
	static const struct expected_mark ordered[] = { { 10, 0xf4, 6 }, { 12, 0xf4, 7 } };

	(void)state;
	assert_marks(other, both, ARRAY_SIZE(both));
	assert_marks(alone, ordered, ARRAY_SIZE(ordered));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks_of_two),
		cmocka_unit_test(test_marks_of_the_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
