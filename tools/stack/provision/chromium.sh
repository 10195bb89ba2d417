#!/usr/bin/env bash
# Debian's Chromium with the driver that tests steer it by.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ready() { have chromium && have chromedriver; }

if ! ready; then
    one_at_a_time
    ready || apt_install chromium chromium-driver
    ready || fail "Chromium is still not there"
fi
command -v chromedriver
