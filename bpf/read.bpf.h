/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * read.bpf.h - how the kernel's memory is read: by a plain load, where the kernel lets us.
 *
 * bpf_probe_read_kernel() and what is made of it, BPF_CORE_READ(), is a call of 40 to 80 ns for each
 * member: as much as all else that the most frequent probes do. Since 6.2 an address can be declared
 * to be that of some type (bpf_rdonly_cast(), of which no call is made) and is then read by a load,
 * which gives 0 where there is nothing to be read. Which type does not matter: they are the smallest
 * with a number of that size at their beginning, which costs the verifier least.
 */
#ifndef COLDPROF_READ_BPF_H
#define COLDPROF_READ_BPF_H

extern const volatile bool config_loads; /* false: this kernel has refused them */

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

struct seqcount___number {
	__u32 sequence;
} __attribute__((preserve_access_index));
struct timespec64___number {
	__s64 tv_sec;
} __attribute__((preserve_access_index));

/* Gone in that release too (f1a7941243c1): tells it, so that a branch is gone with the call in it. */
struct mm_rss_stat___before_6_2 {
	atomic_long_t count[4];
} __attribute__((preserve_access_index));

static __always_inline bool kernel_before_6_2(void)
{
	return bpf_core_type_exists(struct mm_rss_stat___before_6_2);
}

static __always_inline bool by_load(void)
{
	return config_loads && !kernel_before_6_2();
}

static __always_inline __u32 kernel_u32(__u64 address)
{
	const struct seqcount___number *at;
	__u32 value = 0;

	if (by_load()) {
		at = bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct seqcount));
		return at->sequence;
	}
	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

static __always_inline __u64 kernel_u64(__u64 address)
{
	const struct timespec64___number *at;
	__u64 value = 0;

	if (by_load()) {
		at = bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct timespec64));
		return at->tv_sec;
	}
	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

/* Smaller ones are parts of the number around them, which is on the same page. */
static __always_inline __u8 kernel_u8(__u64 address)
{
	return kernel_u32(address & ~3ull) >> 8 * (address & 3);
}

/* A member of a struct, which itself lies at a multiple of 4: what is a pointer is not to be masked. */
static __always_inline __u64 kernel_member(__u64 base, __u32 offset, const __u32 size)
{
	if (size == 8)
		return kernel_u64(base + offset);
	if (size == 4)
		return kernel_u32(base + offset);
	return kernel_u32(base + (offset & ~3u)) >> 8 * (offset & 3);
}

/*
 * KERNEL_READ(p, a, b, c): p->a->b->c, each a member, or members of members (x.y), of an address that
 * need not be known as a pointer of that type; numbers and pointers, no bitfields. What BPF_CORE_READ()
 * does, with the same relocations.
 */
#define KERNEL_READ_1(p, a)                                                                        \
	((typeof((p)->a))kernel_member((__u64)(p), bpf_core_field_offset((p)->a), sizeof((p)->a)))
#define KERNEL_READ_2(p, a, b) KERNEL_READ_1(KERNEL_READ_1(p, a), b)
#define KERNEL_READ_3(p, a, b, c) KERNEL_READ_1(KERNEL_READ_2(p, a, b), c)
#define KERNEL_READ_4(p, a, b, c, d) KERNEL_READ_1(KERNEL_READ_3(p, a, b, c), d)
#define KERNEL_READ_NTH(a, b, c, d, n, ...) n
#define KERNEL_READ(p, ...)                                                                        \
	KERNEL_READ_NTH(__VA_ARGS__, KERNEL_READ_4, KERNEL_READ_3, KERNEL_READ_2, KERNEL_READ_1)(p, __VA_ARGS__)

#endif
