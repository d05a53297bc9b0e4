// SPDX-License-Identifier: GPL-2.0-only
/* kata.c - Kata Containers: what is missing, the bundle, the command; shared by its hypervisors. */
#include "scenarios/kata.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/vmm.h"
#include "user/base/mem.h"
#include "user/record/format.h"

#define SHIM "containerd-shim-kata-v2"
#define RUST_SHIM "/opt/kata/runtime-rs/bin/" SHIM
#define IMAGE_MIB 64 /* at least */
#define IMAGE_ROOM_MIB 32 /* besides what is in it */
#define GET_KATA                                                                                   \
	"github.com/kata-containers/kata-containers/releases (kata-static, unpacked to /), on a "   \
	"host with vmx or svm"

/* ---- is it here? ---------------------------------------------------------------------------- */

char *kata_config_file(const char *name, const char *root)
{
	static const char *const dirs[] = {
		"/etc/kata-containers",
		"/usr/share/defaults/kata-containers",
		"/opt/kata/share/defaults/kata-containers",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		CLEANUP_FREE char *path = xasprintf("%s%s/%s", root, dirs[i], name);

		if (!access(path, R_OK))
			return STEAL(path);
	}
	return NULL;
}

/* On $PATH, or where kata-static unpacks it. */
static char *find_shim(const struct scenario_options *o)
{
	static const char usual[] = "/opt/kata/bin/" SHIM;
	char *path = containerd_shim(o, SHIM);

	return path || access(usual, X_OK) ? path : xstrdup(usual);
}

static void add(char **all, const char *fmt, const char *what)
{
	char *text = xasprintf(fmt, what);
	char *longer = *all ? xasprintf("%s; %s", *all, text) : xstrdup(text);

	free(text);
	free(*all);
	*all = longer;
}

static void need_device(char **all, const char *root, const char *device, const char *mend)
{
	CLEANUP_FREE char *path = xasprintf("%s%s", root, device);

	if (access(path, R_OK | W_OK)) {
		CLEANUP_FREE char *what =
			xasprintf("%s: %s (%s)", device, strerror(errno), mend);

		add(all, "%s", what);
	}
}

/* The value of a line 'key = "value"' of a configuration; owned, NULL when there is none. */
static char *config_value(const char *config, const char *key)
{
	CLEANUP_FCLOSE FILE *f = fopen(config, "re");
	size_t n = strlen(key);
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		const char *p = line + strspn(line, " \t");

		if (strncmp(p, key, n))
			continue;
		p += n + strspn(p + n, " \t");
		if (*p++ != '=')
			continue;
		p += strspn(p, " \t");
		if (*p == '"')
			return strndup(p + 1, strcspn(p + 1, "\"\n"));
	}
	return NULL;
}

/* The files that a configuration names must be there. */
static void need_files(char **all, const char *config, const char *root)
{
	static const char *const keys[] = { "path", "jailer_path", "kernel", "image", "initrd",
					    "virtio_fs_daemon", "firmware" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		CLEANUP_FREE char *value = config_value(config, keys[i]);
		CLEANUP_FREE char *path = value && *value ? xasprintf("%s%s", root, value) : NULL;

		if (path && access(path, F_OK)) {
			CLEANUP_FREE char *what = xasprintf("%s names %s %s, which is not there",
							    config, keys[i], value);

			add(all, "%s", what);
		}
	}
}

char *kata_missing(const struct kata_hypervisor *h, const char *shim, const char *config,
		   const char *root)
{
	char *all = NULL;

	root = root ? root : "";
	if (!shim) {
		CLEANUP_FREE char *rust = xasprintf("%s" RUST_SHIM, root);

		add(&all, access(rust, X_OK) ? "%s is not installed" : "of %s only the one in Rust is "
		    "installed (/opt/kata/runtime-rs), whose configuration is another", SHIM);
	} else if (!config)
		add(&all, "%s is in none of Kata's directories", h->config);
	else
		need_files(&all, config, root);
	need_device(&all, root, "/dev/kvm", "load kvm_intel or kvm_amd");
	need_device(&all, root, "/dev/net/tun", "modprobe tun");
	if (h->vhost_vsock)
		need_device(&all, root, "/dev/vhost-vsock", "modprobe vhost_vsock");
	return all;
}

int kata_probe(struct scenario *s, struct error *err)
{
	const struct kata_hypervisor *h = kata_hypervisor_of(s->ops->name);
	struct kata *k = s->state;
	CLEANUP_FREE char *missing = NULL, *mkfs = NULL;
	const char *no_kvm;
	char buf[128];
	int ret;

	k->hypervisor = h;
	if (h->block_rootfs && (s->options->bundle || s->options->image))
		return scenario_unavailable(s, "--rootfs DIR --entry CMD", "%s needs its rootfs on a "
					    "block device: it takes --rootfs, not --bundle or --image",
					    s->ops->name);
	k->shim = find_shim(s->options);
	k->config = k->shim ? kata_config_file(h->config, "") : NULL;
	missing = kata_missing(h, k->shim, k->config, NULL);
	no_kvm = vmm_no_kvm(s->options, buf, sizeof(buf));
	if (no_kvm && !strstr(no_kvm, "/dev/kvm")) /* what device is missing is said already */
		add(&missing, "%s", no_kvm);
	mkfs = h->block_rootfs ? find_tool(s->options, "mkfs.ext4") : NULL;
	if (h->block_rootfs && !mkfs)
		add(&missing, "%s is not installed (apt-get install e2fsprogs)", "mkfs.ext4");
	ret = containerd_probe(s, &k->daemon, k->shim, err);
	if (ret > 0)
		add(&missing, "%s", s->reason);
	if (ret < 0)
		return ret;
	if (missing)
		return scenario_unavailable(s, GET_KATA, "%s", missing);
	ret = bundle_check(s, err);
	if (!ret) {
		free(s->accel);
		s->accel = xstrdup("kvm");
	}
	return ret;
}

/* Its version and which configuration it starts by. */
void kata_describe(struct scenario *s)
{
	const struct kata *k = s->state;
	CLEANUP_FREE char *kata = runtime_version(k->shim, "--version");
	CLEANUP_FREE char *ignored = kata_ignored(s->options);
	char *version = s->runtime_version;

	s->runtime_version = xasprintf("%s, %s, %s%s", version ? version : "containerd",
				       kata ? kata : SHIM, k->config, ignored);
	free(version);
}

/* The session's defaults (256 MiB, one vCPU) are no wish of the user's. */
char *kata_ignored(const struct scenario_options *o)
{
	const struct {
		bool given;
		const char *option;
	} options[] = {
		{ o->memory_mib && o->memory_mib != VMM_MEMORY_MIB, "--memory" },
		{ o->vcpus > 1, "--vcpus" },
		{ o->kernel != NULL, "--kernel" },
		{ o->initrd != NULL, "--initrd" },
		{ o->append != NULL, "--append" },
		{ o->serial, "--serial" },
	};
	CLEANUP_FREE char *all = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].given) {
			char *longer = xasprintf("%s%s%s", all ? all : "", all ? " " : "", options[i].option);

			free(all);
			all = longer;
		}
	return all ? xasprintf(" (%s ignored: that configuration decides)", all) : xstrdup("");
}

/* ---- a run ------------------------------------------------------------------------------------ */

static int run_words(struct error *err, const char *const *words)
{
	struct args argv = { 0 };
	int ret;

	for (; *words; words++)
		args_add(&argv, *words);
	ret = run_program(&argv, err);
	args_release(&argv);
	return ret;
}

/* Blocks of what nftw() goes through. */
static uint64_t tree_blocks;

static int add_blocks(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path, (void)type, (void)ftw;
	tree_blocks += (uint64_t)(st->st_size + 4095) / 4096 + 1; /* and an inode of it */
	return 0;
}

unsigned int kata_image_mib(const char *tree)
{
	uint64_t mib;

	tree_blocks = 0;
	if (nftw(tree, add_blocks, 32, FTW_PHYS | FTW_MOUNT))
		return 0;
	/* A tenth more: the file system's own tables and its reserve. */
	mib = tree_blocks * 11 / 10 / 256 + IMAGE_ROOM_MIB;
	return mib < IMAGE_MIB ? IMAGE_MIB : mib > UINT32_MAX / 2 ? 0 : (unsigned int)mib;
}

/*
 * An ext4 file system with the service in it, for hypervisors that share no directories. Kata hands a
 * rootfs that lies on a block device to the guest as it is (src/runtime/virtcontainers/container.go,
 * checkStorageDriver asks for nothing else), so a loop device stands for the snapshotter's (devmapper,
 * blockfile): both are there for images, of which there is none here.
 */
static int make_image(struct scenario *s, struct error *err)
{
	struct kata *k = s->state;
	CLEANUP_FREE char *tree = xasprintf("%s/tree", s->scratch);
	CLEANUP_FREE char *service = lib_path(s->options, "service/service");
	CLEANUP_FREE char *mkfs = find_tool(s->options, "mkfs.ext4");
	CLEANUP_FREE char *size = NULL;
	const char *from = s->options->rootfs ? s->options->rootfs : tree;
	CLEANUP_FREE char *image = xasprintf("%s/rootfs.ext4", s->scratch);
	unsigned int mib;
	int ret = 0;

	if (!mkfs || (!service && !s->options->rootfs))
		return error_set(err, -ENOENT, "%s is no longer there", mkfs ? "coldprof's service" : "mkfs.ext4");
	if (!s->options->rootfs) {
		if (mkdir(tree, 0755) && errno != EEXIST)
			return error_errno(err, -errno, "cannot make %s", tree);
		ret = run_words(err, (const char *const[]){ "/bin/cp", service, tree, NULL });
	}
	mib = ret ? 0 : kata_image_mib(from);
	if (!ret && !mib)
		return error_set(err, -EIO, "cannot tell how large %s is", from);
	size = xasprintf("%uM", mib);
	if (!ret)
		ret = run_words(err, (const char *const[]){ mkfs, "-q", "-d", from, image, size,
							    NULL });
	if (!ret)
		k->image = STEAL(image);
	return ret;
}

int kata_prepare(struct scenario *s, struct error *err)
{
	const struct kata *k = s->state;

	return k->hypervisor->block_rootfs ? make_image(s, err) : bundle_prepare(s, err);
}

int kata_enter(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	const struct kata *k = s->state;
	CLEANUP_FREE char *dir = xasprintf("%s/bundle", run->dir);
	CLEANUP_FREE char *cgroup = xasprintf("/%s", run->id);
	struct bundle_options b = {
		.dir = dir,
		.unpacked = s->unpacked,
		.cgroups_path = cgroup,
		/*
		 * The box's: its eth0 becomes the guest's. Kata refuses a namespace that its shim lives in
		 * ("Host networking requested, not supported by runtime"), so containerd lives in another.
		 */
		.netns_path = "/proc/1/ns/net",
	};
	int ret = bundle_write(s->options, &b, err);

	if (!ret && k->image) {
		CLEANUP_FREE char *rootfs = xasprintf("%s/rootfs", dir);

		ret = run_words(err, (const char *const[]){ "/bin/mount", "-o", "loop", k->image,
							    rootfs, NULL });
	}
	return ret ? ret : containerd_start(&k->daemon, run, true, err);
}

int kata_command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		 struct error *err)
{
	const struct kata *k = s->state;

	(void)err;
	containerd_ctr(&k->daemon, run, argv);
	args_add(argv, "--runtime");
	args_add(argv, "io.containerd.kata.v2");
	args_add(argv, "--runtime-config-path");
	args_add(argv, k->config);
	add_runtime_args(s->options, s->ops->name, argv);
	args_add(argv, "--config");
	args_addf(argv, "%s/bundle/config.json", run->dir);
	args_add(argv, run->id);
	return 0;
}

void kata_cleanup(struct scenario *s)
{
	struct kata *k = s->state;

	containerd_release(&k->daemon);
	free(k->shim);
	free(k->config);
	free(k->image);
	k->shim = k->config = k->image = NULL;
}
