# shellcheck shell=bash
# From the chart of an earlier commit to this one and back, by the installer; what changes is told.

readonly former=c9920ac # the last one without logins and tokens

former_files() {
    if ! git -C "$root" cat-file -e "$former^{commit}" 2>/dev/null; then
        echo "commit $former is not in this clone's history; is it shallow: $(git -C "$root" rev-parse --is-shallow-repository 2>&1)"
        echo "fetch all of it first: git fetch --unshallow"
        return 1
    fi
    mkdir -p "$out/former" && git -C "$root" archive "$former" deploy | tar -x -C "$out/former"
}
check "the files of $former are in the history" former_files
readonly former_chart=$out/former/deploy/helm/mall

# Pods of the database and the brokers: (name uid) a line.
kept_pods() { admin --namespace "$1" get pods --selector 'app.kubernetes.io/component in (mysql,kafka,payment)' \
    --output 'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{"\n"}{end}'; }

install_former() {
    local namespace=$1
    shift
    installer "$namespace" install mall "$former_chart" --wait --timeout 10m "$@" && look_at "$namespace" "$out/$namespace-former.json"
}

upgrade() {
    local namespace=$1
    shift
    installer "$namespace" upgrade mall "$chart" --wait --timeout 10m "$@" && settled "$namespace" &&
        look_at "$namespace" "$out/$namespace-upgraded.json"
}

# Objects are changed and not made anew, but for what is named after its content.
nothing_made_anew() {
    local anew
    anew=$(changes --identities "$out/$1-former.json" "$out/$1-upgraded.json") && same "" "$(grep -v '^ConfigMap/mall-catalogue-' <<<"$anew")"
}

# No value of the secret changes; new ones may come.
secret_keeps_its_values() {
    local changed
    changed=$(changes "$out/$1-former.json" "$out/$1-upgraded.json") &&
        same "" "$(grep '^Secret/' <<<"$changed" | grep -v 'data.[a-z-]* is new$')"
}

roll_back() {
    local left
    installer "$1" rollback mall 1 --wait --timeout 10m && settled "$1" && look_at "$1" "$out/$1-back.json" &&
        left=$(changes "$out/$1-former.json" "$out/$1-back.json") && same "" "$left"
}

readonly catalogue=(--set-file "catalogue.json=$root/tools/stack/sample/catalogue.json")
readonly no_scaling=(--set order.autoscaling.enabled=false --set composite.autoscaling.enabled=false)
for values in default catalogue no_scaling production; do
    case $values in
        default) old=() new=() ;;
        production) old=(-f "$former_chart/values-production.yaml") new=("${production[@]}") ;;
        *) declare -n named=$values; old=("${named[@]}") new=("${named[@]}"); unset -n named ;;
    esac
    space=upgrade-${values//_/-}
    check "upgrade, $values: the installer's namespace" namespace_for_installer "$space"
    check "upgrade, $values: the chart of $former is installed" install_former "$space" "${old[@]}"
    check "upgrade, $values: this chart takes its place" upgrade "$space" "${new[@]}"
    if [[ -s $out/$space-upgraded.json ]]; then
        echo "      what changes:"
        changes "$out/$space-former.json" "$out/$space-upgraded.json" | sed 's/^/        /'
    fi
    check "upgrade, $values: no object is made anew" nothing_made_anew "$space"
    check "upgrade, $values: the secret keeps its values" secret_keeps_its_values "$space"
    check "upgrade, $values: a rollback makes everything as it was" roll_back "$space"
    check "upgrade, $values: and can be upgraded again" upgrade "$space" "${new[@]}"
done

# What comes with the next version: its number is in labels of every object.
next_version() {
    local before
    sed 's/^version: .*/version: 99.0.0/' -i "$out/next/Chart.yaml" && before=$(kept_pods upgrade-default) &&
        installer upgrade-default upgrade mall "$out/next" --wait --timeout 10m && settled upgrade-default &&
        same "$before" "$(kept_pods upgrade-default)"
}
cp -r "$chart" "$out/next"
check "a new version of the chart restarts neither database nor broker" next_version

# As often as an operator changes a setting, the catalogue's job must not stand in the way: what a job runs can't be changed.
other_settings() { upgrade upgrade-catalogue "${catalogue[@]}" --set order.unpaidMinutes=20 --set logLevel=debug; }
check "other settings, with a catalogue that was put on the shelves before" other_settings

job() { admin --namespace upgrade-catalogue get jobs --output 'jsonpath={.items[*].metadata.uid}'; }
next_version_with_catalogue() {
    local before
    before=$(job) && installer upgrade-catalogue upgrade mall "$out/next" --reuse-values --wait --timeout 10m && same "$before" "$(job)"
}
check "a new version of the chart puts no catalogue on the shelves again" next_version_with_catalogue

# A version that never becomes ready takes nothing of the old one away.
field() { admin --namespace upgrade-default get deployment "$1" --output "jsonpath={.status.$2}"; }
one_is_new() { [[ $(field mall-order updatedReplicas) == 1 && $(field mall-composite updatedReplicas) == 1 ]]; }
broken_version() {
    installer upgrade-default upgrade mall "$out/next" --set images.tag=broken && until_true "pods of the broken version" one_is_new &&
        same 2 "$(field mall-order availableReplicas)" && same 2 "$(field mall-composite availableReplicas)" &&
        installer upgrade-default rollback mall --wait --timeout 10m && settled upgrade-default
}
check "a version that never becomes ready leaves the pods of the old one, and can be rolled back" broken_version
