#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds build/service/{service,service.wasm} with the Go that fetch.sh brought; offline, and the same
# bytes wherever the checkout lies. GO=… takes another toolchain (1.21 or later).

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/service
go=${GO:-$root/build/runtimes/bin/go}

command -v "$go" >/dev/null || { echo "service: no Go at $go; run scenarios/fetch.sh, or set GO=" >&2; exit 1; }

# Go's caches belong to the build, not to the home of whoever runs it (root, under sudo).
export GOCACHE=$root/build/go-cache GOPATH=$root/build/go-path
export GOTOOLCHAIN=local GOPROXY=off GOFLAGS= GOWORK=off GOENV=off GOTELEMETRY=off CGO_ENABLED=0

mkdir -p "$out"
cd "$here"
build() { # GOOS GOARCH FILE
	GOOS=$1 GOARCH=$2 "$go" build -trimpath -buildvcs=false -ldflags '-s -w' -o "$out/.$3.new" .
	mv "$out/.$3.new" "$out/$3" # whole or not at all
}
build linux amd64 service
build wasip1 wasm service.wasm
