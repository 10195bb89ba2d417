#!/usr/bin/env bash
#
# Software: cloudevents 10.0.0 (Node.js) and cloudevents 2.2.0 (Python).
# Expected: `time` is optional in CloudEvents 1.0. An event that came without it is read as one without it, and reading the same
#   record twice gives the same event.
# What happens: both SDKs give it the time at which it was read, a new one at each reading, and write that out when they pass the event
#   on. So what was sent years ago and is replayed looks as if it had happened just now, and two readers disagree.
# Needs: Node.js 20 or newer with npm, Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

cat >"$dir/read.mjs" <<'JAVASCRIPT'
import { Kafka } from 'cloudevents'

const headers = { ce_specversion: '1.0', ce_id: '1', ce_source: '/orders', ce_type: 'placed', 'content-type': 'application/json' }
const read = () => Kafka.toEvent({ headers, value: '{"order":1}' })
const first = read()
await new Promise(done => setTimeout(done, 20))
const second = read()
const told = first.time === undefined ? 'no time' : Math.abs(Date.now() - Date.parse(first.time)) < 60000 ? 'the time of reading' : 'a time'
console.log(`JavaScript: ${told}, ${first.time === second.time ? 'the same' : 'another'} at the second reading, written on: ${'ce_time' in Kafka.binary(first).headers}`)
JAVASCRIPT
cat >"$dir/read.py" <<'PYTHON'
import time
from datetime import datetime, timezone

from cloudevents.core.bindings import kafka

headers = {"ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/orders", "ce_type": b"placed", "content-type": b"application/json"}
message = kafka.KafkaMessage(headers, None, b'{"order":1}')
first = kafka.from_binary_event(message)
time.sleep(0.02)
second = kafka.from_binary_event(message)
given = first.get_time()
now = datetime.now(timezone.utc)
told = "no time" if given is None else "the time of reading" if abs((now - given).total_seconds()) < 60 else "a time"
again = "the same" if given == second.get_time() else "another"
print(f"Python: {told}, {again} at the second reading, written on: {str('ce_time' in kafka.to_binary_event(first).headers).lower()}")
PYTHON
npm install --silent --no-audit --no-fund --prefix "$dir" cloudevents@10.0.0 >"$dir/log" 2>&1
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q cloudevents==2.2.0
javascript=$(node "$dir/read.mjs" 2>"$dir/log")
python=$("$dir/venv/bin/python" "$dir/read.py" 2>"$dir/log")
seen="$javascript
$python"
echo "$seen"
[[ $seen == "JavaScript: the time of reading, another at the second reading, written on: true
Python: the time of reading, another at the second reading, written on: true" ]] || exit 1
