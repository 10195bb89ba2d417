# shellcheck shell=bash
# Starts a Kubernetes on loopback, on free ports and in a folder of its own, with nodes that kwok plays: pods are placed, become ready and
# end, and nothing runs in them. Needs $out and the programs of `./mall provision kube` in PATH.

readonly run=$out/kubernetes
readonly nodes=(node-a node-b node-c)
pids=()

free_ports() {
    python3 -c '
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in held: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))' "$1"
}

# start NAME ARGUMENT…: ends with this script, however it ends.
start() {
    setpriv --pdeathsig KILL "$@" >"$run/$1.log" 2>&1 </dev/null &
    pids+=("$!")
}

stop_cluster() {
    local pid
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    pids=()
}

# until_true WHAT COMMAND…: waits for it as long as everything that was started is alive.
until_true() {
    local what=$1 pid
    shift
    until "$@" >"$run/until" 2>&1; do
        for pid in "${pids[@]}"; do
            kill -0 "$pid" 2>/dev/null || { tail -n 5 "$run"/*.log; echo "a part of the cluster died; $what was waited for"; return 1; }
        done
        sleep 0.2
    done
}

# let_in USER GROUP: by a token that nobody else has.
let_in() {
    local user=$1 group=$2 token
    token=$(openssl rand -hex 24)
    echo "$token,$user,$user,$group" >>"$run/tokens.csv"
    # Helm warns of a file that others may read.
    (umask 077 && : >"$run/$user.kubeconfig")
    cat >"$run/$user.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: mall, cluster: {server: "https://127.0.0.1:$api_port", certificate-authority: "$run/certificates/apiserver.crt"}}]
users: [{name: $user, user: {token: $token}}]
contexts: [{name: mall, context: {cluster: mall, user: $user}}]
current-context: mall
YAML
}

start_api_server() {
    local etcd_port peer_port
    read -r etcd_port peer_port api_port <<<"$(free_ports 3)"
    openssl genrsa -out "$run/accounts.key" 2048 2>/dev/null
    openssl rsa -in "$run/accounts.key" -pubout -out "$run/accounts.pub" 2>/dev/null
    let_in admin system:masters
    let_in installer nobody-special
    # What the installer asks for, and whether it may.
    cat >"$run/audit-policy.yaml" <<'YAML'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules: [{level: Metadata, users: [installer]}, {level: None}]
YAML
    start etcd --data-dir "$run/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$peer_port" --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" \
        --initial-cluster "default=http://127.0.0.1:$peer_port"
    start kube-apiserver --etcd-servers "http://127.0.0.1:$etcd_port" --bind-address 127.0.0.1 --advertise-address 127.0.0.1 \
        --secure-port "$api_port" --cert-dir "$run/certificates" --service-cluster-ip-range 10.96.0.0/16 --endpoint-reconciler-type none \
        --authorization-mode RBAC --token-auth-file "$run/tokens.csv" --anonymous-auth=false \
        --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$run/accounts.pub" \
        --service-account-signing-key-file "$run/accounts.key" \
        --audit-policy-file "$run/audit-policy.yaml" --audit-log-path "$run/audit.log"
    until_true "the API server" admin get --raw /readyz
}

start_cluster() {
    local name
    # The tokens in it are nobody else's.
    (umask 077 && mkdir "$run")
    start_api_server
    start kube-controller-manager --kubeconfig "$run/admin.kubeconfig" --bind-address 127.0.0.1 --secure-port 0 --leader-elect=false \
        --service-account-private-key-file "$run/accounts.key" --root-ca-file "$run/certificates/apiserver.crt"
    start kube-scheduler --kubeconfig "$run/admin.kubeconfig" --bind-address 127.0.0.1 --secure-port 0 --leader-elect=false
    start kwok --kubeconfig "$run/admin.kubeconfig" --config "$here/cluster/stages.yaml" --manage-all-nodes --node-lease-duration-seconds 40
    for name in "${nodes[@]}"; do node "$name"; done | admin create -f - >/dev/null
    for name in {1..150}; do volume "shelf-$name" ""; done | admin create -f - >/dev/null
    volume fast-shelf fast | admin create -f - >/dev/null
    admin wait --for condition=Ready --timeout 10m nodes --all >/dev/null
}

node() {
    cat <<YAML
---
apiVersion: v1
kind: Node
metadata: {name: $1, labels: {kubernetes.io/hostname: $1, kubernetes.io/os: linux, kubernetes.io/arch: amd64}}
status:
  allocatable: {cpu: "64", memory: 256Gi, pods: "500"}
  capacity: {cpu: "64", memory: 256Gi, pods: "500"}
YAML
}

# volume NAME CLASS: nobody mounts it.
volume() {
    cat <<YAML
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: $1}
spec:
  capacity: {storage: 16Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: "$2"
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: /nowhere}
YAML
}

# The API server's warnings are errors.
admin() { kubectl --kubeconfig "$run/admin.kubeconfig" --warnings-as-errors "$@"; }

# installer NAMESPACE ARGUMENT…: helm, with the rights of helm/installer-role.yaml. A warning of the API server, which helm only tells, is an
# error.
installer() {
    local namespace=$1 said
    shift
    said=$(mktemp "$out/helm.XXXXXX")
    helm --kubeconfig "$run/installer.kubeconfig" --namespace "$namespace" "$@" >"$said" 2>&1 || { cat "$said"; return 1; }
    cat "$said"
    ! grep -iq 'warning' "$said" || { echo "the API server warned"; return 1; }
}

# namespace_for_installer NAME
namespace_for_installer() {
    admin create -f - <<YAML
apiVersion: v1
kind: Namespace
metadata: {name: $1, labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/warn: restricted}}
YAML
    admin -n "$1" create -f "$here/helm/installer-role.yaml"
    admin -n "$1" create rolebinding mall-installer --role=mall-installer --user=installer
}
