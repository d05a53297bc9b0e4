// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm_log.c - what a VMM's own log says of its guest's boot. Firecracker's boot timer (docs/: option
 * --boot-timer, a device that the guest writes 123 to) logs
 *
 *     2026-01-02T03:04:05.678901234 [ID:fc_vcpu 0] Guest-boot-time =  58012 us 58 ms,  21003 CPU us 21 CPU ms
 *
 * counted from when Firecracker began with the machine. The log is the VMM's: nothing in it is trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/vmm.h"
#include "user/base/mem.h"

#define LOG_MAX 65536 /* bytes of a log's end that are looked at */
#define LONGEST_US 86400000000ull

/* A number that stands before " WORD", blanks before it; false: there is none. */
static bool number_before(const char **p, const char *word, uint64_t *value)
{
	char *end;

	*p += strspn(*p, " ");
	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*value = strtoull(*p, &end, 10);
	if (errno || *value > LONGEST_US || *end != ' ' || strncmp(end + 1, word, strlen(word)))
		return false;
	*p = end + 1 + strlen(word);
	return true;
}

bool vmm_log_boot_time(const char *log, uint64_t *ns, uint64_t *cpu_ns)
{
	static const char word[] = "Guest-boot-time =";
	const char *p = log, *next;
	uint64_t us, ms, cpu_us;
	bool found = false;

	/* The last one counts: a guest may write as often as it likes. */
	for (; (p = strstr(p, word)); p = next) {
		next = p + sizeof(word) - 1;
		p = next;
		if (!number_before(&p, "us", &us) || !number_before(&p, "ms,", &ms) ||
		    !number_before(&p, "CPU us", &cpu_us))
			continue;
		*ns = us * 1000;
		*cpu_ns = cpu_us * 1000;
		found = true;
	}
	return found;
}

bool vmm_log_read(const char *path, uint64_t *ns, uint64_t *cpu_ns)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP_FREE char *text = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	text = xcalloc(1, LOG_MAX + 1);
	n = pread(fd, text, LOG_MAX, st.st_size > LOG_MAX ? st.st_size - LOG_MAX : 0);
	/* A NUL in it ends what is looked at, no more. */
	return n > 0 && vmm_log_boot_time(text, ns, cpu_ns);
}
