# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A headless Chromium, driven over WebDriver (chromedriver) with curl and jq.
#
#     browser_start; browser_open file:///x.html; browser_js 'return document.title'; browser_stop
#
# Everything it writes (profile, caches) is under $BROWSER_DIR, which the caller makes and removes.

# Nothing waits for this long that is not stuck.
BROWSER_WAIT=60

# browser_start [WIDTH HEIGHT]
browser_start() {
	local port try
	HOME=$BROWSER_DIR chromedriver --port=0 >"$BROWSER_DIR/driver.log" 2>&1 3>&- &
	BROWSER_PID=$!
	for try in $(seq 1 600); do
		port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$BROWSER_DIR/driver.log")
		[ -z "$port" ] || break
		kill -0 "$BROWSER_PID" 2>/dev/null || break
		sleep 0.1
	done
	[ -n "$port" ] || { echo "chromedriver does not start:"; cat "$BROWSER_DIR/driver.log"; return 1; }
	BROWSER_URL=http://127.0.0.1:$port/session
	BROWSER_URL=$BROWSER_URL/$(jq -n --arg size "--window-size=${1:-1280},${2:-900}" --arg dir "$BROWSER_DIR/profile" '
		{ capabilities: { alwaysMatch: {
			"goog:loggingPrefs": { browser: "ALL" },
			"goog:chromeOptions": { args: [ "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
				"--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
				"--hide-scrollbars", "--disable-background-networking", "--no-first-run", $size,
				"--user-data-dir=\($dir)", "--force-device-scale-factor=1" ] } } } }' |
		browser_request POST "" | jq -er .sessionId)
}

browser_stop() {
	[ -z "${BROWSER_URL-}" ] || browser_request DELETE "" >/dev/null || true
	[ -z "${BROWSER_PID-}" ] || kill "$BROWSER_PID" 2>/dev/null || true
	[ -z "${BROWSER_PID-}" ] || wait "$BROWSER_PID" 2>/dev/null || true
	BROWSER_URL='' BROWSER_PID=''
}

# browser_request METHOD PATH <body: the value of the answer; an error of the driver is ours
browser_request() {
	local answer
	answer=$(curl -sS --noproxy '*' --max-time "$BROWSER_WAIT" -X "$1" -H 'Content-Type: application/json' \
		--data-binary "$([ "$1" = POST ] && cat || true)" "$BROWSER_URL$2") || return 1
	jq -r 'if (.value | type) == "object" and (.value | has("error"))
		then "browser: \(.value.error): \(.value.message)\n" | halt_error(1) else .value end' <<<"$answer"
}

browser_open() {
	jq -n --arg url "$1" '{ url: $url }' | browser_request POST /url >/dev/null
}

# browser_js SCRIPT [ARGUMENT…]: what it returns, as JSON; text as it is
browser_js() {
	local script=$1
	shift
	jq -n --arg script "$script" '{ script: $script, args: $ARGS.positional }' --args -- "$@" |
		browser_request POST /execute/sync
}

# browser_key TEXT: to what has the focus. Special keys are WebDriver's code points (U+E000 …).
browser_key() {
	jq -n --arg keys "$1" '{ actions: [ { type: "key", id: "keys", actions:
		[ $keys | split("")[] | ({ type: "keyDown", value: . }, { type: "keyUp", value: . }) ] } ] }' |
		browser_request POST /actions >/dev/null
}

# browser_pointer X Y [click]: to a place in the window
browser_pointer() {
	jq -n --argjson x "$1" --argjson y "$2" --arg click "${3-}" '{ actions: [ { type: "pointer", id: "mouse",
		actions: ([ { type: "pointerMove", duration: 0, x: $x, y: $y } ] +
			if $click == "" then [] else [ { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 } ] end) } ] }' |
		browser_request POST /actions >/dev/null
}

# browser_drag X1 Y1 X2 Y2
browser_drag() {
	jq -n --argjson a "[$1, $2, $3, $4]" '{ actions: [ { type: "pointer", id: "mouse", actions: [
		{ type: "pointerMove", duration: 0, x: $a[0], y: $a[1] }, { type: "pointerDown", button: 0 },
		{ type: "pointerMove", duration: 50, x: $a[2], y: $a[3] }, { type: "pointerUp", button: 0 } ] } ] }' |
		browser_request POST /actions >/dev/null
}

# What DevTools can do and WebDriver cannot: browser_cdp COMMAND PARAMETERS-AS-JSON
browser_cdp() {
	jq -n --arg cmd "$1" --argjson params "$2" '{ cmd: $cmd, params: $params }' | browser_request POST /goog/cdp/execute
}

# browser_size WIDTH HEIGHT: of the page, as on a telephone if it is narrow
browser_size() {
	browser_cdp Emulation.setDeviceMetricsOverride \
		"{\"width\":$1,\"height\":$2,\"deviceScaleFactor\":1,\"mobile\":false}" >/dev/null
}

# browser_scheme dark|light: what the system prefers
browser_scheme() {
	browser_cdp Emulation.setEmulatedMedia "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"$1\"}]}" >/dev/null
}

browser_shot() {
	browser_request GET /screenshot </dev/null | base64 -d >"$1"
}

# What the page complained about since it was asked last: errors of scripts, violated policies.
browser_complaints() {
	jq -n '{ type: "browser" }' | browser_request POST /se/log | jq -r '.[] | select(.level == "SEVERE" or .level == "WARNING") | .message'
}
