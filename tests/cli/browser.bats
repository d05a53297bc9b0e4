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
	for name in small hostile vm after; do
		"$root/build/export/record" "$root/tests/export/$name.ev" $name.coldprof
		for format in html svg; do
			"${COLDPROF:-$root/coldprof}" export $name.coldprof --format $format --run all -o $name.$format
		done
	done
	"${COLDPROF:-$root/coldprof}" export small.coldprof hostile.coldprof --format html -o diff.html
	"${COLDPROF:-$root/coldprof}" export small.coldprof after.coldprof --format html -o pair.html
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
	for name in small hostile vm pair; do
		[ $name = pair ] || xmllint --noout --nonet $name.svg
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
			for name in pair vm small; do
				see $name.html $width 1400 $scheme
				until_true 'return document.querySelectorAll("svg.tl .map").length === document.querySelectorAll("svg.tl").length'
				is 'return document.documentElement.scrollWidth <= innerWidth' true
				browser_shot "$ROOT/build/screenshots/page-$name-$width-$scheme.png"
				uncomplaining
			done
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
	for name in pair small; do
		see $name.html
		is 'return [...document.querySelectorAll("a[href]")].filter(a => !document.querySelector(a.getAttribute("href"))).length' 0
	done
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
	is 'const n = document.querySelectorAll("svg.tl")[0].querySelectorAll(".hit").length; return n > 0 && document.querySelector(".found").textContent.replace(/^at least |;.*/g, "") === n + " slices"' true
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

@test "two recordings: the verdict of diff, both sides of every scenario, ledgers and timelines" {
	see pair.html
	is 'return document.querySelector("#diff h1").textContent' "Before and after"
	is 'return document.querySelector(".top nav a").getAttribute("href")' "#diff"
	status=0
	"${COLDPROF:-$ROOT/coldprof}" diff small.coldprof after.coldprof >diff.txt || status=$?
	[ "$status" -eq 1 ]
	[ "$(tail -n 1 diff.txt)" = "regressed: machine" ]
	is 'return document.querySelector(".verdict").textContent' "regressed: machine (now it fails)"
	# The slower side of each scenario is the whole width.
	is 'return [...document.querySelectorAll(".pairs")].every(t => Math.max(...[...t.querySelectorAll("tr.after:nth-child(-n+4) td.chart:not(.mem), tr.before:nth-child(-n+4) td.chart:not(.mem)")].map(d => d.querySelector(".bar").getBoundingClientRect().width / (d.getBoundingClientRect().width - 12))) > 0.9)' true
	# A phase has the same number on both sides.
	is 'return [...document.querySelectorAll(".pairs .parts")].slice(0, 2).map(p => p.textContent.match(/\d+ service start-up/)[0]).join(", ")' "2 service start-up, 2 service start-up"
	# Every scenario of either side has both bars, or why there is none.
	is 'return [...document.querySelectorAll(".pairs .after th a")].map(a => a.textContent).join(" ")' "boxed machine broken fresh"
	is 'return [...document.querySelectorAll(".pairs .before th a")].length' 4
	is 'const r = [...document.querySelectorAll(".pairs tr.after, .pairs tr.before")]; return r.filter(r => r.querySelector(".bar") || r.querySelector("td[colspan]").textContent).length === r.length' true
	is 'return document.querySelectorAll(".pairs .after")[1].textContent.includes("failed: no <kvm> for & it")' true
	is 'return document.querySelectorAll(".pairs .before")[3].textContent.includes("not in the first recording")' true
	is 'const row = [...document.querySelectorAll("#diff table.diff tbody tr")].find(r => r.cells[0].textContent === "machine TCG: not a KVM number"); return row.cells[8].textContent' fails
	is 'const row = [...document.querySelectorAll("#diff table.diff tbody tr")].find(r => r.cells[0].textContent === "fresh"); return row.cells[8].textContent' new
	is 'return document.querySelector("#s1 .answer").textContent' "now it fails: no <kvm> for & it"
	is 'return document.querySelector("#s3 .answer").textContent' "only in the second recording"
	is 'return document.querySelector("#s0 .answer").textContent' "before 5.45 ms, after 8.40 ms: +2.95 ms, +54 %, of too few runs to tell"
	# Both ledgers sum up to what each side's own says.
	is 'const t = document.querySelector("#s0 .ledger.pair"), sum = i => [...t.tBodies[0].rows].reduce((n, r) => n + Number(r.cells[i].dataset.v), 0); return sum(0) + " " + sum(1)' "4400000 8400000"
	is 'return [...document.querySelectorAll("#s0 h3")].map(h => h.textContent.split(" of run")[0]).filter(t => /timeline/.test(t)).join(", ")' "Before: timeline, After: timeline"
	# One scale: a millisecond is as wide in both.
	until_true 'return [...document.querySelectorAll("#s0 svg.tl")].every(s => s.dataset.to)'
	is 'const [a, b] = [...document.querySelectorAll("#s0 svg.tl")].map(s => s.querySelector(".plot").getBoundingClientRect().width / Number(s.dataset.span)); return Math.abs(a / b - 1) < 0.01' true
	is 'const ids = [...document.querySelectorAll("[id]")].map(e => e.id); return ids.length === new Set(ids).size' true
	browser_shot "$ROOT/build/screenshots/page-diff.png"
	uncomplaining
	"${COLDPROF:-$ROOT/coldprof}" export small.coldprof small.coldprof --format html -o same.html
	see same.html
	is 'return document.querySelector(".verdict").textContent' "no regression"
	is 'return [...document.querySelectorAll("#diff tbody tr")].length > 3' true
	is 'return [...document.querySelectorAll("#diff table.diff tbody tr")].every(r => r.cells[1].colSpan > 1 || r.cells[6].dataset.v === "0" || r.cells[6].dataset.v === "-1")' true
	uncomplaining
}

@test "two recordings: a scenario may be in one of them alone" {
	for name in fresh machine; do
		"${COLDPROF:-$ROOT/coldprof}" export small.coldprof after.coldprof --format html --scenario $name -o one.html
		see one.html
		is 'return [...document.querySelectorAll("section.scenario h2")].map(h => h.firstChild.textContent.trim()).join(" ")' $name
	done
	run "${COLDPROF:-$ROOT/coldprof}" export small.coldprof after.coldprof --format html --scenario nowhere
	[ "$status" -eq 2 ]
	[[ $output == "coldprof: neither small.coldprof nor after.coldprof has a scenario 'nowhere'" ]]
}

@test "timeline: what a search finds of the critical path is the report's sum, merged slices too" {
	# Hundreds of slices that are too short to be drawn by themselves.
	{
		sed '/^run/,$d' "$ROOT/tests/export/small.ev"
		echo 'run 1 at 1s'
		echo '+0 - RUN_BEGIN scenario=1 netns=100 client_netns=200 client_tid=50'
		echo '+0 90 FORK child=100 comm=keeper'
		echo '+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none'
		echo '+0.5ms 100 EXEC enter=+0.1ms root=1 exe_name=crun comm=crun'
		for i in $(seq 1000 2 3000); do
			echo "+$((i + 1))us 100 SYSCALL enter=+${i}us nr=$((i % 4 ? 257 : 0)) object_kind=path object=/etc/f$((i % 14))"
		done
		echo '+900ms 100 LISTEN local_port=8080 netns=100'
		echo '+900.1ms 100 WAKING tid=50 pid=49 context=softirq irq=softirq vector=3 waker_syscall=1 waker_ours=1'
		echo '+900.2ms - SWITCH cpu=1 next_tid=50 next_pid=49 next_ours=2 prev_syscall=none'
		echo '+901ms - CLIENT first_byte=+901ms attempts=1 http_status=200'
		echo '+902ms - RUN_END status=ok'
	} >many.ev
	"$ROOT/build/export/record" many.ev many.coldprof
	"${COLDPROF:-$ROOT/coldprof}" export many.coldprof --format html --scenario boxed -o many.html
	"${COLDPROF:-$ROOT/coldprof}" report many.coldprof --format json >many.json
	see many.html
	until_true 'return !!document.querySelector("svg.tl").dataset.to'
	is 'return document.querySelectorAll("svg.tl .path .m").length > 0' true
	for word in openat /etc/f4 kernel crun user; do
		want=$(jq --arg w "$word" '[.scenarios[0].runs[0].critical_path[]
			| select(.state + (if .state == "client" or .comm == "" then "" else ", " + .comm end) + (if .detail == "" then "" else ": " + .detail end)
				| ascii_downcase | contains($w)) | .end_ns - .start_ns] | add' many.json)
		[ "$want" -gt 0 ]
		browser_js "const i = document.querySelector('.tools input'); i.value = '$word'; i.dispatchEvent(new Event('input'))" >/dev/null
		is "const v = $want / 1e6; return document.querySelector('.found').textContent.endsWith('; ' + (v < 1 ? v.toFixed(3) : v < 10 ? v.toFixed(2) : v < 100 ? v.toFixed(1) : v.toFixed(0)) + ' ms of the critical path')" true
	done
	# A slice that was merged is marked, a phase is no slice, and names of phases stay readable.
	browser_js 'const i = document.querySelector(".tools input"); i.value = "/etc/f4"; i.dispatchEvent(new Event("input"))' >/dev/null
	is 'return document.querySelectorAll("svg.tl .path .m.hit").length > 0' true
	browser_js 'const i = document.querySelector(".tools input"); i.value = "listen"; i.dispatchEvent(new Event("input"))' >/dev/null
	is 'return /^\d+ phases?$/.test(document.querySelector(".found").textContent)' true
	is 'return [...document.querySelectorAll("svg.tl .phases path")].every(p => getComputedStyle(p).opacity === "1")' true
	uncomplaining
}

@test "timeline: first accept and first byte are named however crowded it is, and no number is cut" {
	# Without a script first.
	for name in small vm; do
		grep -q '>first byte</text>' $name.svg
	done
	grep -q '>first accept</text>' small.svg
	for width in 1280 900 400; do
		for name in small vm; do
			see $name.html $width
			until_true 'return [...document.querySelectorAll("svg.tl")].every(s => s.dataset.to)'
			is 'return [...document.querySelectorAll("svg.tl")].filter(s => ["first accept", "first byte"].some(n => {
				const t = [...s.querySelectorAll(".moments text")].find(t => t.dataset.n === n); return t && t.textContent !== n; })).length' 0
			# Names lie beside one another, everything within the picture.
			is 'return [...document.querySelectorAll("svg.tl")].filter(s => { const b = [...s.querySelectorAll(".moments text")].filter(t => t.textContent).map(t => t.getBoundingClientRect());
				return b.some((x, i) => b.some((y, k) => i < k && x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 4 && y.top < x.bottom - 4)); }).length' 0
			is 'return [...document.querySelectorAll("svg.tl")].filter(s => { const box = s.getBoundingClientRect();
				return [...s.querySelectorAll(".axis text, .moments text, .legend text, .heads text")].some(t => { const r = t.getBoundingClientRect(); return r.width && (r.right > box.right + 0.5 || r.left < box.left - 0.5 || r.bottom > box.bottom + 0.5); }); }).length' 0
		done
	done
	# A span that ends with a tick: its number stands left of it, without and with the script.
	{
		sed '/^run/,$d' "$ROOT/tests/export/small.ev"
		echo 'run 1 at 1s'
		echo '+0 - RUN_BEGIN scenario=1 netns=100 client_netns=200 client_tid=50'
		echo '+0.5ms 100 EXEC enter=+0.1ms root=1 exe_name=crun comm=crun'
		echo '+180.1ms - CLIENT first_byte=+180.1ms attempts=1 http_status=200'
		echo '+181ms - RUN_END status=ok'
	} >tick.ev
	"$ROOT/build/export/record" tick.ev tick.coldprof
	for format in svg html; do
		"${COLDPROF:-$ROOT/coldprof}" export tick.coldprof --scenario boxed --format $format -o tick.$format
		grep -q '<text class="left" x="1187.0" y="11">180</text>' tick.$format
	done
	for width in 1280 900 400; do
		see tick.html $width
		until_true 'return !!document.querySelector("svg.tl").dataset.to'
		is 'const t = [...document.querySelectorAll("svg.tl .axis text")].pop(), s = document.querySelector("svg.tl").getBoundingClientRect(); return /^1[0-9]0$/.test(t.textContent) && t.getBoundingClientRect().right <= s.right + 0.5' true
	done
}

@test "narrow pages keep numbers of threads, the legend and bars of phases" {
	see small.html 400 1400
	until_true 'return [...document.querySelectorAll("svg.tl")].every(s => s.dataset.to)'
	is 'const t = [...document.querySelectorAll("svg.tl .heads [data-id]")]; return t.length > 2 && t.every(t => t.firstChild.nodeValue.endsWith(" " + t.dataset.id))' true
	is 'return [...document.querySelectorAll("svg.tl .legend")].every(l => !/scale/.test(l.innerHTML + l.getAttribute("transform")))' true
	is 'return [...document.querySelectorAll("table.phases")].every(t => Math.max(...[...t.querySelectorAll(".bar")].map(b => b.getBoundingClientRect().width)) > 40)' true
	see vm.html 400 1400
	until_true 'return [...document.querySelectorAll("svg.tl")].every(s => s.dataset.to)'
	is 'return [...document.querySelectorAll("svg.tl .heads text")].some(t => t.firstChild.nodeValue === "CPU 0/KVM 103")' true
	is 'return document.documentElement.scrollWidth <= innerWidth' true
}

@test "a VM has a lane for each vCPU; its thread is told apart by the ledger" {
	see vm.html
	until_true 'return !!document.querySelector("svg.tl").dataset.to'
	is 'return document.querySelectorAll("svg.tl .vcpu").length' 2
	is 'return document.querySelector("svg.tl .vcpu .box title").textContent' "vCPU 0, 10.0 ms at 0.900 ms: guest 6.00 ms, kernel 3.00 ms, vmm 1.00 ms"
	is 'const row = document.querySelectorAll("svg.tl .rows .row")[1]; return ["s-guest", "s-kernel", "s-vmm"].every(c => row.querySelector("." + c))' true
	is 'return [...document.querySelectorAll("svg.tl .heads text")].map(t => t.firstChild.nodeValue).filter(t => /^vCPU/.test(t)).join(", ")' "vCPU 0: share of states, vCPU 1"
	# Memory is that of what is shown: it became four times as much afterwards.
	is 'return [...document.querySelectorAll("svg.tl .heads text")].some(t => t.firstChild.nodeValue === "peak 68.0 MiB")' true
	is 'return [...document.querySelectorAll("svg.tl .scale")].map(t => t.textContent).join(", ")' "32.0 MiB, 64.0 MiB"
	is 'const a = document.querySelector("svg.tl .mem").getBBox(); return Math.round(a.height)' 60
}

@test "a colour has one meaning: states, classes of memory, the longest phase" {
	see vm.html
	is 'return [...document.querySelectorAll("svg.tl .legend .head")].map(t => t.textContent).join(", ")' "states, classes of memory"
	is 'const colour = c => { const e = document.createElement("i"); e.className = c; document.body.append(e); const v = getComputedStyle(e).backgroundColor; e.remove(); return v; };
		const states = ["user", "kernel", "runnable", "blocked", "guest", "vmm", "halted", "noticed_late", "client"].map(s => colour("s-" + s));
		const classes = ["anon", "file", "shmem", "guest_ram", "page_tables", "kernel"].map(c => colour("c-" + c));
		return new Set([...states, ...classes, colour("ph-top")]).size === states.length + classes.length + 1' true
	# Neighbours of a bar differ without colour, too.
	is 'const light = c => { const e = document.createElement("i"); e.className = c; document.body.append(e); const v = getComputedStyle(e).backgroundColor.match(/\d+/g).map(v => { v /= 255; return v < 0.04 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); e.remove(); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2] + 0.05; };
		const l = ["anon", "file", "shmem", "guest_ram"].map(c => light("c-" + c)); return l.every((x, i) => !i || Math.max(x, l[i - 1]) / Math.min(x, l[i - 1]) > 1.3)' true
	# Only classes that occur; phases are named without a pointer.
	is 'return document.querySelector(".keys").textContent' "longest phasememory: anonfileshmemguest RAM"
	see small.html
	is 'return document.querySelector(".keys").textContent' "longest phasememory: anonfile"
	is 'return [...document.querySelectorAll(".overview .parts")].map(p => p.textContent.trim()).join("|")' "1 exec 0.400 ms 2 runtime start-up 2.00 ms 3 service start-up 1.50 ms 4 listen to accept 0.100 ms 5 accept to first byte 0.400 ms|1 exec 0.400 ms 2 runtime start-up + service start-up + listen to accept + ac… 3.50 ms"
}

@test "on paper: everything is open, the page is light, bars have their colours" {
	see small.html 1280 900 dark
	browser_cdp Emulation.setEmulatedMedia '{"media":"print","features":[{"name":"prefers-color-scheme","value":"dark"}]}' >/dev/null
	is 'return getComputedStyle(document.body).backgroundColor' "rgb(255, 255, 255)"
	browser_js 'document.documentElement.dataset.theme = "dark"' >/dev/null
	is 'return getComputedStyle(document.body).backgroundColor' "rgb(255, 255, 255)"
	is 'return getComputedStyle(document.body).color' "rgb(28, 33, 39)"
	is 'return [...document.querySelectorAll("details")].filter(d => !d.open).length > 0' true
	is 'return [...document.querySelectorAll("details table, details svg")].filter(t => !t.checkVisibility({ contentVisibilityAuto: true }) || !t.getBoundingClientRect().height).length' 0
	is 'return [...document.querySelectorAll(".bar i, .key, svg.tl path")].every(e => getComputedStyle(e).printColorAdjust === "exact")' true
	is 'return [...document.querySelectorAll(".ledger .more")].every(r => r.getBoundingClientRect().height > 0)' true
	is 'return [...document.querySelectorAll(".tools, .top, #theme")].every(e => getComputedStyle(e).display === "none" || !e.checkVisibility())' true
	browser_cdp Page.printToPDF '{"printBackground":false}' >/dev/null
	jq -n '{ shrinkToFit: true }' | browser_request POST /print | base64 -d >"$ROOT/build/screenshots/page.pdf"
	[ "$(head -c 5 "$ROOT/build/screenshots/page.pdf")" = %PDF- ]
	browser_js 'delete document.documentElement.dataset.theme; window.dispatchEvent(new Event("beforeprint"))' >/dev/null
	is 'return [...document.querySelectorAll("details")].every(d => d.open)' true
	browser_js 'window.dispatchEvent(new Event("afterprint"))' >/dev/null
	is 'return [...document.querySelectorAll("details")].every(d => d.open)' false
	browser_cdp Emulation.setEmulatedMedia '{"media":""}' >/dev/null
	uncomplaining
}

@test "speedscope's own page opens our profiles without a complaint" {
	schema=$("$ROOT/tests/export/consumers.sh" speedscope) || skip "$schema"
	page=$(dirname "$schema")/index.html
	[ -f "$page" ]
	"${COLDPROF:-$ROOT/coldprof}" export small.coldprof --format speedscope -o small.speedscope.json
	# As its own command line does it: a script beside it that hands over the file.
	printf 'speedscope.loadFileFromBase64("small.speedscope.json", "%s")' "$(base64 -w 0 small.speedscope.json)" >profile.js
	browser_size 1280 900
	browser_scheme light
	browser_open "file://$page#localProfilePath=$PWD/profile.js"
	want=$(jq -r '.profiles[0].name' small.speedscope.json)
	until_true "return document.title.includes('small') || document.body.textContent.includes('$want')"
	until_true "return document.body.textContent.includes('boxed run 1: critical path')"
	is "return /$(jq '.profiles | length' small.speedscope.json)\\b/.test(document.body.textContent)" true
	browser_shot "$ROOT/build/screenshots/speedscope.png"
	# What the driver says about drawing without a graphics card is not about the page.
	browser_complaints | grep -v 'WebGL' >said || true
	browser_open about:blank
	browser_complaints >/dev/null
	cat said
	[ ! -s said ]
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
