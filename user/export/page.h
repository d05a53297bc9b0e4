/* SPDX-License-Identifier: GPL-2.0-only */
/* page.h - the files of page/ as strings, and what a Content-Security-Policy calls the scripts. */
#ifndef COLDPROF_EXPORT_PAGE_H
#define COLDPROF_EXPORT_PAGE_H

extern const char page_timeline_css[], page_timeline_js[], page_css[], page_js[];

/* "'sha256-…' 'sha256-…'" of the two scripts as they stand between their tags. */
extern const char page_script_hashes[];

#endif
