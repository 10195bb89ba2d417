# shellcheck shell=bash
# Runs checks, counts them and tells how they ended. Needs $out, a folder for what the commands say.
passed=0
failed=0

# check TITLE COMMAND…: tells what the command said only when it fails.
check() {
    local title=$1
    shift
    if "$@" >"$out/said" 2>&1; then
        passed=$((passed + 1))
        printf 'ok    %s\n' "$title"
    else
        failed=$((failed + 1))
        printf 'FAIL  %s\n' "$title"
        sed 's/^/      /' "$out/said"
    fi
}

# refused WORDS COMMAND…: must fail, and say so.
refused() {
    local words=$1
    shift
    if "$@" >"$out/refusal" 2>&1; then
        echo "this should have been refused: $*"
        return 1
    fi
    grep -q -- "$words" "$out/refusal" || { cat "$out/refusal"; return 1; }
}

tell_result() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0))
}
