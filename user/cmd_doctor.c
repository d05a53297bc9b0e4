// SPDX-License-Identifier: GPL-2.0-only
/* cmd_doctor.c - what this host allows, with the mend for what it does not. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/cmd.h"
#include "user/collect/collector.h"
#include "user/collect/environment.h"
#include "user/collect/features.h"
#include "user/launch/adopted.h"

struct doctor {
	unsigned int missing, warnings;
};

static void print_answer(void *ctx, const struct feature_answer *a)
{
	static const char *const words[] = { "ok", "warning", "MISSING" };
	struct doctor *d = ctx;
	char text[4 * 200 + 1];

	d->missing += a->level == FEATURE_MISSING;
	d->warnings += a->level == FEATURE_WARN;
	printf("%-8s %-18s %s\n", words[a->level], a->what,
	       text_escape(text, sizeof(text), a->found, strlen(a->found)));
	if (a->level != FEATURE_OK && *a->mend)
		printf("%-8s %-18s -> %s\n", "", "", a->mend);
}

static void say(struct doctor *d, enum feature_level level, const char *what, const char *found,
		const char *mend)
{
	struct feature_answer a = { .level = level, .what = what };

	/* What libbpf says of a refusal is long: its beginning is the point. */
	snprintf(a.found, sizeof(a.found), "%.*s", (int)sizeof(a.found) - 1, found);
	snprintf(a.mend, sizeof(a.mend), "%s", mend);
	print_answer(d, &a);
}

static void print_environment(void *ctx, const char *key, const char *value)
{
	say(ctx, FEATURE_OK, key, value, "");
}

static void check_kvm(struct doctor *d)
{
	const char *kvm = environment_kvm();
	int fd;

	if (!strcmp(kvm, "pvm")) {
		say(d, FEATURE_WARN, "VMs", "the KVM here is pvm, without vmx or svm: VM rows run under TCG",
		    "a host with hardware virtualization for numbers about KVM");
		return;
	}
	if (!strcmp(kvm, "none")) {
		say(d, FEATURE_WARN, "VMs", "no usable /dev/kvm: VM rows run under TCG, emulated",
		    "enable virtualization in the firmware, load kvm_intel or kvm_amd");
		return;
	}
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	say(d, fd >= 0 ? FEATURE_OK : FEATURE_WARN, "VMs",
	    fd >= 0 ? "/dev/kvm opens" : "/dev/kvm cannot be opened", "check its permissions");
	if (fd >= 0)
		close(fd);
}

static void check_cgroup(struct doctor *d)
{
	const char *cgroup = environment_cgroup();

	if (!strcmp(cgroup, "hybrid") || !strcmp(cgroup, "v1"))
		say(d, FEATURE_WARN, "cgroups",
		    "v1 hierarchies: crun gets a private cgroup2 mount and no cgroup manager",
		    "boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1)");
	else
		say(d, FEATURE_OK, "cgroups", cgroup, "");
}

/*
 * The findings cgroup-rcu-stall and vm-create (docs/findings.md), before they cost anything: a move into
 * a cgroup waits for a grace period of RCU unless cgroup2 is mounted to favour such changes.
 */
static void check_rcu(struct doctor *d)
{
	bool v2 = strcmp(environment_cgroup(), "v2") == 0, favoured = environment_favours_moves();

	if (favoured || environment_rcu_expedited())
		say(d, FEATURE_OK, "moves into cgroups", favoured ? "cgroup2 has favordynmods" :
		    "grace periods are expedited (rcu_expedited)", "");
	else
		say(d, FEATURE_WARN, "moves into cgroups",
		    "a runtime's first one waits for a grace period of RCU (finding cgroup-rcu-stall)",
		    v2 ? "mount -o remount,favordynmods /sys/fs/cgroup: forks and exits get a little dearer" :
			 "boot with cgroup_favordynmods=true: forks and exits get a little dearer");
}

/* The proof of the pudding: load and attach everything. */
static void check_load(struct doctor *d)
{
	struct collector_options o = { .port = 8080, .kvm = true, .guest_syscalls = true,
				       .ledger = true, .memory = true, .adopt = adopt_programs };
	struct collector *c;
	struct error err = { 0 };
	char adoption[160] = "";

	c = collector_open(&o, NULL, NULL, &err);
	say(d, c ? FEATURE_OK : FEATURE_MISSING, "probes",
	    c ? "loaded and attached" : err.text, "see what is missing above");
	if (c)
		collector_adoption_text(c, adoption, sizeof(adoption));
	if (*adoption)
		say(d, FEATURE_WARN, "daemons", adoption,
		    "a newer kernel: this one's verifier gives up on a loop over argv");
	collector_close(c);
}

/* What keeps each VM runtime from starting here: more than one line of a table can hold. */
static void check_vms(struct doctor *d)
{
	static const char *const names[] = { "kata-qemu", "kata-fc", "kata-clh", "firecracker", "clh" };
	const struct scenario_options options = { .port = 8080, .path = "/" };
	char text[1024];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct scenario s = { .ops = scenario_find(names[i]), .options = &options };
		struct error err = { 0 };
		const char *reason;
		int ret;

		s.state = xcalloc(1, s.ops->state_size);
		ret = s.ops->probe(&s, &err);
		reason = ret < 0 ? err.text : ret ? s.reason : "can be started";
		d->warnings += ret != 0;
		printf("%-8s %-18s %s\n", ret ? "warning" : "ok", names[i],
		       text_escape(text, sizeof(text), reason, strlen(reason)));
		if (ret && s.advice)
			printf("%-8s %-18s -> %s\n", "", "", s.advice);
		scenario_forget(&s);
	}
}

static int run(int argc, char **argv)
{
	struct doctor d = { 0 };

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return command_help(&command_doctor);
	if (argc > 1)
		return command_usage(&command_doctor, "'%s' is not an option", argv[1]);
	environment_each(print_environment, &d);
	features_check(print_answer, &d);
	check_load(&d);
	check_kvm(&d);
	check_cgroup(&d);
	check_rcu(&d);
	check_vms(&d);
	printf("\n%u missing, %u warnings; `coldprof list` says which runtimes are here\n", d.missing,
	       d.warnings);
	return d.missing ? EXIT_HOST : EXIT_DONE;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "what this host allows, with the mend for what it does not",
	.usage = "doctor",
	.help = "\nExit status 0 when tracing works here, 3 when something it needs is missing.\n",
	.run = run,
};
