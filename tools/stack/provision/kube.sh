#!/usr/bin/env bash
# A Kubernetes without machines, to try the chart in: etcd, API server, controllers, scheduler and kubectl, and kwok, which plays nodes whose
# pods run nothing. From the Go registry, with helm beside them. Takes some ten minutes and 5 GB meanwhile; prints where it all is.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=go.sh
source "$(dirname "${BASH_SOURCE[0]}")/go.sh"

readonly kubernetes_version=1.37.2
readonly kwok_version=0.8.0
readonly part=$parts/kube
# Of Kubernetes' own module, so that etcd is the version that this Kubernetes is tested with.
readonly kubernetes_programs=(
    "etcd go.etcd.io/etcd/server/v3"
    "kube-apiserver ./cmd/kube-apiserver"
    "kube-controller-manager ./cmd/kube-controller-manager"
    "kube-scheduler ./cmd/kube-scheduler"
    "kubectl ./cmd/kubectl"
)

# ready NAME VERSION
ready() { [[ -x $part/$1 && $(cat "$part/$1.version" 2>/dev/null) == "$2" ]]; }

all_ready() {
    local program
    for program in "${kubernetes_programs[@]}"; do ready "${program%% *}" "$kubernetes_version" || return 1; done
    ready kwok "$kwok_version"
}

# build SOURCE NAME VERSION PACKAGE LDFLAGS: each is kept as soon as it is there, so that a second run goes on where the first ended.
build() {
    local source=$1 name=$2 version=$3 package=$4 flags=$5
    if ready "$name" "$version"; then return; fi
    say "building $name with $(go env GOVERSION)"
    go_build "$source" "$temporary/$name" "$package" "-s -w $flags"
    mkdir -p "$part"
    mv "$temporary/$name" "$part/$name"
    echo "$version" >"$part/$name.version"
}

build_kubernetes() {
    local source program name package version=k8s.io/component-base/version
    say "fetching Kubernetes $kubernetes_version"
    source=$(fetch_module "k8s.io/kubernetes@v$kubernetes_version")
    # Its libraries are folders beside it in its repository, and modules of their own in the registry: 0.37.2 for 1.37.2.
    sed -i -E "s|^(\s+)(k8s.io/\S+) => \./staging/\S+|\1\2 => \2 v0.${kubernetes_version#1.}|" "$source/go.mod"
    for program in "${kubernetes_programs[@]}"; do
        read -r name package <<<"$program"
        build "$source" "$name" "$kubernetes_version" "$package" \
            "-X $version.gitVersion=v$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=$(cut -d. -f2 <<<"$kubernetes_version")"
    done
}

build_kwok() {
    local source
    say "fetching kwok $kwok_version"
    source=$(fetch_module "sigs.k8s.io/kwok@v$kwok_version")
    build "$source" kwok "$kwok_version" ./cmd/kwok \
        "-X sigs.k8s.io/kwok/pkg/consts.Version=v$kwok_version"
}

# It takes the lock by itself.
tools=$(bash "$(dirname "${BASH_SOURCE[0]}")/deploy-tools.sh" helm)
if ! all_ready; then
    one_at_a_time
    if ! all_ready; then
        temporary_folder
        need_go 26
        ready kwok "$kwok_version" || build_kwok
        build_kubernetes
    fi
    all_ready || fail "Kubernetes is still not complete"
fi
ln -sfn "$tools/helm" "$part/helm"
echo "$part"
