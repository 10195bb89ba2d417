#!/usr/bin/env bash
#
# Software: ratelimit-header-parser 0.1.0 (Node.js).
# Expected: `parseRateLimit` reads the `RateLimit` field in the form of the IETF draft since its 8th version (`"default";r=50;t=30`), or gives
#   `undefined` as it does where it finds no limit.
# What happens: it gives an object whose limit, used and remaining are NaN and whose reset is an invalid Date. `remaining <= 0` and
#   `remaining > 0` are both false then, so who waits until `reset` when nothing remains never waits, and who goes on while something
#   remains never goes on.
# Needs: Node.js 20 or newer with npm.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

npm install --silent --no-audit --no-fund --prefix "$dir" ratelimit-header-parser@0.1.0 >"$dir/log" 2>&1
cat >"$dir/parse.mjs" <<'JAVASCRIPT'
import { parseRateLimit } from 'ratelimit-header-parser'

for (const headers of [
  { ratelimit: 'limit=100, remaining=50, reset=30' },
  { ratelimit: '"default";r=50;t=30', 'ratelimit-policy': '"default";q=100;w=60' },
  { ratelimit: '"default";r=0;t=30' },
  { date: 'Mon, 23 Nov 2026 01:15:00 GMT' }
]) {
  const read = parseRateLimit(new Headers(headers))
  const told = read && `limit=${read.limit} used=${read.used} remaining=${read.remaining} reset=${isNaN(read.reset) ? 'Invalid Date' : 'a date'}`
  console.log(`${headers.ratelimit ?? 'none'}: ${told}`)
}
JAVASCRIPT
seen=$(node "$dir/parse.mjs" 2>"$dir/log")
echo "$seen"
[[ $seen == 'limit=100, remaining=50, reset=30: limit=100 used=50 remaining=50 reset=a date
"default";r=50;t=30: limit=NaN used=NaN remaining=NaN reset=Invalid Date
"default";r=0;t=30: limit=NaN used=NaN remaining=NaN reset=Invalid Date
none: undefined' ]] || exit 1
