// SPDX-License-Identifier: GPL-2.0-only
#include "user/output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/base/text.h"

static long sudo_id(const char *name)
{
	const char *text = getenv(name);
	uint64_t id;

	if (geteuid() || !text || !text_parse_u64(text, 0, UINT32_MAX - 1, &id))
		return -1;
	return id;
}

uid_t output_uid(void)
{
	return sudo_id("SUDO_UID");
}

gid_t output_gid(void)
{
	return sudo_id("SUDO_GID");
}

FILE *output_open(const char *path, struct error *err)
{
	struct stat st;
	int fd;

	if (!strcmp(path, "-"))
		return stdout;
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0644);
	if (fd < 0) {
		error_class(err, ERROR_USAGE, -errno, "cannot write %s: %s", path,
			    errno == ELOOP ? "it is a symbolic link" : strerror(errno));
		return NULL;
	}
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		if (ftruncate(fd, 0) ||
		    (output_uid() != (uid_t)-1 && fchown(fd, output_uid(), output_gid()))) {
			error_class(err, ERROR_USAGE, -errno, "cannot write %s: %s", path,
				    strerror(errno));
			close(fd);
			return NULL;
		}
	}
	return fdopen(fd, "w");
}

int output_close(FILE *f, const char *path, struct error *err)
{
	int failed = ferror(f) | fflush(f);
	int code = failed ? errno : 0;

	if (f != stdout && fclose(f) && !failed) {
		failed = 1;
		code = errno;
	}
	if (!failed)
		return 0;
	return error_set(err, -(code ? code : EIO), "cannot write %s: %s",
			 strcmp(path, "-") ? path : "the standard output",
			 strerror(code ? code : EIO));
}

/* Beside the file, for rename(2); O_EXCL, so never through a link that somebody put there. */
static int temporary_beside(struct output *o, struct error *err)
{
	const char *slash = strrchr(o->path, '/');
	mode_t mask = umask(0);
	int fd, code;

	umask(mask);
	o->temporary = xasprintf("%.*s.coldprof-XXXXXX", slash ? (int)(slash + 1 - o->path) : 0,
				 o->path);
	fd = mkostemp(o->temporary, O_CLOEXEC);
	if (fd < 0) {
		code = -errno;
		free(STEAL(o->temporary));
		return error_class(err, ERROR_USAGE, code, "cannot write %s: %s", o->path,
				   strerror(-code));
	}
	if (!fchmod(fd, 0644 & ~mask) &&
	    (output_uid() == (uid_t)-1 || !fchown(fd, output_uid(), output_gid())))
		return fd;
	code = -errno;
	close(fd);
	unlink(o->temporary);
	free(STEAL(o->temporary));
	return error_class(err, ERROR_USAGE, code, "cannot write %s: %s", o->path, strerror(-code));
}

int output_begin(struct output *o, const char *path, struct error *err)
{
	struct stat st;
	int fd;

	*o = (struct output){ .path = path };
	/* A link is refused and a device written to, as output_open() does. */
	if (!strcmp(path, "-") || (!lstat(path, &st) && !S_ISREG(st.st_mode))) {
		o->stream = output_open(path, err);
		return o->stream ? 0 : err->code;
	}
	fd = temporary_beside(o, err);
	if (fd < 0)
		return fd;
	o->stream = fdopen(fd, "w");
	return 0;
}

int output_commit(struct output *o, struct error *err)
{
	int ret = 0;

	if (o->temporary && !ferror(o->stream) && !fflush(o->stream) && fsync(fileno(o->stream)))
		ret = error_errno(err, -errno, "cannot write %s", o->path);
	if (ret)
		fclose(o->stream);
	else
		ret = output_close(o->stream, o->path, err);
	if (o->temporary && !ret && rename(o->temporary, o->path))
		ret = error_errno(err, -errno, "cannot write %s", o->path);
	if (o->temporary && ret)
		unlink(o->temporary);
	free(o->temporary);
	*o = (struct output){ 0 };
	return ret;
}

void output_discard(struct output *o)
{
	if (o->temporary)
		unlink(o->temporary);
	if (o->stream != stdout)
		fclose(o->stream);
	free(o->temporary);
	*o = (struct output){ 0 };
}

void output_style(FILE *out, struct report_options *o)
{
	const char *columns = getenv("COLUMNS"), *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct winsize ws;
	uint64_t width;
	int tty = isatty(fileno(out));

	o->width = 80;
	if (tty && !ioctl(fileno(out), TIOCGWINSZ, &ws) && ws.ws_col)
		o->width = ws.ws_col;
	else if (columns && text_parse_u64(columns, 20, 10000, &width))
		o->width = width;
	o->colour = tty && !(no_color && *no_color) && term && strcmp(term, "dumb");
	o->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
}
