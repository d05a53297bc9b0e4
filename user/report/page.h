/* SPDX-License-Identifier: GPL-2.0-only */
/* page.h - private to the text report: what its parts share. */
#ifndef COLDPROF_PAGE_H
#define COLDPROF_PAGE_H

#include "user/report/report.h"
#include "user/report/words.h"

struct page {
	FILE *out;
	const struct session *session;
	const struct report_options *options;
	unsigned int width;
	const struct words_notes *notes; /* who wants the notes in pieces; NULL: to out, as text */
};

#define PAGE_NAME_MAX 64

/* A name of the recording, escaped and cut: "runc". buf is returned. */
const char *page_name(char buf[PAGE_NAME_MAX], const char *name);

/* The same with what makes its numbers no numbers of KVM: "qemu (TCG)". */
const char *page_row_name(char buf[PAGE_NAME_MAX], const struct page *p,
			  const struct scenario_result *s);

/*
 * Why the numbers of a VM's row say nothing about KVM: "TCG: not a KVM number", or NULL when they
 * do, or when it is no VM.
 */
const char *page_emulation(const struct page *p, const struct scenario_result *s);

/* A whole text of the recording, escaped; the caller frees it. */
char *page_escape(const char *s, size_t n);

/* A heading, bold where there is colour. */
void page_heading(const struct page *p, const char *text);

/* Counted runs of a scenario. */
size_t page_counted(const struct scenario_result *s);

/* notes.c: "  name          text", wrapped; everything below the tables. All notes go this way. */
void page_note(const struct page *p, const char *name, const char *text);
void notes_print(const struct page *p);

#endif
