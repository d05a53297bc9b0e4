/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mapping.bpf.h - which file lies where in a process, for the names of sampled addresses: sent when
 * it is mapped, because /proc/PID/maps would come too late for a process that lives 3 ms. (perf's
 * own side-band records tell the same, at the price of a perf context in every task of the run:
 * a microsecond or two for each of its context switches.)
 */
#ifndef COLDPROF_MAPPING_BPF_H
#define COLDPROF_MAPPING_BPF_H

#include "bpf/probe.bpf.h"

static __always_inline void fill_path(struct wire_mapping *m, struct file *file)
{
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry), *parent;
	int i;

#pragma unroll
	for (i = 0; i < WIRE_PATH_PARTS; i++) {
		parent = KERNEL_READ(dentry, d_parent);
		if (!parent || parent == dentry)
			break;
		bpf_probe_read_kernel_str(m->path[i], WIRE_PATH_PART_MAX,
					  KERNEL_READ(dentry, d_name.name));
		m->n = i + 1;
		dentry = parent;
	}
}

static __always_inline void send_mapping(struct file *file, __u64 start, __u64 bytes, __u64 offset)
{
	WIRE_RECORD(mapping) *r;
	struct inode *inode;

	if (!file)
		return;
	r = record_reserve(WIRE_MAPPING, sizeof(*r));
	if (!r)
		return;
	inode = KERNEL_READ(file, f_inode);
	__builtin_memset(&r->body, 0, sizeof(r->body));
	r->body.start = start;
	r->body.bytes = bytes;
	r->body.file_offset = offset;
	r->body.inode = KERNEL_READ(inode, i_ino);
	r->body.dev = KERNEL_READ(inode, i_sb, s_dev);
	fill_path(&r->body, file);
	record_submit(r);
}

#endif
