#!/usr/bin/env bash
# What reads the API's documents as strangers do: a validator of OpenAPI and Schemathesis from the Python registry, and AsyncAPI's own parser
# from the registry of Node packages; the generators of clients that most Python and TypeScript projects use; and curl, by which the documents
# are recorded. The last line is the folder that holds them.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly from_python=(schemathesis==4.32.5 openapi-spec-validator==0.9.0 openapi-python-client==0.29.1)
# openapi-typescript wants TypeScript 5; openapi-fetch is the client that its types are for.
readonly from_node=(@asyncapi/parser@3.6.3 openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3)
readonly versions="${from_python[*]} ${from_node[*]}"
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
    { python3 -m venv "$tools/python" && "$tools/python/bin/pip" install --quiet "${from_python[@]}"; } >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "pip could not fetch the Python tools"; }
    npm install --prefix "$tools" --no-audit --no-fund --ignore-scripts "${from_node[@]}" >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "npm could not fetch the Node tools"; }
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
    ready || fail "the tools for the API's documents are still not complete"
fi
echo "$tools"
