// SPDX-License-Identifier: GPL-2.0-only
#include "tui/list.h"

#include "tui/keys.h"

void list_fit(struct list *l, size_t n, int lines)
{
	l->n = n;
	l->page = lines > 0 ? (size_t)lines : 1;
	if (l->at >= n)
		l->at = n ? n - 1 : 0;
	if (l->top > l->at)
		l->top = l->at;
	if (l->at - l->top >= l->page)
		l->top = l->at - l->page + 1;
	/* No empty lines below the last row while there are rows above the first. */
	if (l->top && l->top + l->page > n)
		l->top = n > l->page ? n - l->page : 0;
}

static void move_down(struct list *l, size_t by)
{
	size_t last = l->n ? l->n - 1 : 0;

	l->at = by < last - l->at ? l->at + by : last;
}

static void move_up(struct list *l, size_t by)
{
	l->at = l->at > by ? l->at - by : 0;
}

bool list_press(struct list *l, int key)
{
	switch (key) {
	case PRESS_UP:
	case 'k':
		move_up(l, 1);
		return true;
	case PRESS_DOWN:
	case 'j':
		move_down(l, 1);
		return true;
	case PRESS_PAGE_UP:
		move_up(l, l->page);
		return true;
	case PRESS_PAGE_DOWN:
	case ' ':
		move_down(l, l->page);
		return true;
	case PRESS_HOME:
	case 'g':
		l->at = 0;
		return true;
	case PRESS_END:
	case 'G':
		move_down(l, l->n);
		return true;
	default:
		return false;
	}
}
