#!/usr/bin/env bash
# `mall test --mutants [NAME...]`: what `mall check` is worth. Each patch in tools/check/mutants breaks a copy of the project in one place; the
# check must say so, by the invariant that the patch's head names. Nothing of it touches the project itself.
# shellcheck source-path=SCRIPTDIR source=../stack/provision/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../stack/provision/common.sh"

readonly mutants=$root/tools/check/mutants
readonly nest=$root/.mall/mutants
readonly tree=$nest/tree
passed=0
failed=0

# What the head of a patch says about itself.
said() { sed -n "s/^$2: //p" "$1" | head -n 1; }

copy_project() {
    rm -rf "$tree"
    mkdir -p "$tree/.mall"
    (cd "$root" && git ls-files -z | xargs -0 cp --parents -t "$tree")
    ln -s "$parts" "$tree/.mall/parts"
}

# One copy of the build for all mutants: each compiles only what it has changed.
build_mutant() {
    (cd "$tree" && CARGO_TARGET_DIR=$nest/target cargo build --quiet --workspace --bins)
}

# Whether the check fails, and by that invariant. A patch may name further flags.
is_caught() {
    local patch=$1 invariant=$2 log=$3 code=0 flags
    read -ra flags <<<"$(said "$patch" flags)"
    "$nest/target/debug/mall_cli" check --seed 20261123 --seconds 20 --faults "$(said "$patch" faults)" \
        "${flags[@]}" --data-dir "$nest/check" >"$log" 2>&1 || code=$?
    [[ $code -eq 1 ]] && grep -q "^✘ $invariant " "$log"
}

try() {
    local patch=$1 name log invariant
    name=$(basename "$patch" .patch)
    log=$nest/$name.log
    invariant=$(said "$patch" "caught by")
    printf '=== mutant %s: to be caught by %s\n' "$name" "$invariant"
    patch --quiet -d "$tree" -p1 <"$patch"
    build_mutant
    if is_caught "$patch" "$invariant" "$log"; then
        grep '^✘' "$log"
        passed=$((passed + 1))
    else
        tail -n 25 "$log"
        printf 'NOT CAUGHT; all that was said is in %s\n' "$log"
        failed=$((failed + 1))
    fi
    patch --quiet -R -d "$tree" -p1 <"$patch"
}

have patch || apt_install patch
bash "$root/tools/stack/provision/build.sh" >/dev/null
bash "$root/tools/stack/provision/mariadb.sh" >/dev/null
bash "$root/tools/stack/provision/kafka.sh" >/dev/null
copy_project
wanted=("$mutants"/*.patch)
if [[ $# -gt 0 ]]; then wanted=("${@/#/$mutants/}"); wanted=("${wanted[@]/%/.patch}"); fi
for patch in "${wanted[@]}"; do try "$patch"; done
printf '%d passed, %d failed\n' "$passed" "$failed"
[[ $failed -eq 0 ]]
