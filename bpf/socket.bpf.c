// SPDX-License-Identifier: GPL-2.0-only
/*
 * socket.bpf.c - the service's TCP sockets: listen, connection established, first request and
 * response, a SYN that had to be sent again, accept by io_uring, and a guest's first frame.
 */
#include "bpf/probe.bpf.h"
#include <bpf/bpf_endian.h>

/* As much of a request as is read here; offsets come from the kernel's BTF. */
struct io_kiocb {
	struct file *file;
	__u8 opcode;
	struct {
		__s32 res;
	} cqe;
} __attribute__((preserve_access_index));

struct io_uring_cqe {
	__s32 res;
} __attribute__((preserve_access_index));

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_LISTEN 10
#define IPPROTO_TCP 6
#define PF_IO_WORKER 0x00000010
#define PF_USER_WORKER 0x00004000
#define IORING_OP_ACCEPT 13

static __always_inline void fill_sock(struct wire_sock *body, const struct sock *sk, __u32 netns)
{
	body->sock = (__u64)sk;
	body->family = KERNEL_READ(sk, __sk_common.skc_family);
	body->local_port = KERNEL_READ(sk, __sk_common.skc_num);
	body->remote_port = bpf_ntohs(KERNEL_READ(sk, __sk_common.skc_dport));
	body->passive = 0;
	body->bytes = 0;
	body->netns = netns;
}

static __always_inline __u32 netns_of(const struct sock *sk)
{
	return KERNEL_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline void on_listen(const struct sock *sk)
{
	WIRE_RECORD(sock) *r;
	__u16 port;
	__u64 time;

	if (control.quiet) {
		port = KERNEL_READ(sk, __sk_common.skc_num);
		if (port == config_port && netns_of(sk) == control.netns)
			notify(bpf_ktime_get_ns(), WIRE_LISTEN, 0, port);
		return;
	}
	if (!ctx_current())
		return;
	r = record_reserve(WIRE_LISTEN, sizeof(*r));
	if (!r)
		return;
	fill_sock(&r->body, sk, netns_of(sk));
	port = r->body.local_port;
	time = r->head.time;
	record_submit(r);
	if (!config_port || port == config_port)
		notify(time, WIRE_LISTEN, 0, port);
}

static __always_inline void on_established(const struct sock *sk, bool passive)
{
	__u32 netns = netns_of(sk);
	WIRE_RECORD(sock) *r;
	__u16 port;

	if (control.quiet)
		return;
	/* The serving side is established in softirq, by whoever is on the CPU: ask the socket. */
	if (passive) {
		port = KERNEL_READ(sk, __sk_common.skc_num);
		if (control.netns && netns != control.netns)
			return;
	} else {
		port = bpf_ntohs(KERNEL_READ(sk, __sk_common.skc_dport));
		if (control.client_netns && netns != control.client_netns)
			return;
	}
	if (!config_port || port != config_port)
		return;
	r = record_reserve(WIRE_ESTABLISHED, sizeof(*r));
	if (!r)
		return;
	fill_sock(&r->body, sk, netns);
	r->body.passive = passive;
	record_submit(r);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_set_state, const struct sock *sk, int old, int new)
{
	if (!control.run || !control.timed)
		return 0;
	if (KERNEL_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (new == TCP_LISTEN)
		on_listen(sk);
	else if (new == TCP_ESTABLISHED && old == TCP_SYN_RECV)
		on_established(sk, true);
	else if (new == TCP_ESTABLISHED && old == TCP_SYN_SENT)
		on_established(sk, false);
	return 0;
}

static __always_inline int on_transfer(__u16 kind, struct sock *sk, int bytes)
{
	WIRE_RECORD(sock) *r;

	if (!control.timed || bytes < 0 || !ctx_current())
		return 0;
	if (KERNEL_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (config_port && KERNEL_READ(sk, __sk_common.skc_num) != config_port)
		return 0;
	r = record_reserve(kind, sizeof(*r));
	if (!r)
		return 0;
	fill_sock(&r->body, sk, netns_of(sk));
	r->body.bytes = bytes;
	record_submit(r);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_recv, struct sock *sk, int ret, int flags)
{
	return on_transfer(WIRE_SOCK_RECV, sk, ret);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int ret, int flags)
{
	return on_transfer(WIRE_SOCK_SEND, sk, ret);
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, const struct sock *sk)
{
	WIRE_RECORD(sock) *r;
	__u32 netns;

	if (!control.run || !control.timed)
		return 0;
	if (KERNEL_READ(sk, __sk_common.skc_state) != TCP_SYN_SENT)
		return 0;
	netns = netns_of(sk);
	if (!control.client_netns || netns != control.client_netns)
		return 0;
	r = record_reserve(WIRE_SYN_RETRANSMIT, sizeof(*r));
	if (!r)
		return 0;
	fill_sock(&r->body, sk, netns);
	record_submit(r);
	return 0;
}

/*
 * A thread of the kernel that works for a ring (IORING_SETUP_SQPOLL, io-wq) is one of its process,
 * but not made by a fork that could be seen: its process is asked.
 */
static __always_inline bool is_ring_of_ours(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return ctx_of(task) || ((task->flags & (PF_IO_WORKER | PF_USER_WORKER)) && ctx_of(task->group_leader));
}

/* Before 6.18 the completion's parts are arguments of their own; since then it is one, a struct. */
struct io_ring_ctx { /* whatever it holds: a type that is only declared is another one */
	unsigned int flags;
};
typedef void (*btf_trace_io_uring_complete___since_6_18)(void *, struct io_ring_ctx *, void *,
							struct io_uring_cqe *);

/*
 * One request that accepts again and again (multishot) tells of each without naming itself: what there
 * is, is the result, a descriptor if it is an accept. A server gets other results so, too, but none
 * that is the number of such a socket before it has accepted one.
 */
static __always_inline __s32 accepted_again(unsigned long long *ctx)
{
	struct io_uring_cqe *cqe = (void *)ctx[2];

	if (bpf_core_type_exists(btf_trace_io_uring_complete___since_6_18))
		return KERNEL_READ(cqe, res);
	return ctx[3];
}

/*
 * io_uring's accept is no system call: its completion tells. The second argument is the request
 * since Linux 5.19, the release in which struct io_kiocb got its field cqe: that is what is asked.
 */
SEC("tp_btf/io_uring_complete")
int on_io_uring_complete(unsigned long long *ctx)
{
	struct io_kiocb *req = (void *)ctx[1];
	struct sock *sk;
	struct file *file;
	WIRE_RECORD(accept) *r;
	__s32 res;
	__u16 port;

	if (!bpf_core_field_exists(req->cqe) || !control.timed || !is_ring_of_ours())
		return 0;
	if (req && KERNEL_READ(req, opcode) != IORING_OP_ACCEPT)
		return 0;
	res = req ? KERNEL_READ(req, cqe.res) : accepted_again(ctx);
	if (res < 0)
		return 0;
	file = req ? KERNEL_READ(req, file) : file_of_fd(bpf_get_current_task_btf(), res);
	sk = file ? sock_of_file(file) : NULL;
	if (!sk || KERNEL_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	port = KERNEL_READ(sk, __sk_common.skc_num);
	if (config_port && port != config_port)
		return 0;
	r = record_reserve(WIRE_ACCEPT, sizeof(*r));
	if (!r)
		return 0;
	r->head.flags |= WIRE_F_NO_ENTER;
	r->body.enter = 0;
	r->body.fd = res;
	r->body.family = KERNEL_READ(sk, __sk_common.skc_family);
	r->body.local_port = port;
	r->body.io_uring = 1;
	r->body.pad = 0;
	r->body.netns = netns_of(sk);
	record_submit(r);
	return 0;
}

static __always_inline bool is_our_tap(const char *name)
{
	return name[0] == 'c' && name[1] == 'p' && name[2] == 't' && name[3] == 'a' &&
	       name[4] == 'p';
}

/* What Kata calls its taps in a container's namespace: tap0_kata. */
static __always_inline bool is_kata_tap(const char *name)
{
	return name[0] == 't' && name[1] == 'a' && name[2] == 'p' && name[4] == '_' &&
	       name[5] == 'k' && name[6] == 'a' && name[7] == 't' && name[8] == 'a' && !name[9];
}

/* A frame from the guest enters the host's stack, in the VMM's context. */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(on_receive, struct sk_buff *skb)
{
	WIRE_RECORD(tap_frame) *r;
	struct net_device *dev;
	char name[WIRE_COMM_LEN] = {};
	__u32 netns;

	if (!control.run || !control.timed || control.tap_frames)
		return 0;
	dev = skb->dev;
	netns = KERNEL_READ(dev, nd_net.net, ns.inum);
	if (netns != control.client_netns && netns != control.netns)
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), dev->name);
	if (!(netns == control.client_netns && is_our_tap(name)) &&
	    !(netns == control.netns && is_kata_tap(name)))
		return 0;
	control.tap_frames = 1; /* two CPUs at once may send two records: the model takes the first */
	r = record_reserve(WIRE_TAP_FRAME, sizeof(*r));
	if (!r)
		return 0;
	r->body.ifindex = dev->ifindex;
	r->body.bytes = skb->len;
	__builtin_memcpy(r->body.ifname, name, sizeof(name));
	record_submit(r);
	return 0;
}
