# shellcheck shell=bash
# The plain manifests, installed as README.md says: beside the chart's database and brokers, in a namespace that they make.

# What `mall-parts` in skaffold.yaml sets.
mapfile -t parts_only < <(sed -n '/setValues:/,/^---/s/^ \{10\}\([A-Za-z.]*\): \(.*\)$/--set\n\1=\2/p' "$here/skaffold.yaml")

order_space() {
    local key args=(--from-literal=username=order_admin)
    for key in password root-password payment-secret-key service-token operator-token; do
        args+=("--from-literal=$key=$(openssl rand -hex 24)")
    done
    admin apply -f "$here/kubernetes/namespace.yaml" &&
        admin -n order-space create secret generic order-secret "${args[@]}" && given=$(secret)
}
parts() {
    ((${#parts_only[@]} > 0)) && admin -n order-space create -f "$here/helm/installer-role.yaml" &&
        admin -n order-space create rolebinding mall-installer --role=mall-installer --user=installer &&
        installer order-space install mall "$chart" --wait --timeout 10m "${parts_only[@]}"
}

# apply FOLDER: kubectl itself remarks at first that it did not make the secret by applying it; the API server warns of nothing.
apply() {
    admin apply --kustomize "$1" --validate=strict >"$out/applied" 2>&1 || { cat "$out/applied"; return 1; }
    settled order-space
}
# By what is there: kubectl tells of some objects that they were `configured` whenever it applies them.
look_at_order_space() { admin --namespace order-space get "$kinds" --output json >"$1"; }
apply_again() {
    local changed
    look_at_order_space "$out/applied-once" && apply "$here/kubernetes" && look_at_order_space "$out/applied-twice" &&
        changed=$(changes "$out/applied-once" "$out/applied-twice") && same "" "$changed"
}
secret() { admin -n order-space get secret order-secret --output 'jsonpath={.data}'; }
secret_stays() { [[ -n $given && $(secret) == "$given" ]]; }

check "manifests: namespace and secret" order_space
check "manifests: database and brokers by the chart" parts
check "manifests: kubectl apply -k, without a warning, until all is ready" apply "$here/kubernetes"
check "manifests: applied again, they change nothing" apply_again
check "manifests: the secret keeps its values" secret_stays

if [[ -d $out/former ]]; then
    upgraded() {
        admin delete --kustomize "$here/kubernetes" --wait && order_space && apply "$out/former/deploy/kubernetes" && apply "$here/kubernetes"
    }
    check "manifests: those of $former are replaced by these" upgraded
fi
