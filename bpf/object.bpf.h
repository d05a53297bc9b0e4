/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * object.bpf.h - what a system call is on: the path, the file behind the descriptor, the futex or
 * the child that it names. Only asked for calls that get a record (long or blocking ones).
 */
#ifndef COLDPROF_OBJECT_BPF_H
#define COLDPROF_OBJECT_BPF_H

#include "bpf/probe.bpf.h"

#define S_IFMT 0170000
#define S_IFIFO 0010000
#define S_IFCHR 0020000
#define S_IFBLK 0060000
#define S_IFSOCK 0140000

/* Where a call's object is found: which argument, and what it is. */
#define P_PID 1 /* waitid's idtype (linux/wait.h) */

enum object_place {
	PLACE_NONE,
	PLACE_PATH0, PLACE_PATH1,
	PLACE_FD0,
	PLACE_POLLFD0, /* the first descriptor of a poll set */
	PLACE_FUTEX0,
	PLACE_CHILD0, PLACE_CHILD1,
};

#if defined(__TARGET_ARCH_x86)
static __always_inline enum object_place object_place_of(__u32 nr)
{
	switch (nr) {
	case 2: case 4: case 6: case 21: case 59: case 80: case 83: case 84: case 85: case 87:
	case 89: case 90: case 92: case 155: case 161: case 166:
		return PLACE_PATH0; /* open stat lstat access execve chdir mkdir … umount2 */
	case 165: case 257: case 258: case 259: case 260: case 262: case 263: case 267: case 268:
	case 269: case 322: case 332: case 437: case 439: case 428: case 429:
		return PLACE_PATH1; /* mount openat mkdirat … execveat statx openat2 */
	case 0: case 1: case 3: case 5: case 8: case 16: case 17: case 18: case 19: case 20:
	case 40: case 42: case 43: case 44: case 45: case 46: case 47: case 49: case 50: case 54:
	case 72: case 73: case 74: case 75: case 77: case 78: case 91: case 93: case 138: case 217:
	case 232: case 233: case 275: case 276: case 281: case 285: case 288: case 291: case 295:
	case 296: case 299: case 306: case 307: case 308: case 313: case 426: case 441:
		return PLACE_FD0; /* read write close fstat … epoll_wait … setns io_uring_enter */
	case 7: case 271:
		return PLACE_POLLFD0; /* poll ppoll */
	case 202:
		return PLACE_FUTEX0;
	case 61:
		return PLACE_CHILD0; /* wait4 */
	case 247:
		return PLACE_CHILD1; /* waitid */
	default:
		return PLACE_NONE;
	}
}
#else
/* Numbers of the generic table (arm64), the calls that matter most. */
static __always_inline enum object_place object_place_of(__u32 nr)
{
	switch (nr) {
	case 39: case 49: case 51: case 221:
		return PLACE_PATH0; /* umount2 chdir chroot execve */
	case 33: case 34: case 35: case 40: case 48: case 56: case 78: case 79: case 281:
	case 291: case 437: case 439:
		return PLACE_PATH1; /* mknodat mkdirat unlinkat mount faccessat openat … */
	case 22: case 29: case 57: case 61: case 62: case 63: case 64: case 65: case 66: case 71:
	case 82: case 83: case 202: case 203: case 206: case 207: case 211: case 212: case 242:
	case 268: case 426:
		return PLACE_FD0;
	case 73:
		return PLACE_POLLFD0;
	case 98:
		return PLACE_FUTEX0;
	case 260:
		return PLACE_CHILD0;
	case 95:
		return PLACE_CHILD1;
	default:
		return PLACE_NONE;
	}
}
#endif

static __always_inline void object_of_socket(struct wire_syscall *r, struct file *file)
{
	struct sock *sk = sock_of_file(file);
	__u16 family;

	r->object_kind = WIRE_OBJECT_SOCKET_OTHER;
	if (!sk)
		return;
	family = KERNEL_READ(sk, __sk_common.skc_family);
	if (family == 1) { /* AF_UNIX */
		struct pid *peer = KERNEL_READ(sk, sk_peer_pid);

		r->object_kind = WIRE_OBJECT_SOCKET_UNIX;
		if (peer)
			r->peer_pid = KERNEL_READ(peer, numbers[0].nr);
	} else if (family == 2 || family == 10) {
		r->object_kind = WIRE_OBJECT_SOCKET_INET;
		r->netns_or_dev = __builtin_bswap16(KERNEL_READ(sk, __sk_common.skc_dport));
	}
}

static __always_inline void object_of_fd(struct wire_syscall *r, __u32 fd)
{
	struct file *file = file_of_fd(bpf_get_current_task_btf(), fd);
	struct inode *inode;
	__u16 mode;

	if (!file)
		return;
	inode = KERNEL_READ(file, f_inode);
	mode = KERNEL_READ(inode, i_mode);
	r->object_id = KERNEL_READ(inode, i_ino);
	bpf_probe_read_kernel_str(r->object, sizeof(r->object),
				  KERNEL_READ(file, f_path.dentry, d_name.name));
	if ((mode & S_IFMT) == S_IFSOCK) {
		object_of_socket(r, file);
	} else if ((mode & S_IFMT) == S_IFIFO) {
		r->object_kind = WIRE_OBJECT_PIPE;
	} else if ((mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK) {
		r->object_kind = WIRE_OBJECT_DEVICE;
	} else if (!(mode & S_IFMT)) {
		r->object_kind = WIRE_OBJECT_ANON; /* anonymous inodes have no type */
	} else {
		r->object_kind = WIRE_OBJECT_FILE;
		r->netns_or_dev = KERNEL_READ(inode, i_sb, s_dev);
	}
}

/* The number behind a path's beginning; -1: it begins otherwise, or something else follows. */
static __always_inline __s32 number_behind(const char *path, const char *begin, __u32 length)
{
	__s32 number = 0;
	__u32 i;

	for (i = 0; i < length; i++)
		if (path[i] != begin[i])
			return -1;
	for (i = length; i < length + 5; i++) {
		if (!path[i])
			return i > length ? number : -1;
		if (path[i] < '0' || path[i] > '9')
			return -1;
		number = number * 10 + path[i] - '0';
	}
	return -1;
}

/* Runtimes mount by descriptor ("/proc/self/fd/7"): what that is open on says more than its number. */
static __always_inline void object_of_path(struct wire_syscall *r, __u64 address)
{
	struct file *file;
	__s32 fd;

	if (!address)
		return;
	r->object_kind = WIRE_OBJECT_PATH;
	if (bpf_probe_read_user_str(r->object, sizeof(r->object), (void *)address) < 0) {
		r->object[0] = '\0';
		return;
	}
	fd = number_behind(r->object, "/proc/self/fd/", 14);
	if (fd < 0)
		fd = number_behind(r->object, "/proc/thread-self/fd/", 21);
	file = fd < 0 ? NULL : file_of_fd(bpf_get_current_task_btf(), fd);
	if (!file)
		return;
	__builtin_memset(r->object, 0, sizeof(r->object));
	bpf_probe_read_kernel_str(r->object, sizeof(r->object), KERNEL_READ(file, f_path.dentry, d_name.name));
}

/* Fill the object fields of r (zeroed) from the call's number and arguments. */
static __always_inline void object_fill(struct wire_syscall *r, const __u64 arg[3])
{
	__u32 fd;

	switch (object_place_of(r->nr)) {
	case PLACE_PATH0:
		object_of_path(r, arg[0]);
		break;
	case PLACE_PATH1:
		object_of_path(r, arg[1]);
		break;
	case PLACE_FD0:
		object_of_fd(r, arg[0]);
		break;
	case PLACE_POLLFD0: /* of several it is not known which one was waited for */
		if (arg[1] == 1 && !bpf_probe_read_user(&fd, sizeof(fd), (void *)arg[0]))
			object_of_fd(r, fd);
		break;
	case PLACE_FUTEX0:
		r->object_kind = WIRE_OBJECT_FUTEX;
		r->object_id = arg[0];
		break;
	case PLACE_CHILD0:
		r->object_kind = WIRE_OBJECT_CHILD;
		r->object_id = (__s32)arg[0] > 0 ? (__u32)arg[0] : 0;
		break;
	case PLACE_CHILD1:
		r->object_kind = WIRE_OBJECT_CHILD;
		r->object_id = arg[0] == P_PID ? (__u32)arg[1] : 0;
		break;
	default:
		break;
	}
}

#endif
