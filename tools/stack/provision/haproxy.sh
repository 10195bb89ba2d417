#!/usr/bin/env bash
# Debian's haproxy, which shares shoppers among several composites.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PATH=$PATH:/usr/sbin
ready() { have haproxy && have setpriv; }

if ! ready; then
    one_at_a_time
    ready || apt_install haproxy util-linux
    ready || fail "haproxy is still not there"
fi
command -v haproxy
