/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scenario.h - one way to start the service; one file each, one const table at its end.
 *
 * A scenario causes things, it never measures them: no clock is read here. It says what it needs,
 * prepares files (untimed), gives the command of the run's root process, and says, as data, how a
 * recording of it is to be understood. Adding one is adding one file: the list is generated from
 * the file names (build/scenarios.gen.h), so a file NAME.c must define scenario_NAME with
 * '-' of the scenario's name written as '_'.
 *
 * Order of calls by the stage (user/launch):
 *     probe    once a session, cheap: is the runtime here, which version?
 *     prepare  once a session, untimed: bundle, rootfs, initramfs, compiled module
 *     then for each run:
 *     enter    in the run's own namespaces (mount, pid, net), as its pid 1, before launch: mounts
 *     command  what the root process executes; its execve is t = 0
 *     cleanup  once, always, even after a failed prepare
 * prepare, enter, boot_time and cleanup may be NULL.
 */
#ifndef COLDPROF_SCENARIO_H
#define COLDPROF_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/error.h"
#include "user/model/phase.h"

/* Where the service is reached, the same for every runtime (RFC 5737 addresses; DESIGN.md §5). */
#define NET_CLIENT_ADDRESS "192.0.2.1"
#define NET_SERVICE_ADDRESS "192.0.2.2"
#define NET_PREFIX 30
#define NET_MASK "255.255.255.252"
/* Fixed, so that neither side has to ask by ARP, whose retries come at 1 s; VMMs set the second. */
#define NET_CLIENT_MAC "02:00:00:c0:1d:01"
#define NET_SERVICE_MAC "02:00:00:c0:1d:02"
#define NET_TAP "cptap0"

enum scenario_net {
	NET_VETH, /* the run has a namespace with eth0 = NET_SERVICE_ADDRESS; the client is its peer */
	NET_TAP_DEVICE, /* the run lives in the client's namespace, where tap NET_TAP waits for a VMM */
	NET_HOST, /* the user's own command in the host's namespace: `coldprof run` */
};

/* A list of arguments that owns its strings; always NULL-terminated. Zero-initialise. */
struct args {
	char **list;
	size_t n, cap;
};
void args_add(struct args *a, const char *s);
void args_addf(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A user's "--runtime-arg" words: split at blanks, no shell. */
void args_add_words(struct args *a, const char *words);
void args_release(struct args *a);

/* What the user asked for, as far as scenarios care. Strings are borrowed; NULL = not given. */
struct scenario_options {
	uint16_t port;
	const char *path;    /* of the HTTP request */
	const char *image;   /* DIR or DIR:TAG, an OCI image layout; with entry or without */
	const char *rootfs, *entry, *bundle; /* the user's own service for OCI runtimes */
	const char *wasm, *kernel, *initrd, *append;
	bool guest_initcalls; /* the guest's kernel says how long each of its initcalls takes */
	const char *accel;   /* auto, kvm, tcg */
	const char *platform; /* gVisor: systrap, ptrace, kvm */
	bool gvisor_host_network;
	bool serial, jailer; /* Firecracker, cloud-hypervisor: serial port on; Firecracker in its jail */
	unsigned int memory_mib, vcpus;
	const char *const *runtime_paths; /* NAME=PATH …, NULL-terminated */
	const char *const *runtime_args;  /* NAME=ARG …, NULL-terminated */
	const char *lib_dir; /* where service, guest and fetched runtimes lie; see lib_path() */
	char *const *command; /* `coldprof run -- …` */
};

struct program;

struct scenario {
	const struct scenario_ops *ops;
	const struct scenario_options *options;
	void *state;         /* ops->state_size bytes, zeroed; owned by the caller */
	char *unpacked;      /* bundle that bundle_prepare() made of --image; owned */
	char *scratch;       /* private directory of this scenario in this session, 0700 */
	/* set by probe: */
	char *runtime_path;  /* program that is started first; owned */
	const struct program *program; /* what it is */
	bool fetched;        /* … and that fetch.sh brought it */
	char *runtime_version; /* by scenario_ask_version(); owned, NULL before or not told */
	char *accel;         /* VMs: "kvm", "tcg (no vmx/svm: …)"; owned, NULL otherwise */
	char *reason, *advice; /* not available: what is missing, how to get it; owned */
};

/* One run of a scenario, as its enter and command see it. */
struct scenario_run {
	unsigned int number;  /* unique in the session */
	char *id;             /* container id: "coldprof-<session>-<number>", safe in paths and cgroups */
	char *dir;            /* empty private directory of this run; everything in it is swept */
};

/*
 * A pipe in the run's directory that the command opens for writing: the guest's console, or, with
 * a port, every byte of it a value that the guest wrote there. See user/launch/console.h.
 */
struct scenario_pipe {
	const char *name; /* NULL ends a table */
	uint16_t port;    /* 0: text */
};

struct scenario_ops {
	const char *name;     /* "runc" */
	const char *title;    /* "runc", "gVisor (systrap)", "QEMU microvm" */
	const char *summary;  /* one line for `coldprof list` */
	const char *boundary; /* "none", "shared kernel", "user-space kernel", "VM", "WASM sandbox" */
	unsigned int flags;   /* SCENARIO_* of user/record/format.h */
	bool tells_initcalls; /* it does something about scenario.guest_initcalls */
	enum scenario_net net;
	const char *daemon;   /* enter() starts this daemon: it belongs to the run; NULL: it starts none */
	unsigned int timeout; /* seconds until a run has failed, unless the user says otherwise */
	size_t state_size;
	const struct scenario_pipe *pipes; /* NULL: it has none */
	const struct phase_rule *phases; /* how its parts are told apart; NULL: by milestones */
	/* 0: available; > 0: not here, reason and advice are set; < 0: fault, err is set */
	int (*probe)(struct scenario *s, struct error *err);
	void (*describe)(struct scenario *s); /* add to runtime_version what else tells runs apart */
	int (*prepare)(struct scenario *s, struct error *err);
	int (*enter)(struct scenario *s, const struct scenario_run *run, struct error *err);
	int (*command)(struct scenario *s, const struct scenario_run *run, struct args *argv,
		       struct error *err);
	/*
	 * After a run, with its directory still there: the VMM's own word for how long its guest
	 * took to boot, in ns; false: it said nothing.
	 */
	bool (*boot_time)(struct scenario *s, const struct scenario_run *run, uint64_t *ns,
			  uint64_t *cpu_ns);
	void (*cleanup)(struct scenario *s);
};

/* All scenarios of this build, sorted by name, NULL-terminated; and one by name (NULL: unknown). */
extern const struct scenario_ops *const scenarios[];
const struct scenario_ops *scenario_find(const char *name);

/*
 * Rows of --all, in order: native, then the five canonical ones, then what else is here. A row lists
 * the scenario and its stand-ins, nearest first; the first available one is taken.
 */
struct canonical_row {
	const char *name;      /* "kata-qemu" */
	const char *title;     /* "Kata/QEMU" */
	const char *const *candidates; /* scenario names, NULL-terminated; first = itself */
	const char *advice;    /* how to get it, when nothing is here */
};
extern const struct canonical_row canonical_rows[]; /* ends with name == NULL */

/* cleanup(), and free what the stage and probe have put into it; s itself is the caller's. */
void scenario_forget(struct scenario *s);

/* ---- for drivers ---- */

/* Advice where the service, as a program or a module, is missing. */
#define GET_SERVICE "make runtimes, in coldprof's source tree, builds it"

/*
 * Path of a file that coldprof brings along ("service/service", "guest/vmlinuz", "runtimes/bin/…"):
 * options->lib_dir, else $COLDPROF_LIB, else build/ beside the executable, else
 * PREFIX/lib/coldprof. Owned by the caller; NULL when it is nowhere.
 */
char *lib_path(const struct scenario_options *o, const char *name);

/*
 * Find the program of s: --runtime-path NAME=… (the scenario's name or the program's), else $PATH
 * and the usual directories, else what was fetched (lib_path "runtimes/bin/PROGRAM"); the fetched
 * one first for runtimes that Debian has only in a version that does not do. Sets runtime_path.
 * 0: found; > 0: not here, *without* reason and advice; < 0: --runtime-path makes no sense.
 */
struct program {
	const char *name;        /* "runc" */
	const char *version_arg; /* "--version" */
	bool prefer_fetched;
};
int find_program(struct scenario *s, const struct program *p, struct error *err);

/*
 * Another program that the scenario needs (a daemon, a helper): --runtime-path NAME=…, else as
 * find_program() looks. Owned; NULL when it is nowhere.
 */
char *find_tool(const struct scenario_options *o, const char *name);

/* PATH of the last --runtime-path NAME=PATH, or NULL. */
const char *given_runtime(const struct scenario_options *o, const char *name);

/* Set reason and advice of a scenario that is not available; returns 1, what probe returns then. */
int scenario_unavailable(struct scenario *s, const char *advice, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The user's own service lies in a rootfs or bundle, which this scenario cannot start: why not. */
int scenario_not_for_rootfs(struct scenario *s);

/*
 * Set runtime_version: the first line of what "PROGRAM version_arg" prints, and what describe()
 * adds. Once a scenario, after its probe and not in it: some take 100 ms to answer.
 */
void scenario_ask_version(struct scenario *s);

/* First line of what "PATH ARG" prints, at most 127 bytes; owned; NULL when it cannot be run. */
char *runtime_version(const char *path, const char *arg);

/*
 * Run a program to its end, untimed, in prepare(). It dies with us. When it does not exit with 0,
 * the error says so with the last thing that it printed.
 */
int run_program(const struct args *argv, struct error *err);

/*
 * A file (or directory) that the user named by option: its absolute path into *path (owned), or
 * ERROR_USAGE when there is no such thing or it is of the wrong kind.
 */
int user_file(const char *option, const char *name, char **path, struct error *err);
int user_directory(const char *option, const char *name, char **path, struct error *err);

/* Words given with --runtime-arg NAME=… , in order, appended to argv. */
void add_runtime_args(const struct scenario_options *o, const char *name, struct args *argv);

/* One cgroup v2 tree at /sys/fs/cgroup, as opposed to v1 controllers (maybe with a v2 beside). */
bool cgroup_unified(void);

/*
 * OCI bundles. bundle_check() is for probe: are the service, or the user's rootfs, entry and
 * bundle there and plausible? (0, > 0 and < 0 as probe.) bundle_write() is for enter: a directory
 * with config.json and, in the run's own mount namespace, rootfs/. Of the user's directories
 * nothing is ever written: a rootfs is the lower layer of an overlay. Namespaces: pid, ipc, uts,
 * mount always; network at netns_path when given, else the run's own is inherited.
 */
struct bundle_options {
	const char *dir;          /* made by bundle_write() */
	const char *unpacked;     /* scenario.unpacked */
	const char *netns_path;   /* NULL: inherit */
	const char *cgroups_path; /* NULL: runtime's choice */
	bool cgroup_namespace;
};
int bundle_check(struct scenario *s, struct error *err);
/* For prepare, may be all of it: --image unpacked by umoci, onto a disk; is its command there? */
int bundle_prepare(struct scenario *s, struct error *err);
int bundle_write(const struct scenario_options *o, const struct bundle_options *b,
		 struct error *err);

#endif
