#!/usr/bin/env bash
# What the workspace needs to compile: a C and C++ compiler, cmake and OpenSSL (librdkafka) and MariaDB's client library (Diesel); and
# curl, to buy something.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

tools() { have c++ && have make && have cmake && have pkg-config && have curl && pkg-config --exists libmariadb zlib openssl; }

# These versions of the client library empty the strings of a statement's first row, and Diesel does not notice (CONC-821).
sound() { ! [[ $(pkg-config --modversion libmariadb) =~ ^(3\.3\.19|3\.4\.9)$ ]]; }

have cargo || fail "no cargo here: please install a Rust toolchain"
if ! { tools && sound; }; then
    one_at_a_time
    if ! { tools && sound; }; then
        # libmariadb3 is named, too: it is brought up to date even when it was there before
        apt_install build-essential cmake pkg-config curl libmariadb-dev libmariadb3 libssl-dev zlib1g-dev
    fi
    tools || fail "the build tools are still not complete"
    sound || fail "libmariadb $(pkg-config --modversion libmariadb) loses data: add Debian's security updates to apt's sources, which have a newer one"
fi
command -v cmake
