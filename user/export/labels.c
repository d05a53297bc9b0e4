// SPDX-License-Identifier: GPL-2.0-only
/* labels.c - words about a run that no format may leave out. */
#include "user/export/labels.h"

#include <inttypes.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/words.h"

uint32_t label_run(const struct run *r)
{
	return r->index + 1;
}

static char *harmless(const char *text)
{
	size_t size = 12 * strlen(text) + 1; /* no byte becomes longer than \u{10ffff} */

	return text_escape(xmalloc(size), size, text, strlen(text));
}

char *label_end(const struct session *s)
{
	const char *by = session_ready_by(s);
	CLEANUP_FREE char *shown = by ? harmless(by) : NULL;

	return by ? xasprintf("ready (%s)", shown) : xstrdup("the first byte");
}

uint64_t label_lost(const struct export_pick *pick)
{
	uint64_t lost = 0;
	size_t i;

	for (i = 0; i < pick->n_runs; i++)
		lost += pick->runs[i]->lost;
	return lost;
}

char *label_notes(const struct export_source *source, const struct scenario_result *s,
		  uint64_t lost)
{
	const char *emulation = s ? words_emulation(source->session, s) : NULL;
	CLEANUP_FREE char *why = source->incomplete ? harmless(source->incomplete) : NULL;
	CLEANUP_FREE char *holes = NULL;

	if (lost)
		holes = xasprintf("%" PRIu64 " event%s lost: there are holes", lost,
				  lost == 1 ? "" : "s");
	if (!emulation && !holes && !why)
		return NULL;
	return xasprintf("%s%s%s%s%s%s", emulation ? emulation : "", emulation && holes ? "; " : "",
			 holes ? holes : "", why && (emulation || holes) ? "; " : "",
			 why ? "the recording is not whole: " : "", why ? why : "");
}

char *label_suffix(const struct export_source *source, const struct scenario_result *s,
		   uint64_t lost)
{
	CLEANUP_FREE char *notes = label_notes(source, s, lost);

	return notes ? xasprintf(" [%s]", notes) : xstrdup("");
}
