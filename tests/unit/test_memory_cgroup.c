// SPDX-License-Identifier: GPL-2.0-only
/* test_memory_cgroup.c - which cgroups are a run's, on hosts of all kinds, each made of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/mem.h"
#include "user/collect/cgroupmem.h"

#define OTHERS "21 1 8:1 / / rw - ext4 /dev/sda rw\n"
#define V1_CPU "30 21 0:30 / %s/cpu rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_MEMORY "31 21 0:31 / %s/memory rw - cgroup cgroup rw,memory\n"
#define V2 "32 21 0:32 / %s/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"

static char dir[] = "/tmp/coldprof-cgroup-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file of this host with its directories. Each %s in the text is the host's own directory. */
static void put(const char *name, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);
	const char *at;
	char *slash;
	FILE *f;

	for (slash = strchr(path + strlen(dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	for (at = text; *at; at++)
		if (at[0] == '%' && at[1] == 's') {
			fputs(dir, f);
			at++;
		} else {
			fputc(*at, f);
		}
	fclose(f);
}

/* Of pids 101, 102 and 103 (which has ended). */
static size_t ask(struct cgroup_memory **list)
{
	CLEANUP_FREE char *proc = xasprintf("%s/proc", dir);
	const pid_t pids[] = { 101, 102, 103 };

	return cgroupmem_read_in(proc, pids, ARRAY_SIZE(pids), list);
}

static void put_v1(const char *cgroup, const char *usage, const char *peak)
{
	CLEANUP_FREE char *a = xasprintf("%s/memory.usage_in_bytes", cgroup);
	CLEANUP_FREE char *b = xasprintf("%s/memory.max_usage_in_bytes", cgroup);
	CLEANUP_FREE char *c = xasprintf("%s/memory.stat", cgroup);

	put(a, usage);
	put(b, peak);
	put(c, "total_cache 100\ntotal_rss 50\ntotal_shmem 30\ntotal_inactive_file 20\n");
}

static void put_v2(const char *cgroup, const char *current)
{
	CLEANUP_FREE char *a = xasprintf("%s/memory.current", cgroup);
	CLEANUP_FREE char *b = xasprintf("%s/memory.peak", cgroup);
	CLEANUP_FREE char *c = xasprintf("%s/memory.stat", cgroup);

	put(a, current);
	put(b, "9999\n");
	put(c, "anon 5\nfile 100\nkernel 16\npagetables 8\nshmem 40\ninactive_file 20\n");
}

/* The hybrid layout: v1 controllers, and a v2 tree that has none. */
static void test_hybrid(void **state)
{
	struct cgroup_memory *list;

	(void)state;
	put("proc/self/mountinfo", OTHERS V2 V1_CPU V1_MEMORY);
	put("proc/self/cgroup", "3:memory:/user\n2:cpu,cpuacct:/\n0::/\n");
	put("proc/101/cgroup", "3:memory:/run/a\n2:cpu,cpuacct:/x\n0::/y\n");
	put("proc/102/cgroup", "2:cpu,cpuacct:/x\n3:memory:/run/a/inner\n0::/y\n");
	put("unified/cgroup.controllers", "\n");
	put_v1("memory/run/a", "1000\n", "3000\n");
	put_v1("memory/run/a/inner", "500\n", "600\n");
	assert_int_equal(ask(&list), 1);
	assert_string_equal(list->path, "/run/a");
	assert_int_equal(list->body.version, 1);
	assert_int_equal(list->body.processes, 2);
	assert_int_equal(list->body.cgroups, 1);
	assert_int_equal(list->body.usage, 1000);
	assert_int_equal(list->body.peak, 3000);
	assert_int_equal(list->body.inactive_file, 20);
	assert_int_equal(list->body.file, 70);
	assert_true(list->body.kernel == MEMORY_UNKNOWN);
	cgroupmem_release(list, 1);
}

static void test_v2(void **state)
{
	struct cgroup_memory *list;

	(void)state;
	put("proc/self/mountinfo", OTHERS V2);
	put("proc/self/cgroup", "0::/session\n");
	put("proc/101/cgroup", "0::/run/a\n");
	put("proc/102/cgroup", "0::/run/b\n");
	put("unified/cgroup.controllers", "cpuset cpu io memory pids\n");
	put_v2("unified/run/a", "700\n");
	assert_int_equal(ask(&list), 2);
	assert_int_equal(list[0].body.version, 2);
	assert_int_equal(list[0].body.usage, 700);
	assert_int_equal(list[0].body.peak, 9999);
	assert_int_equal(list[0].body.kernel, 16);
	assert_int_equal(list[0].body.page_tables, 8);
	/* Gone before it was read: its charge is not known, and is not 0. */
	assert_string_equal(list[1].path, "/run/b");
	assert_true(list[1].body.usage == MEMORY_UNKNOWN);
	cgroupmem_release(list, 2);
}

/* No controller at all; and one of which the run has nothing of its own. */
static void test_none(void **state)
{
	struct cgroup_memory *list;

	(void)state;
	put("proc/self/mountinfo", OTHERS V1_CPU V2);
	put("proc/self/cgroup", "2:cpu,cpuacct:/\n0::/\n");
	put("proc/101/cgroup", "2:cpu,cpuacct:/run/a\n0::/run/a\n");
	put("unified/cgroup.controllers", "cpu memoryless\n");
	assert_int_equal(ask(&list), 1);
	assert_int_equal(list->body.version, 0);
	assert_int_equal(list->body.cgroups, 0);
	cgroupmem_release(list, 1);

	put("proc/self/mountinfo", OTHERS V1_MEMORY);
	put("proc/self/cgroup", "3:memory:/user/session\n");
	put("proc/101/cgroup", "3:memory:/user/session\n");
	put("proc/102/cgroup", "3:memory:/user\n");
	assert_int_equal(ask(&list), 1);
	assert_int_equal(list->body.version, 1);
	assert_int_equal(list->body.cgroups, 0);
	cgroupmem_release(list, 1);

	put("proc/self/mountinfo", "");
	assert_int_equal(ask(&list), 1);
	assert_int_equal(list->body.version, 0);
	cgroupmem_release(list, 1);
}

/* In a container a part of the tree is mounted, maybe next to the whole: the nearest shows a cgroup. */
static void test_bind_mount(void **state)
{
	struct cgroup_memory *list;

	(void)state;
	put("proc/self/mountinfo",
	    OTHERS "40 21 0:31 /docker/other %s/other rw - cgroup cgroup rw,memory\n"
	    "41 21 0:31 /docker/me %s/memory rw - cgroup cgroup rw,memory\n");
	put("proc/self/cgroup", "3:memory:/docker/me/session\n");
	put("proc/101/cgroup", "3:memory:/docker/me/run\n");
	put("proc/102/cgroup", "3:memory:/docker/mean\n");
	put_v1("memory/run", "1000\n", "3000\n");
	put_v1("other/run", "1\n", "2\n");
	put_v1("memory/an", "3\n", "4\n");
	assert_int_equal(ask(&list), 2);
	assert_string_equal(list[0].path, "/docker/me/run");
	assert_int_equal(list[0].body.usage, 1000);
	/* Not below what is mounted, though its name begins like it. */
	assert_string_equal(list[1].path, "/docker/mean");
	assert_true(list[1].body.usage == MEMORY_UNKNOWN);
	cgroupmem_release(list, 2);
}

static void test_escapes(void **state)
{
	struct cgroup_memory *list;

	(void)state;
	put("proc/self/mountinfo",
	    "40 21 0:31 /a\\040b %s/my\\040memory\\134x rw - cgroup cgroup rw,memory\n");
	put("proc/self/cgroup", "3:memory:/\n");
	put("proc/101/cgroup", "3:memory:/a b/run\n");
	put_v1("my memory\\x/run", "1000\n", "3000\n");
	assert_int_equal(ask(&list), 1);
	assert_int_equal(list->body.usage, 1000);
	assert_int_equal(list->body.peak, 3000);
	cgroupmem_release(list, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_hybrid), TEST(test_v2), TEST(test_none),
					    TEST(test_bind_mount), TEST(test_escapes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
