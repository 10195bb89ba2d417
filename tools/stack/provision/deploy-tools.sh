#!/usr/bin/env bash
# The tools that check what is under deploy/, from the Go registry: helm, kubeconform, kustomize, skaffold and compose-go's reader of
# compose files; Kubernetes' schemas and a reader of YAML from the Python registry. Takes some minutes. With names: these tools only.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=go.sh
source "$(dirname "${BASH_SOURCE[0]}")/go.sh"

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
readonly wanted=${*:-all}

# ready NAME VERSION
ready() { [[ -e $tools/$1 && $(cat "$tools/$1.version" 2>/dev/null) == "$2" ]]; }

# keep NAME VERSION: from the temporary folder
keep() {
    mkdir -p "$tools"
    rm -rf "${tools:?}/$1"
    mv "$temporary/$1" "$tools/$1"
    echo "$2" >"$tools/$1.version"
}

build_program() {
    local name=$1 module=$2 version=$3 package=$4 source
    # Without a cluster helm takes this for its Kubernetes; others have no such variables.
    local flags="-s -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34"
    say "fetching and building $name $version with $(go env GOVERSION)"
    source=$(fetch_module "$module@$version")
    go_build "$source" "$temporary/$name" "$package" "$flags"
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

is_wanted() { [[ $wanted == all || " $wanted " == *" $1 "* ]]; }

python_ready() { ! is_wanted python || { ready python "$yaml_version" && ready schemas "$schemas_version"; }; }

# Those that are still to be built, a line each.
missing() {
    local program name version
    for program in "${programs[@]}"; do
        read -r name _ version _ <<<"$program"
        if is_wanted "$name" && ! ready "$name" "$version"; then printf '%s\n' "$program"; fi
    done
}

if ! python_ready || [[ -n $(missing) ]]; then
    one_at_a_time
    temporary_folder
    python_ready || fetch_python
    mapfile -t programs_missing < <(missing)
    ((${#programs_missing[@]} == 0)) || need_go 21
    for program in "${programs_missing[@]}"; do
        read -r name module version package <<<"$program"
        build_program "$name" "$module" "$version" "$package"
    done
    { python_ready && [[ -z $(missing) ]]; } || fail "the tools are still not complete"
fi
echo "$tools"
