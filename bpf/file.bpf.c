// SPDX-License-Identifier: GPL-2.0-only
/*
 * file.bpf.c - was it really cold? Bytes that tasks of the run had read from disk, summed per file.
 * (What was found in the page cache is not counted: a program that reads a file in small pieces
 * looks up the same page a thousand times, each at the price of a probe.)
 */
#include "bpf/probe.bpf.h"

#define REQ_OP_MASK 0xff
#define REQ_OP_READ 0
#define BIO_CLONED 1 /* include/linux/blk_types.h */

static __always_inline struct probe_file_sums *sums_of(struct inode *inode, struct probe_file *file)
{
	struct probe_file key = *file;
	struct probe_file_sums *sums, fresh = {};
	struct dentry *dentry;
	struct hlist_node *first;

	sums = bpf_map_lookup_elem(&files, &key);
	if (sums)
		return sums;
	/* Any name of it will do: the first of its dentries. */
	first = KERNEL_READ(inode, i_dentry.first);
	if (first) {
		dentry = (void *)first - bpf_core_field_offset(struct dentry, d_u.d_alias);
		bpf_probe_read_kernel_str(fresh.name, sizeof(fresh.name),
					  KERNEL_READ(dentry, d_name.name));
	}
	fresh.run = control.run;
	fresh.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_map_update_elem(&files, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&files, &key);
}

/* In the context of who asked, even for readahead. */
SEC("tp_btf/block_bio_queue")
int BPF_PROG(on_bio, struct bio *bio)
{
	struct probe_file_sums *sums;
	struct bio_vec vec = {};
	struct address_space *mapping;
	struct inode *inode;
	struct folio *folio;
	struct task_ctx *c;
	__u32 bytes;

	c = control.timed ? ctx_current() : NULL;
	if (!c)
		return 0;
	if ((bio->bi_opf & REQ_OP_MASK) != REQ_OP_READ)
		return 0;
	/* Device mapper and md hand copies of it on to the devices below: that is the same read. */
	if (bio->bi_flags & (1u << BIO_CLONED))
		return 0;
	bytes = bio->bi_iter.bi_size;
	if (bpf_core_read(&vec, sizeof(vec), bio->bi_io_vec) || !vec.bv_page)
		return 0;
	/* A page cache page knows its file; anonymous and direct I/O pages have low bits or none. */
	folio = (struct folio *)vec.bv_page;
	mapping = KERNEL_READ(folio, mapping);
	if (!mapping || ((__u64)mapping & 3))
		return 0;
	inode = KERNEL_READ(mapping, host);
	if (!inode)
		return 0;
	c->read.inode = KERNEL_READ(inode, i_ino);
	c->read.dev = KERNEL_READ(inode, i_sb, s_dev);
	sums = sums_of(inode, &c->read);
	if (sums)
		__sync_fetch_and_add(&sums->read_bytes, bytes);
	return 0;
}
