/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evtext.h - recordings that a person can write and read: one record per line.
 *
 *     # a comment; blank lines are skipped, and lines that begin with % (they belong to the test)
 *     0 - SESSION port=8080 runs=1 version=0.1
 *     0 - ENV key=kernel value="6.18.5"
 *     0 - SCENARIO id=1 name=runc boundary="shared kernel" flags=host_accept
 *     run 1 at 1s
 *     +0       -   RUN_BEGIN scenario=1 netns=100
 *     +2ms     100 EXEC enter=+0 root=1 exe_name=runc comm=runc argv="runc run x"
 *     +1.234ms 100 FORK child=101 comm=runc
 *     +9ms     101/102 LISTEN local_port=8080 netns=100
 *     run 0
 *
 * A line is TIME TASK KIND and the fields of the kind's struct (bpf/wire.h, user/record/format.h)
 * by their names there; what is not given is 0. Every kind can be written, unknown ones by number.
 *
 *   time      nanoseconds, or a decimal number with ns, us, ms, s; "+" counts from the start of the
 *             run ("run N at TIME"). Fields that are times are written likewise.
 *   task      PID, PID/TID of a thread, or "-"
 *   number    decimal or 0x…, with a unit of time, or KiB, MiB, GiB; names where a field has some:
 *             status=failed when=settled flags=vm|module how=ptrace
 *   string    a word, or "…" with \n \r \t \\ \" \xNN. Strings that follow a body are named as the
 *             header does in short (name= title= path= version= reason= …, key= value=, text=).
 *   trust=    truncated|unreadable|no_enter: the head's flags
 *   size=     cuts or lengthens (with zeros) the whole record: what another version would write
 *
 * Meant as one would expect: FORK child=PID (a process) or thread=TID; EXEC and ACCEPT without
 * enter= have no_enter; EXEC's old_tid is its tid; EXIT of a leader is the last of its process
 * unless group_dead=0; blanks in argv="…" part the arguments (\x20 is a blank within one);
 * PROCESS_MEMORY is about the line's task; LATENCY ns=1ms,2ms*98 gives 99 values;
 * OUTPUT text="…" sets total unless it is given. BLOCKED and SAMPLE have stack=0x…,0x….
 * SWITCH and WAKING are about leaders unless next_pid= or pid= is given; BLOCKED has as many frames
 * as its stack=. `coldprof dump` writes this language (user/report/dump.h).
 */
#ifndef COLDPROF_EVTEXT_H
#define COLDPROF_EVTEXT_H

#include <stddef.h>

#include "user/model/session.h"
#include "user/record/format.h"

#ifndef TEST_DIR
#define TEST_DIR "tests"
#endif

struct evtext {
	unsigned char *bytes; /* records, one after the other */
	size_t n, cap;
	char error[256];      /* "line 3: no field \"chld\" in FORK" */
};

/* Zero-initialise e. 0, or -1 and e->error. Parsing twice appends. */
int evtext_parse(struct evtext *e, const char *text);

/* The record at *at, which begins with 0 and is moved on; NULL at the end. */
const struct wire_head *evtext_next(const struct evtext *e, size_t *at);
void evtext_release(struct evtext *e);

/* A session fed with text and settled; a text that does not parse fails the test. */
struct session *evtext_session(const char *text);

/* A whole file, NUL-terminated; free() it. NULL when it cannot be read. */
char *evtext_read_file(const char *path);

#endif
