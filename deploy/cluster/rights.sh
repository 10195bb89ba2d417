# shellcheck shell=bash
# The installer's role against what the installer asked for in all of the above, by the API server's audit log: nothing that it was refused,
# and no right that it never used.

check "the installer was refused nothing, and used each of its rights" python3 "$here/cluster/rights.py" \
    <(admin --namespace default create --dry-run=client --output json -f "$here/helm/installer-role.yaml") "$run/audit.log"
