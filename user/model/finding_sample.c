// SPDX-License-Identifier: GPL-2.0-only
/* finding_sample.c - rules that look for functions in the samples of the critical path. */
#include "user/model/finding_sample.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/session.h"

#define ON_CPU (FINDING_IN(USER) | FINDING_IN(KERNEL) | FINDING_IN(GUEST) | FINDING_IN(VMM))

struct path_sample {
	uint64_t time;
	size_t symbols; /* where those of its frames begin */
	uint32_t n;     /* frames */
	uint32_t kind, pid; /* of its slice */
};

/* What a rule's patterns say of a symbol. */
enum verdict { NOT_ASKED, STRANGE, EXCLUDES, FUNCTION_FITS, OBJECT_FITS };

static void add_sample(struct finding_samples *out, const struct finding_search *q,
		       const struct path_slice *slice, const struct sched_sample *sample)
{
	uint32_t n = (uint32_t)sample->n_kernel + sample->n_user, i;

	ARRAY_RESERVE(out->list, out->n, out->cap, 1);
	out->list[out->n++] = (struct path_sample){ sample->time, out->n_symbols, n, slice->kind, slice->pid };
	ARRAY_RESERVE(out->symbols, out->n_symbols, out->cap_symbols, n);
	for (i = 0; i < n; i++)
		out->symbols[out->n_symbols++] = oncpu_symbol(q->session, q->run, sample, i);
}

static void find_samples(struct finding_samples *out, const struct finding_search *q)
{
	const struct sched *s = &q->run->sched;
	size_t i;

	for (i = 0; i < q->run->path.n; i++) {
		const struct path_slice *slice = &q->run->path.slices[i];
		const struct sched_task *task;
		uint32_t k;

		if (!((1u << slice->state) & ON_CPU))
			continue;
		task = sched_task(s, slice->tid);
		if (!task || task->samples.n == 0)
			continue;
		for (k = sched_sample_after(s, task, slice->start);
		     k < task->samples.at + task->samples.n && s->samples[k].time <= slice->end; k++)
			add_sample(out, q, slice, &s->samples[k]);
	}
	out->found = true;
}

static enum verdict verdict_on(const struct finding_search *q, uint32_t symbol)
{
	struct frame frame = oncpu_symbol_frame(q->session, q->run, symbol);

	if (finding_matches(q->rule->not_functions, frame.function))
		return EXCLUDES;
	if (finding_matches(q->rule->functions, frame.function))
		return FUNCTION_FITS;
	return finding_matches(q->rule->objects, frame.object) ? OBJECT_FITS : STRANGE;
}

/* The function or object of a sample that fits, NULL when there is none: the innermost that the rule knows decides. */
static const char *fitting_frame(const struct finding_search *q, unsigned char *verdicts,
				 const uint32_t *symbols, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		unsigned char *verdict = &verdicts[symbols[i]];
		struct frame frame;

		if (*verdict == NOT_ASKED)
			*verdict = (unsigned char)verdict_on(q, symbols[i]);
		if (*verdict == STRANGE)
			continue;
		if (*verdict == EXCLUDES)
			return NULL;
		frame = oncpu_symbol_frame(q->session, q->run, symbols[i]);
		return *frame.function || *verdict == FUNCTION_FITS ? frame.function :
								      frame.object;
	}
	return NULL;
}

bool finding_asks_samples(const struct finding_rule *rule)
{
	return rule->functions[0] || rule->objects[0];
}

struct finding_sampled finding_search_samples(const struct finding_search *q,
					      struct finding_samples *samples)
{
	const struct critpath *path = &q->run->path;
	CLEANUP_FREE unsigned char *verdicts = NULL;
	CLEANUP_FREE bool *marks = NULL;
	struct finding_sampled out = { 0 };
	uint64_t bound = finding_bound(q), stolen;
	const struct path_slice *longest;
	const char *name;
	size_t i;

	if (!finding_asks_samples(q->rule) || q->run->sched.n_samples == 0)
		return out;
	if (!samples->found)
		find_samples(samples, q);
	verdicts = xcalloc(oncpu_symbol_count(q->session, q->run), sizeof(*verdicts));
	marks = xcalloc(path->n_kinds, sizeof(*marks));
	for (i = 0; i < path->n_kinds; i++)
		marks[i] = (1u << path->kinds[i].state) & ON_CPU &&
			   (!q->rule->comm || phase_matches(q->rule->comm, path->kinds[i].comm));
	for (i = 0; i < samples->n; i++) {
		const struct path_sample *s = &samples->list[i];

		if (!marks[s->kind] || s->time > bound ||
		    (q->rule->within && !q->rule->within(q, s->pid, s->time)))
			continue;
		out.of++;
		name = fitting_frame(q, verdicts, samples->symbols + s->symbols, s->n);
		out.fitting += name != NULL;
		out.example = out.example ? out.example : name;
	}
	out.ns = finding_part_of_kinds(q, marks, &stolen, &longest);
	out.ns -= stolen; /* a CPU that does not run is not sampled */
	return out;
}

void finding_samples_release(struct finding_samples *samples)
{
	free(samples->list);
	free(samples->symbols);
	*samples = (struct finding_samples){ 0 };
}
