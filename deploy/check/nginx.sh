#!/usr/bin/env bash
# Debian's nginx, which stands for the ingress controller in trials. Prints where it is.
set -euo pipefail
# shellcheck source=../../tools/stack/provision/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/stack/provision/common.sh"

PATH=$PATH:/usr/sbin
if ! have nginx; then
    one_at_a_time
    have nginx || apt_install nginx-light
fi
command -v nginx
