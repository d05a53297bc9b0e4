// SPDX-License-Identifier: GPL-2.0-only
/* elf_image.c - libelf for headers, pread for bytes, a bound on every number. */
#include "user/symbol/elf_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/mem.h"

#define SEGMENTS_MAX 64 /* a linker makes 4 to 8 */
#define NOTES_MAX 16    /* PT_NOTE segments looked into */
#define NOTE_BYTES_MAX (64u << 10)
#define NOTE_GO_BUILD_ID 4 /* with the name "Go"; src/cmd/link/internal/ld/elf.go */
#define GO_BUILD_ID_MAX 128
#define DYNAMIC_BYTES_MAX (64u << 10)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_DATA ELFDATA2LSB
#else
#define HOST_DATA ELFDATA2MSB
#endif

struct elf_image {
	Elf *elf;
	const unsigned char *bytes; /* NULL: fd */
	int fd;
	bool own_fd;
	bool is_64;
	unsigned int machine;
	uint64_t size; /* of the file, when it was opened */
	struct elf_segment *segments;
	size_t n_segments;
	size_t cap_segments;
	uint64_t dynamic_offset;
	uint64_t dynamic_size;
	uint8_t build_id[ELF_IMAGE_BUILD_ID_MAX];
	size_t n_build_id;
	char go_build_id[GO_BUILD_ID_MAX];
	char *name;
};

static const char *elf_why(void)
{
	const char *why = elf_errmsg(-1);

	return why ? why : "unknown reason";
}

bool elf_image_read(const struct elf_image *img, uint64_t offset, void *buf, size_t n)
{
	size_t done = 0;

	if (offset > img->size || n > img->size - offset)
		return false;
	if (img->bytes) {
		memcpy(buf, img->bytes + offset, n);
		return true;
	}
	if (img->fd < 0)
		return false;
	while (done < n) {
		ssize_t got = pread(img->fd, (char *)buf + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

void *elf_image_copy(const struct elf_image *img, uint64_t offset, uint64_t n)
{
	char *copy;

	if (!n || n > ELF_IMAGE_PART_MAX || offset > img->size || n > img->size - offset)
		return NULL;
	copy = xmalloc(n + 1);
	copy[n] = '\0';
	if (elf_image_read(img, offset, copy, n))
		return copy;
	free(copy);
	return NULL;
}

static void add_segment(struct elf_image *img, const GElf_Phdr *ph)
{
	uint64_t file_size = ph->p_filesz;

	if (img->n_segments >= SEGMENTS_MAX || ph->p_offset >= img->size)
		return;
	if (file_size > img->size - ph->p_offset)
		file_size = img->size - ph->p_offset;
	if (!file_size || ph->p_vaddr > UINT64_MAX - file_size)
		return;
	ARRAY_RESERVE(img->segments, img->n_segments, img->cap_segments, 1);
	img->segments[img->n_segments++] = (struct elf_segment){
		.offset = ph->p_offset,
		.file_size = file_size,
		.vaddr = ph->p_vaddr,
		.executable = ph->p_flags & PF_X,
	};
}

static void take_note(struct elf_image *img, const GElf_Nhdr *note, const unsigned char *name,
		      const unsigned char *desc)
{
	size_t n = note->n_descsz;

	if (note->n_namesz != 4 || !n)
		return;
	if (note->n_type == NT_GNU_BUILD_ID && !memcmp(name, "GNU", 4) && !img->n_build_id &&
	    n <= sizeof(img->build_id)) {
		memcpy(img->build_id, desc, n);
		img->n_build_id = n;
	}
	if (note->n_type == NOTE_GO_BUILD_ID && !memcmp(name, "Go\0", 4)) {
		n = n < GO_BUILD_ID_MAX ? n : GO_BUILD_ID_MAX - 1;
		memcpy(img->go_build_id, desc, n);
		img->go_build_id[n] = '\0';
	}
}

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* One segment's notes: headers, names and descriptors, each padded to 4 bytes (elf(5)). */
static void take_notes(struct elf_image *img, const unsigned char *bytes, size_t n)
{
	size_t at = 0;

	while (n - at > sizeof(GElf_Nhdr)) {
		size_t left = n - at - sizeof(GElf_Nhdr), name_size;
		const unsigned char *name = bytes + at + sizeof(GElf_Nhdr);
		GElf_Nhdr note;

		memcpy(&note, bytes + at, sizeof(note));
		name_size = padded(note.n_namesz);
		if (name_size > left || note.n_descsz > left - name_size)
			return;
		take_note(img, &note, name, name + name_size);
		left -= name_size;
		if (padded(note.n_descsz) >= left)
			return;
		at = n - left + padded(note.n_descsz);
	}
}

static void read_notes(struct elf_image *img, const GElf_Phdr *ph)
{
	CLEANUP_FREE unsigned char *bytes = NULL;
	uint64_t n = ph->p_filesz;

	/* Notes aligned to 8 are GNU properties, which are padded otherwise and hold no id. */
	if (ph->p_align == 8)
		return;
	if (n > NOTE_BYTES_MAX)
		n = NOTE_BYTES_MAX;
	bytes = elf_image_copy(img, ph->p_offset, n);
	if (bytes)
		take_notes(img, bytes, n);
}

static int read_program_headers(struct elf_image *img, struct error *err)
{
	size_t i, n, n_notes = 0;

	if (elf_getphdrnum(img->elf, &n))
		return error_set(err, -ENOEXEC, "cannot read the program headers of %s: %s",
				 img->name, elf_why());
	for (i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(img->elf, (int)i, &ph))
			break;
		if (ph.p_type == PT_LOAD)
			add_segment(img, &ph);
		else if (ph.p_type == PT_NOTE && n_notes++ < NOTES_MAX)
			read_notes(img, &ph);
		if (ph.p_type == PT_DYNAMIC) {
			img->dynamic_offset = ph.p_offset;
			img->dynamic_size = ph.p_filesz;
		}
	}
	if (!img->n_segments)
		return error_set(err, -ENOEXEC, "%s has nothing to load", img->name);
	return 0;
}

static int read_headers(struct elf_image *img, struct error *err)
{
	GElf_Ehdr eh;

	if (elf_kind(img->elf) != ELF_K_ELF || !gelf_getehdr(img->elf, &eh))
		return error_set(err, -ENOEXEC, "%s is not an ELF file", img->name);
	if (eh.e_ident[EI_DATA] != HOST_DATA)
		return error_set(err, -ENOEXEC, "%s is of another byte order", img->name);
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return error_set(err, -ENOEXEC, "%s is neither an executable nor a shared object",
				 img->name);
	img->is_64 = eh.e_ident[EI_CLASS] == ELFCLASS64;
	img->machine = eh.e_machine;
	return read_program_headers(img, err);
}

static struct elf_image *image_new(const char *name)
{
	struct elf_image *img = xcalloc(1, sizeof(*img));

	elf_version(EV_CURRENT);
	img->fd = -1;
	img->name = xstrdup(name);
	return img;
}

static int image_finish(struct elf_image *img, struct elf_image **out, struct error *err)
{
	int code;

	if (img->elf)
		code = read_headers(img, err);
	else
		code = error_set(err, -ENOEXEC, "cannot read %s: %s", img->name, elf_why());
	if (code)
		elf_image_free(img);
	else
		*out = img;
	return code;
}

static int open_fd(int fd, bool own, const char *name, struct elf_image **out, struct error *err)
{
	struct elf_image *img = image_new(name);
	struct stat st;
	int code = 0;

	img->fd = fd;
	img->own_fd = own;
	if (fstat(fd, &st))
		code = error_errno(err, -errno, "cannot stat %s", name);
	else if (!S_ISREG(st.st_mode))
		code = error_set(err, -ENOEXEC, "%s is not a regular file", name);
	if (code) {
		elf_image_free(img);
		return code;
	}
	img->size = (uint64_t)st.st_size;
	img->elf = elf_begin(fd, ELF_C_READ, NULL);
	return image_finish(img, out, err);
}

int elf_image_open_fd(int fd, const char *name, struct elf_image **img, struct error *err)
{
	*img = NULL;
	return open_fd(fd, false, name, img, err);
}

int elf_image_open(const char *path, struct elf_image **img, struct error *err)
{
	int fd;

	*img = NULL;
	/* O_NONBLOCK: a path that names a FIFO must not hold us. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open %s", path);
	return open_fd(fd, true, path, img, err);
}

int elf_image_open_memory(const void *bytes, size_t n, const char *name, struct elf_image **img,
			  struct error *err)
{
	struct elf_image *fresh = image_new(name);

	*img = NULL;
	fresh->bytes = bytes;
	fresh->size = n;
	/* libelf takes a char * but does not write to what it was not asked to update. */
	fresh->elf = elf_memory((char *)(uintptr_t)bytes, n);
	return image_finish(fresh, img, err);
}

void elf_image_close_file(struct elf_image *img)
{
	if (img->elf)
		elf_end(img->elf);
	if (img->own_fd && img->fd >= 0)
		close(img->fd);
	img->elf = NULL;
	img->fd = -1;
	img->bytes = NULL;
	img->size = 0;
}

void elf_image_free(struct elf_image *img)
{
	if (!img)
		return;
	elf_image_close_file(img);
	free(img->segments);
	free(img->name);
	free(img);
}

const struct elf_segment *elf_image_segments(const struct elf_image *img, size_t *n)
{
	*n = img->n_segments;
	return img->segments;
}

bool elf_image_vaddr(const struct elf_image *img, uint64_t offset, uint64_t *vaddr)
{
	const struct elf_segment *best = NULL;
	size_t i;

	for (i = 0; i < img->n_segments; i++) {
		const struct elf_segment *s = &img->segments[i];

		if (offset < s->offset || offset - s->offset >= s->file_size)
			continue;
		if (!best || (s->executable && !best->executable))
			best = s;
	}
	if (best)
		*vaddr = best->vaddr + (offset - best->offset);
	return best;
}

static const struct elf_segment *segment_of(const struct elf_image *img, uint64_t vaddr)
{
	size_t i;

	for (i = 0; i < img->n_segments; i++) {
		const struct elf_segment *s = &img->segments[i];

		if (vaddr >= s->vaddr && vaddr - s->vaddr < s->file_size)
			return s;
	}
	return NULL;
}

bool elf_image_offset(const struct elf_image *img, uint64_t vaddr, uint64_t *offset,
		      uint64_t *avail)
{
	const struct elf_segment *s = segment_of(img, vaddr);

	if (!s)
		return false;
	*offset = s->offset + (vaddr - s->vaddr);
	*avail = s->file_size - (vaddr - s->vaddr);
	return true;
}

bool elf_image_is_code(const struct elf_image *img, uint64_t vaddr)
{
	const struct elf_segment *s = segment_of(img, vaddr);

	return s && s->executable;
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}

bool elf_image_section(const struct elf_image *img, const char *suffix, struct elf_section *s)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (!img->elf || elf_getshdrstrndx(img->elf, &names))
		return false;
	while ((scn = elf_nextscn(img->elf, scn))) {
		const char *name;
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type == SHT_NOBITS || !sh.sh_size)
			continue;
		name = elf_strptr(img->elf, names, sh.sh_name);
		if (!name || !ends_with(name, suffix))
			continue;
		*s = (struct elf_section){
			.offset = sh.sh_offset,
			.size = sh.sh_size,
			.vaddr = sh.sh_addr,
		};
		return true;
	}
	return false;
}

bool elf_image_has_sections(const struct elf_image *img)
{
	return img->elf && elf_nextscn(img->elf, NULL);
}

GElf_Dyn *elf_image_dynamic(const struct elf_image *img, size_t *n)
{
	size_t each = img->is_64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn), i;
	CLEANUP_FREE unsigned char *bytes = NULL;
	GElf_Dyn *dyn;

	if (img->dynamic_size > DYNAMIC_BYTES_MAX)
		return NULL;
	bytes = elf_image_copy(img, img->dynamic_offset, img->dynamic_size);
	if (!bytes)
		return NULL;
	*n = img->dynamic_size / each;
	dyn = xcalloc(*n, sizeof(*dyn));
	for (i = 0; i < *n; i++) {
		Elf32_Dyn narrow;

		if (img->is_64) {
			memcpy(&dyn[i], bytes + i * each, each);
			continue;
		}
		memcpy(&narrow, bytes + i * each, each);
		dyn[i].d_tag = narrow.d_tag;
		dyn[i].d_un.d_val = narrow.d_un.d_val;
	}
	return dyn;
}

const uint8_t *elf_image_build_id(const struct elf_image *img, size_t *n)
{
	*n = img->n_build_id;
	return img->n_build_id ? img->build_id : NULL;
}

const char *elf_image_go_build_id(const struct elf_image *img)
{
	return img->go_build_id[0] ? img->go_build_id : NULL;
}

bool elf_image_is_64(const struct elf_image *img)
{
	return img->is_64;
}

unsigned int elf_image_machine(const struct elf_image *img)
{
	return img->machine;
}

const char *elf_image_name(const struct elf_image *img)
{
	return img->name;
}

Elf *elf_image_elf(const struct elf_image *img)
{
	return img->elf;
}
