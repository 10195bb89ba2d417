# shellcheck shell=bash
# Building programs from the Go registry. Go itself compares what it gets with its public sums. Sourced after common.sh.

# When there is none at all, and when what is there is older than a program asks for.
readonly go_version=1.26.8

PATH=$PATH:/usr/local/go/bin

# need_go MINOR: go 1.MINOR or newer. From 1.21 on Go fetches another version of itself; for an older one, as Debian 12 has, this does it, into
# .mall/parts/go. Needs a temporary folder.
need_go() {
    local wanted=$1 minor
    have go || apt_install golang-go ca-certificates
    minor=$(go_minor)
    if ((minor >= wanted)); then return; fi
    if ((minor >= 21)); then
        export GOTOOLCHAIN=go$go_version
    else
        [[ $("$parts/go/bin/go" env GOVERSION 2>/dev/null) == "go$go_version" ]] || fetch_go
        PATH=$parts/go/bin:$PATH
        unset GOROOT
        export GOTOOLCHAIN=local
    fi
    minor=$(go_minor)
    ((minor >= wanted)) || fail "$(go version) is too old: Go 1.$wanted is needed"
}

go_minor() {
    local version
    version=$(go env GOVERSION)
    version=${version#go1.}
    echo "${version%%[!0-9]*}"
}

# As Go's own fetching does: its toolchain is a module, whose files are not marked as programs.
fetch_go() {
    local source
    say "fetching Go $go_version by $(go version)"
    source=$(fetch_module "golang.org/toolchain@v0.0.1-go$go_version.$(go env GOOS)-$(go env GOARCH)")
    chmod +x "$source"/bin/* "$source"/pkg/tool/*/*
    rm -rf "$parts/go"
    mv "$source" "$parts/go"
}

# fetch_module MODULE@VERSION: prints its folder, which may be written. Needs a temporary folder.
fetch_module() {
    local log=$temporary/go.log
    (cd "$temporary" && env "${go_settings[@]}" GOMODCACHE="$temporary/modules" go mod download -json "$1") >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "go could not fetch $1"; }
    sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p' "$log"
}

# go_build SOURCE PROGRAM PACKAGE LDFLAGS: in a copy of the module's own folder, so that the replacements of its go.mod count, which
# `go install` refuses.
go_build() {
    local source=$1 program=$2 package=$3 flags=$4 log=$temporary/go.log
    (cd "$source" && env "${go_settings[@]}" GOMODCACHE="$temporary/modules" go build -trimpath -ldflags="$flags" -o "$program" "$package") \
        </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "go could not build $package"; }
}

readonly go_settings=(GOFLAGS="-modcacherw -mod=mod" GOWORK=off CGO_ENABLED=0)
