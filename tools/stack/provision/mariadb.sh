#!/usr/bin/env bash
# Debian's MariaDB: server, client, and what sets up a data folder.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PATH=$PATH:/usr/sbin
ready() { have mariadbd && have mariadb && have mariadb-install-db && have setpriv; }

if ! ready; then
    one_at_a_time
    ready || apt_install mariadb-server util-linux
    ready || fail "mariadbd is still not there"
fi
command -v mariadbd
