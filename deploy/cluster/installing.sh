# shellcheck shell=bash
# The chart with each set of values: admitted without a warning, ready, installed with the rights of helm/installer-role.yaml, and with no
# right less.

# admitted NAMESPACE FLAG…: each object by the API server, which refuses fields that it does not know; nothing is kept.
admitted() {
    local namespace=$1
    shift
    helm template mall "$chart" --namespace "$namespace" --kube-version "$version" "$@" >"$out/rendered.yaml" &&
        admin --namespace "$namespace" create --dry-run=server --validate=strict -f "$out/rendered.yaml"
}

install() {
    local namespace=$1
    shift
    installer "$namespace" install mall "$chart" --wait --timeout 10m "$@"
}

# no_pod_left NAMESPACE: what is uninstalled ends.
no_pod_left() { until_true "the end of the pods" none --namespace "$1" get pods; }
none() { [[ -z $(admin "$@" --output name) ]]; }

for case in "${matrix[@]}"; do
    read -r -a words <<<"$case"
    name=${words[0]}
    flags=("${words[@]:1}")
    check "$name: the installer's namespace" namespace_for_installer "with-$name"
    check "$name: the API server admits each object, without a warning" admitted "with-$name" "${flags[@]}"
    check "$name: helm install, until all is ready" install "with-$name" "${flags[@]}"
    check "$name: every pod is ready" settled "with-$name"
    check "$name: helm uninstall" installer "with-$name" uninstall mall
    check "$name: no pod is left" no_pod_left "with-$name"
done

# What is admitted above could also be admitted by a server that looks at nothing.
changed() { sed "$1" "$out/rendered.yaml" | admin --namespace with-default create --dry-run=server --validate=strict -f -; }
helm template mall "$chart" --namespace with-default --kube-version "$version" >"$out/rendered.yaml"
check "the API server warns of a pod that is not restricted" refused "would violate PodSecurity" \
    changed "s/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/"
check "the API server refuses a field that it does not know" refused 'unknown field "spec.template.spec.enableServiceLink"' \
    changed "s/enableServiceLinks:/enableServiceLink:/"
check "the API server warns of a variable that is there twice" refused "hides previous definition" \
    changed "s/name: DB_POOL_SIZE/name: DB_SSL_MODE/"

# A database's volume keeps its password, so the secret stays and is found.
password() { admin --namespace with-default get secret mall-secret --output 'jsonpath={.data.password}'; }
same_password_again() {
    local before
    before=$(password) && [[ -n $before ]] && install with-default && [[ $(password) == "$before" ]]
}
check "installed again, the chart finds the secret that it left" same_password_again

# Each rule of the role is needed: the catalogue's values make an object of every kind.
# without_rule NUMBER
without_rule() {
    local namespace=without-$1
    namespace_for_installer "$namespace" &&
        admin --namespace "$namespace" patch role mall-installer --type json --patch "[{\"op\": \"remove\", \"path\": \"/rules/$1\"}]" &&
        refused "forbidden" install "$namespace" --set-file "catalogue.json=$root/tools/stack/sample/catalogue.json"
}
mapfile -t rules < <(admin --namespace with-default get role mall-installer \
    --output 'jsonpath={range .rules[*]}{.apiGroups[*]} {.resources} {.verbs}{"\n"}{end}')
for number in "${!rules[@]}"; do check "the installer is refused without its rule for ${rules[$number]}" without_rule "$number"; done

elsewhere() { refused "forbidden" installer default install mall "$chart"; }
check "the installer is refused in another namespace" elsewhere
