#!/usr/bin/env bash
# What reads the API's documents as strangers do: a validator of OpenAPI and Schemathesis from the Python registry, AsyncAPI's own parser from
# the registry of Node packages; and curl, by which the documents are recorded. The last line is the folder that holds them.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly schemathesis=4.32.5 openapi_validator=0.9.0 asyncapi_parser=3.6.3
readonly versions="schemathesis $schemathesis, openapi-spec-validator $openapi_validator, @asyncapi/parser $asyncapi_parser"
readonly tools=$parts/api-tools
readonly check=$root/tools/stack/provision/asyncapi-check.mjs

# A Python environment names its own place, so one that was moved is not ready.
ready() {
    have curl && have node && [[ $(cat "$tools/versions" 2>/dev/null) == "$versions in $tools" ]] &&
        cmp --quiet "$check" "$tools/asyncapi-check.mjs"
}

need_programs() {
    have curl || apt_install curl ca-certificates
    have npm || apt_install nodejs npm
    # Debian has the environments' part of Python apart.
    python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3 python3-venv
}

fetch() {
    local log=$parts/.api-tools.log
    say "fetching $versions"
    rm -rf "$tools"
    mkdir -p "$tools"
    { python3 -m venv "$tools/python" &&
        "$tools/python/bin/pip" install --quiet "schemathesis==$schemathesis" "openapi-spec-validator==$openapi_validator"; } >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "pip could not fetch the readers of OpenAPI"; }
    npm install --prefix "$tools" --no-audit --no-fund --ignore-scripts "@asyncapi/parser@$asyncapi_parser" >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "npm could not fetch the reader of AsyncAPI"; }
    cp "$check" "$tools/"
    rm -f "$log"
    echo "$versions in $tools" >"$tools/versions"
}

if ! ready; then
    one_at_a_time
    if ! ready; then
        need_programs
        fetch
    fi
    ready || fail "the readers of the API's documents are still not complete"
fi
echo "$tools"
