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
bash "$here/check/nginx.sh" >/dev/null
export PATH=$tools:$PATH PYTHONPATH=$tools/python PYTHONDONTWRITEBYTECODE=1
# No settings, plug-ins or repositories of the person who runs this.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export HOME=$out/home HELM_CACHE_HOME=$out/helm HELM_CONFIG_HOME=$out/helm HELM_DATA_HOME=$out/helm KUBECONFIG=$out/no-cluster
export SKAFFOLD_UPDATE_CHECK=false SKAFFOLD_INTERACTIVE=false
mkdir -p "$HOME"

# shellcheck source=check/report.sh
source "$here/check/report.sh"

# valid VERSION FILE…: every object has a schema and keeps to it, with no field that it does not know.
valid() {
    kubeconform -strict -summary -kubernetes-version "$1" -schema-location \
        "$tools/schemas/{{ .NormalizedKubernetesVersion }}/{{ .ResourceKind }}{{ .KindSuffix }}.json" "${@:2}"
}

rules() { python3 "$here/check/rules.py" "$root" "$@"; }

template() { helm template mall "$chart" --namespace order-space --kube-version "${kubernetes[1]}" "$@"; }

render() {
    local file=$1 version=$2
    shift 2
    helm template mall "$chart" --namespace order-space --kube-version "$version" "$@" >"$file"
}

# shellcheck source=check/matrix.sh
source "$here/check/matrix.sh"

check "helm lint, default values" helm lint --strict --kube-version "${kubernetes[1]}" "$chart"
check "helm lint, production" helm lint --strict --kube-version "${kubernetes[1]}" "$chart" "${production[@]}"
for case in "${matrix[@]}"; do
    read -r -a words <<<"$case"
    name=${words[0]}
    for version in "${kubernetes[@]}"; do
        check "chart, $name: helm template for $version" render "$out/$name-$version.yaml" "$version" "${words[@]:1}"
    done
    check "chart, $name: rules" rules "$out/$name-${kubernetes[0]}.yaml"
done
# All cases at once: most of its time it reads schemas.
for version in "${kubernetes[@]}"; do check "chart, all cases: kubeconform $version" valid "$version" "$out"/*-"$version.yaml"; done

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
    template --set paymentSimulator.enabled=false --set secret.existing=s --set "networkPolicy.paymentPeers[0].ipBlock.cidr=192.0.2.1/32"
check "chart refuses a misspelt value" refused "replicaz" template --set order.replicaz=3
check "chart refuses a password among the variables" refused "DB_PASSWORD" template --set order.env.DB_PASSWORD=x
# chart_refuses TITLE WORDS FLAG…
chart_refuses() { check "chart refuses $1" refused "$2" template "${@:3}"; }
chart_refuses "tokens of nobody" oidc/issuer --set memberAuth.mode=jwt --set memberAuth.oidc.audience=mall "${identity[@]}"
chart_refuses "tokens for anybody" oidc/audience --set memberAuth.mode=jwt --set memberAuth.oidc.issuer=https://id.example.com "${identity[@]}"
chart_refuses "an issuer that nobody asks" oidc/issuer --set memberAuth.oidc.issuer=https://id.example.com
chart_refuses "an issuer that is no address" oidc/issuer "${jwt[@]}" --set memberAuth.oidc.issuer=keycloak "${identity[@]}"
chart_refuses "a proxy without a secret" memberAuth/proxySecret --set memberAuth.mode=proxy
chart_refuses "a proxy's secret that nobody asks for" memberAuth/proxySecret "${jwt[@]}" "${identity[@]}" --set memberAuth.proxySecret=proxy
chart_refuses "an unknown way to know members" memberAuth/mode --set memberAuth.mode=basic
chart_refuses "a way to know members among the variables" MEMBER_AUTH --set composite.env.MEMBER_AUTH=open
chart_refuses "a token among the variables" OPERATOR_TOKEN --set order.env.OPERATOR_TOKEN=x
chart_refuses "a login at its own brokers" security/protocol "${kafka_login[@]}"
chart_refuses "a login without the order service's account" order/kafka/loginSecret "${kafka_elsewhere[@]}" "${kafka_login[@]}" --set order.kafka.loginSecret=
chart_refuses "a login without the composite's account" composite/kafka/loginSecret "${kafka_elsewhere[@]}" "${kafka_login[@]}" --set composite.kafka.loginSecret=
chart_refuses "an account that nobody asks for" order/kafka/loginSecret --set order.kafka.loginSecret=s
chart_refuses "authorities without TLS" security/caSecret --set kafkaClient.security.caSecret=s
chart_refuses "a certificate without TLS" composite/kafka/certificateSecret --set composite.kafka.certificateSecret=s
chart_refuses "Kerberos" security/saslMechanism "${kafka_elsewhere[@]}" "${kafka_login[@]}" --set kafkaClient.security.saslMechanism=GSSAPI
chart_refuses "a token without an issuer" token/endpoint "${kafka_elsewhere[@]}" "${kafka_login[@]}" --set kafkaClient.security.saslMechanism=OAUTHBEARER
chart_refuses "an issuer that nobody asks" token/endpoint --set kafkaClient.security.token.endpoint=https://id
chart_refuses "the way to Kafka to any address" networkPolicy.kafkaPeers "${kafka_elsewhere[@]}" --set networkPolicy.kafkaPeers=null
chart_refuses "the way to the database to any address" networkPolicy.databasePeers \
    --set mysql.enabled=false --set database.host=db:3306 --set secret.existing=s
chart_refuses "the way to the gateway to any address" networkPolicy.paymentPeers \
    --set paymentSimulator.enabled=false --set payment.url=https://p --set secret.existing=s
chart_refuses "the way to the member service to any address" networkPolicy.memberPeers --set memberService.url=http://m
chart_refuses "the way to the identity provider to any address" networkPolicy.identityPeers "${jwt[@]}"
chart_refuses "no name server" networkPolicy.dnsPeers --set networkPolicy.dnsPeers=null
chart_refuses "every port of the name servers" networkPolicy.dnsPorts --set networkPolicy.dnsPorts=null
chart_refuses "every port of the identity provider" networkPolicy.identityPorts "${jwt[@]}" "${identity[@]}" --set networkPolicy.identityPorts=null
for wildcard in 'ipBlock.cidr=0.0.0.0/0' 'ipBlock.cidr=0.0.0.0/1' 'ipBlock.cidr=::/0' 'podSelector=null' 'namespaceSelector.matchLabels=null'; do
    chart_refuses "the wildcard $wildcard" dnsPeers --set "networkPolicy.dnsPeers[0].$wildcard" --set networkPolicy.dnsPorts[0]=53
done
check "chart refuses an old Kubernetes" refused "incompatible" helm template mall "$chart" --kube-version 1.29.0
# The rules themselves: each change of a right descriptor is noticed.
noticed() { sed "$2" "$out/default-${kubernetes[1]}.yaml" >"$out/changed.yaml" && refused "$1" rules "$out/changed.yaml"; }
changes=(
    "may gain privileges|s/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/"
    "keeps capabilities|s/drop: \[ALL\]/drop: [NET_RAW]/"
    "has no seccomp profile|s/type: RuntimeDefault/type: Unconfined/"
    "may run as root|s/runAsNonRoot: true/runAsNonRoot: false/"
    "is of a kind that is not allowed|s/emptyDir: {}/hostPath: {path: \/}/"
    "there twice|s/name: DB_POOL_SIZE/name: DB_SSL_MODE/"
    "selects everybody|s/k8s-app: kube-dns//"
    "on every port|/protocol: .*, port: 53}/d"
    "which it does not need|s/component: payment/component: mysql/"
    "KAFKA_SASL_USERNAME does not come from a secret|s/value: PLAINTEXT}/value: SASL_SSL}/"
    "would need tokens for|s/127.0.0.1:8078/0.0.0.0:8078/"
    "OPERATOR_TOKEN does not come from a secret|/name: OPERATOR_TOKEN/{n;s/valueFrom: .*/value: open/}"
    "OIDC_ISSUER is missing|s/name: MEMBER_AUTH, value: open/name: MEMBER_AUTH, value: jwt/"
)
for change in "${changes[@]}"; do check "rules notice: ${change%%|*}" noticed "${change%%|*}" "${change#*|}"; done

check "chart: the installer's role" python3 "$here/check/installer.py" "$here/helm/installer-role.yaml" "$out"/*-"${kubernetes[1]}.yaml"
check "helm package" helm package "$chart" --destination "$out"

manifests() { kustomize build "$here/kubernetes" >"$out/manifests.yaml"; }
check "manifests: kustomize build" manifests
for version in "${kubernetes[@]}"; do check "manifests: kubeconform $version" valid "$version" "$out/manifests.yaml"; done
check "manifests: rules" rules "$out/manifests.yaml"

# The same with other settings: edits of the map, as an operator makes them.
manifests_with() {
    local name=$1 edit
    shift
    rm -rf "$out/$name" && cp -r "$here/kubernetes" "$out/$name"
    for edit in "$@"; do
        grep -q "^  ${edit%%: *}: " "$out/$name/order-configmap.yaml" || { echo "no ${edit%%: *} in the map"; return 1; }
        sed -i "s|^  ${edit%%: *}: .*|  $edit|" "$out/$name/order-configmap.yaml"
    done
    kustomize build "$out/$name" >"$out/$name.yaml" && valid "${kubernetes[1]}" "$out/$name.yaml" && rules "$out/$name.yaml"
}
manifests_refuse() { ! manifests_with "$@" >"$out/refusal" 2>&1 || { echo "this should have been refused: $*"; return 1; }; }
ca=/etc/mall/kafka/ca.pem
check "manifests: Kafka with login and TLS" manifests_with scram \
    "kafka_security_protocol: SASL_SSL" "kafka_sasl_mechanism: SCRAM-SHA-256" "kafka_ssl_ca_location: $ca"
check "manifests: Kafka with tokens" manifests_with token "kafka_security_protocol: SASL_SSL" "kafka_sasl_mechanism: OAUTHBEARER" \
    "kafka_token_endpoint_url: https://id.example.com/token" "kafka_ssl_ca_location: $ca"
check "manifests: Kafka with certificates" manifests_with certificates "kafka_security_protocol: SSL" "kafka_ssl_ca_location: $ca" \
    "kafka_ssl_certificate_location: /etc/mall/kafka/tls.crt" "kafka_ssl_key_location: /etc/mall/kafka/tls.key"
check "manifests: members by proxy" manifests_with proxy "member_auth: proxy"
check "manifests: members by token" manifests_with jwt "member_auth: jwt" "oidc_issuer: https://id.example.com/mall" "oidc_audience: mall"
check "manifests: rules refuse TLS that is off" manifests_refuse tls-off "kafka_ssl_ca_location: $ca"
check "manifests: rules refuse a file that is not there" manifests_refuse no-file "kafka_security_protocol: SSL" "kafka_ssl_ca_location: /etc/ca.pem"
check "manifests: rules refuse tokens for anybody" manifests_refuse no-audience "member_auth: jwt" "oidc_issuer: https://id.example.com/mall"

# Nobody says by a header who they are: not through any ingress that is shipped, and the trial notices when one can.
controller=$here/helm/ingress-nginx-values.yaml
headers() { python3 "$here/trials/ingress_headers.py" "$@"; }
lets_in() { ! headers "$@" >/dev/null || { echo "this lets everything in, and nothing was noticed: $*"; return 1; }; }
for header in X-Member-Id X-Proxy-Secret; do sed "/$header:/d" "$controller" >"$out/without-$header.yaml"; done
printf 'controller: {config: {proxy-next-upstream: error timeout}}\n' >"$out/bare-controller.yaml"
check "ingress of the manifests, shipped controller: no header from outside" headers "$out/manifests.yaml" "$controller"
check "ingress of the chart, shipped controller: no header from outside" headers "$out/default-${kubernetes[0]}.yaml" "$controller"
check "ingress of the chart, by itself: no header from outside" headers \
    "$out/ingress-drops-by-itself-${kubernetes[0]}.yaml" "$out/bare-controller.yaml"
for header in X-Member-Id X-Proxy-Secret; do
    check "trial of the ingress notices $header" lets_in "$out/manifests.yaml" "$out/without-$header.yaml"
done

# Without values: there are none in the project.
compose() { (cd "$here" && compose-read --no-interpolation "$@" >"$out/compose.yaml"); }
misspelt_compose() { sed 's/mem_limit:/memlimit:/' "$here/compose.yaml" >"$out/misspelt.yaml" && compose "$out/misspelt.yaml"; }
check "compose: schema" compose compose.yaml
check "compose: the schema refuses a misspelt name" refused "memlimit" misspelt_compose
check "compose: rules" rules --compose "$here/compose.yaml"
compose_login() { compose compose.yaml compose.kafka-login.yaml; }
check "compose, Kafka with login: schema" compose_login
check "compose, Kafka with login: rules" rules --compose "$out/compose.yaml"
# Nothing is set here. Each file says what it misses.
for name in DB_PASSWORD DB_ROOT_PASSWORD PAYMENT_SECRET_KEY SERVICE_TOKEN OPERATOR_TOKEN; do
    check "compose refuses no $name" refused "required variable $name" env -C "$here" compose-read compose.yaml
done
for name in KAFKA_BOOTSTRAP_SERVERS KAFKA_CA_FILE; do
    check "compose, Kafka with login, refuses no $name" refused "required variable $name" env -C "$here" compose-read compose.kafka-login.yaml
done
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

tell_result
