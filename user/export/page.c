// SPDX-License-Identifier: GPL-2.0-only
/* page.c - style sheets and scripts of page/, made part of the program by the build. */
#include "user/export/page.h"

const char page_timeline_css[] = {
#include "page/timeline.css.inc"
	0
};

const char page_timeline_js[] = {
#include "page/timeline.js.inc"
	0
};

const char page_css[] = {
#include "page/page.css.inc"
	0
};

const char page_js[] = {
#include "page/page.js.inc"
	0
};

const char page_script_hashes[] =
#include "page/hashes.inc"
	;
