#!/usr/bin/env bash
# `mall test`: every check of the workspace, each timed, with a summary. Its last line is `N passed, N failed`.
#
# Every step that compiles tests names the whole workspace. Cargo merges the features that the named packages want from a dependency, so a step
# for some packages only would compile the dependencies, and all that uses them, once more.
# shellcheck source-path=SCRIPTDIR source=../stack/provision/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../stack/provision/common.sh"

readonly here=$root/tools/stack/provision
unit_only=false
mysql_note="not needed"
well=true
summary=()

usage() {
    cat <<'TEXT'
Usage: ./mall test [--unit | --mutants [NAME...] | --deploy | --cluster [PART...]]

Installs what is missing, then checks format, lints, documentation, unit and integration tests; these run real brokers and
databases. With --unit: only format, unit tests and the simulation, within a minute once it is built.
With --mutants: breaks copies of the services on purpose, and sees that `mall check` notices; builds them each time, so it takes a while.
With --deploy: only what is under deploy/, by the tools that will read it; some minutes to build these tools at first.
With --cluster: installs, upgrades, scales and drains what is under deploy/ in a Kubernetes whose nodes run nothing. It takes some minutes, and
some ten more at first, to build Kubernetes. Its parts are the files of deploy/cluster: installing, upgrading, nodes, manifests, rights.
TEXT
}

# step TITLE COMMAND...: a failed step does not keep the others from running.
step() {
    local title=$1 begin=$SECONDS outcome=pass
    shift
    printf '\n=== %s\n' "$title"
    "$@" 2>&1 | tee -a "$log" || { outcome=FAIL; well=false; }
    local took=$((SECONDS - begin))
    printf -- '--- %s: %s, %d s\n' "$title" "$outcome" "$took"
    summary+=("$(printf '%-18s %-4s %5d s' "$title" "$outcome" "$took")")
}

# Everything must be there, save MySQL: its tests say that they were left out.
provision_all() {
    local part
    for part in mariadb kafka toxiproxy haproxy api-tools chromium mock-oauth2-server keycloak; do bash "$here/$part.sh" || return; done
}

find_mysql() {
    if bash "$here/mysql.sh"; then
        mysql_note="tested"
    else
        export MALL_MYSQL=absent
        mysql_note="NOT AVAILABLE: its tests were left out"
    fi
}

# Adds up one column of cargo's "test result: ok. 5 passed; 0 failed; …" lines.
count() {
    awk -v word="$1" '/^test result:/ { for (i = 2; i <= NF; i++) if ($i == word ";") sum += $(i - 1) } END { print sum + 0 }' "$log"
}

finish() {
    printf '\n=== Summary\n'
    printf '%s\n' "${summary[@]}"
    printf 'MySQL: %s\n' "$mysql_note"
    printf '%d passed, %d failed\n' "$(count passed)" "$(count failed)"
    [[ $well == true ]]
}

# alone FLAG...: it goes with no other.
alone() { (($# == 1)) || { usage >&2; say "$1 goes without '$2'"; exit 2; }; }

case ${1:-} in
    "") ;;
    --unit) alone "$@"; unit_only=true ;;
    --deploy) alone "$@"; exec bash "$root/deploy/check.sh" ;;
    --cluster) shift; exec bash "$root/deploy/cluster.sh" "$@" ;;
    --mutants) shift; exec bash "$root/tools/mall_cli/mutants.sh" "$@" ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; say "unknown flag '$1'"; exit 2 ;;
esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$root"
# The Java programs that tests start live for seconds: compiling them quickly serves better than compiling them well.
export JDK_JAVA_OPTIONS=-XX:TieredStopAtLevel=1
bash "$here/build.sh" >/dev/null

if ! $unit_only; then
    step "provision" provision_all
    printf '\n=== MySQL\n'
    find_mysql
fi
step "format" cargo fmt --check --all
if ! $unit_only; then
    step "lints" cargo clippy --workspace --all-targets -- -D warnings
    step "documentation" env RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps
fi
step "unit tests" cargo test --workspace --lib --bins --no-fail-fast
if $unit_only; then
    step "simulation" cargo test --workspace --test simulation --test mutants --no-fail-fast -- --nocapture
else
    # The simulation is among them. Cargo builds the programs of a package before its integration tests, so the services need no build of their own.
    step "integration tests" cargo test --workspace --test '*' --no-fail-fast
fi
finish
