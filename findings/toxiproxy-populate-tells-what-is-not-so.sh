#!/usr/bin/env bash
#
# Software: Toxiproxy 2.5.0 (Go).
# Expected: `POST /populate` makes the proxies be as told and answers with them as they are now.
# What happens: of a proxy that is there already with the same addresses it answers `"enabled":false,"toxics":[]`, whatever is so,
#   and changes nothing: its toxics go on, and one that is off stays off even for `"enabled":true`. So a test that
#   populates in its set-up keeps the fault of the test before, and the answer says that there is none.
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

GOBIN=$dir nice go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0 >"$dir/log" 2>&1
port=$(free_port) listen=$(free_port)
"$dir/server" -host 127.0.0.1 -port "$port" >"$dir/log" 2>&1 &
pids+=($!)
await_port "$port"
ask() { curl -sSf "http://127.0.0.1:$port/$1" ${2:+-d "$2"}; }
brief='"enabled=\(.enabled) toxics=\(.toxics | length)"'

proxy="{\"name\":\"database\",\"listen\":\"127.0.0.1:$listen\",\"upstream\":\"127.0.0.1:9\",\"enabled\":true}"
ask proxies "$proxy" >>"$dir/log"
ask proxies/database/toxics '{"type":"latency","attributes":{"latency":400}}' >>"$dir/log"
answer_on=$(ask populate "[$proxy]" | jq -r ".proxies[0] | $brief")
truth_on=$(ask proxies/database | jq -r "$brief")
ask proxies/database '{"enabled":false}' >>"$dir/log"
answer_off=$(ask populate "[$proxy]" | jq -r ".proxies[0] | $brief")
truth_off=$(ask proxies/database | jq -r "$brief")
echo "proxy with a toxic, on:  populate answers $answer_on; it is $truth_on"
echo "the same, switched off:  populate answers $answer_off; it is $truth_off"
[[ $answer_on == "enabled=false toxics=0" && $truth_on == "enabled=true toxics=1" ]] || exit 1
[[ $answer_off == "enabled=false toxics=0" && $truth_off == "enabled=false toxics=1" ]] || exit 1
