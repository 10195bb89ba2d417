# shellcheck shell=bash
# What the scripts of this folder share. They print what they found as the last line of standard output, and everything else
# to standard error. Must not know any single part.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
parts=$root/.mall/parts

say() { printf '%s\n' "mall: $*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# One at a time for each copy of the project: the second waits, and then finds what the first made.
one_at_a_time() {
    mkdir -p "$parts"
    exec 9>"$parts/.lock"
    flock -n 9 || { say "waiting for another installation to finish"; flock 9; }
    rm -rf "$parts"/.new.* # what a killed one left
}

# A new folder beside the parts, on the same file system, that is gone when the script ends however it ends.
temporary_folder() {
    temporary=$(mktemp -d "$parts/.new.XXXXXX")
    trap 'rm -rf "$temporary"' EXIT
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then "$@"
    elif have sudo; then sudo "$@"
    else fail "needs root (no sudo here) to run: $*"
    fi
}

# Debian starts a server when its package is installed. Ours are private child processes, so a policy forbids that meanwhile.
readonly policy=/usr/sbin/policy-rc.d
readonly saved_policy=/usr/sbin/policy-rc.d.saved-by-mall

forbid_starts() {
    if [[ -e $policy && ! -e $saved_policy ]]; then as_root mv "$policy" "$saved_policy"; fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

allow_starts() {
    if [[ -e $saved_policy ]]; then as_root mv "$saved_policy" "$policy"; else as_root rm -f "$policy"; fi
}

apt_install() {
    have apt-get || fail "no apt-get here: please install $* by hand"
    say "installing Debian packages: $*"
    local log
    log=$(mktemp)
    forbid_starts
    if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@"; } </dev/null >"$log" 2>&1; then
        allow_starts
        tail -n 20 "$log" >&2
        fail "apt-get could not install $*"
    fi
    allow_starts
    rm -f "$log"
}
