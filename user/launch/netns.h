/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netns.h - the network of a run: namespaces, loopback, veth pair, tap, by rtnetlink.
 *
 * Speaking netlink ourselves costs well under a millisecond for a whole pair; four `ip` processes
 * cost twenty. A netlink socket acts on the namespace it was opened in, whoever uses it later.
 */
#ifndef COLDPROF_NETNS_H
#define COLDPROF_NETNS_H

#include <stdint.h>

#include "user/base/error.h"

/* The calling thread's network namespace, as a descriptor; or -errno. */
int netns_current(void);
/* The one that a process lives in; or -errno. */
int netns_of(int pid);
/* Inode number: what the probes and the recording know a namespace by. 0 when fd is none. */
uint32_t netns_inode(int fd);

/* A netlink socket in the calling thread's namespace, or in another; or -errno and err. */
int rtnl_open(struct error *err);
int rtnl_open_in(int netns_fd, struct error *err);

int rtnl_up(int rtnl, const char *name, struct error *err);

/* A pair: name here and up, peer, not up yet, in the namespace behind peer_netns_fd. */
struct rtnl_veth {
	const char *name, *mac;
	const char *peer, *peer_mac;
	int peer_netns_fd;
};
int rtnl_veth(int rtnl, const struct rtnl_veth *v, struct error *err);

/* Wait until an interface really carries packets: the kernel turns it on a little later. */
int rtnl_wait_running(int rtnl, const char *name, unsigned int ms, struct error *err);

int rtnl_address(int rtnl, const char *name, const char *address, unsigned int prefix,
		 struct error *err);
/* A permanent neighbour: nobody has to ask for it by ARP. */
int rtnl_neighbour(int rtnl, const char *name, const char *address, const char *mac,
		   struct error *err);

/*
 * A tap that stays until its namespace goes, in the calling thread's namespace, up. Frames carry a
 * struct virtio_net_hdr, as QEMU's and Firecracker's virtio-net want it.
 */
int netns_tap(int rtnl, const char *name, const char *mac, struct error *err);

#endif
