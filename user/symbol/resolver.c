// SPDX-License-Identifier: GPL-2.0-only
/* resolver.c - objects as processes see them, files as they are, and which may stand for which. */
#include "user/symbol/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/symbol/elf_image.h"
#include "user/symbol/elf_symbols.h"
#include "user/symbol/go_symbols.h"
#include "user/symbol/kallsyms.h"

/* A process may map as many files, of what size, as it likes. */
#define OBJECTS_MAX 4096
#define TABLES_MAX ((size_t)1 << 30)

/* Another process may still reach what one that ended could not show us. */
#define OPEN_TRIES_MAX 8

static const char why_no_file[] = "not a file";
static const char why_not_opened[] = "its file could not be opened";
static const char why_changed[] = "its file has changed";
static const char why_unknown[] = "which file it was is not known";
static const char why_not_elf[] = "its file is not an ELF file";
static const char why_no_table[] = "its file names no functions";
static const char why_no_symbol[] = "no symbol covers it";
static const char why_not_mapped[] = "not in a segment of its file";
static const char why_too_many[] = "too many files";
static const char why_kernel[] = "kernel symbols are not readable";

/* A file with its tables. There is one for each file, however many objects are it. */
struct image {
	struct image *next;
	struct stat st; /* when it was read; st_ino 0: not from a file */
	struct elf_image *elf;
	struct elf_symbols *symbols; /* NULL: none */
	struct go_symbols *go;       /* NULL: none */
};

/* An object that was asked for, and what came of it. */
struct object {
	struct object *next;
	char *path;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	uint8_t build_id[ELF_IMAGE_BUILD_ID_MAX];
	size_t build_id_size;
	struct image *image; /* NULL: why */
	const char *why;
	unsigned int tries; /* to open it */
	size_t n_images;    /* of the resolver, when it was last looked whether one is the same */
};

struct resolver {
	struct object *objects;
	size_t n_objects;
	struct image *images;
	size_t n_images;
	size_t table_bytes;
	char *kallsyms_path;
	struct kallsyms *kernel;
	bool kernel_tried;
	struct error kernel_error;
};

struct resolver *resolver_new(const char *kallsyms)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->kallsyms_path = xstrdup(kallsyms ? kallsyms : KALLSYMS_PATH);
	return r;
}

static void image_free(struct image *img)
{
	if (!img)
		return;
	elf_image_free(img->elf);
	elf_symbols_free(img->symbols);
	go_symbols_free(img->go);
	free(img);
}

void resolver_next_run(struct resolver *r)
{
	while (r->objects) {
		struct object *o = r->objects;

		r->objects = o->next;
		free(o->path);
		free(o);
	}
	r->n_objects = 0;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	resolver_next_run(r);
	while (r->images) {
		struct image *img = r->images;

		r->images = img->next;
		image_free(img);
	}
	kallsyms_free(r->kernel);
	free(r->kallsyms_path);
	free(r);
}

static bool is_build_id(const struct elf_image *elf, const uint8_t *id, size_t n)
{
	size_t n_own;
	const uint8_t *own = elf_image_build_id(elf, &n_own);

	return own && n && n == n_own && !memcmp(own, id, n);
}

/*
 * An image that has the object's build id. Device and inode do not do for this: the inode of a file
 * that was removed is given to the next one.
 */
static struct image *twin_of(const struct resolver *r, const struct object *o)
{
	struct image *img;

	for (img = r->images; img; img = img->next)
		if (is_build_id(img->elf, o->build_id, o->build_id_size))
			return img;
	return NULL;
}

/* The image of this very file in this very state. */
static struct image *image_of(const struct resolver *r, const struct stat *st)
{
	struct image *img;

	for (img = r->images; img; img = img->next)
		if (st->st_ino && img->st.st_ino == st->st_ino && img->st.st_dev == st->st_dev &&
		    img->st.st_size == st->st_size &&
		    img->st.st_ctim.tv_sec == st->st_ctim.tv_sec &&
		    img->st.st_ctim.tv_nsec == st->st_ctim.tv_nsec)
			return img;
	return NULL;
}

/* Read the tables and close the file. A table that is damaged is no table: err says so. */
static void read_tables(struct resolver *r, struct image *img, struct error *err)
{
	elf_symbols_load(img->elf, &img->symbols, err);
	go_symbols_load(img->elf, &img->go, err);
	elf_image_close_file(img->elf);
	if (img->symbols)
		r->table_bytes += elf_symbols_memory(img->symbols);
	if (img->go)
		r->table_bytes += go_symbols_memory(img->go);
}

static struct image *add_image(struct resolver *r, struct elf_image *elf, const struct stat *st,
			       struct error *err)
{
	struct image *img = xcalloc(1, sizeof(*img));

	img->elf = elf;
	if (st)
		img->st = *st;
	read_tables(r, img, err);
	img->next = r->images;
	r->images = img;
	r->n_images++;
	return img;
}

/* Find the file without opening it: what is behind a path in a container may be any device. */
static int open_path(const struct resolver_object *o)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	CLEANUP_CLOSE int root = -1;

	if (o->at)
		return open(o->at, O_PATH | O_CLOEXEC);
	if (!o->root)
		return open(o->path, O_PATH | O_CLOEXEC);
	/* The container's own absolute links must not lead out of its root. */
	root = open(o->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : (int)syscall(SYS_openat2, root, o->path, &how, sizeof(how));
}

static int reopen(int path_fd)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", path_fd);
	return open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static const char *changed(const struct object *o, struct error *err)
{
	error_set(err, -ESTALE, "%s is another file than it was", o->path);
	return why_changed;
}

/* Find or read the image of what path_fd stands for, which st is of. */
static const char *load_regular(struct resolver *r, int path_fd, const struct stat *st,
				struct object *o, struct error *err)
{
	struct image *known = image_of(r, st);
	CLEANUP_CLOSE int fd = -1;
	struct elf_image *elf;

	if (known) {
		if (o->build_id_size && !is_build_id(known->elf, o->build_id, o->build_id_size))
			return changed(o, err);
		o->image = known;
		return NULL;
	}
	fd = reopen(path_fd);
	if (fd < 0) {
		error_errno(err, -errno, "cannot open %s", o->path);
		return why_not_opened;
	}
	if (elf_image_open_fd(fd, o->path, &elf, err))
		return why_not_elf;
	if (o->build_id_size && !is_build_id(elf, o->build_id, o->build_id_size)) {
		elf_image_free(elf);
		return changed(o, err);
	}
	o->image = add_image(r, elf, st, err);
	return NULL;
}

/* any: o says nothing about which file it is, and that is what the caller wants. */
static const char *load_file(struct resolver *r, const struct resolver_object *from,
			     struct object *o, bool any, struct error *err)
{
	CLEANUP_CLOSE int path_fd = open_path(from);
	struct stat st;

	if (path_fd < 0 || fstat(path_fd, &st)) {
		error_errno(err, -errno, "cannot open %s", o->path);
		return why_not_opened;
	}
	if (!S_ISREG(st.st_mode)) {
		error_set(err, -ENOEXEC, "%s is not a regular file", o->path);
		return why_no_file;
	}
	if (!any && !o->build_id_size &&
	    (st.st_ino != o->inode || major(st.st_dev) != o->dev_major ||
	     minor(st.st_dev) != o->dev_minor))
		return changed(o, err);
	return load_regular(r, path_fd, &st, o, err);
}

/*
 * The vDSO is the kernel's and the same in all processes: ours stands for theirs. Its length is not
 * told; its section table is what comes last.
 */
static const char *load_vdso(struct resolver *r, struct object *o, struct error *err)
{
	const unsigned char *vdso = (const unsigned char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct elf_image *elf;
	Elf64_Ehdr eh;
	size_t n;

	if (!vdso || vdso[EI_CLASS] != ELFCLASS64) {
		error_set(err, -ENOENT, "there is no vDSO");
		return why_not_opened;
	}
	memcpy(&eh, vdso, sizeof(eh));
	n = eh.e_shoff + (size_t)eh.e_shnum * eh.e_shentsize;
	if (elf_image_open_memory(vdso, n, "[vdso]", &elf, err))
		return why_not_elf;
	if (o->build_id_size && !is_build_id(elf, o->build_id, o->build_id_size)) {
		elf_image_free(elf);
		return changed(o, err);
	}
	o->image = add_image(r, elf, NULL, err);
	return NULL;
}

static void load_object(struct resolver *r, const struct resolver_object *from, struct object *o,
			bool any, struct error *err)
{
	const char *path = from->path ? from->path : "";

	o->image = twin_of(r, o);
	if (o->image)
		return;
	if (r->n_images >= OBJECTS_MAX || r->table_bytes > TABLES_MAX) {
		o->why = why_too_many;
		error_set(err, -E2BIG, "too many files to read symbols from");
	} else if (!strcmp(path, "[vdso]")) {
		o->why = load_vdso(r, o, err);
	} else if (!from->at && path[0] != '/') {
		o->why = why_no_file;
		error_set(err, -ENOENT, "%s is not a file", path[0] ? path : "anonymous memory");
	} else if (!any && !o->inode && !o->build_id_size) {
		o->why = why_unknown;
		error_set(err, -ESTALE, "which file %s was is not known", path);
	} else {
		o->why = load_file(r, from, o, any, err);
	}
	o->n_images = r->n_images;
}

static bool is_object(const struct object *o, const struct resolver_object *from)
{
	size_t n = from->build_id ? from->build_id_size : 0;

	return o->inode == from->inode && o->dev_major == from->dev_major &&
	       o->dev_minor == from->dev_minor && o->build_id_size == n &&
	       (!n || !memcmp(o->build_id, from->build_id, n)) &&
	       !strcmp(o->path, from->path ? from->path : "");
}

static struct object *object_new(const struct resolver_object *from)
{
	struct object *o = xcalloc(1, sizeof(*o));

	o->path = xstrdup(from->path ? from->path : "");
	o->dev_major = from->dev_major;
	o->dev_minor = from->dev_minor;
	o->inode = from->inode;
	if (from->build_id && from->build_id_size <= sizeof(o->build_id)) {
		memcpy(o->build_id, from->build_id, from->build_id_size);
		o->build_id_size = from->build_id_size;
	}
	return o;
}

/* Ask again for what has no image. */
static void retry_object(struct resolver *r, const struct resolver_object *from, struct object *o)
{
	/* It may have got a twin since. */
	if (o->n_images != r->n_images) {
		o->image = twin_of(r, o);
		o->n_images = r->n_images;
	}
	if (!o->image && o->why == why_not_opened && o->tries < OPEN_TRIES_MAX) {
		o->tries++;
		load_object(r, from, o, false, NULL);
	}
}

/* The object, loaded as well as it can be; owned by r. NULL when r has too many already. */
static struct object *object_of(struct resolver *r, const struct resolver_object *from,
				struct error *err)
{
	struct object *o;

	for (o = r->objects; o; o = o->next)
		if (is_object(o, from))
			break;
	if (o) {
		if (!o->image)
			retry_object(r, from, o);
		return o;
	}
	if (r->n_objects >= OBJECTS_MAX)
		return NULL;
	o = object_new(from);
	o->next = r->objects;
	r->objects = o;
	r->n_objects++;
	load_object(r, from, o, false, err);
	return o;
}

/* Cut at a character where the bytes are UTF-8, and say so by an ellipsis. */
static void put_cut(char *out, size_t size, const char *s)
{
	static const char ellipsis[] = "…";
	size_t n = strnlen(s, size);

	if (n == size) {
		n = size - sizeof(ellipsis);
		while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
		memcpy(out + n, ellipsis, sizeof(ellipsis));
	} else {
		out[n] = '\0';
	}
	memcpy(out, s, n);
}

static void put_object(struct resolved *out, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (slash && slash[1])
		path = slash + 1;
	put_cut(out->object, sizeof(out->object), path && *path ? path : "[anon]");
}

static const char *name_in_image(const struct image *img, uint64_t file_offset,
				 struct resolved *out)
{
	struct symbol sym;
	uint64_t vaddr;

	if (!img->symbols && !img->go)
		return why_no_table;
	if (!elf_image_vaddr(img->elf, file_offset, &vaddr))
		return why_not_mapped;
	if (!(img->symbols && elf_symbols_lookup(img->symbols, vaddr, &sym)) &&
	    !(img->go && gopclntab_lookup(go_symbols_table(img->go), vaddr, &sym)))
		return why_no_symbol;
	put_cut(out->name, sizeof(out->name), sym.name);
	out->offset = vaddr - sym.start;
	out->exact = sym.exact;
	return NULL;
}

void resolver_user(struct resolver *r, const struct resolver_object *object, uint64_t file_offset,
		   struct resolved *out)
{
	struct object *o = object_of(r, object, NULL);

	memset(out, 0, sizeof(*out));
	out->offset = file_offset;
	put_object(out, object->path);
	if (!o)
		out->why = why_too_many;
	else if (!o->image)
		out->why = o->why;
	else
		out->why = name_in_image(o->image, file_offset, out);
}

/* What resolver_load() returns for an object; err holds what went wrong on the way, if anything. */
static int verdict(const struct object *o, struct error *err)
{
	if (o->image && (o->image->symbols || o->image->go))
		return 0;
	if (err->code)
		return err->code;
	return error_set(err, -ENODATA, "%s: %s", o->path, o->why ? o->why : why_no_table);
}

int resolver_load(struct resolver *r, const struct resolver_object *object, struct error *err)
{
	struct error own;
	struct object *o;
	int code;

	err = err ? err : &own;
	*err = (struct error){ 0 };
	if (object->inode || (object->build_id && object->build_id_size)) {
		o = object_of(r, object, err);
		return o ? verdict(o, err) : error_set(err, -E2BIG, "%s", why_too_many);
	}
	/* Not kept as an object: without an identity, its image may only stand for others. */
	o = object_new(object);
	load_object(r, object, o, true, err);
	code = verdict(o, err);
	free(o->path);
	free(o);
	return code;
}

int resolver_load_kernel(struct resolver *r, struct error *err)
{
	if (!r->kernel_tried) {
		r->kernel_tried = true;
		kallsyms_open(r->kallsyms_path, &r->kernel, &r->kernel_error);
	}
	if (r->kernel)
		return 0;
	if (err)
		*err = r->kernel_error;
	return r->kernel_error.code;
}

void resolver_kernel(struct resolver *r, uint64_t address, struct resolved *out)
{
	const char *module;
	struct symbol sym;

	memset(out, 0, sizeof(*out));
	out->offset = address;
	put_object(out, "kernel");
	if (resolver_load_kernel(r, NULL)) {
		out->why = why_kernel;
	} else if (!kallsyms_lookup(r->kernel, address, &sym, &module)) {
		out->why = why_no_symbol;
	} else {
		put_cut(out->name, sizeof(out->name), sym.name);
		if (module[0])
			put_cut(out->object, sizeof(out->object), module);
		out->offset = address - sym.start;
	}
}

const char *resolved_text(char buf[RESOLVED_TEXT_MAX], const struct resolved *s)
{
	const char *what = s->name[0] ? s->name : s->object;

	if (s->name[0] && !s->offset)
		snprintf(buf, RESOLVED_TEXT_MAX, "%s", what);
	else
		snprintf(buf, RESOLVED_TEXT_MAX, "%s+0x%" PRIx64, what, s->offset);
	return buf;
}
