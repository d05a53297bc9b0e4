// SPDX-License-Identifier: GPL-2.0-only
/* netns.c - the network of a run by rtnetlink. */
#include "user/launch/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"

#define MAC_LEN 6

/*
 * Frames that may wait in the tap. A guest that is not up reads none; the client's connects, one
 * every 2 ms, would fill the default queue of 1000 and the guest would have to answer every stale
 * one before the first that counts. Requests one at a time need two or three.
 */
#define TAP_QUEUE 8

struct message {
	size_t size; /* what is used of bytes; goes into the header when it is sent */
	char bytes[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* ---- namespaces ----------------------------------------------------------------------------- */

static int open_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_current(void)
{
	return open_netns("/proc/thread-self/ns/net");
}

int netns_of(int pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return open_netns(path);
}

uint32_t netns_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : (uint32_t)st.st_ino;
}

/* ---- messages ------------------------------------------------------------------------------- */

/* The fixed part of a message; the buffer is far larger than any message made here. */
static void *begin(struct message *m, int type, int flags, size_t size)
{
	struct nlmsghdr head = {
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
	};

	memset(m, 0, sizeof(*m));
	memcpy(m->bytes, &head, sizeof(head));
	m->size = NLMSG_LENGTH(size);
	return m->bytes + NLMSG_HDRLEN;
}

static void *append(struct message *m, size_t size)
{
	size_t at = NLMSG_ALIGN(m->size);

	if (at + NLMSG_ALIGN(size) > sizeof(m->bytes))
		abort();
	m->size = at + size;
	return m->bytes + at;
}

static struct rtattr *attribute(struct message *m, int type, const void *data, size_t size)
{
	struct rtattr *a = append(m, RTA_LENGTH(size));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(a), data, size);
	return a;
}

static void attribute_text(struct message *m, int type, const char *s)
{
	attribute(m, type, s, strlen(s) + 1);
}

static void end_nest(struct message *m, struct rtattr *nest)
{
	nest->rta_len = m->bytes + m->size - (char *)nest;
}

static bool parse_mac(const char *text, uint8_t mac[MAC_LEN])
{
	unsigned int v[MAC_LEN];
	int i;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]) !=
	    MAC_LEN)
		return false;
	for (i = 0; i < MAC_LEN; i++)
		mac[i] = v[i];
	return true;
}

static void attribute_mac(struct message *m, int type, const char *text)
{
	uint8_t mac[MAC_LEN];

	if (!parse_mac(text, mac))
		abort(); /* our own constants */
	attribute(m, type, mac, sizeof(mac));
}

/*
 * Send m and wait for its acknowledgement: 0 or -errno. A description of an interface comes before
 * that where one was asked for; of it info gets the fixed part.
 */
static int talk(int rtnl, struct message *m, struct ifinfomsg *info)
{
	char in[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	uint32_t total = m->size;

	memcpy(m->bytes + offsetof(struct nlmsghdr, nlmsg_len), &total, sizeof(total));
	if (send(rtnl, m->bytes, m->size, 0) < 0)
		return -errno;
	for (;;) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)in;
		ssize_t n = recv(rtnl, in, sizeof(in), 0);
		unsigned int len = n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
			if (info && h->nlmsg_len >= NLMSG_LENGTH(sizeof(*info)))
				memcpy(info, NLMSG_DATA(h), sizeof(*info));
		}
	}
}

int rtnl_open(struct error *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = 5 };
	int one = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || connect(fd, (struct sockaddr *)&kernel, sizeof(kernel))) {
		int code = -errno;

		if (fd >= 0)
			close(fd);
		return error_errno(err, code, "cannot open a netlink socket");
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return fd;
}

int rtnl_open_in(int netns_fd, struct error *err)
{
	CLEANUP_CLOSE int home = netns_current();
	int fd;

	if (home < 0)
		return error_errno(err, home, "cannot open our own network namespace");
	if (setns(netns_fd, CLONE_NEWNET))
		return error_errno(err, -errno, "cannot enter the run's network namespace");
	fd = rtnl_open(err);
	/* A thread lost in a foreign namespace would act on the wrong interfaces: better none. */
	if (setns(home, CLONE_NEWNET))
		abort();
	return fd;
}

/* ---- interfaces ----------------------------------------------------------------------------- */

static int get_link(int rtnl, const char *name, struct ifinfomsg *info, struct error *err)
{
	struct message m;
	int ret;

	begin(&m, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	attribute_text(&m, IFLA_IFNAME, name);
	ret = talk(rtnl, &m, info);
	return ret ? error_errno(err, ret, "cannot find interface %s", name) : 0;
}

int rtnl_up(int rtnl, const char *name, struct error *err)
{
	struct message m;
	struct ifinfomsg *info = begin(&m, RTM_NEWLINK, 0, sizeof(*info));
	int ret;

	info->ifi_flags = info->ifi_change = IFF_UP;
	attribute_text(&m, IFLA_IFNAME, name);
	ret = talk(rtnl, &m, NULL);
	return ret ? error_errno(err, ret, "cannot bring interface %s up", name) : 0;
}

int rtnl_veth(int rtnl, const struct rtnl_veth *v, struct error *err)
{
	struct message m;
	struct ifinfomsg *info = begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*info));
	struct rtattr *link, *data, *peer;
	uint32_t fd = v->peer_netns_fd;
	int ret;

	info->ifi_flags = info->ifi_change = IFF_UP;
	attribute_text(&m, IFLA_IFNAME, v->name);
	attribute_mac(&m, IFLA_ADDRESS, v->mac);
	link = attribute(&m, IFLA_LINKINFO, NULL, 0);
	attribute(&m, IFLA_INFO_KIND, "veth", 4);
	data = attribute(&m, IFLA_INFO_DATA, NULL, 0);
	peer = attribute(&m, VETH_INFO_PEER, NULL, 0);
	append(&m, sizeof(*info));
	attribute_text(&m, IFLA_IFNAME, v->peer);
	attribute_mac(&m, IFLA_ADDRESS, v->peer_mac);
	attribute(&m, IFLA_NET_NS_FD, &fd, sizeof(fd));
	end_nest(&m, peer);
	end_nest(&m, data);
	end_nest(&m, link);
	ret = talk(rtnl, &m, NULL);
	return ret ? error_errno(err, ret, "cannot make the veth pair of a run") : 0;
}

int rtnl_wait_running(int rtnl, const char *name, unsigned int ms, struct error *err)
{
	uint64_t deadline = clock_mono_ns() + ms * 1000000ull;
	struct timespec pause = { .tv_nsec = 100000 };
	struct ifinfomsg info;
	int ret;

	for (;;) {
		ret = get_link(rtnl, name, &info, err);
		if (ret || (info.ifi_flags & IFF_RUNNING))
			return ret;
		if (clock_mono_ns() > deadline)
			return error_set(err, -ETIMEDOUT, "interface %s has no carrier after %u ms",
					 name, ms);
		nanosleep(&pause, NULL);
	}
}

int rtnl_address(int rtnl, const char *name, const char *address, unsigned int prefix,
		 struct error *err)
{
	struct message m;
	struct ifinfomsg link;
	struct ifaddrmsg *a;
	struct in_addr in;
	int ret = get_link(rtnl, name, &link, err);

	if (ret)
		return ret;
	if (inet_pton(AF_INET, address, &in) != 1)
		return error_set(err, -EINVAL, "'%s' is not an IPv4 address", address);
	a = begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*a));
	a->ifa_family = AF_INET;
	a->ifa_prefixlen = prefix;
	a->ifa_index = link.ifi_index;
	attribute(&m, IFA_LOCAL, &in, sizeof(in));
	attribute(&m, IFA_ADDRESS, &in, sizeof(in));
	ret = talk(rtnl, &m, NULL);
	return ret ? error_errno(err, ret, "cannot give %s the address %s", name, address) : 0;
}

int rtnl_neighbour(int rtnl, const char *name, const char *address, const char *mac,
		   struct error *err)
{
	struct message m;
	struct ifinfomsg link;
	struct ndmsg *n;
	struct in_addr in;
	int ret = get_link(rtnl, name, &link, err);

	if (ret)
		return ret;
	if (inet_pton(AF_INET, address, &in) != 1)
		return error_set(err, -EINVAL, "'%s' is not an IPv4 address", address);
	n = begin(&m, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*n));
	n->ndm_family = AF_INET;
	n->ndm_ifindex = link.ifi_index;
	n->ndm_state = NUD_PERMANENT;
	attribute(&m, NDA_DST, &in, sizeof(in));
	attribute_mac(&m, NDA_LLADDR, mac);
	ret = talk(rtnl, &m, NULL);
	return ret ? error_errno(err, ret, "cannot make %s known on %s", address, name) : 0;
}

int netns_tap(int rtnl, const char *name, const char *mac, struct error *err)
{
	CLEANUP_CLOSE int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	struct message m;
	struct ifinfomsg *info;
	uint32_t queue = TAP_QUEUE;
	int ret;

	if (fd < 0)
		return error_errno(err, -errno, "cannot open /dev/net/tun for the VM's network");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETPERSIST, 1))
		return error_errno(err, -errno, "cannot make the tap %s", name);
	info = begin(&m, RTM_NEWLINK, 0, sizeof(*info));
	info->ifi_flags = info->ifi_change = IFF_UP;
	attribute_text(&m, IFLA_IFNAME, name);
	attribute_mac(&m, IFLA_ADDRESS, mac);
	attribute(&m, IFLA_TXQLEN, &queue, sizeof(queue));
	ret = talk(rtnl, &m, NULL);
	return ret ? error_errno(err, ret, "cannot set up the tap %s", name) : 0;
}
