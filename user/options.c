// SPDX-License-Identifier: GPL-2.0-only
#include "user/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/collect/collector.h"

const char launch_options_help[] =
	"\nWhat to start:\n"
	"  --all                  every runtime available here, canonical rows first\n"
	"  --runtime NAME[,NAME]  only these; `coldprof list` names them\n"
	"\nHow often and how:\n"
	"  -n, --runs N           counted runs of each (5)\n"
	"      --warmup N         runs before them that are not counted (1)\n"
	"      --cold             drop the page cache before each run\n"
	"      --port P           port of the service (8080)\n"
	"      --path PATH        what the client asks for (/)\n"
	"      --requests N       requests after the first byte, for the steady state (100)\n"
	"      --timeout SEC      until a run has failed (30; VMs 120)\n"
	"      --density N        after the runs, N instances of each side by side: what does\n"
	"                         one more cost in memory?\n"
	"\nWhat comes out:\n"
	"  -o, --output FILE      the recording (coldprof-DATE-TIME.coldprof); always kept\n"
	"      --force            overwrite it\n"
	"      --json FILE|-      the report as JSON as well\n"
	"      --plain            no terminal UI: progress lines and the report\n"
	"      --settle MS        after the first byte, until memory counts as settled (1000)\n"
	"      --boxed            of `run`: give the command namespaces of its own\n"
	"      --ready WHAT       of `run`: what ends the cold start, if not an answer on --port:\n"
	"                         exec (in namespaces of its own), exit, accept (on --port),\n"
	"                         /REGEX/ (a line of its output)\n"
	"\nOf the runtimes:\n"
	"      --rootfs DIR --entry CMD   your own service for the OCI runtimes\n"
	"      --image DIR[:TAG]          … as an OCI image layout; --entry for another command\n"
	"      --bundle DIR               … as a ready OCI bundle\n"
	"      --wasm FILE                … as a WASI module (preopened listener on fd 3)\n"
	"      --kernel FILE --initrd FILE --append STR   the VM's kernel\n"
	"      --guest-initcalls          the guest's kernel tells what each initcall takes\n"
	"      --accel auto|kvm|tcg       (auto)\n"
	"      --memory MIB --vcpus N     of the VM (256, 1)\n"
	"      --platform NAME            gVisor's: systrap, ptrace, kvm (systrap)\n"
	"      --host-network             gVisor: the host's network stack, not its own\n"
	"      --serial                   firecracker, clh: the guest's serial port on\n"
	"      --jailer                   firecracker: in its jail\n"
	"      --runtime-path NAME=PATH   a runtime at another place\n"
	"      --runtime-arg NAME=ARG     one more argument for it; may be repeated\n"
	"      --samples HZ               stacks of what runs, by the software clock (999,\n"
	"                             or with the kernel's tick where interrupts are dear)\n"
	"      --no-samples               none\n"
	"      --no-memory-timeline       do not follow memory and page faults between launch and first byte\n"
	"      --no-ledger                totals and milestones only: not where the time goes\n"
	"      --self-cost                measure the probes' run time in every run, not only\n"
	"                                 in warm-ups: it costs a fifth of what it measures\n"
	"      --no-trace                 without probes (`coldprof overhead` compares)\n";

enum {
	OPT_ALL = 256, OPT_RUNTIME, OPT_WARMUP, OPT_COLD, OPT_PORT, OPT_PATH, OPT_REQUESTS,
	OPT_TIMEOUT, OPT_FORCE, OPT_JSON, OPT_PLAIN, OPT_ROOTFS, OPT_ENTRY, OPT_IMAGE, OPT_BUNDLE, OPT_WASM,
	OPT_KERNEL, OPT_INITRD, OPT_APPEND, OPT_GUEST_INITCALLS, OPT_ACCEL, OPT_MEMORY, OPT_VCPUS, OPT_PLATFORM,
	OPT_HOST_NETWORK, OPT_SERIAL, OPT_JAILER, OPT_RUNTIME_PATH, OPT_RUNTIME_ARG, OPT_NO_TRACE, OPT_NO_LEDGER, OPT_SAMPLES,
	OPT_NO_SAMPLES, OPT_SETTLE,
	OPT_BOXED, OPT_READY, OPT_SELF_COST, OPT_NO_MEMORY_TIMELINE, OPT_DENSITY,
};

const struct option launch_options_table[] = {
	{ "all", no_argument, NULL, OPT_ALL },
	{ "runtime", required_argument, NULL, OPT_RUNTIME },
	{ "runs", required_argument, NULL, 'n' },
	{ "warmup", required_argument, NULL, OPT_WARMUP },
	{ "cold", no_argument, NULL, OPT_COLD },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "path", required_argument, NULL, OPT_PATH },
	{ "requests", required_argument, NULL, OPT_REQUESTS },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "density", required_argument, NULL, OPT_DENSITY },
	{ "output", required_argument, NULL, 'o' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "plain", no_argument, NULL, OPT_PLAIN },
	{ "rootfs", required_argument, NULL, OPT_ROOTFS },
	{ "entry", required_argument, NULL, OPT_ENTRY },
	{ "image", required_argument, NULL, OPT_IMAGE },
	{ "bundle", required_argument, NULL, OPT_BUNDLE },
	{ "wasm", required_argument, NULL, OPT_WASM },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "guest-initcalls", no_argument, NULL, OPT_GUEST_INITCALLS },
	{ "accel", required_argument, NULL, OPT_ACCEL },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "vcpus", required_argument, NULL, OPT_VCPUS },
	{ "platform", required_argument, NULL, OPT_PLATFORM },
	{ "host-network", no_argument, NULL, OPT_HOST_NETWORK },
	{ "serial", no_argument, NULL, OPT_SERIAL },
	{ "jailer", no_argument, NULL, OPT_JAILER },
	{ "runtime-path", required_argument, NULL, OPT_RUNTIME_PATH },
	{ "runtime-arg", required_argument, NULL, OPT_RUNTIME_ARG },
	{ "no-trace", no_argument, NULL, OPT_NO_TRACE },
	{ "no-ledger", no_argument, NULL, OPT_NO_LEDGER },
	{ "self-cost", no_argument, NULL, OPT_SELF_COST },
	{ "samples", required_argument, NULL, OPT_SAMPLES },
	{ "no-samples", no_argument, NULL, OPT_NO_SAMPLES },
	{ "no-memory-timeline", no_argument, NULL, OPT_NO_MEMORY_TIMELINE },
	{ "settle", required_argument, NULL, OPT_SETTLE },
	{ "boxed", no_argument, NULL, OPT_BOXED },
	{ "ready", required_argument, NULL, OPT_READY },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Options that are a number: where it goes and what is sane. */
struct number_option {
	int opt;
	const char *name;
	uint64_t min, max;
	unsigned int *value;
};

static int parse_number(const struct command *c, const struct number_option *n, const char *text)
{
	uint64_t v;

	if (!text_parse_u64(text, n->min, n->max, &v))
		return command_usage(c, "%s takes a number from %llu to %llu, not '%s'", n->name,
				     (unsigned long long)n->min, (unsigned long long)n->max, text);
	*n->value = v;
	return EXIT_DONE;
}

static int parse_choice(const struct command *c, const char *option, const char *const *choices,
			size_t n, const char *text, const char **value)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(choices[i], text)) {
			*value = text;
			return EXIT_DONE;
		}
	return command_usage(c, "%s is one of %s, %s, %s; not '%s'", option, choices[0],
			     choices[1], choices[2], text);
}

/* false: there is no name in it. */
static bool split_runtimes(struct launch_options *o, const char *text)
{
	size_t before = o->n_runtimes;

	while (*text) {
		size_t len = strcspn(text, ",");

		if (len) {
			ARRAY_RESERVE(o->runtimes, o->n_runtimes, o->cap_runtimes, 1);
			o->runtimes[o->n_runtimes++] = strndup(text, len);
		}
		text += len + (text[len] == ',');
	}
	return o->n_runtimes > before;
}

static int add_pair(const struct command *c, const char *option, const char *text,
		    const char ***list, size_t *n, size_t *cap)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1])
		return command_usage(c, "%s takes NAME=VALUE, not '%s'", option, text);
	ARRAY_RESERVE(*list, *n, *cap, 2);
	(*list)[(*n)++] = text;
	(*list)[*n] = NULL;
	return EXIT_DONE;
}

static int parse_word(struct launch_options *o, const struct command *c, int opt)
{
	static const char *const accels[] = { "auto", "kvm", "tcg" };
	static const char *const platforms[] = { "systrap", "ptrace", "kvm" };
	struct scenario_options *s = &o->stage.scenario;
	struct error err = { 0 };

	switch (opt) {
	case OPT_ALL: o->all = true; break;
	case OPT_RUNTIME:
		if (!split_runtimes(o, optarg))
			return command_usage(c, "--runtime names no runtime: '%s'", optarg);
		break;
	case OPT_COLD: o->stage.cold = true; break;
	case OPT_PATH:
		if (*optarg != '/' || strpbrk(optarg, " \r\n"))
			return command_usage(c, "--path begins with '/' and has no blanks");
		s->path = optarg;
		break;
	case 'o': o->output = optarg; break;
	case OPT_FORCE: o->force = true; break;
	case OPT_JSON: o->json = optarg; break;
	case OPT_PLAIN: o->plain = true; break;
	case OPT_ROOTFS: s->rootfs = optarg; break;
	case OPT_ENTRY: s->entry = optarg; break;
	case OPT_IMAGE: s->image = optarg; break;
	case OPT_BUNDLE: s->bundle = optarg; break;
	case OPT_WASM: s->wasm = optarg; break;
	case OPT_KERNEL: s->kernel = optarg; break;
	case OPT_INITRD: s->initrd = optarg; break;
	case OPT_APPEND: s->append = optarg; break;
	case OPT_GUEST_INITCALLS: s->guest_initcalls = true; break;
	case OPT_ACCEL: return parse_choice(c, "--accel", accels, 3, optarg, &s->accel);
	case OPT_PLATFORM: return parse_choice(c, "--platform", platforms, 3, optarg, &s->platform);
	case OPT_HOST_NETWORK: s->gvisor_host_network = true; break;
	case OPT_SERIAL: s->serial = true; break;
	case OPT_JAILER: s->jailer = true; break;
	case OPT_RUNTIME_PATH:
		return add_pair(c, "--runtime-path", optarg, &o->paths, &o->n_paths, &o->cap_paths);
	case OPT_RUNTIME_ARG:
		return add_pair(c, "--runtime-arg", optarg, &o->args, &o->n_args, &o->cap_args);
	case OPT_BOXED: o->boxed = true; break;
	case OPT_READY:
		if (ready_parse(&o->stage.ready, optarg, &err))
			return command_usage(c, "%s", err.text);
		break;
	case OPT_NO_SAMPLES: o->stage.sample_hz = 0; break;
	case OPT_NO_MEMORY_TIMELINE: o->stage.no_memory_timeline = true; break;
	case OPT_NO_LEDGER: o->stage.totals_only = true; break;
	case OPT_SELF_COST: o->stage.self_cost = true; break;
	case OPT_NO_TRACE: o->stage.untraced = true; break;
	case 'h': o->help = true; break;
	default: break;
	}
	return EXIT_DONE;
}

/* As it was typed; argv[0] is the command's name, or our own path where none was given (--all). */
static char *join(const struct command *c, int argc, char **argv)
{
	char *line = xstrdup("coldprof");
	int i;

	for (i = strcmp(argv[0], c->name) ? 1 : 0; i < argc; i++) {
		char *longer = xasprintf("%s %s", line, argv[i]);

		free(line);
		line = longer;
	}
	return line;
}

static void set_defaults(struct launch_options *o)
{
	memset(o, 0, sizeof(*o));
	o->stage.runs = 5;
	o->stage.warmup = 1;
	o->stage.requests = 100;
	o->stage.settle_ms = 1000;
	o->stage.sample_hz = COLLECTOR_SAMPLES_AUTO;
	o->stage.scenario.path = "/";
	o->stage.scenario.accel = "auto";
	o->stage.scenario.platform = "systrap";
	o->stage.scenario.memory_mib = 256;
	o->stage.scenario.vcpus = 1;
}

static int check_together(const struct launch_options *o, const struct command *c)
{
	const struct scenario_options *s = &o->stage.scenario;

	if (o->all && o->n_runtimes)
		return command_usage(c, "--all and --runtime do not go together");
	if (o->stage.ready.text && strcmp(c->name, "run"))
		return command_usage(c, "--ready is of `coldprof run`: a runtime's service is ready when it answers");
	if (o->stage.ready.text && o->stage.untraced)
		return command_usage(c, "--ready is told by the probes: not with --no-trace");
	if (o->json && o->output && !strcmp(o->json, o->output))
		return command_usage(c, "--json and --output are two files, not both '%s'", o->json);
	if (s->bundle && (s->rootfs || s->entry))
		return command_usage(c, "--bundle has its own rootfs and entry");
	if (s->image && (s->bundle || s->rootfs))
		return command_usage(c, "--image has its own rootfs");
	if (!s->image && !s->rootfs != !s->entry)
		return command_usage(c, "--rootfs and --entry go together");
	return EXIT_DONE;
}

int launch_options_parse(struct launch_options *o, const struct command *c, int argc, char **argv)
{
	struct scenario_options *s = &o->stage.scenario;
	unsigned int port = 8080;
	const struct number_option numbers[] = {
		{ 'n', "--runs", 1, 10000, &o->stage.runs },
		{ OPT_WARMUP, "--warmup", 0, 10000, &o->stage.warmup },
		{ OPT_PORT, "--port", 1, 65535, &port },
		{ OPT_REQUESTS, "--requests", 0, 8000, &o->stage.requests },
		{ OPT_TIMEOUT, "--timeout", 1, 86400, &o->stage.timeout },
		{ OPT_DENSITY, "--density", 1, 4096, &o->stage.density },
		{ OPT_SETTLE, "--settle", 0, 600000, &o->stage.settle_ms },
		{ OPT_SAMPLES, "--samples", 1, 25000, &o->stage.sample_hz },
		{ OPT_MEMORY, "--memory", 32, 1 << 20, &s->memory_mib },
		{ OPT_VCPUS, "--vcpus", 1, 512, &s->vcpus },
	};
	int opt, ret = EXIT_DONE;
	size_t i;

	set_defaults(o);
	optind = 1;
	while (!ret && (opt = getopt_long(argc, argv, "+:n:o:h", launch_options_table, NULL)) != -1) {
		for (i = 0; i < ARRAY_SIZE(numbers) && numbers[i].opt != opt; i++)
			;
		if (i < ARRAY_SIZE(numbers))
			ret = parse_number(c, &numbers[i], optarg);
		else if (opt == '?' || opt == ':')
			ret = command_bad_option(c, opt, argv);
		else
			ret = parse_word(o, c, opt);
	}
	s->port = port;
	s->runtime_paths = o->paths;
	s->runtime_args = o->args;
	o->rest = optind;
	o->command_line = join(c, argc, argv);
	o->stage.command_line = o->command_line;
	return ret ? ret : check_together(o, c);
}

void launch_options_release(struct launch_options *o)
{
	size_t i;

	for (i = 0; i < o->n_runtimes; i++)
		free(o->runtimes[i]);
	free(o->runtimes);
	ready_release(&o->stage.ready);
	free(o->paths);
	free(o->args);
	free(o->command_line);
}
