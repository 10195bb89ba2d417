#!/usr/bin/env bash
# Tries the ingress's rules on this machine: an nginx with the path and rewriting of kubernetes/composite-ingress.yaml in front of
# composites that run already (`./mall up --composites 2`), and buys through it. Needs nginx, curl, python3 and PyYAML; ends the nginx that it
# starts.
#
#   deploy/trials/ingress.sh 127.0.0.1:7000 127.0.0.1:7002
#   MEMBER_TOKEN=$(./mall token minji) deploy/trials/ingress.sh 127.0.0.1:7000 127.0.0.1:7002     # of a mall with --auth jwt: buys as minji
set -euo pipefail

(($# >= 2)) || { echo "which composites? two addresses at least" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
manifest=$here/../kubernetes/composite-ingress.yaml
controller=$here/../helm/ingress-nginx-values.yaml
# Where `./mall test --deploy` keeps its reader of YAML.
export PYTHONPATH=${PYTHONPATH-$here/../../.mall/parts/deploy-tools/python} PYTHONDONTWRITEBYTECODE=1
PATH=$PATH:/usr/sbin
work=$(mktemp -d)
chmod 711 "$work" # nginx's worker is another user
nginx=""
trap '[[ -z $nginx ]] || kill "$nginx" 2>/dev/null || true; rm -rf "$work"' EXIT

fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

python3 "$here/ingress_headers.py" "$manifest" "$controller" || fail "a header from outside says who somebody is"
python3 "$here/nginx_conf.py" "$manifest" "$controller" "$work" "$port" "$@" >"$work/nginx.conf"
nginx -p "$work" -c "$work/nginx.conf" &
nginx=$!
mall=http://127.0.0.1:$port
as_member=(${MEMBER_TOKEN:+-H "Authorization: Bearer $MEMBER_TOKEN"})
ask() { curl -sS --path-as-is -m 20 -o "$work/body.json" -D "$work/head" -w '%{http_code}' "$@"; }
member() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/body.json" "$1"; }
until curl -s -o /dev/null "$mall/"; do kill -0 "$nginx" || fail "nginx has ended"; sleep 0.1; done

products=$mall/composite/open-api/product
[[ $(ask "$products?limit=1") == 200 ]] || fail "no products"
next=$(tr -d '\r' <"$work/head" | sed -n 's/^[Ll]ink: <\([^>]*\)>; rel="next"$/\1/p')
next=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.urljoin(*sys.argv[1:]))' "$products?limit=1" "$next")
[[ $next == "$products?after="* && $(ask "$next") == 200 ]] || fail "the next page is not at $next"
for hidden in /livez /readyz /composite/livez /composite/readyz /composite/ /open-api/product /composite/metrics /composite/open-api/../livez; do
    [[ $(ask "$mall$hidden") == 404 ]] || fail "$hidden is reachable"
done

page=$mall/composite/open-api/my-page
as_nobody=$(ask "$page")
[[ $as_nobody == 40[01] ]] || fail "my page of nobody: $as_nobody"
[[ $(ask "$page" -H 'X-Member-Id: minji') == "$as_nobody" ]] || fail "the header X-Member-Id is believed from outside"
[[ -z ${MEMBER_TOKEN:-} || $(ask "$page" "${as_member[@]}") == 200 ]] || fail "the member's token does not come through"

for purchase in $(seq 20); do
    status=$(ask "${as_member[@]}" -X POST "$mall/composite/open-api/order" -H 'Content-Type: application/json' -d '{
        "orderLineList": [{"item": {"itemId": 1}, "quantity": 1}],
        "couponId": null, "payment": {"paymentKey": "ingress-'"$$-$purchase"'", "amount": {"amount": 12000}}}')
    [[ $status == 200 && $(member status) == COMPLETE ]] || { cat "$work/body.json"; fail "purchase $purchase: $status"; }
    location=$(tr -d '\r' <"$work/head" | sed -n 's/^[Ll]ocation: //p')
    location=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.urljoin(*sys.argv[1:]))' "$mall/composite/open-api/order" "$location")
    [[ $location == */composite/open-api/order/$(member orderNum) ]] || fail "Location is $location"
    [[ $(ask "${as_member[@]}" "$location") == 200 && $(member status) == COMPLETE ]] || fail "$location is not the order"
    # One request more now and then: who sells and who is read at takes turns.
    ((purchase % 2)) || ask "$mall/composite/open-api/product" >/dev/null
done
! grep -v " /composite/open-api/" "$work/access.log" | grep -q "^[0-9]" || fail "more than the public API came through"
for composite in "$@"; do
    count=$(grep -c "^$composite 200 POST" "$work/access.log") || fail "$composite sold nothing"
    printf '%s sold %s\n' "$composite" "$count"
done
echo "all well: 20 purchases through /composite/open-api/order, each found at its Location; no probe is reachable, nobody is a member by a header"
