#!/usr/bin/env bash
# Holds everything under deploy/ to the tools that will read it, without a cluster and without containers. Run by `./mall test --deploy`.
# Its last line is `N passed, N failed`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
chart=$here/helm/mall

# The oldest that the chart takes, one that is in wide use, the newest that there are schemas for.
readonly kubernetes=(1.30.0 1.34.0 1.37.0)

tools=$(bash "$root/tools/stack/provision/deploy-tools.sh")
export PATH=$tools:$PATH PYTHONPATH=$tools/python PYTHONDONTWRITEBYTECODE=1
# No settings, plug-ins or repositories of the person who runs this.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export HOME=$out/home HELM_CACHE_HOME=$out/helm HELM_CONFIG_HOME=$out/helm HELM_DATA_HOME=$out/helm KUBECONFIG=$out/no-cluster
export SKAFFOLD_UPDATE_CHECK=false SKAFFOLD_INTERACTIVE=false
mkdir -p "$HOME"

passed=0
failed=0

# check TITLE COMMAND…: tells what the command said only when it fails.
check() {
    local title=$1
    shift
    if "$@" >"$out/said" 2>&1; then
        passed=$((passed + 1))
        printf 'ok    %s\n' "$title"
    else
        failed=$((failed + 1))
        printf 'FAIL  %s\n' "$title"
        sed 's/^/      /' "$out/said"
    fi
}

# refused WORDS COMMAND…: must fail, and say so.
refused() {
    local words=$1
    shift
    if "$@" >"$out/refusal" 2>&1; then
        echo "this should have been refused: $*"
        return 1
    fi
    grep -q -- "$words" "$out/refusal" || { cat "$out/refusal"; return 1; }
}

# valid VERSION FILE: every object has a schema and keeps to it, with no field that it does not know.
valid() {
    kubeconform -strict -summary -kubernetes-version "$1" -schema-location \
        "$tools/schemas/{{ .NormalizedKubernetesVersion }}/{{ .ResourceKind }}{{ .KindSuffix }}.json" "$2"
}

rules() { python3 "$here/check/rules.py" "$root" "$@"; }

template() { helm template mall "$chart" --namespace order-space --kube-version "${kubernetes[1]}" "$@"; }

render() {
    local file=$1 version=$2
    shift 2
    helm template mall "$chart" --namespace order-space --kube-version "$version" "$@" >"$file"
}

production=(-f "$chart/values-production.yaml")
# Name, then the flags.
matrix=(
    "default"
    "catalogue --set-file catalogue.json=$root/tools/stack/sample/catalogue.json"
    "no-scaling --set order.autoscaling.enabled=false --set composite.autoscaling.enabled=false"
    "no-ingress --set ingress.enabled=false --set networkPolicy.enabled=false"
    "three-brokers --set kafka.replicas=3"
    "own-mysql-only --set kafka.enabled=false --set kafkaClient.bootstrapServers=k0:9092\,k1:9093"
    "own-kafka-only --set mysql.enabled=false --set database.host=db:3307 --set secret.existing=order-secret"
    "parts-only --set order.enabled=false --set composite.enabled=false --set paymentSimulator.enabled=false --set payment.url=http://p:1 --set secret.existing=order-secret"
    "tls-and-registry --set database.ssl.mode=verify_ca --set database.ssl.caSecret=ca --set images.prefix=registry.example.com/mall/ --set images.pullSecrets[0].name=pull"
    "member-service --set memberService.url=http://members.members-space:8080 --set networkPolicy.memberPorts[0]=8080"
    "further-settings --set order.env.MAX_BATCH=256 --set composite.env.MAX_PURCHASES=1024 --set mysql.storageClass=fast --set ingress.host=mall.example.com"
    "production ${production[*]}"
)

check "helm lint, default values" helm lint --strict --kube-version "${kubernetes[1]}" "$chart"
check "helm lint, production" helm lint --strict --kube-version "${kubernetes[1]}" "$chart" "${production[@]}"
for case in "${matrix[@]}"; do
    read -r -a words <<<"$case"
    name=${words[0]}
    for version in "${kubernetes[@]}"; do
        file=$out/$name-$version.yaml
        check "chart, $name: helm template for $version" render "$file" "$version" "${words[@]:1}"
        check "chart, $name: kubeconform $version" valid "$version" "$file"
    done
    check "chart, $name: rules" rules "$out/$name-${kubernetes[0]}.yaml"
done

check "chart refuses more composites than reply partitions" refused "as many partitions" \
    template --set composite.autoscaling.maxReplicas=16
check "chart refuses more order services than partitions" refused "as many partitions" \
    template --set order.autoscaling.enabled=false --set order.replicas=8
check "chart refuses no database at all" refused "database.host is needed" \
    template --set mysql.enabled=false --set secret.existing=s
check "chart refuses a database whose password it can't know" refused "secret.existing is needed" \
    template --set mysql.enabled=false --set database.host=db:3306
check "chart refuses a gateway whose key it can't know" refused "secret.existing is needed" \
    template --set paymentSimulator.enabled=false --set payment.url=https://p
check "chart refuses no gateway at all" refused "payment.url is needed" \
    template --set paymentSimulator.enabled=false --set secret.existing=s
check "chart refuses a misspelt value" refused "replicaz" template --set order.replicaz=3
check "chart refuses a password among the variables" refused "DB_PASSWORD" template --set order.env.DB_PASSWORD=x
check "chart refuses an old Kubernetes" refused "incompatible" helm template mall "$chart" --kube-version 1.29.0
check "helm package" helm package "$chart" --destination "$out"

manifests() { kustomize build "$here/kubernetes" >"$out/manifests.yaml"; }
check "manifests: kustomize build" manifests
for version in "${kubernetes[@]}"; do check "manifests: kubeconform $version" valid "$version" "$out/manifests.yaml"; done
check "manifests: rules" rules "$out/manifests.yaml"

# Without values: there are none in the project.
compose() { (cd "$here" && compose-read --no-interpolation "$@" >"$out/compose.yaml"); }
misspelt_compose() { sed 's/mem_limit:/memlimit:/' "$here/compose.yaml" >"$out/misspelt.yaml" && compose "$out/misspelt.yaml"; }
check "compose: schema" compose compose.yaml
check "compose: the schema refuses a misspelt name" refused "memlimit" misspelt_compose
check "compose: rules" rules --compose "$here/compose.yaml"
# It would tell its makers of each run.
skaffold config set --global collect-metrics false >/dev/null 2>&1
check "skaffold diagnose" env -C "$here" skaffold diagnose --yaml-only
skaffold_render() { env -C "$here" skaffold render --digest-source=none --offline=true "$@"; }
check "skaffold render, everything" skaffold_render --output "$out/skaffold.yaml"
check "skaffold render, our programs only" skaffold_render --module mall --output "$out/skaffold-mall.yaml"
for file in skaffold skaffold-mall; do
    check "$file: kubeconform ${kubernetes[1]}" valid "${kubernetes[1]}" "$out/$file.yaml"
    check "$file: rules" rules "$out/$file.yaml"
done

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
