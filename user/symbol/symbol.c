// SPDX-License-Identifier: GPL-2.0-only
/* symbol.c - which of several true names to show. */
#include "user/symbol/symbol.h"

#include <string.h>

int symbol_prefer(const char *a, const char *b)
{
	size_t lead_a = strspn(a, "_"), lead_b = strspn(b, "_");
	size_t len_a, len_b;

	if (lead_a != lead_b)
		return lead_a < lead_b ? -1 : 1;
	len_a = strlen(a);
	len_b = strlen(b);
	if (len_a != len_b)
		return len_a < len_b ? -1 : 1;
	return strcmp(a, b);
}
