#!/usr/bin/env bash
# Toxiproxy, which cuts and slows connections on purpose, from the Go registry. Go itself compares what it gets with its public sums.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly version=2.5.0
readonly program=$parts/toxiproxy/toxiproxy

PATH=$PATH:/usr/local/go/bin
ready() { have setpriv && [[ -x $program && $(cat "$parts/toxiproxy/version" 2>/dev/null) == "$version" ]]; }

fetch() {
    temporary_folder
    say "fetching and building Toxiproxy $version with $(go version)"
    mkdir -p "$temporary/toxiproxy"
    local log=$temporary/go.log
    env GOBIN="$temporary/bin" GOMODCACHE="$temporary/modules" GOFLAGS="${GOFLAGS:-} -modcacherw" CGO_ENABLED=0 \
        go install "github.com/Shopify/toxiproxy/v2/cmd/server@v$version" </dev/null >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "go could not build Toxiproxy"; }
    mv "$temporary/bin/server" "$temporary/toxiproxy/toxiproxy"
    echo "$version" >"$temporary/toxiproxy/version"
    rm -rf "$parts/toxiproxy"
    mv "$temporary/toxiproxy" "$parts/toxiproxy"
}

if ! ready; then
    one_at_a_time
    if ! ready; then
        have go || apt_install golang-go ca-certificates
        have setpriv || apt_install util-linux
        fetch
    fi
    ready || fail "Toxiproxy is still not complete"
fi
echo "$program"
