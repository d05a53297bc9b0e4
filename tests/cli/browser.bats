#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The page and the picture of `coldprof export`, in a real browser: they load without a complaint,
# do what they promise with pointer and keys, and run nothing that came with a recording.
# Pictures of what was seen are left in build/screenshots/.

setup_file() {
	local root
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	command -v chromium >/dev/null && command -v chromedriver >/dev/null || return 0
	make -s -C "$root" build/export/record >/dev/null 2>&1 || true
	mkdir -p "$root/build/screenshots"
	# shellcheck source=tests/browser/browser.bash
	. "$root/tests/browser/browser.bash"
	export BROWSER_DIR=$BATS_FILE_TMPDIR BROWSER_URL BROWSER_PID
	browser_start 1280 900
	cd "$BATS_FILE_TMPDIR"
	for name in small hostile; do
		"$root/build/export/record" "$root/tests/export/$name.ev" $name.coldprof
		for format in html svg; do
			"${COLDPROF:-$root/coldprof}" export $name.coldprof --format $format --run all -o $name.$format
		done
	done
	"${COLDPROF:-$root/coldprof}" export small.coldprof hostile.coldprof --format html -o diff.html
}

teardown_file() {
	local root
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	# shellcheck source=tests/browser/browser.bash
	. "$root/tests/browser/browser.bash"
	browser_stop
}

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_FILE_TMPDIR"
	. "$ROOT/tests/browser/browser.bash"
	command -v chromium >/dev/null && command -v chromedriver >/dev/null || skip "no chromium and chromedriver"
}

# Open a file of ours in a window of a size, as the system prefers it light or dark.
see() {
	browser_size "${2:-1280}" "${3:-900}"
	browser_scheme "${4:-light}"
	browser_open "file://$BATS_FILE_TMPDIR/$1"
	until_true 'return document.readyState === "complete"'
}

# until_true SCRIPT: layout is done in a frame of its own
until_true() {
	local try
	for try in $(seq 1 200); do
		[ "$(browser_js "$1")" != true ] || return 0
		sleep 0.05
	done
	echo "never true: $1"
	return 1
}

# is SCRIPT WANTED
is() {
	local got
	got=$(browser_js "$1")
	[ "$got" = "$2" ] || { echo "$1: '$got', not '$2'"; return 1; }
}

uncomplaining() {
	local said
	said=$(browser_complaints)
	[ -z "$said" ] || { echo "the browser complains: $said"; return 1; }
}

@test "the picture is XML, the page is HTML" {
	command -v xmllint >/dev/null || skip "no xmllint"
	command -v tidy >/dev/null || skip "no tidy"
	for name in small hostile; do
		xmllint --noout --nonet $name.svg
		# What tidy knows of SVG is little; empty elements are our bars.
		tidy -q -e $name.html >$name.tidy 2>&1 || [ $? -lt 2 ]
		if grep -vE 'trimming empty <(i|span|dt)>|<svg> proprietary attribute|^$' $name.tidy; then return 1; fi
	done
}

@test "everything is in the file: titles for those without scripts, no address of a network" {
	[ "$(grep -c '<path class="s-[a-z_ m]*" d="M[0-9]* [0-9]*h[0-9]*v[0-9]*h-[0-9]*z"><title>' small.svg)" -gt 20 ]
	for file in small.svg small.html; do
		if grep -oE '(src|href|url)[=(]["'"'"']?[a-z]+:[^ >]*' $file; then return 1; fi
		if grep -oE 'https?://[^" ]*' $file | grep -vxE 'http://www\.w3\.org/(2000/svg|1999/xhtml)[^a-z]*'; then return 1; fi
	done
}

@test "the page loads without a complaint: wide and narrow, light and dark" {
	for scheme in light dark; do
		for width in 1280 390; do
			see small.html $width 1400 $scheme
			until_true 'return document.querySelectorAll("svg.tl .map").length === document.querySelectorAll("svg.tl").length'
			is 'return document.documentElement.scrollWidth <= innerWidth' true
			browser_shot "$ROOT/build/screenshots/page-$width-$scheme.png"
			uncomplaining
		done
		is 'const c = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number); return c[0] > 128 ? "light" : "dark"' $scheme
	done
}

@test "everything that can be used has a name, ids are unique, tables have headings" {
	see small.html
	is 'return [...document.querySelectorAll("button, input, a, summary, svg.tl")].filter(e => !(e.getAttribute("aria-label") || e.textContent.trim() || (e.labels && e.labels.length))).length' 0
	is 'const ids = [...document.querySelectorAll("[id]")].map(e => e.id); return ids.length === new Set(ids).size' true
	is 'return [...document.querySelectorAll("table")].filter(t => !t.querySelector("th[scope]")).length' 0
	is 'return document.documentElement.lang' en
}

@test "timeline: a click on a slice zooms to it, a button shows all again" {
	see small.html
	until_true 'return !!document.querySelector("svg.tl").dataset.to'
	browser_js 'document.querySelector("svg.tl").scrollIntoView({ block: "start" })' >/dev/null
	read -r x y < <(browser_js 'const p = [...document.querySelector("svg.tl").querySelectorAll(".phases path")].sort((a, b) => b.getBBox().width - a.getBBox().width)[0], r = p.getBoundingClientRect();
		window.wanted = p.getBBox(); return `${Math.round(r.x + r.width / 2)} ${Math.round(r.y + r.height / 2)}`')
	browser_pointer "$x" "$y" click
	until_true 'const d = document.querySelector("svg.tl").dataset; return Number(d.to) - Number(d.from) < 1e6'
	is 'const d = document.querySelector("svg.tl").dataset, w = window.wanted;
		return Math.abs(Number(d.to) - Number(d.from) - w.width * 1.04) < w.width * 0.05 + 1' true
	is 'return document.querySelector("svg.tl .plot").getAttribute("viewBox").split(" ")[0] === document.querySelector("svg.tl").dataset.from' true
	is 'return document.querySelector("svg.tl .window").getAttribute("visibility")' visible
	is 'return document.querySelectorAll("svg.tl")[0].querySelectorAll(".axis text").length > 2' true
	browser_js 'document.querySelector(".tools button[aria-label=\"show all of it\"]").click()' >/dev/null
	is 'const d = document.querySelector("svg.tl").dataset; return d.from + " " + d.to' "0 1000000"
	uncomplaining
}

@test "timeline: dragging pans when zoomed in" {
	see small.html
	until_true 'return !!document.querySelector("svg.tl").dataset.to'
	browser_js 'document.querySelector("svg.tl").scrollIntoView({ block: "start" });
		const zoom = document.querySelector(".tools button[aria-label=\"zoom in\"]"); zoom.click(); zoom.click()' >/dev/null
	read -r x y < <(browser_js 'window.before = Number(document.querySelector("svg.tl").dataset.from);
		const r = document.querySelector("svg.tl .plot .path").getBoundingClientRect(), s = document.querySelector("svg.tl").getBoundingClientRect();
		return `${Math.round(s.x + s.width / 2)} ${Math.round(r.y + r.height / 2)}`')
	browser_drag "$x" "$y" $((x - 200)) "$y"
	until_true 'return Number(document.querySelector("svg.tl").dataset.from) > window.before'
	is 'const d = document.querySelector("svg.tl").dataset; return Math.round((d.to - d.from) / 1000)' 250
}

@test "timeline: what is under the pointer is told" {
	see small.html
	until_true 'return !!document.querySelector("svg.tl").dataset.to'
	browser_js 'document.querySelector("svg.tl").scrollIntoView({ block: "start" })' >/dev/null
	read -r x y < <(browser_js 'const p = [...document.querySelector("svg.tl").querySelectorAll(".path path")].sort((a, b) => b.getBBox().width - a.getBBox().width)[0], r = p.getBoundingClientRect();
		window.wanted = p.querySelector("title").textContent; return `${Math.round(r.x + r.width / 2)} ${Math.round(r.y + r.height / 2)}`')
	browser_pointer "$x" "$y"
	until_true 'return document.querySelector("svg.tl .tip").getAttribute("visibility") === "visible"'
	is 'return [...document.querySelectorAll("svg.tl .tip tspan")].map(t => t.textContent).join(" ").replace("…", "") === window.wanted.slice(0, 300) || window.wanted' true
	browser_shot "$ROOT/build/screenshots/page-tooltip.png"
}

@test "timeline: search marks what fits, counts it and goes from one to the next" {
	see small.html
	until_true 'return !!document.querySelector("svg.tl").dataset.to'
	browser_js 'document.querySelector("svg.tl").focus()' >/dev/null
	browser_key "/"
	is 'return document.activeElement.type' search
	browser_key "blocked"
	until_true 'return document.querySelector("svg.tl").classList.contains("searching")'
	is 'const n = document.querySelectorAll("svg.tl")[0].querySelectorAll(".hit").length; return n > 0 && document.querySelector(".found").textContent.startsWith(n + " found")' true
	browser_key $'\uE007'
	is 'return document.querySelector("svg.tl .cursor").getAttribute("visibility")' visible
	is 'return document.querySelector("svg.tl .tip").textContent.includes("blocked")' true
	browser_shot "$ROOT/build/screenshots/page-search.png"
	browser_key $'\uE00C'
	is 'return document.querySelectorAll("svg.tl .hit").length' 0
	uncomplaining
}

@test "timeline: keys alone go from slice to slice, zoom and come back" {
	see small.html
	until_true 'return !!document.querySelector("svg.tl").dataset.to'
	# Tab comes to it.
	browser_js 'document.querySelector(".tools button:last-of-type").focus()' >/dev/null
	browser_key $'\uE004'
	is 'return document.activeElement.classList.contains("tl")' true
	browser_key $'\uE014'
	browser_key $'\uE014'
	is 'return document.querySelector("svg.tl .cursor").getAttribute("visibility")' visible
	first=$(browser_js 'return document.querySelector("svg.tl .tip").textContent')
	browser_key $'\uE015'
	[ "$(browser_js 'return document.querySelector("svg.tl .tip").textContent')" != "$first" ]
	browser_key "+"
	is 'const d = document.querySelector("svg.tl").dataset; return Math.round(d.to - d.from)' 500000
	browser_key "0"
	is 'const d = document.querySelector("svg.tl").dataset; return d.to - d.from' 1000000
	browser_key $'\uE007'
	is 'const d = document.querySelector("svg.tl").dataset; return d.to - d.from < 1000000' true
	browser_key $'\uE00C'
	is 'const d = document.querySelector("svg.tl").dataset; return d.to - d.from' 1000000
	uncomplaining
}

@test "theme: the button goes through system, light and dark" {
	see small.html 1280 900 light
	for theme in light dark auto; do
		browser_js 'document.querySelector("#theme").click()' >/dev/null
		is 'return document.querySelector("#theme").textContent' "theme: $theme"
		is 'return document.documentElement.dataset.theme || "auto"' $theme
	done
	browser_js 'document.querySelector("#theme").click(); document.querySelector("#theme").click()' >/dev/null
	is 'return getComputedStyle(document.body).backgroundColor' "rgb(21, 24, 28)"
}

@test "tables sort by value, from the keyboard too; the ledger opens" {
	see small.html
	browser_js 'const t = document.querySelector(".ledger"), b = t.tHead.querySelector("button"); b.focus(); window.t = t' >/dev/null
	browser_key $'\uE007'
	is 'return window.t.tHead.rows[0].cells[0].getAttribute("aria-sort")' descending
	is 'const v = [...window.t.tBodies[0].rows].map(r => Number(r.cells[0].dataset.v)); return v.length > 1 && v.every((x, i) => !i || x <= v[i - 1])' true
	browser_key $'\uE007'
	is 'const v = [...window.t.tBodies[0].rows].map(r => Number(r.cells[0].dataset.v)); return v.every((x, i) => !i || x >= v[i - 1])' true
}

@test "the chart has a common scale, or shares" {
	see small.html
	is 'const bars = [...document.querySelectorAll(".overview td.chart:not(.mem) .bar")]; return bars.length' 2
	browser_js 'document.querySelector("#scale-share").click()' >/dev/null
	is 'const bars = [...document.querySelectorAll(".overview td.chart:not(.mem) .bar")].map(b => Math.round(b.getBoundingClientRect().width));
		return bars.every(w => w === bars[0] && w > 100)' true
	is 'return [...document.querySelectorAll(".overview td.chart:not(.mem) .bar")].every(b => Math.abs([...b.children].reduce((n, i) => n + parseFloat(i.style.width), 0) - 100) < 0.1)' true
}

@test "hostile text: nothing runs, nothing is markup" {
	for file in hostile.html diff.html hostile.svg; do
		see $file
		until_true 'return !!document.querySelector("svg.tl").dataset.to'
		is 'return document.querySelectorAll("script").length' $([ $file = hostile.svg ] && echo 1 || echo 2)
		is 'return document.querySelectorAll("img, iframe, object, embed, link, base, form, video, audio, animate, set, image").length' 0
		is 'return [...document.querySelectorAll("*")].filter(e => [...e.attributes].some(a => /^on/i.test(a.name) || /^\s*(javascript|data|https?):/i.test(a.value) && a.name !== "xmlns")).length' 0
		is 'return document.documentElement.textContent.includes("script")' true
		# What opens tooltips, search and sorting touches the texts once more.
		browser_js 'for (const p of document.querySelectorAll("svg.tl .plot path")) p.dispatchEvent(new PointerEvent("pointermove", { bubbles: true }));
			for (const i of document.querySelectorAll(".tools input")) { i.value = "s"; i.dispatchEvent(new Event("input")); }
			for (const b of document.querySelectorAll("table.sortable button")) b.click();
			for (const a of document.querySelectorAll("button")) a.click()' >/dev/null
		is 'return document.querySelectorAll("img, iframe, script:nth-of-type(n+3)").length' 0
		uncomplaining
	done
}

@test "the page's policy runs its own two scripts and no other" {
	see small.html
	browser_js 'const s = document.createElement("script"); s.textContent = "window.ran = 1"; document.body.append(s)' >/dev/null
	is 'return window.ran === undefined' true
	browser_complaints | grep -q "Content Security Policy"
}

@test "two recordings: before and after" {
	see diff.html
	is 'return document.querySelectorAll("#diff table.diff").length' 2
	is 'return document.querySelector("#diff h1").textContent' "Before and after"
	"${COLDPROF:-$ROOT/coldprof}" export small.coldprof small.coldprof --format html -o same.html
	see same.html
	is 'return [...document.querySelectorAll("#diff tbody tr")].length > 3' true
	is 'return [...document.querySelectorAll("#diff tbody tr")].every(r => r.cells[6].dataset.v === "0" || r.cells[6].dataset.v === "-1")' true
	uncomplaining
}

@test "the picture: zoom, search and keys work in it by itself" {
	see small.svg 1200 900
	until_true 'return !!document.querySelector("svg.tl").dataset.to'
	is 'return document.querySelectorAll(".tools input").length === document.querySelectorAll("svg.tl").length' true
	browser_js 'document.querySelector("svg.tl").focus()' >/dev/null
	browser_key "+"
	is 'const d = document.querySelector("svg.tl").dataset; return d.to - d.from' 500000
	browser_key "0/user"
	until_true 'return document.querySelector("svg.tl").classList.contains("searching")'
	is 'return document.querySelectorAll("svg.tl .hit").length > 0' true
	browser_shot "$ROOT/build/screenshots/picture.png"
	uncomplaining
}
