# shellcheck shell=bash
# How many pods there are, on which nodes, and what happens to them when a node is emptied.

check "nodes: the installer's namespace" namespace_for_installer nodes
readonly by_hand=(--set order.autoscaling.enabled=false --set composite.autoscaling.enabled=false)
with() { installer nodes upgrade --install mall "$chart" --wait --timeout 10m "$@" && settled nodes; }

# pods_on_nodes PART: how many there are on each node that has any, sorted: `2 2 2`.
pods_on_nodes() {
    admin --namespace nodes get pods --selector "app.kubernetes.io/component=$1" --output 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}' |
        sort | uniq -c | awk '{ print $1 }' | sort -n | xargs
}
# both_have NUMBER: old pods have ended, too.
both_have() { until_true "$1 instances" are_as_many "$1"; }
are_as_many() { [[ $(how_many order) == "$1" && $(how_many composite) == "$1" ]]; }
how_many() { admin --namespace nodes get pods --selector "app.kubernetes.io/component=$1" --output name | wc -l; }
# both_are `2 2 2`
both_are() { both_have $((${1// /+})) && same "$1" "$(pods_on_nodes order)" && same "$1" "$(pods_on_nodes composite)"; }
restarted() { admin --namespace nodes rollout restart deployment mall-order mall-composite && settled nodes && both_are "$1"; }

scaled_by_values() { with "${by_hand[@]}" --set "order.replicas=$1" --set "composite.replicas=$1" && both_have "$1"; }
check "scaled by values: six instances" scaled_by_values 6
check "six instances are two on each node" both_are "2 2 2"
# Which pods go is up to Kubernetes; it does not look at the nodes that they are on.
check "scaled by values: two again" scaled_by_values 2
check "a restart puts them on two nodes" restarted "1 1"

scaled_by_kubectl() {
    admin --namespace nodes scale deployment mall-order mall-composite --replicas "$1" && settled nodes && both_have "$1"
}
check "kubectl scale: three instances" scaled_by_kubectl 3
check "kubectl scale: two again" scaled_by_kubectl 2

# An autoscaler without figures of processor time still keeps to its limits.
autoscaled() {
    with --set "order.autoscaling.minReplicas=$1" --set "composite.autoscaling.minReplicas=$1" && both_have "$2"
}
check "autoscaling: at least as many as its lower limit" autoscaled 6 6
check "autoscaling: an upgrade leaves the number as it is" autoscaled 2 6
not_more() {
    with --set order.autoscaling.maxReplicas=3 --set composite.autoscaling.maxReplicas=3 && both_have 3
}
check "autoscaling: at most as many as its upper limit" not_more

# Two nodes, and rolling updates, in each of which the pods that end are still counted when the new ones are placed.
updates_on_two_nodes() {
    local round
    admin cordon node-c
    for round in 1 2 3 4 5 6; do
        with "${by_hand[@]}" --set "order.unpaidMinutes=1$round" --set "logLevel=info\,round=$round" && both_are "1 1" || return
    done
    admin uncordon node-c
}
check "after each of six updates on two nodes, the instances are on both" updates_on_two_nodes
admin uncordon node-c >/dev/null 2>&1

# nodes_of PART
nodes_of() { admin --namespace nodes get pods --selector "app.kubernetes.io/component=$1" --output 'jsonpath={.items[*].spec.nodeName}'; }
drain() { admin drain "$1" --ignore-daemonsets --delete-emptydir-data --timeout 10m; }

drained() {
    local part
    with "${by_hand[@]}" --set order.replicas=3 --set composite.replicas=3 && restarted "1 1 1" && drain node-a && settled nodes || return
    for part in order composite mysql kafka payment; do ! says node-a <(nodes_of "$part") || return; done
    both_are "1 2"
}
says() { grep -q -- "$1" "$2"; }
check "kubectl drain: the instances of an emptied node are on the other two" drained

check "the emptied node takes pods again" admin uncordon node-a
check "a restart puts the instances on all three" restarted "1 1 1"

# No node takes pods, so what goes from the first does not come again, and the second has to wait.
one_at_a_time() {
    local drained said=$out/drain status=0
    admin cordon node-b && admin cordon node-c && drain node-a || return
    setpriv --pdeathsig KILL kubectl --kubeconfig "$run/admin.kubeconfig" drain node-b --ignore-daemonsets --delete-emptydir-data >"$said" 2>&1 &
    drained=$!
    if until_true "the budget's refusal" says "violate the pod's disruption budget" "$said"; then
        admin uncordon node-a && wait "$drained" || status=$?
    else
        status=1
        kill "$drained"
    fi
    cat "$said"
    return "$status"
}
check "kubectl drain: the disruption budget lets no second instance go before the first is there again" one_at_a_time
for name in "${nodes[@]}"; do admin uncordon "$name" >/dev/null; done
check "all is ready when the nodes are there again" settled nodes
