// SPDX-License-Identifier: GPL-2.0-only
/*
 * bundle.c - OCI bundles: coldprof's service, or the user's rootfs or bundle, as `runc spec` would
 * have it. Mounts are made in the run's own mount namespace, so that nobody has to undo them.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scenarios/disk.h"
#include "scenarios/scenario.h"
#include "user/base/mem.h"

#define CONTAINER_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define NOFILE 1024 /* as runc spec */

/* ---- is all there? -------------------------------------------------------------------------- */

/* As the container will see it: links are followed inside root and never lead out of it. */
static bool program_inside(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	CLEANUP_CLOSE int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return errno == ENOSYS; /* before Linux 5.6: let the runtime find out */
	return !fstat(fd, &st) && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

static bool entry_inside(int root, const char *program)
{
	const char *dirs = CONTAINER_PATH;

	if (strchr(program, '/'))
		return program_inside(root, program);
	while (*dirs) {
		size_t n = strcspn(dirs, ":");
		CLEANUP_FREE char *path = xasprintf("%.*s/%s", (int)n, dirs, program);

		if (program_inside(root, path))
			return true;
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

static int check_rootfs(const struct scenario_options *o, struct error *err)
{
	CLEANUP_FREE char *rootfs = NULL;
	CLEANUP_CLOSE int fd = -1;
	struct args entry = { 0 };
	int ret = user_directory("--rootfs", o->rootfs, &rootfs, err);

	if (ret)
		return ret;
	fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open %s", rootfs);
	args_add_words(&entry, o->entry ? o->entry : "");
	if (!entry.n)
		ret = error_class(err, ERROR_USAGE, -EINVAL,
				  "--rootfs wants --entry, the command to start in it");
	else if (!entry_inside(fd, entry.list[0]))
		ret = error_class(err, ERROR_USAGE, -ENOENT,
				  "--entry %s: no such program inside %s", entry.list[0], rootfs);
	args_release(&entry);
	return ret;
}

/* Sources of bind mounts are relative to the bundle; ours lies elsewhere. */
static void absolute_sources(json_t *config, const char *dir)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(config, "mounts"), i, entry) {
		const char *source = json_string_value(json_object_get(entry, "source"));
		const char *type = json_string_value(json_object_get(entry, "type"));
		CLEANUP_FREE char *full = NULL;

		if (!source || source[0] == '/' ||
		    (type && strcmp(type, "bind") && strcmp(type, "none")))
			continue;
		full = xasprintf("%s/%s", dir, source);
		json_object_set_new(entry, "source", json_string(full));
	}
}

/* The user's config.json and the absolute path of its rootfs; *config is to be released. */
static int load_bundle(const struct scenario_options *o, json_t **config, char **rootfs,
		       struct error *err)
{
	CLEANUP_FREE char *dir = NULL, *file = NULL, *full = NULL;
	const char *root;
	json_error_t why;
	json_t *j;
	int ret = user_directory("--bundle", o->bundle, &dir, err);

	if (ret)
		return ret;
	file = xasprintf("%s/config.json", dir);
	j = json_load_file(file, JSON_REJECT_DUPLICATES, &why);
	if (!j)
		return why.line > 0 ? error_class(err, ERROR_USAGE, -EINVAL,
						  "--bundle: %s: line %d: %s", file, why.line,
						  why.text) :
				      error_class(err, ERROR_USAGE, -EINVAL, "--bundle: %s",
						  why.text);
	root = json_string_value(json_object_get(json_object_get(j, "root"), "path"));
	if (!root || !json_is_object(json_object_get(j, "process"))) {
		json_decref(j);
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "--bundle: %s has no root.path or no process", file);
	}
	absolute_sources(j, dir);
	full = root[0] == '/' ? xstrdup(root) : xasprintf("%s/%s", dir, root);
	ret = user_directory("--bundle: root.path", full, rootfs, err);
	if (ret)
		json_decref(j);
	else
		*config = j;
	return ret;
}

/* ---- --image ---------------------------------------------------------------------------------- */

/* "DIR:TAG" in two; a directory may have colons in its name. Owned. */
static char *image_directory(const char *image, const char **tag)
{
	const char *colon = strrchr(image, ':');

	*tag = colon && !strchr(colon, '/') ? colon + 1 : "latest";
	return colon && !strchr(colon, '/') ? xasprintf("%.*s", (int)(colon - image), image) :
					      xstrdup(image);
}

static int check_image(struct scenario *s, struct error *err)
{
	const char *tag;
	CLEANUP_FREE char *name = image_directory(s->options->image, &tag);
	CLEANUP_FREE char *dir = NULL, *layout = NULL, *umoci = NULL;
	int ret = user_directory("--image", name, &dir, err);

	if (ret)
		return ret;
	layout = xasprintf("%s/oci-layout", dir);
	if (access(layout, R_OK))
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "--image %s: no OCI image layout (it has no file oci-layout)", name);
	umoci = find_tool(s->options, "umoci");
	if (!umoci)
		return scenario_unavailable(s, "apt-get install umoci, or make runtimes",
					    "--image: umoci, which unpacks it, is not installed");
	return 0;
}

/* The command of an unpacked image, or the user's, must be in its rootfs. */
static int check_command(const struct scenario_options *o, const char *dir, struct error *err)
{
	CLEANUP_FREE char *rootfs = xasprintf("%s/rootfs", dir);
	CLEANUP_FREE char *file = xasprintf("%s/config.json", dir);
	CLEANUP_CLOSE int fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	json_t *config = json_load_file(file, 0, NULL);
	json_t *first = json_array_get(
		json_object_get(json_object_get(config, "process"), "args"), 0);
	struct args entry = { 0 };
	int ret = 0;

	args_add_words(&entry, o->entry ? o->entry : "");
	if (!o->entry && json_string_value(first))
		args_add(&entry, json_string_value(first));
	if (fd < 0 || !config)
		ret = error_set(err, -EINVAL, "--image: what umoci made of it is no bundle");
	else if (!entry.n)
		ret = error_set(err, -EINVAL, "--image: it names no command, and --entry neither");
	else if (!entry_inside(fd, entry.list[0]))
		ret = error_set(err, -ENOENT, "--image: its command %s is not in it", entry.list[0]);
	args_release(&entry);
	json_decref(config);
	return ret;
}

int bundle_prepare(struct scenario *s, struct error *err)
{
	const struct scenario_options *o = s->options;
	const char *tag;
	CLEANUP_FREE char *name = o->image ? image_directory(o->image, &tag) : NULL;
	CLEANUP_FREE char *dir = NULL, *disk = NULL, *to = NULL, *umoci = NULL;
	struct args argv = { 0 };
	int ret;

	if (!o->image)
		return 0;
	ret = user_directory("--image", name, &dir, err);
	if (ret)
		return ret;
	umoci = find_tool(o, "umoci");
	if (!umoci)
		return error_set(err, -ENOENT, "umoci is no longer there");
	disk = disk_directory(s->scratch, err);
	if (!disk)
		return err->code;
	to = xasprintf("%s/image", disk);
	args_add(&argv, umoci);
	args_add(&argv, "unpack");
	args_add(&argv, "--image");
	args_addf(&argv, "%s:%s", dir, tag);
	args_add(&argv, to);
	ret = run_program(&argv, err);
	args_release(&argv);
	if (!ret)
		ret = check_command(o, to, err);
	if (!ret)
		s->unpacked = STEAL(to);
	else
		disk_remove(to);
	return ret;
}

int bundle_check(struct scenario *s, struct error *err)
{
	const struct scenario_options *o = s->options;
	CLEANUP_FREE char *path = NULL;
	json_t *config = NULL;
	int ret;

	if (o->image && (o->bundle || o->rootfs))
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "--image brings its own rootfs; leave out %s",
				   o->bundle ? "--bundle" : "--rootfs");
	if (o->image)
		return check_image(s, err);
	if (o->bundle && (o->rootfs || o->entry))
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "--bundle brings its own rootfs and command; leave out %s",
				   o->rootfs ? "--rootfs" : "--entry");
	if (o->bundle) {
		ret = load_bundle(o, &config, &path, err);
		json_decref(config);
		return ret;
	}
	if (o->rootfs)
		return check_rootfs(o, err);
	if (o->entry)
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "--entry wants --rootfs, the directory to start it in");
	path = lib_path(o, "service/service");
	if (!path)
		return scenario_unavailable(s, GET_SERVICE, "coldprof's service is not there");
	return 0;
}

/* ---- config.json ---------------------------------------------------------------------------- */

static json_t *mount_entry(const char *where, const char *type, const char *source,
			   const char *options)
{
	json_t *list = json_array();
	struct args words = { 0 };
	size_t i;

	args_add_words(&words, options);
	for (i = 0; i < words.n; i++)
		json_array_append_new(list, json_string(words.list[i]));
	args_release(&words);
	return json_pack("{s:s, s:s, s:s, s:o}", "destination", where, "type", type, "source",
			 source, "options", list);
}

/* What runc spec mounts: users have these, so their cost belongs into the figure. */
static json_t *mounts(void)
{
	return json_pack(
		"[o, o, o, o, o, o, o]", mount_entry("/proc", "proc", "proc", ""),
		mount_entry("/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k"),
		mount_entry("/dev/pts", "devpts", "devpts",
			    "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5"),
		mount_entry("/dev/shm", "tmpfs", "shm",
			    "nosuid noexec nodev mode=1777 size=65536k"),
		mount_entry("/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev"),
		mount_entry("/sys", "sysfs", "sysfs", "nosuid noexec nodev ro"),
		mount_entry("/sys/fs/cgroup", "cgroup", "cgroup",
			    "nosuid noexec nodev relatime ro"));
}

static json_t *capabilities(void)
{
	json_t *set = json_pack("[s, s, s]", "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE");

	return json_pack("{s:O, s:O, s:o}", "bounding", set, "effective", set, "permitted", set);
}

/* A hard limit above ours cannot be set without CAP_SYS_RESOURCE. */
static json_t *rlimits(void)
{
	struct rlimit now;
	rlim_t limit = NOFILE;

	if (!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_max < limit)
		limit = now.rlim_max;
	return json_pack("[{s:s, s:I, s:I}]", "type", "RLIMIT_NOFILE", "hard", (json_int_t)limit,
			 "soft", (json_int_t)limit);
}

static json_t *process(const struct scenario_options *o)
{
	CLEANUP_FREE char *port = xasprintf("PORT=%u", o->port);
	struct args argv = { 0 };
	json_t *list = json_array();
	size_t i;

	if (o->rootfs) {
		args_add_words(&argv, o->entry);
	} else {
		args_add(&argv, "/service");
		args_add(&argv, "-addr");
		args_addf(&argv, "0.0.0.0:%u", o->port);
	}
	for (i = 0; i < argv.n; i++)
		json_array_append_new(list, json_string(argv.list[i]));
	args_release(&argv);
	return json_pack("{s:b, s:{s:i, s:i}, s:o, s:[s, s, s], s:s, s:o, s:o, s:b}", "terminal", 0,
			 "user", "uid", 0, "gid", 0, "args", list, "env", "PATH=" CONTAINER_PATH,
			 "TERM=xterm", port, "cwd", "/", "capabilities", capabilities(), "rlimits",
			 rlimits(), "noNewPrivileges", 1);
}

static json_t *linux_part(void)
{
	return json_pack("{s:{s:[{s:b, s:s}]}, s:[{s:s}, {s:s}, {s:s}, {s:s}],"
			 " s:[s, s, s, s, s, s, s, s, s, s], s:[s, s, s, s, s]}",
			 "resources", "devices", "allow", 0, "access", "rwm", "namespaces", "type",
			 "pid", "type", "ipc", "type", "uts", "type", "mount", "maskedPaths",
			 "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
			 "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
			 "/proc/sched_debug", "/sys/firmware", "/proc/scsi", "readonlyPaths",
			 "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");
}

static json_t *own_config(const struct scenario_options *o)
{
	/* Our service writes nothing; the user's rootfs is writable, as docker would have it. */
	return json_pack("{s:s, s:o, s:{s:b}, s:s, s:o, s:o}", "ociVersion", "1.0.2", "process",
			 process(o), "root", "readonly", o->rootfs ? 0 : 1, "hostname", "coldprof",
			 "mounts", mounts(), "linux", linux_part());
}

/* The run's network, and names that the sweeper knows, whoever wrote the config. */
static void adapt(json_t *config, const struct bundle_options *b, const char *rootfs)
{
	json_t *part = json_object_get(config, "linux"), *list, *entry, *kept = json_array();
	bool cgroup_seen = false;
	size_t i;

	if (!json_is_object(part)) {
		part = json_object();
		json_object_set_new(config, "linux", part);
	}
	list = json_object_get(part, "namespaces");
	json_array_foreach(list, i, entry) {
		const char *type = json_string_value(json_object_get(entry, "type"));

		cgroup_seen |= type && !strcmp(type, "cgroup");
		if (!type || strcmp(type, "network"))
			json_array_append(kept, entry);
	}
	if (b->netns_path)
		json_array_append_new(kept, json_pack("{s:s, s:s}", "type", "network", "path",
						      b->netns_path));
	if (b->cgroup_namespace && !cgroup_seen)
		json_array_append_new(kept, json_pack("{s:s}", "type", "cgroup"));
	json_object_set_new(part, "namespaces", kept);
	if (b->cgroups_path)
		json_object_set_new(part, "cgroupsPath", json_string(b->cgroups_path));
	json_object_set_new(json_object_get(config, "root"), "path", json_string(rootfs));
	json_object_set_new(json_object_get(config, "process"), "terminal", json_false());
	json_object_del(json_object_get(config, "process"), "consoleSize");
}

/* ---- rootfs --------------------------------------------------------------------------------- */

/* mkdir that no umask narrows: a container's user is not nec. root. */
static int make_dir(const char *path, struct error *err)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		return error_errno(err, -errno, "cannot make %s", path);
	if (chmod(path, 0755))
		return error_errno(err, -errno, "cannot change the mode of %s", path);
	return 0;
}

/* Mount points that runtimes would otherwise make themselves. */
static int make_mount_points(const char *rootfs, struct error *err)
{
	static const char *const names[] = { "proc", "dev", "sys", "tmp" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", rootfs, names[i]);
		int ret = make_dir(path, err);

		if (ret)
			return ret;
	}
	return 0;
}

/*
 * The service is bound into the rootfs, not copied: scratch is a tmpfs, and a copy there would be
 * shmem that is never cold, while the native row maps a file.
 */
static int bind_service(const struct scenario_options *o, const char *rootfs, struct error *err)
{
	CLEANUP_FREE char *service = lib_path(o, "service/service");
	CLEANUP_FREE char *target = xasprintf("%s/service", rootfs);
	CLEANUP_CLOSE int fd = open(target, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0755);

	if (!service)
		return error_set(err, -ENOENT, "coldprof's service is no longer there");
	if (fd < 0)
		return error_errno(err, -errno, "cannot make %s", target);
	if (mount(service, target, NULL, MS_BIND, NULL) ||
	    mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		return error_errno(err, -errno, "cannot bind %s to %s", service, target);
	return 0;
}

/* The user's rootfs below, a layer of the run's own above: what is written goes with the run. */
static int overlay(const char *lower, const char *dir, const char *rootfs, struct error *err)
{
	CLEANUP_FREE char *upper = xasprintf("%s/upper", dir);
	CLEANUP_FREE char *work = xasprintf("%s/work", dir);
	CLEANUP_FREE char *data = NULL;
	/* The user's path may hold commas and colons, which mean something in mount options. */
	CLEANUP_CLOSE int fd = open(lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return error_errno(err, -errno, "cannot open %s", lower);
	ret = make_dir(upper, err);
	if (!ret)
		ret = make_dir(work, err);
	if (ret)
		return ret;
	data = xasprintf("lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s", fd, upper, work);
	if (mount("overlay", rootfs, "overlay", 0, data))
		return error_errno(err, -errno, "cannot mount an overlay over %s", lower);
	return 0;
}

static int make_rootfs(const struct scenario_options *o, const struct bundle_options *b,
		       const char *lower, char **rootfs, struct error *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/rootfs", b->dir);
	int ret = make_dir(b->dir, err);

	if (!ret)
		ret = make_dir(path, err);
	if (!ret && lower)
		ret = overlay(lower, b->dir, path, err);
	else if (!ret)
		ret = make_mount_points(path, err) ?: bind_service(o, path, err);
	if (!ret)
		*rootfs = STEAL(path);
	return ret;
}

/* An image's service learns its port as ours does, and may be given another command. */
static void adapt_image(json_t *config, const struct scenario_options *o)
{
	CLEANUP_FREE char *port = xasprintf("PORT=%u", o->port);
	json_t *part = json_object_get(config, "process"), *list;
	struct args argv = { 0 };
	size_t i;

	json_array_append_new(json_object_get(part, "env"), json_string(port));
	args_add_words(&argv, o->entry ? o->entry : "");
	list = json_array();
	for (i = 0; i < argv.n; i++)
		json_array_append_new(list, json_string(argv.list[i]));
	if (argv.n)
		json_object_set(part, "args", list);
	json_decref(list);
	args_release(&argv);
	/* A hard limit above ours cannot be set without CAP_SYS_RESOURCE. */
	json_object_set_new(part, "rlimits", rlimits());
}

int bundle_write(const struct scenario_options *o, const struct bundle_options *b,
		 struct error *err)
{
	struct scenario_options unpacked = *o;
	CLEANUP_FREE char *lower = NULL, *rootfs = NULL;
	CLEANUP_FREE char *file = xasprintf("%s/config.json", b->dir);
	json_t *config = NULL;
	int ret = 0;

	if (b->unpacked) {
		unpacked.bundle = b->unpacked;
		ret = load_bundle(&unpacked, &config, &lower, err);
		if (!ret)
			adapt_image(config, o);
	} else if (o->bundle)
		ret = load_bundle(o, &config, &lower, err);
	else if (o->rootfs)
		ret = user_directory("--rootfs", o->rootfs, &lower, err);
	if (!ret)
		ret = make_rootfs(o, b, lower, &rootfs, err);
	if (!ret) {
		if (!config)
			config = own_config(o);
		if (!config)
			ret = error_set(err, -EILSEQ, "--entry is not valid UTF-8");
	}
	if (!ret) {
		adapt(config, b, rootfs);
		if (json_dump_file(config, file, JSON_INDENT(1)))
			ret = error_set(err, -EIO, "cannot write %s", file);
	}
	json_decref(config);
	return ret;
}
