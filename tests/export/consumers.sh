#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Who else reads what `coldprof export` writes, for the tests: consumers.sh NAME prints where it is,
# or says in one line why it cannot be had, with status 1.
#
#   promtool    of Debian's prometheus, which is not installed for it: it would start a server
#   ajv         a directory with node's JSON Schema validator in node_modules
#   speedscope  the JSON Schema of speedscope's file format
#
# They are fetched once, into build/consumers, in these versions.
set -u
cd "$(dirname "$0")/../.."
ajv=8.17.1
speedscope=1.25.0
dir=$PWD/build/consumers

no() {
	echo "$*"
	exit 1
}

npm_pack() { # NAME VERSION: its files in $dir/NAME-VERSION
	local to=$dir/$1-$2 tmp
	[ -d "$to" ] && return
	command -v npm >/dev/null || no "no npm"
	tmp=$(mktemp -d "$dir/tmp.XXXXXX") || no "cannot write $dir"
	(cd "$tmp" && timeout 120 npm pack --silent "$1@$2" && tar xzf ./*.tgz) >"$dir/log" 2>&1 ||
		{ rm -rf "$tmp"; no "npm has no $1@$2 for us: $(tail -n 1 "$dir/log")"; }
	mv -T "$tmp/package" "$to" 2>/dev/null
	rm -rf "$tmp"
}

mkdir -p "$dir" || no "cannot write $dir"
case ${1-} in
promtool)
	if [ ! -x "$dir/promtool" ]; then
		command -v promtool && exit 0
		command -v apt-get >/dev/null || no "no promtool, and no apt-get to fetch it"
		tmp=$(mktemp -d "$dir/tmp.XXXXXX") || no "cannot write $dir"
		(cd "$tmp" && timeout 120 apt-get -q download prometheus &&
			dpkg-deb --fsys-tarfile ./*.deb | tar x ./usr/bin/promtool) >"$dir/log" 2>&1 ||
			{ rm -rf "$tmp"; no "apt-get has no prometheus for us: $(tail -n 1 "$dir/log")"; }
		mv "$tmp/usr/bin/promtool" "$dir/promtool"
		rm -rf "$tmp"
	fi
	echo "$dir/promtool"
	;;
ajv)
	command -v node >/dev/null || no "no node"
	if [ ! -d "$dir/ajv/node_modules/ajv" ]; then
		command -v npm >/dev/null || no "no npm"
		tmp=$(mktemp -d "$dir/tmp.XXXXXX") || no "cannot write $dir"
		timeout 120 npm install --silent --no-audit --no-fund --no-save --ignore-scripts \
			--prefix "$tmp" "ajv@$ajv" >"$dir/log" 2>&1 ||
			{ rm -rf "$tmp"; no "npm has no ajv@$ajv for us: $(tail -n 1 "$dir/log")"; }
		rm -rf "$dir/ajv"
		mv -T "$tmp" "$dir/ajv"
	fi
	echo "$dir/ajv"
	;;
speedscope)
	npm_pack speedscope "$speedscope"
	echo "$dir/speedscope-$speedscope/dist/release/file-format-schema.json"
	;;
*)
	no "usage: consumers.sh promtool|ajv|speedscope"
	;;
esac
