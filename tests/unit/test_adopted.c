// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_adopted.c - what coldprof executes by itself before `run -- docker start …`: that, and nothing
 * else that resembles it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/launch/adopted.h"

/* The question for a command, its words joined by a blank; NULL: nothing is executed. Owned. */
static char *question_for(const char *command)
{
	struct args words = { 0 }, question = { 0 };
	char *text = NULL, *longer;
	size_t i;

	args_add_words(&words, command);
	if (adopted_question(words.list, &question))
		for (i = 0; i < question.n; i++) {
			longer = text ? xasprintf("%s %s", text, question.list[i]) : xstrdup(question.list[i]);
			free(text);
			text = longer;
		}
	else
		assert_int_equal(question.n, 0);
	args_release(&words);
	args_release(&question);
	return text;
}

static void test_no_question(void **state)
{
	static const char *const commands[] = {
		"docker run -p 8080:8080 quay.io/keycloak/keycloak start --hostname localhost",
		"docker exec web supervisorctl start nginx",
		"docker run --rm -it ubuntu service nginx restart",
		"docker compose start web",
		"docker compose -f x.yml restart web",
		"docker container exec web start x",
		"docker container inspect start",
		"docker image start x",
		"docker --frobnicate start web",       /* its value could be "start" */
		"docker --context start web start x",  /* here it is, and "web" is no command of ours */
		"docker -H start run x",
		"docker -xH unix://s start web",
		"docker start",
		"docker start --frobnicate x web",
		"docker start -- --evil",
		"docker start --detach-keys",
		"docker -H",
		"docker",
		"docker container",
		"docker container container start web",
		"docker --version start web",
		"docker --help start web",
		"podman --remote play kube start",
		"podman start --all",
		"podman start --filter name=x",
		"nerdctl compose start web",
		"nerdctl run x start",
		"virsh create machine.xml",
		"virsh start",
		"virsh restart x",
		"virsh net-start default",
		"ctr task start x",
		"/bin/sh -c docker start web",
		"start web",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		CLEANUP_FREE char *text = question_for(commands[i]);

		if (text)
			fail_msg("%s: asked %s", commands[i], text);
	}
	assert_false(adopted_question(NULL, NULL));
	assert_false(adopted_question((char *const[]){ NULL }, NULL));
}

#define INSPECT "inspect --type container --format {{.Id}} -- "

static void test_question(void **state)
{
	static const char *const cases[][2] = {
		{ "docker start web", "docker " INSPECT "web" },
		{ "/usr/bin/docker -H unix:///s start web db", "/usr/bin/docker -H unix:///s " INSPECT "web db" },
		{ "docker -Hunix:///s container start -a web", "docker -Hunix:///s " INSPECT "web" },
		{ "docker -DH unix:///s --tls --config=/c --context start restart -t 5 web",
		  "docker -DH unix:///s --tls --config=/c --context start " INSPECT "web" },
		{ "docker --debug=true start --detach-keys x web --attach", "docker --debug=true " INSPECT "web" },
		{ "docker restart --time=3 -s KILL -- web", "docker " INSPECT "web" },
		{ "docker start start", "docker " INSPECT "start" },
		{ "nerdctl -n k8s.io --data-root /d start web", "nerdctl -n k8s.io --data-root /d " INSPECT "web" },
		{ "podman --runtime start --root /r container restart web",
		  "podman --runtime start --root /r " INSPECT "web" },
		{ "virsh -c qemu:///system -q start --paused vm", "virsh -c qemu:///system -q domname vm" },
		{ "virsh start --domain=vm --console", "virsh domname vm" },
		{ "virsh start --domain vm", "virsh domname vm" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *text = question_for(cases[i][0]);

		if (!text || strcmp(text, cases[i][1]))
			fail_msg("%s: asked %s, not %s", cases[i][0], text ? text : "nothing", cases[i][1]);
	}
}

/* Nothing but what was understood is executed, and only a container's id is believed. */
static void test_ask(void **state)
{
	const char *dir = *state;
	CLEANUP_FREE char *docker = xasprintf("%s/docker", dir), *ran = xasprintf("%s/ran", dir);
	CLEANUP_FREE char *xml = xasprintf("%s/vm.xml", dir);
	char *const start[] = { docker, (char *)"start", (char *)"web", NULL };
	char *const run[] = { docker, (char *)"exec", (char *)"web", (char *)"supervisorctl",
			      (char *)"start", (char *)"nginx", NULL };
	char *const create[] = { (char *)"virsh", (char *)"create", (char *)"--file", xml, NULL };
	char *const named[] = { (char *)"/nowhere/virsh", (char *)"start", (char *)"--domain=vm-7", NULL };
	struct args ids = { 0 };
	FILE *f = fopen(docker, "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\necho \"$@\" >>%s\necho some words of it\n"
		"echo 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", ran);
	fclose(f);
	chmod(docker, 0755);
	adopted_ask(run, &ids);
	assert_int_equal(ids.n, 0);
	assert_int_equal(access(ran, F_OK), -1);
	adopted_ask(start, &ids);
	assert_int_equal(ids.n, 1);
	assert_int_equal(strlen(ids.list[0]), 64);
	assert_int_equal(access(ran, F_OK), 0);
	f = fopen(xml, "we");
	fputs("<!-- <name>no</name> --><domain type='kvm'>\n <name>\n cp-vm </name><uuid>x</uuid></domain>", f);
	fclose(f);
	adopted_ask(create, &ids);
	assert_int_equal(ids.n, 2);
	assert_string_equal(ids.list[1], "cp-vm");
	adopted_ask(named, &ids);
	assert_int_equal(ids.n, 3);
	assert_string_equal(ids.list[2], "vm-7");
	args_release(&ids);
	unlink(docker);
	unlink(ran);
	unlink(xml);
}

static int setup(void **state)
{
	char *dir = xstrdup("/tmp/coldprof-test-XXXXXX");

	*state = mkdtemp(dir);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	rmdir(*state);
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_question),
		cmocka_unit_test(test_question),
		cmocka_unit_test_setup_teardown(test_ask, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
