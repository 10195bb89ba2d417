#!/usr/bin/env bash
#
# Software: hey 0.1.5 (HTTP load generator, Go).
# Expected: `hey -n 100 -c 30` sends the 100 requests of `-n`, "number of requests to run".
# What happens: each of the 30 workers sends 100/30 = 3 requests, rounded down, so 90 are sent; nothing tells that 10 are
#   missing. Who counts rows in a database after the run looks for orders that were never asked for.
# Needs: Go 1.21 or newer, Python 3.

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

GOBIN=$dir nice go install github.com/rakyll/hey@v0.1.5 >"$dir/log" 2>&1
cat >"$dir/server.py" <<'PYTHON'
import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        os.write(1, b"request\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PYTHON
port=$(free_port)
python3 "$dir/server.py" "$port" >"$dir/requests" 2>>"$dir/log" &
pids+=($!)
await_port "$port"
"$dir/hey" -n 100 -c 30 "http://127.0.0.1:$port/" >"$dir/report"
sent=$(grep -c request "$dir/requests")
grep -E 'responses|Requests/sec' "$dir/report"
echo "told to send 100, sent $sent"
[[ $sent == 90 ]] || exit 1
