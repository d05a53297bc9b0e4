/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch.h - starts that somebody else makes: every container and machine of this host, from the
 * first exec of a runtime, until somebody lets go of it.
 *
 * The kernel looks at execs only (user/launch/adopted.h has the programs) and begins an entry where
 * one of them starts a container that has none yet. While no entry is open nothing else of the host
 * is looked at: the probes of system calls are attached with the first and detached with the last.
 * An entry is over when a connection was accepted on any TCP port, when its processes have ended, or
 * after the settling time. Memory is bounded: the last entries are kept, each up to a size. So is the
 * recording (watch_file.h), which at any time holds what is over.
 */
#ifndef COLDPROF_WATCH_H
#define COLDPROF_WATCH_H

#include <stdint.h>
#include <sys/types.h>

#include "user/base/error.h"
#include "user/collect/adopt.h"
#include "user/record/writer.h"

enum watch_end {
	WATCH_ARMED, WATCH_OPEN, WATCH_ACCEPTED, WATCH_SETTLED, WATCH_ENDED, WATCH_CROWDED, WATCH_TICK,
	WATCH_LOST
};

/*
 * What a person who waits wants to see: that nothing will be missed from now on (WATCH_ARMED, nothing
 * else is set); of an entry when it is begun (WATCH_OPEN) and when it is over; and while one is open,
 * many times a second, that time goes on (WATCH_TICK, likewise). Records that were lost are told when
 * they are, once a second at most (WATCH_LOST, with how many in all).
 */
struct watch_news {
	enum watch_end end;
	unsigned int number;  /* of the entries of this session, from 1 */
	const char *rule, *id; /* hostile text */
	uint64_t exec_ns;     /* CLOCK_MONOTONIC: the first exec */
	uint64_t took;        /* ns since then */
	uint64_t listen;      /* ns from the first exec to a first listen; 0 = none was seen */
	uint16_t port;        /* accepted or listened on; 0 = neither */
	unsigned int processes;
	uint64_t lost;
};
typedef void (*watch_news_fn)(void *ctx, const struct watch_news *news);

struct watch_options {
	const struct adopt_program *more; /* programs besides those of the table; or NULL */
	unsigned int settle_ms; /* after its first exec an entry is over */
	unsigned int until;     /* so many entries, then the end; 0 = until a signal */
	unsigned int keep;      /* the last so many entries are recorded */
	const char *command_line;
	uid_t uid; /* whom the recording is given to; -1: nobody */
	gid_t gid;
	watch_news_fn news;
	void *news_ctx;
};

struct watch_result {
	unsigned int entries, kept;
	int interrupted; /* signal that ended it, 0 = none */
};

/*
 * Watch, and record into writer, whose file is at path: each entry when it is over, in the end the last
 * ones; it is sealed whatever happens. 0, or a negative errno and err.
 */
int watch_session(const struct watch_options *o, struct writer *writer, const char *path,
		  struct watch_result *result, struct error *err);

#endif
