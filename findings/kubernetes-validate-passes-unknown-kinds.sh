#!/usr/bin/env bash
#
# Software: kubernetes-validate 1.37.0 (Python).
# Expected: a validator fails on a manifest it could not validate: a kind that doesn't exist, or a `kind: List`, the form in
#   which `kubectl get -o yaml` writes several objects. At the latest with `--strict`.
# What happens: both get a warning and exit status 0, with `--strict`, too. So a Deployment whose `replicas` is a word is
#   refused by itself and passes within a List, and so does any object with a misspelt kind.
# Needs: Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q kubernetes-validate==1.37.0
cat >"$dir/alone.yaml" <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec: {replicas: many}
YAML
cat >"$dir/list.yaml" <<'YAML'
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop}
    spec: {replicas: many}
YAML
sed 's/kind: Deployment/kind: Deploymnet/' "$dir/alone.yaml" >"$dir/misspelt.yaml"

declare -A status
for name in alone list misspelt; do
  status[$name]=0
  "$dir/venv/bin/kubernetes-validate" --strict "$dir/$name.yaml" 2>&1 || status[$name]=$?
done
echo "exit status: alone ${status[alone]}, in a list ${status[list]}, misspelt ${status[misspelt]}"
[[ ${status[alone]} == 1 && ${status[list]} == 0 && ${status[misspelt]} == 0 ]] || exit 1
