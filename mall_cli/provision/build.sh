#!/usr/bin/env bash
# What the workspace needs to compile: a C and C++ compiler, cmake (librdkafka) and MariaDB's client library (Diesel); and
# curl, to buy something.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ready() {
    have cargo || fail "no cargo here: please install a Rust toolchain"
    have c++ && have make && have cmake && have pkg-config && have curl && pkg-config --exists libmariadb zlib
}

if ! ready; then
    one_at_a_time
    ready || apt_install build-essential cmake pkg-config curl libmariadb-dev zlib1g-dev
    ready || fail "the build tools are still not complete"
fi
command -v cmake
