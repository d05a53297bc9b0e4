/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * console.h - what a guest says, read while it says it.
 *
 * A scenario that names pipes gets them in its run's directory; its VMM opens them as files for the
 * console or for single ports. A thread reads them, stamps what comes with the host's clock and
 * keeps it; nothing is written while the launch is timed. To be woken for every byte would take
 * the guest's CPU, so after each read it lets CONSOLE_PAUSE_NS pass.
 *
 *     console_start()   before the launch
 *     console_stop()    the guest is gone: the thread ends
 *     console_write()   records into the recording
 */
#ifndef COLDPROF_CONSOLE_H
#define COLDPROF_CONSOLE_H

#include <stdint.h>

#include "scenarios/scenario.h"
#include "user/base/error.h"
#include "user/record/writer.h"

struct console;

/* NULL and err when the pipes cannot be made. pipes: ops->pipes, ended by an empty one. */
struct console *console_start(const char *dir, const struct scenario_pipe *pipes,
			      struct error *err);
void console_stop(struct console *c);
/* CONSOLE and GUEST_MARK records of that run. */
void console_write(const struct console *c, struct writer *w, uint16_t run, struct error *err);
void console_free(struct console *c); /* NULL is fine */

#endif
