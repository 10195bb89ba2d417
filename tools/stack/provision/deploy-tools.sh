#!/usr/bin/env bash
# The tools that check what is under deploy/, from the Go registry: helm, kubeconform, kustomize, skaffold and compose-go's reader of
# compose files; Kubernetes' schemas and a reader of YAML from the Python registry. Needs Go 1.21 or newer, and some minutes.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly schemas_version=1.37.0
readonly yaml_version=6.0.3
# program, module, version, package
readonly programs=(
    "kubeconform github.com/yannh/kubeconform v0.8.0 ./cmd/kubeconform"
    "kustomize sigs.k8s.io/kustomize/kustomize/v5 v5.7.1 ."
    "compose-read github.com/compose-spec/compose-go/v2 v2.16.2 ./cmd"
    "helm helm.sh/helm/v3 v3.22.0 ./cmd/helm"
    "skaffold github.com/GoogleContainerTools/skaffold/v2 v2.16.1 ./cmd/skaffold"
)
readonly tools=$parts/deploy-tools

PATH=$PATH:/usr/local/go/bin

# ready NAME VERSION
ready() { [[ -e $tools/$1 && $(cat "$tools/$1.version" 2>/dev/null) == "$2" ]]; }

# keep NAME VERSION: from the temporary folder
keep() {
    mkdir -p "$tools"
    rm -rf "${tools:?}/$1"
    mv "$temporary/$1" "$tools/$1"
    echo "$2" >"$tools/$1.version"
}

# From 1.21 on Go fetches the version that a program asks for by itself.
need_go() {
    have go || fail "please install Go 1.21 or newer (on Debian 12 from its backports: golang-go)"
    local minor
    minor=$(go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
    ((${minor:-0} >= 21)) || fail "$(go version) is too old: please install Go 1.21 or newer (on Debian 12 from its backports: golang-go)"
}

# In a copy of the module's own folder, so that the replacements of its go.mod count, which `go install` refuses. Go itself compares what
# it gets with its public sums.
build_program() {
    local name=$1 module=$2 version=$3 package=$4 log=$temporary/go.log source
    local settings=(GOMODCACHE="$temporary/modules" GOFLAGS="-modcacherw -mod=mod" GOWORK=off CGO_ENABLED=0)
    # Without a cluster helm takes this for its Kubernetes; others have no such variables.
    local flags="-s -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34"
    say "fetching and building $name $version with $(go env GOVERSION)"
    (cd "$temporary" && env "${settings[@]}" go mod download -json "$module@$version") >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "go could not fetch $module $version"; }
    source=$(sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p' "$log")
    (cd "$source" && env "${settings[@]}" go build -trimpath -ldflags="$flags" -o "$temporary/$name" "$package") </dev/null >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "go could not build $name"; }
    keep "$name" "$version"
}

# As kubeconform reads them: files that name each other by relative paths. The folders of each version hold strict schemas: they allow
# no field that they do not know.
fetch_python() {
    python3 -m pip --version >/dev/null 2>&1 || apt_install python3 python3-pip
    say "fetching Kubernetes' schemas"
    local log=$temporary/pip.log
    python3 -m pip install --quiet --no-deps --target "$temporary/package" "kubernetes-validate==$schemas_version" >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "pip could not fetch the schemas"; }
    python3 -m pip install --quiet --no-deps --target "$temporary/python" "pyyaml==$yaml_version" >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "pip could not fetch the reader of YAML"; }
    keep python "$yaml_version"
    python3 - "$temporary/package/kubernetes_validate/kubernetes-json-schema" "$temporary/schemas" <<'PYTHON'
import json, pathlib, sys

source, target = map(pathlib.Path, sys.argv[1:])
for folder in source.glob("v*-local-strict"):
    into = target / folder.name.removesuffix("-local-strict")
    into.mkdir(parents=True)
    for file in folder.glob("*.json"):
        schema = json.loads(file.read_text().replace('"/api/_definitions.json', '"_definitions.json'))
        schema.pop("$id", None)
        (into / file.name).write_text(json.dumps(schema))
PYTHON
    [[ -f $temporary/schemas/v$schemas_version/_definitions.json ]] || fail "the schemas are not where they are expected"
    keep schemas "$schemas_version"
}

all_ready() {
    local name module version package
    for program in "${programs[@]}"; do
        read -r name module version package <<<"$program"
        ready "$name" "$version" || return 1
    done
    ready python "$yaml_version" && ready schemas "$schemas_version"
}

if ! all_ready; then
    one_at_a_time
    if ! all_ready; then
        need_go
        temporary_folder
        { ready python "$yaml_version" && ready schemas "$schemas_version"; } || fetch_python
        for program in "${programs[@]}"; do
            read -r name module version package <<<"$program"
            ready "$name" "$version" || build_program "$name" "$module" "$version" "$package"
        done
    fi
    all_ready || fail "the tools are still not complete"
fi
echo "$tools"
