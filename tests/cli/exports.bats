#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What the formats of `coldprof export` hold: golden files of a small recording, what their real
# consumers say, and a recording whose every text is hostile, in all of them.
# UPDATE_GOLDEN=1 writes the golden files anew: look at the difference before you commit it.

setup_file() {
	local root
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	make -s -C "$root" build/export/record >/dev/null 2>&1 || true
}

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	COLDPROF=${COLDPROF:-$ROOT/coldprof}
	RECORD=$ROOT/build/export/record
	[ -x "$RECORD" ] || skip "no program that makes a recording"
	cd "$BATS_TEST_TMPDIR"
	"$RECORD" "$ROOT/tests/export/small.ev" small.coldprof
	"$RECORD" "$ROOT/tests/export/hostile.ev" hostile.coldprof
}

# record NAME…: of tests/export/NAME.ev, what not every test needs.
record() {
	local name
	for name; do
		"$RECORD" "$ROOT/tests/export/$name.ev" "$name.coldprof"
	done
}

formats() {
	"$COLDPROF" export --list | grep -o '^[a-z]*'
}

# "FORMAT OPTIONS", one a line: every format in each of its variants.
forms() {
	"$COLDPROF" export --list | awk '
		/^[a-z]/ { if (name) print name; name = $1; next }
		{ n = split($2, v, "|"); for (i = 1; i <= n; i++) print name, $1, v[i]; name = "" }
		END { if (name) print name }'
}

# consumer NAME: where it is in $CONSUMER, or skips with the reason why not.
consumer() {
	CONSUMER=$("$ROOT/tests/export/consumers.sh" "$1") || skip "$CONSUMER"
}

# none COMMAND …: it finds nothing. (bats overlooks a "!" that is not in a last line.)
none() {
	! "$@"
}

# A page without its style sheets and scripts, and without the hashes of these.
unstyled() {
	sed -E '/<style>/,/<\/style>/d; /<script>/,/<\/script>/d; s/(script-src)[^"]*/\1 HASHES/'
}

# The version of coldprof is not what is tested.
unversioned() {
	sed -E 's/coldprof [0-9]+\.[0-9]+\.[0-9]+/coldprof VERSION/; s/"version":"[0-9.]+"/"version":"VERSION"/'
}

@test "golden files: every text format but the report's, in each variant" {
	local golden=$ROOT/tests/export/golden failed=0
	while read -r format options; do
		case $format in json | perfetto) continue ;; esac # have tests of their own
		name=$format${options:+-${options##* }}
		# shellcheck disable=SC2086
		"$COLDPROF" export small.coldprof --format $format $options | unversioned | unstyled >"$name"
		[ -z "${UPDATE_GOLDEN-}" ] || cp "$name" "$golden/$name"
		diff -u "$golden/$name" "$name" || failed=1
	done < <(forms)
	[ "$failed" -eq 0 ]
}

@test "perfetto: decoded by protoc, the golden trace; no field that Perfetto's definition does not have" {
	command -v protoc >/dev/null || skip "no protoc"
	"$COLDPROF" export small.coldprof --format perfetto >trace
	protoc -I "$ROOT/tests/export" --decode=coldprof.Trace perfetto.proto <trace >text
	[ -z "${UPDATE_GOLDEN-}" ] || cp text "$ROOT/tests/export/golden/perfetto"
	diff -u "$ROOT/tests/export/golden/perfetto" text
	none grep -E '^ *[0-9]+[:{ ]' text
	# No thread has a number that no task has: rows of a run, and a process's programs, are named tracks.
	awk '/^ *tid:/ { if ($2 % 8388608 >= 4194304) bad = 1; n++ } END { exit bad || n < 4 }' text
	for name in phases "critical path" program "guest console"; do
		grep -qx "    name: \"$name\"" text
	done
	# On each track every slice that begins ends, in order; each flow begins once and ends once.
	awk '/timestamp:/ { t = $2 } /type:/ { type = $2 } /track_uuid:/ { u = $2 }
	     /^}/ && type != "" {
		if (type == "TYPE_SLICE_BEGIN") { if (open[u]++) bad = 1; if (t < last[u]) bad = 1; last[u] = t }
		if (type == "TYPE_SLICE_END") { if (!open[u]--) bad = 1; if (t < last[u]) bad = 1; last[u] = t; n++ }
		type = "" }
	     END { for (u in open) if (open[u]) bad = 1; exit bad || n < 20 }' text
	grep -q ' flow_ids:' text
	[ "$(grep ' flow_ids:' text | awk '{ print $2 }' | sort -u)" = "$(grep ' terminating_flow_ids:' text | awk '{ print $2 }' | sort -u)" ]
}

@test "chrome: slices of a track do not overlap, flows have both ends, times are the report's" {
	"$COLDPROF" export small.coldprof --format chrome >chrome
	jq -e '[.traceEvents[] | select(.ph == "X")] | group_by([.pid, .tid])
		| all(.[]; sort_by(.ts) | . as $s | all(range(1; length);
			$s[. - 1].ts + $s[. - 1].dur <= $s[.].ts + 0.0005))' chrome
	jq -e '[.traceEvents[] | select(.ph == "s") | .id] == [.traceEvents[] | select(.ph == "f") | .id]
		and any(.traceEvents[]; .ph == "s")' chrome
	jq -e --slurpfile report <("$COLDPROF" report small.coldprof --format json) '
		($report[0].scenarios[0].runs[0]) as $run
		| [.traceEvents[] | select(.cat == "phase") | { name, start_ns: (.ts * 1000 | round), end_ns: ((.ts + .dur) * 1000 | round) }][0:($run.phases | length)]
			== [$run.phases[] | { name, start_ns, end_ns }]' chrome
	jq -e --slurpfile report <("$COLDPROF" report small.coldprof --format json) '
		[.traceEvents[] | select(.ph == "X" and .pid == 8388600 and .tid == 8388602) | .dur * 1000 | round] | add
			== $report[0].scenarios[0].runs[0].cold_start_ns' chrome
}

@test "folded: the path's stacks sum to the cold start; the samples to the time on CPUs" {
	"$COLDPROF" export small.coldprof --format folded --stacks path --scenario boxed --run 1 >path
	[ "$(awk '{ n += $NF } END { print n }' path)" -eq \
		"$("$COLDPROF" report small.coldprof --format json | jq '.scenarios[0].runs[0].cold_start_ns')" ]
	"$COLDPROF" export small.coldprof --format folded --stacks on-cpu --scenario boxed >on-cpu
	grep -q '^boxed;worker;main;leaf ' on-cpu
	grep -q ';start;synchronize_rcu_expedited_\[k\] ' on-cpu
	"$COLDPROF" export small.coldprof --format folded --stacks off-cpu --scenario boxed >off-cpu
	grep -q ';namespace_unlock_\[k\];synchronize_rcu_expedited_\[k\] 900000$' off-cpu
}

@test "folded: what the recording does not have is told" {
	run "$COLDPROF" export small.coldprof --format folded --stacks on-cpu --scenario machine
	[ "$status" -eq 2 ]
	[[ $output == "coldprof: small.coldprof has no samples"* ]]
}

@test "speedscope: valid by its own schema" {
	consumer speedscope
	schema=$CONSUMER
	consumer ajv
	record vm ready
	for name in small hostile vm ready; do
		"$COLDPROF" export $name.coldprof --format speedscope >$name.json
		NODE_PATH=$CONSUMER/node_modules node -e '
			const Ajv = require("ajv"), fs = require("fs");
			const read = (f) => JSON.parse(fs.readFileSync(f));
			const check = new Ajv({ strict: false }).compile(read(process.argv[1]));
			const file = read(process.argv[2]);
			if (!check(file)) { console.log(check.errors); process.exit(1); }
			/* What the schema cannot say: nesting, order, indices. */
			for (const p of file.profiles) {
				const open = []; let at = p.startValue;
				for (const e of p.events) {
					if (e.at < at || e.at > p.endValue || !file.shared.frames[e.frame]) throw p.name;
					at = e.at;
					if (e.type === "O") open.push(e.frame);
					else if (open.pop() !== e.frame) throw p.name;
				}
				if (open.length) throw p.name;
			}
		' "$schema" $name.json
	done
}

@test "prometheus: promtool has nothing to say" {
	consumer promtool
	record vm ready
	for name in small hostile vm ready; do
		"$COLDPROF" export $name.coldprof --format prometheus >$name.prom
		run "$CONSUMER" check metrics <$name.prom
		echo "$output"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
	done
}

@test "otlp: one trace a run, spans within their root, identities unique" {
	"$COLDPROF" export small.coldprof --format otlp >otlp
	jq -e '[.resourceSpans[].scopeSpans[].spans[]] as $s
		| ($s | group_by(.traceId)) as $traces
		| ($traces | length == 4)
		and ([$s[] | .traceId | test("^[0-9a-f]{32}$")] | all)
		and ([$s[] | .spanId | test("^[0-9a-f]{16}$")] | all)
		and ([$s[].spanId] | length == (unique | length))
		and all($traces[]; [.[] | select(has("parentSpanId") | not)] as $root
			| ($root | length == 1)
			and all(.[]; (.parentSpanId // $root[0].spanId) == $root[0].spanId
				and .startTimeUnixNano >= $root[0].startTimeUnixNano
				and .endTimeUnixNano <= $root[0].endTimeUnixNano
				and .startTimeUnixNano <= .endTimeUnixNano))' otlp
	jq -e '[.resourceSpans[].scopeSpans[].spans[] | select(.name == "cold start") | .status.code] == [1, 1, 1, 2]' otlp
	jq -e '.resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano == "1795003202000100000"' otlp
}

@test "markdown: every row has the columns of the heading" {
	for name in small hostile; do
		"$COLDPROF" export $name.coldprof --format markdown >$name.md
		[ "$(grep '^|' $name.md | sed 's/[^|]//g' | sort -u)" = "||||||||||" ]
	done
	grep -q '^- `gone`: not here: `no gone in $PATH`$' small.md
	grep -q '^- `broken`: failed: ' small.md
	grep -q '^| `machine` (TCG: not a KVM number) ' small.md
}

# Of each record of a CSV file, by RFC 4180: how many cells, or "formula" when one begins like it.
csv_cells() {
	awk 'BEGIN { RS = "\r\n" }
	{ n = 1; quoted = formula = 0; first = 1
	  for (i = 1; i <= length($0); i++) { c = substr($0, i, 1)
		if (first && c ~ /[=+@\t-]/) formula = 1
		if (c == "\"") quoted = !quoted
		first = !quoted && c == "," || first && c == "\""
		if (c == "," && !quoted) n++ }
	  print quoted ? "open" : formula ? "formula" : n }' "$1"
}

@test "csv: as many cells as the header in every record, none that a spreadsheet runs" {
	for table in runs phases ledger memory; do
		for name in small hostile; do
			"$COLDPROF" export $name.coldprof --format csv --table $table >$name.csv
			[ "$(wc -l <$name.csv)" -ge 2 ]
			[ "$(csv_cells $name.csv | sort -u | wc -l)" -eq 1 ]
			[ "$(csv_cells $name.csv | head -n 1)" -ge 5 ]
		done
	done
}

@test "hostile text is inert in every format" {
	export LC_ALL=C # bytes are compared
	# Formats for machines keep the bytes as escapes; nobody may pass on a control character,
	# invalid UTF-8, or what ends a script, a comment or a CDATA section.
	while read -r format options; do
		name=hostile-$format${options:+-${options##* }}
		# shellcheck disable=SC2086
		"$COLDPROF" export hostile.coldprof --format $format $options >"$name"
		[ -s "$name" ]
		iconv -f UTF-8 -t UTF-8 "$name" >/dev/null || [ "$format" = perfetto ]
		case $format in
		perfetto) ;;
		*) none grep -qaE $'[\x01-\x08\x0b-\x1f\x7f]' <(tr -d '\r' <"$name") || { echo "$format passes control characters on"; false; } ;;
		esac
		none grep -qaE $'\xe2\x80\xae|\xc2\x9b' "$name"
		case $format in
		json | chrome | speedscope | otlp)
			jq -e . "$name" >/dev/null
			none grep -q '</script' "$name"
			;;
		esac
		case $format in
		chrome | speedscope | otlp) # for eyes: no control character even after the parsing
			jq -e '[.. | strings | test("[\u0000-\u001f\u007f-\u009f\u202e]")] | any | not' "$name" >/dev/null
			;;
		folded) none grep -vE '^[^;]+(;[^;]+)+ [0-9]+$' "$name" ;;
		svg) xmllint --noout "$name" ;;
		esac
	done < <(forms)
	command -v protoc >/dev/null || skip "all but perfetto: no protoc"
	protoc -I "$ROOT/tests/export" --decode=coldprof.Trace perfetto.proto <hostile-perfetto >text
	none grep -E '\\0[0-3][0-7]|\\177' text # protoc shows control characters so
}

@test "a page or picture holds no script of the recording" {
	for format in $(formats); do
		case $format in svg | html) ;; *) continue ;; esac
		for name in small hostile; do
			"$COLDPROF" export $name.coldprof --format $format >$name.$format
			grep -oi '<script' $name.$format | wc -l >$name.scripts
			grep -oi '</script' $name.$format | wc -l >>$name.scripts
		done
		diff small.scripts hostile.scripts
	done
}

@test "a run has one number everywhere: that which --run takes and the report shows" {
	"$COLDPROF" report small.coldprof --format json | jq -e '.scenarios[0].runs[1] | .warmup != true and .index == 1' >/dev/null
	"$COLDPROF" export small.coldprof --scenario boxed --run 2 --format csv | sed 1d | grep -q '^boxed,2,ok,'
	"$COLDPROF" export small.coldprof --scenario boxed --run 2 --format svg | grep -q ', run 2[<;]'
	"$COLDPROF" export small.coldprof --scenario boxed --run 2 --format html | grep -q 'imeline of run 2<'
	"$COLDPROF" export small.coldprof --scenario boxed --run 2 --format chrome | grep -q '"boxed run 2: 6.50 ms'
	"$COLDPROF" export small.coldprof --scenario boxed --run 2 --format perfetto | grep -qa 'boxed run 2: 6.50 ms'
	"$COLDPROF" export small.coldprof --scenario boxed --run 1 --format speedscope | grep -q '"boxed run 1: critical path"'
	"$COLDPROF" export small.coldprof --scenario boxed --run 2 --format otlp | grep -q '"coldprof.run","value":{"intValue":"2"}'
	"$COLDPROF" report small.coldprof | grep -q 'run 1 failed: ended with status 1'
	"$COLDPROF" export small.coldprof --scenario broken --run 1 --format csv | grep -q '^broken,1,failed,ended with status 1'
	run "$COLDPROF" export small.coldprof --run 3 --format csv
	[ "$status" -eq 2 ]
	[[ $output == "coldprof: small.coldprof has no run 3" ]]
}

@test "csv: the classes of memory sum to PSS, guest RAM with them" {
	record vm
	for name in vm small; do
		"$COLDPROF" export $name.coldprof --format csv --table memory | tr -d '\r' >memory.csv
		awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			{ n++; if ($at["pss_bytes"] != $at["pss_anon_bytes"] + $at["pss_file_bytes"] + $at["pss_shmem_bytes"] + $at["pss_guest_ram_bytes"]) bad = 1 }
			END { exit bad || n < 2 || !at["pss_guest_ram_bytes"] }' memory.csv
	done
	"$COLDPROF" export vm.coldprof --format csv --table memory | grep -q ',20971520,kvm,'
}

@test "traces: without records of its growth, memory is PSS by class, guest RAM with them" {
	grep -v ' RSS ' "$ROOT/tests/export/vm.ev" >still.ev
	"$RECORD" still.ev still.coldprof
	"$COLDPROF" export still.coldprof --format chrome >chrome
	jq -e '[.traceEvents[] | select(.ph == "C" and .name == "PSS") | .args | add] == [62914560]' chrome
}

@test "a recording that is ready by something else says so instead of the first byte" {
	record ready
	for format in svg html prometheus markdown; do
		"$COLDPROF" export ready.coldprof --format $format >out
		unstyled <out >text
		grep -q 'ready (`\{0,1\}/started ' text || { echo "$format does not say what ready is"; false; }
		none grep -niE '(to|of|until) (the|its) first byte|no first byte|1st byte' text
	done
	run "$COLDPROF" export ready.coldprof --format svg --scenario run --run 3
	[[ $output == "coldprof: ready.coldprof has no run 3 of run" ]]
	sed -e '/^run 1/,/^run 2/{/^run 2/!d;}' "$ROOT/tests/export/ready.ev" >never.ev
	sed -i '/RUN_BEGIN/a +1ms - READY how=line by="/started/"' never.ev
	"$RECORD" never.ev never.coldprof
	run "$COLDPROF" export never.coldprof --format svg
	[ "$status" -eq 2 ]
	[[ $output == "coldprof: never.coldprof has no run that reached ready (/started/); "* ]]
}

@test "what the numbers are not is in every format: emulation, losses, a recording that is cut off" {
	record vm
	size=$(stat -c %s vm.coldprof)
	head -c $((size - 8)) vm.coldprof >cut.coldprof
	while read -r format options; do
		case "$format $options" in
		json*) continue ;; # has its own words: accel, lost_events
		*on-cpu | *off-cpu) continue ;; # of which this recording has none
		esac
		for name in vm cut; do
			# shellcheck disable=SC2086
			"$COLDPROF" export $name.coldprof --format $format $options >$name.out 2>/dev/null
		done
		unstyled <vm.out >text
		grep -qa 'PVM: not a VMX or SVM number' text || { echo "$format $options: no emulation"; false; }
		case $format in
		prometheus) grep -qx 'coldprof_lost_events{runtime="machine"} 7' text ;;
		otlp) grep -q '"coldprof.lost_events","value":{"intValue":"7"}' text ;;
		*) grep -qaE '7 (lost events|events lost)' text ;;
		esac || { echo "$format $options: no losses"; false; }
		case $format in
		prometheus) grep -qx 'coldprof_recording_complete 0' cut.out ;;
		*) grep -qaE 'ecording is not whole' cut.out ;;
		esac || { echo "$format $options: not that it is cut off"; false; }
	done < <(forms)
	"$COLDPROF" export vm.coldprof --format prometheus | grep -q '^coldprof_cold_start_seconds{runtime="machine",accel="kvm"} '
	"$COLDPROF" export small.coldprof --format prometheus | grep -q '^coldprof_cold_start_seconds{runtime="machine",accel="tcg"} '
}

@test "a picture of very many slices stays small" {
	"$RECORD" --many 300000 many.coldprof
	for format in svg html; do
		"$COLDPROF" export many.coldprof --format $format -o many.$format
		[ "$(stat -c %s many.$format)" -le 2097152 ]
	done
}

@test "figures of the environment are told in units" {
	record vm
	"$COLDPROF" export vm.coldprof --format html >page
	for fact in "memory 24.0 GiB" "own_start 123 ms" "own_peak_rss 50.0 MiB"; do
		grep -qx "<dt>${fact%% *}</dt><dd>${fact#* }</dd>" page
		"$COLDPROF" report vm.coldprof | grep -qxE " +${fact%% *} +${fact#* }"
	done
	"$COLDPROF" report vm.coldprof --format json | jq -e '.environment.own_start_ns == "123456789"'
}

@test "an export of nothing: a recording without runs, one cut off in its first chunk, an empty file" {
	sed -n '/^[^ ]* - \(SESSION\|ENV\)/p' "$ROOT/tests/export/small.ev" >empty.ev
	"$RECORD" empty.ev empty.coldprof
	head -c 900 small.coldprof >cut.coldprof
	: >nothing.coldprof
	for format in $(formats); do
		case $format in # what is about runs has to have one
		chrome | folded | otlp | perfetto | speedscope | svg) want=2 ;;
		*) want=0 ;;
		esac
		for name in empty cut nothing; do
			[ $name = empty ] || want=2
			status=0
			"$COLDPROF" export $name.coldprof --format $format >out 2>err || status=$?
			[ "$status" -eq $want ] || { echo "$format of $name: $status, not $want"; cat err; false; }
			[ $want -eq 0 ] || [ ! -s out ]
			[ $want -eq 2 ] || [ -s out ]
			[ "$name $want" = "empty 0" ] || grep -q '^coldprof: ' err
		done
	done
}

@test "vCPUs: of several VMMs each is told with its VMM's pid" {
	"$RECORD" "$ROOT/tests/golden/vmms.ev" vmms.coldprof
	"$COLDPROF" export vmms.coldprof --format html >vmms.html
	grep -q '<th scope="row" class="n">1</th><td class="n">4194304</td>' vmms.html
	grep -q '<th scope="row" class="n">2</th><td class="n">4711</td>' vmms.html
	grep -q '>vCPU 1 of 4194304<' vmms.html
	"$COLDPROF" export vmms.coldprof --format chrome | grep -q '"vCPU 2 of 4711, %"'
	record vm
	"$COLDPROF" export vm.coldprof --format html >vm.html
	grep -q '>vCPU 1<' vm.html
	if grep "VMM's pid" vm.html; then return 1; fi
}

@test "html: marks and POST codes of a guest, and how many more there were" {
	"$RECORD" "$ROOT/tests/golden/synthetic_marks.ev" marks.coldprof
	"$COLDPROF" export marks.coldprof --format html >marks.html
	grep -q '0x80</td><td class="n" data-v="2">0x02</td><td>POST code of firmware</td>' marks.html
	grep -q '0xf4</td><td class="n" data-v="7">0x07</td><td>service starts</td>' marks.html
	grep -q '<p>and 71 more writes</p>' marks.html
	record vm
	"$COLDPROF" export vm.coldprof --format html >vm.html
	if grep 'Marks and POST codes' vm.html; then return 1; fi
}
