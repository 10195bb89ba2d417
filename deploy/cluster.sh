#!/usr/bin/env bash
# Installs the chart and the manifests in a real Kubernetes whose nodes run nothing (cluster/control_plane.sh), upgrades, rolls back, scales
# and drains. Run by `./mall test --cluster`. With names of files in cluster/: these parts only. Its last line is `N passed, N failed`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
chart=$here/helm/mall

wanted=("$@")
(($# > 0)) || wanted=(installing upgrading nodes manifests rights)
for part in "${wanted[@]}"; do [[ -f $here/cluster/$part.sh ]] || { echo "there is no part '$part' in deploy/cluster" >&2; exit 2; }; done

kube=$(bash "$root/tools/stack/provision/kube.sh")
export PATH=$kube:$PATH PYTHONDONTWRITEBYTECODE=1
# No settings, plug-ins or clusters of the person who runs this.
out=$(mktemp -d)
export HOME=$out/home HELM_CACHE_HOME=$out/helm HELM_CONFIG_HOME=$out/helm HELM_DATA_HOME=$out/helm KUBECONFIG=$out/no-cluster
mkdir -p "$HOME"
# shellcheck source=check/report.sh
source "$here/check/report.sh"
# shellcheck source=check/matrix.sh
source "$here/check/matrix.sh"
# shellcheck source=cluster/control_plane.sh
source "$here/cluster/control_plane.sh"
trap 'stop_cluster; rm -rf "$out"' EXIT

# Objects as they are in the cluster, to be compared by changes.py.
readonly kinds=configmaps,secrets,services,deployments,statefulsets,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies,ingresses
# look_at NAMESPACE FILE
look_at() { admin --namespace "$1" get "$kinds" --selector app.kubernetes.io/name=mall --output json >"$2"; }
same() { [[ $1 == "$2" ]] || { diff <(echo "$1") <(echo "$2"); return 1; }; }
changes() { python3 "$here/cluster/changes.py" "$@"; }

# settled NAMESPACE: every pod that is wanted is there and ready, and none is left over.
settled() {
    local what
    for what in $(admin --namespace "$1" get deployments,statefulsets --output name); do
        admin --namespace "$1" rollout status "$what" --timeout 10m || return
    done
}

printf 'starting a Kubernetes\n'
start_cluster || { tail -n 20 "$run"/*.log; echo "no cluster"; exit 1; }
readonly version=$(admin version --output json | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p' | tail -n 1)
printf 'Kubernetes %s, helm %s\n' "$version" "$(helm version --short)"

for part in "${wanted[@]}"; do
    # shellcheck source=/dev/null
    source "$here/cluster/$part.sh"
done

tell_result
