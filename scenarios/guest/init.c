/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PID 1 of the guest of the VM scenarios: modules, network, then the service. Everything it does
 * counts in the cold start that is measured, so it does as little as it can.
 *
 * Kernel command line:
 *
 *   coldprof.ip=192.0.2.2/30    address of eth0; without it there is no network
 *   coldprof.gw=192.0.2.1       default route
 *   coldprof.port=8080          the service listens there, on all addresses
 *   coldprof.boot_timer=0xc0000000,0xd0000000  where Firecracker's boot timer may be: told at the start
 *   coldprof.args=-status,500   further arguments of the service, separated by commas
 *
 * /modules/order lists the modules, one a line, in the order of loading. After the name there may be
 * a path: the module is loaded only if that exists (no virtio_pci without a PCI bus).
 *
 * Milestones go to the console and, for those who watch a guest without one, to an I/O port.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICE	   "/service"
#define MODULE_DIR "/modules/"

/* The port and two of the values of qemu-boot-time, so that its readers understand this guest too. */
#define MARK_PORT	0xf4
#define MARK_START_USER 6
#define MARK_EXEC	7
#define MARK_MODULES	0x20 /* ours */
#define MARK_NETWORK	0x21
#define MARK_LOAD	0x22 /* the kernel is given a module … */
#define MARK_LOADED	0x23 /* … and has taken it, or not */

#define MAX_ARGS 32

static char cmdline[4096]; /* COMMAND_LINE_SIZE is 2048 on x86 */

static void say(const char *fmt, ...)
{
	char line[256] = "coldprof-init: ";
	size_t n = strlen(line);
	va_list ap;

	/* One write a line: the service shares this console. */
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	strcat(line, "\n");
	if (write(STDOUT_FILENO, line, strlen(line)) < 0)
		return; /* a guest without a console is no fault */
}

/*
 * The first word goes through the kernel's log: its stamp is what the guest's clock and the host's
 * are held against, and a kernel that is told to be quiet may have said nothing.
 */
static void say_start(void)
{
	static const char line[] = "<3>coldprof-init: start\n";
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, line, sizeof(line) - 1) < 0)
		say("start");
	if (fd >= 0)
		close(fd);
}

static void mark(unsigned char value)
{
	static int allowed = -1;

	if (allowed < 0) /* a locked-down kernel refuses; the console still tells */
		allowed = ioperm(MARK_PORT, 1, 1) == 0;
	if (allowed)
		outb(value, MARK_PORT);
}

static void read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The value of the last KEY=VALUE on the command line, as the kernel takes the last; or NULL. */
static const char *param(const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);
	const char *found = NULL;

	for (const char *p = cmdline; *p; p += strcspn(p, " \n"), p += strspn(p, " \n"))
		if (!strncmp(p, key, len) && p[len] == '=')
			found = p + len + 1;
	if (!found)
		return NULL;
	snprintf(buf, size, "%.*s", (int)strcspn(found, " \n"), found);
	return buf;
}

static void mount_all(void)
{
	mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, NULL);
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* The kernel opens /dev/console for PID 1, but only when it has one. */
static void open_console(void)
{
	int fd;

	if (fcntl(STDOUT_FILENO, F_GETFD) >= 0)
		return;
	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	for (int i = 0; i < 3; i++)
		if (fd != i)
			dup2(fd, i);
}

/* A byte of 123 to its first address is what Firecracker's boot timer waits for. */
static void write_timer(int mem, unsigned long address)
{
	long page = sysconf(_SC_PAGESIZE);
	volatile unsigned char *timer =
		mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, mem, (off_t)address);

	if (timer == MAP_FAILED) {
		say("boot timer: %s", strerror(errno));
		return;
	}
	*timer = 123;
	munmap((void *)timer, page);
}

static void tell_boot_timer(void)
{
	char text[64], *at, *save = NULL;
	int fd;

	if (!param("coldprof.boot_timer", text, sizeof(text)))
		return;
	fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		say("boot timer: %s", strerror(errno));
	for (at = strtok_r(text, ",", &save); at && fd >= 0; at = strtok_r(NULL, ",", &save))
		write_timer(fd, strtoul(at, NULL, 0));
	if (fd >= 0)
		close(fd);
}

/* What a module takes is the kernel's time, not ours: it is said before, and marked before and after. */
static void load_module(const char *name)
{
	char path[128];
	int fd, failed;

	say("load %s", name);
	snprintf(path, sizeof(path), MODULE_DIR "%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	mark(MARK_LOAD);
	failed = fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST) ? errno : 0;
	mark(MARK_LOADED);
	if (failed)
		say("module %s: %s", name, strerror(failed));
	if (fd >= 0)
		close(fd);
}

static void load_modules(void)
{
	char order[2048], *save = NULL;

	read_file(MODULE_DIR "order", order, sizeof(order));
	for (char *line = strtok_r(order, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *condition = strchr(line, ' ');

		if (condition)
			*condition++ = '\0';
		if (!condition || access(condition, F_OK) == 0)
			load_module(line);
	}
	say("modules loaded");
	mark(MARK_MODULES);
}

static void link_up(int s, const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };

	strcpy(ifr.ifr_name, name);
	if (ioctl(s, SIOCSIFFLAGS, &ifr) < 0)
		say("%s: up: %s", name, strerror(errno));
}

/* "A.B.C.D" without the library's resolver, which would double this program. */
static in_addr_t ipv4(const char *text)
{
	unsigned int a, b, c, d;

	if (sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) != 4 || (a | b | c | d) > 255) {
		say("%s is no IPv4 address", text);
		return 0;
	}
	return htonl(a << 24 | b << 16 | c << 8 | d);
}

static int set_address(int s, unsigned long request, const char *name, in_addr_t addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = addr };
	struct ifreq ifr = { 0 };

	strcpy(ifr.ifr_name, name);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	if (ioctl(s, request, &ifr) == 0)
		return 0;
	say("%s: address: %s", name, strerror(errno));
	return -1;
}

static void add_default_route(int s, in_addr_t gateway)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct sockaddr_in gw = { .sin_family = AF_INET, .sin_addr.s_addr = gateway };
	struct rtentry rt = { .rt_flags = RTF_UP | RTF_GATEWAY };

	memcpy(&rt.rt_dst, &any, sizeof(any));
	memcpy(&rt.rt_genmask, &any, sizeof(any));
	memcpy(&rt.rt_gateway, &gw, sizeof(gw));
	if (ioctl(s, SIOCADDRT, &rt) < 0)
		say("default route: %s", strerror(errno));
}

static void network_up(void)
{
	char ip[64], gw[64];
	int prefix = 32, s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char *slash;

	link_up(s, "lo");
	if (param("coldprof.ip", ip, sizeof(ip))) {
		slash = strchr(ip, '/');
		if (slash) {
			*slash = '\0';
			prefix = atoi(slash + 1);
		}
		if (prefix < 1 || prefix > 32)
			prefix = 32;
		if (set_address(s, SIOCSIFADDR, "eth0", ipv4(ip)) == 0 &&
		    set_address(s, SIOCSIFNETMASK, "eth0", htonl(~0U << (32 - prefix))) == 0) {
			link_up(s, "eth0");
			if (param("coldprof.gw", gw, sizeof(gw)))
				add_default_route(s, ipv4(gw));
			say("network up");
			mark(MARK_NETWORK);
		}
	}
	close(s);
}

static pid_t start_service(void)
{
	static char addr[64] = "0.0.0.0:8080", args[512];
	char *argv[MAX_ARGS + 1] = { SERVICE, "-addr", addr }, *save = NULL;
	char *envp[] = { "PATH=/bin:/sbin", "HOME=/", NULL };
	char port[16];
	int n = 3;
	pid_t pid;

	if (param("coldprof.port", port, sizeof(port)))
		snprintf(addr, sizeof(addr), "0.0.0.0:%s", port);
	if (param("coldprof.args", args, sizeof(args)))
		for (char *a = strtok_r(args, ",", &save); a && n < MAX_ARGS; a = strtok_r(NULL, ",", &save))
			argv[n++] = a;

	say("exec service");
	mark(MARK_EXEC);
	pid = vfork();
	if (pid == 0) {
		execve(SERVICE, argv, envp);
		_exit(127);
	}
	return pid;
}

/* PID 1 inherits every orphan; only the service's end is the guest's end. */
static void reap_until(pid_t service)
{
	int status;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid != service && (pid > 0 || errno == EINTR));

	if (pid < 0)
		say("service not started: %s", strerror(errno));
	else if (WIFSIGNALED(status))
		say("service exited on signal %d", WTERMSIG(status));
	else
		say("service exited %d", WEXITSTATUS(status));
}

int main(void)
{
	mark(MARK_START_USER); /* first of all: what we do ourselves counts as ours */
	mount_all();
	open_console();
	say_start();
	read_file("/proc/cmdline", cmdline, sizeof(cmdline));
	tell_boot_timer();
	load_modules();
	network_up();
	reap_until(start_service());
	/* A reset is the one end that every machine type knows; QEMU has -no-reboot to make it one. */
	reboot(RB_AUTOBOOT);
	return 0;
}
