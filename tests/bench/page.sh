#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# How big the page of a recording is, and how long headless Chromium takes to open it: from the
# navigation's start to the end of the page's load event. tests/bench/page.sh FILE.coldprof [TIMES]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
BROWSER_DIR=$(mktemp -d)
# shellcheck source=tests/browser/browser.bash
. "$root/tests/browser/browser.bash"
trap 'browser_stop; rm -rf "$BROWSER_DIR"' EXIT
"$root/coldprof" export "$1" --format html -o "$BROWSER_DIR/page.html"
echo "$(($(stat -c %s "$BROWSER_DIR/page.html") / 1024)) KiB"
browser_start
for _ in $(seq "${2:-7}"); do
	browser_open about:blank
	browser_open "file://$BROWSER_DIR/page.html"
	browser_js 'const n = performance.getEntriesByType("navigation")[0]; return n.loadEventEnd - n.startTime'
done | sort -n | awk '{ v[NR] = $1 }
	END { printf "opened in %.0f ms (median), %.0f to %.0f, n %d\n", v[int((NR + 1) / 2)], v[1], v[NR], NR }'
