#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The pictures of README.md, from the recording docs/example.coldprof: docs/terminal.png is the
# terminal UI as tmux captured it, docs/page.png the page in Chromium.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=tests/browser/browser.bash
. tests/browser/browser.bash
BROWSER_DIR=$(mktemp -d)
session=coldprof-screenshot-$$
trap 'browser_stop; tmux -L "$session" kill-server 2>/dev/null || true; rm -rf "$BROWSER_DIR"' EXIT

# What tmux captured with its attributes, as HTML.
terminal_html() {
	awk '
	function rgb(n,   v, r, g, b) {
		if (n < 16) return palette[n]
		if (n > 231) { v = 8 + 10 * (n - 232); return sprintf("#%02x%02x%02x", v, v, v) }
		n -= 16; r = int(n / 36); g = int(n / 6) % 6; b = n % 6
		return sprintf("#%02x%02x%02x", r ? 55 + 40 * r : 0, g ? 55 + 40 * g : 0, b ? 55 + 40 * b : 0)
	}
	function sgr(codes,   c, n, i) {
		n = split(codes == "" ? "0" : codes, c, /[;:]/)
		for (i = 1; i <= n; i++) {
			if (c[i] == 0) { fg = bg = ""; bold = under = reverse = 0 }
			else if (c[i] == 1) bold = 1
			else if (c[i] == 4) under = 1
			else if (c[i] == 7) reverse = 1
			else if (c[i] == 38) { fg = rgb(c[i + 2]); i += 2 }
			else if (c[i] == 48) { bg = rgb(c[i + 2]); i += 2 }
			else if (c[i] == 39) fg = ""
			else if (c[i] == 49) bg = ""
			else if (c[i] >= 30 && c[i] <= 37) fg = rgb(c[i] - 30)
			else if (c[i] >= 90 && c[i] <= 97) fg = rgb(c[i] - 82)
		}
	}
	function out(text,   f, b) {
		if (text == "") return
		gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text)
		f = fg == "" ? "#e4e7ea" : fg; b = bg == "" ? "#15181c" : bg
		printf "<span style=\"color:%s;background:%s%s%s\">%s</span>", reverse ? b : f, reverse ? f : b,
			bold ? ";font-weight:700" : "", under ? ";text-decoration:underline" : "", text
	}
	BEGIN {
		split("#2e3436 #cc0000 #4e9a06 #c4a000 #3465a4 #75507b #06989a #d3d7cf #555753 #ef2929 #8ae234 #fce94f #729fcf #ad7fa8 #34e2e2 #eeeeec", p, " ")
		for (i = 0; i < 16; i++) palette[i] = p[i + 1]
		print "<!DOCTYPE html><meta charset=utf-8><style>body{margin:0;background:#15181c}pre{margin:10px 12px;font:14px/17px \"DejaVu Sans Mono\",monospace}</style><pre>"
	}
	{
		line = $0
		while (match(line, /\033\[[0-9;:]*m/)) {
			out(substr(line, 1, RSTART - 1))
			sgr(substr(line, RSTART + 2, RLENGTH - 3))
			line = substr(line, RSTART + RLENGTH)
		}
		out(line)
		print ""
	}
	END { print "</pre>" }'
}

tmux -L "$session" -f /dev/null new-session -d -x 118 -y 34 \
	"TERM=tmux-256color LC_ALL=C.UTF-8 ./coldprof view docs/example.coldprof"
tmux -L "$session" set -g status off
for _ in $(seq 100); do
	tmux -L "$session" capture-pane -p | grep -q runc && break
	sleep 0.1
done
tmux -L "$session" send-keys ${TERMINAL_KEYS:-j 2 L L j j j j j j}
sleep 1
tmux -L "$session" capture-pane -e -p >"$BROWSER_DIR/screen"
terminal_html <"$BROWSER_DIR/screen" >"$BROWSER_DIR/terminal.html"
./coldprof export docs/example.coldprof --format html -o "$BROWSER_DIR/page.html"

browser_start 1280 900
browser_size 1024 600
browser_open "file://$BROWSER_DIR/terminal.html"
browser_shot docs/terminal.png
# The page as it opens, as high as it takes to see a whole timeline.
browser_size 1280 900
browser_open "file://$BROWSER_DIR/page.html"
for _ in $(seq 100); do
	[ "$(browser_js 'return !!document.querySelector("svg.tl").dataset.to')" != true ] || break
	sleep 0.1
done
browser_js 'return Math.ceil(document.querySelector("figure.timeline").getBoundingClientRect().bottom + 16)' >"$BROWSER_DIR/height"
browser_size 1280 "$(cat "$BROWSER_DIR/height")"
sleep 1
browser_shot docs/page.png
ls -l docs/terminal.png docs/page.png
