// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/replay.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/live.h"
#include "user/record/fields.h"
#include "user/record/reader.h"
#include "user/record/writer.h"

#define IDLE_NS 300000000ll /* a pause that is longer is cut to that */
#define LAG_NS 20000000ll

struct player {
	struct writer *w;
	struct live live;
	struct error err;
	int64_t shift; /* from recorded times to now; 0: not known yet */
	uint64_t records;
	int signal_fd;
	int signal; /* that ended it */
};

static void move_times(struct player *p, unsigned char *record)
{
	struct wire_head *head = (void *)record;
	const struct kind_fields *kind = kind_fields_of(head->kind);
	const struct field *f;

	for (f = kind ? kind->fields : NULL; f && f->key; f++) {
		uint64_t time;

		if (f->type != FIELD_IS_TIME || f->size != sizeof(time) ||
		    sizeof(*head) + f->offset + f->size > head->size)
			continue;
		memcpy(&time, record + sizeof(*head) + f->offset, sizeof(time));
		if (time)
			time += (uint64_t)p->shift;
		memcpy(record + sizeof(*head) + f->offset, &time, sizeof(time));
	}
	head->time += (uint64_t)p->shift;
}

/* Until it is time for a record. */
static void wait_for(struct player *p, uint64_t time)
{
	struct signalfd_siginfo info;
	struct pollfd fd = { .fd = p->signal_fd, .events = POLLIN };
	int64_t ahead;

	if (!p->shift)
		p->shift = (int64_t)clock_mono_ns() - (int64_t)time;
	ahead = (int64_t)time + p->shift - (int64_t)clock_mono_ns();
	if (ahead < LAG_NS)
		return;
	if (ahead > IDLE_NS) {
		p->shift -= ahead - IDLE_NS;
		ahead = IDLE_NS;
	}
	writer_show(p->w, &p->err);
	live_shown(&p->live);
	if (poll(&fd, 1, (int)(ahead / 1000000)) > 0 &&
	    read(p->signal_fd, &info, sizeof(info)) == sizeof(info))
		p->signal = (int)info.ssi_signo;
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void play(struct player *p, struct reader *r)
{
	unsigned char room[FORMAT_RECORD_MAX];
	const struct wire_head *record;

	while (!p->signal && !p->err.code && (record = reader_next(r))) {
		wait_for(p, record->time);
		memcpy(room, record, record->size);
		move_times(p, room);
		writer_append(p->w, (const void *)room, &p->err);
		p->records++;
	}
}

static void wait_for_signal(struct player *p)
{
	struct signalfd_siginfo info;
	struct pollfd fd = { .fd = p->signal_fd, .events = POLLIN };

	writer_show(p->w, &p->err);
	while (poll(&fd, 1, 100) == 0)
		live_shown(&p->live);
	if (read(p->signal_fd, &info, sizeof(info)) == sizeof(info))
		p->signal = (int)info.ssi_signo;
}

int replay(const char *from, const char *to, bool hold)
{
	struct player p = { 0 };
	struct reader *r = reader_open(from, &p.err);

	p.w = r ? writer_open(to, true, (uid_t)-1, (gid_t)-1, &p.err) : NULL;
	if (p.w) {
		if (!live_start(&p.live, to))
			fprintf(stderr, "replay: no terminal\n");
		p.signal_fd = watch_signals();
		play(&p, r);
		if (hold && !p.signal)
			wait_for_signal(&p);
		writer_seal(p.w, &p.err);
		live_end(&p.live, p.signal || p.err.code);
	}
	reader_close(r);
	if (p.err.code)
		fprintf(stderr, "replay: %s\n", p.err.text);
	else
		printf("sealed: %llu records\n", (unsigned long long)p.records);
	return p.err.code ? 1 : p.signal ? 128 + p.signal : 0;
}
