// SPDX-License-Identifier: GPL-2.0-only
/* json.c - the report as JSON (docs/json.md), the same as `report --format json`. */
#include "user/export/export.h"
#include "user/report/report.h"

static int write_json(FILE *out, const struct export_job *job, struct error *err)
{
	const struct export_source *source = &job->sources[0];
	const struct report_options o = { .incomplete = source->incomplete };

	(void)err;
	report_json(out, source->session, &o);
	return 0;
}

const struct export_ops export_json = {
	.name = "json",
	.title = "everything, as docs/json.md describes it",
	.suffix = ".json",
	.runs = EXPORT_WHOLE,
	.write = write_json,
};
