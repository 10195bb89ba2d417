#!/usr/bin/env bash
#
# Software: Toxiproxy 2.5.0 (Go), server and command line tool.
# Expected: a toxic whose attribute is misspelt, or whose toxicity is a percentage where a share from 0 to 1 is meant, is refused,
#   as a misspelt type is.
# What happens: `toxic add -t latency -a lateny=400` reports that it was added and exits with 0. The toxic delays by
#   0 ms, so the test of a slow network is green on a fast one. A toxicity of 5 is taken by the API as well, and means always.
# Needs: Go 1.21 or newer, curl, jq.

set -Eeuo pipefail
dir=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$dir"
}
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

await_port() { # PORT: until somebody listens, three minutes at most
  for _ in {1..720}; do
    if (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
    sleep 0.25
  done
  return 1
}

for part in server cli; do
  GOBIN=$dir nice go install "github.com/Shopify/toxiproxy/v2/cmd/$part@v2.5.0" >"$dir/log" 2>&1
done
port=$(free_port) listen=$(free_port)
"$dir/server" -host 127.0.0.1 -port "$port" >"$dir/log" 2>&1 &
pids+=($!)
await_port "$port"
cli() { "$dir/cli" --host "http://127.0.0.1:$port" "$@"; }

cli create -l "127.0.0.1:$listen" -u 127.0.0.1:9 database >"$dir/log" 2>&1
attribute=0 toxicity=0 type=0
cli toxic add -n slow -t latency -a lateny=400 database 2>&1 || attribute=$?
curl -sSf "http://127.0.0.1:$port/proxies/database/toxics" -o /dev/null \
  -d '{"name":"seldom","type":"latency","toxicity":5,"attributes":{"latency":400}}' || toxicity=$?
cli toxic add -n typo -t lateny -a latency=400 database 2>&1 || type=$?
toxics=$(curl -sSf "http://127.0.0.1:$port/proxies/database/toxics" | jq -c '[.[] | {name, latency: .attributes.latency, toxicity}]')
echo "exit status: attribute misspelt $attribute, toxicity 5 $toxicity, type misspelt $type; toxics $toxics"
[[ $attribute == 0 && $toxicity == 0 && $type != 0 ]] || exit 1
[[ $toxics == '[{"name":"slow","latency":0,"toxicity":1},{"name":"seldom","latency":400,"toxicity":5}]' ]] || exit 1
