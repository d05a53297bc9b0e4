/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch_rows.h - what a person sees while a watch goes on: on a terminal a table of the last starts
 * that is drawn anew in its place, else a line for each piece of news.
 */
#ifndef COLDPROF_WATCH_ROWS_H
#define COLDPROF_WATCH_ROWS_H

#include "user/launch/watch.h"

struct watch_rows;

/* Rows go to stderr. Never NULL. */
struct watch_rows *watch_rows_new(void);
void watch_rows_news(void *rows, const struct watch_news *news); /* a watch_news_fn */
void watch_rows_free(struct watch_rows *rows);

#endif
