// SPDX-License-Identifier: GPL-2.0-only
#include "tui/phases.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

static const struct phase_style fixed[] = {
	{ "exec", STYLE_PHASE_A },
	{ "service start-up", STYLE_PHASE_B },
	{ "listen to accept", STYLE_PHASE_C },
	{ "accept to first byte", STYLE_PHASE_D },
};

static size_t length_of(const char *name)
{
	const char *plus = strstr(name, " + ");

	return plus ? (size_t)(plus - name) : strlen(name);
}

static bool is_name(const char *a, const char *b)
{
	size_t n = length_of(a);

	return n == length_of(b) && !memcmp(a, b, n);
}

/* False: it has none yet. */
static bool known(const struct phase_styles *s, const char *name, enum style *style)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (is_name(fixed[i].name, name)) {
			*style = fixed[i].style;
			return true;
		}
	for (i = 0; i < s->n; i++)
		if (is_name(s->list[i].name, name)) {
			*style = s->list[i].style;
			return true;
		}
	return false;
}

/* Of those that are free for all the one that this run has least of, and not next to it. */
static enum style choose(const struct phase_styles *s, const struct phases *p, size_t at)
{
	size_t used[STYLE_PHASES] = { 0 }, i;
	enum style style, best = STYLE_PHASE_A + ARRAY_SIZE(fixed);

	for (i = 0; i < p->n; i++)
		if (known(s, p->list[i].name, &style))
			used[style - STYLE_PHASE_A] += i + 1 == at || i == at + 1 ? 1000 : 10;
	for (i = 0; i < s->n; i++)
		used[s->list[i].style - STYLE_PHASE_A]++;
	for (style = best; style < STYLE_PHASE_A + STYLE_PHASES; style++)
		if (used[style - STYLE_PHASE_A] < used[best - STYLE_PHASE_A])
			best = style;
	return best;
}

static void learn(struct phase_styles *s, const struct phases *p)
{
	enum style style;
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (known(s, p->list[i].name, &style))
			continue;
		style = choose(s, p, i);
		ARRAY_RESERVE(s->list, s->n, s->cap, 1);
		s->list[s->n++] = (struct phase_style){ p->list[i].name, style };
	}
}

void phase_styles_learn(struct phase_styles *s, const struct session *session)
{
	size_t i;

	for (i = s->learned; i < session->n_runs; i++) {
		learn(s, &session->runs[i]->phases);
		learn(s, &session->runs[i]->growing);
	}
	while (s->learned < session->n_runs && session->runs[s->learned]->ended)
		s->learned++;
}

enum style phase_styles_find(const struct phase_styles *s, const char *name)
{
	enum style style;

	return known(s, name, &style) ? style : STYLE_BAR;
}

void phase_styles_release(struct phase_styles *s)
{
	free(s->list);
	*s = (struct phase_styles){ 0 };
}
