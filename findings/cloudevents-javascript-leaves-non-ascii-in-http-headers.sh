#!/usr/bin/env bash
#
# Software: cloudevents 10.0.0 (Node.js); cloudevents 2.2.0 (Python) beside it.
# Expected: an event with the subject `우산` can be sent over HTTP in the binary mode, and what one SDK sends the other reads: the HTTP
#   protocol binding 1.0 has characters beyond printable ASCII percent-encoded in a header.
# What happens: the Python SDK encodes. The JavaScript SDK does not, and so fetch and node:http refuse its headers; nor does it
#   decode: an event from Python arrives with the subject `%EC%9A%B0%EC%82%B0`.
# Needs: Node.js 20 or newer with npm, Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

npm install --silent --no-audit --no-fund --prefix "$dir" cloudevents@10.0.0 >"$dir/log" 2>&1
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q cloudevents==2.2.0
cat >"$dir/write.py" <<'PYTHON'
import json

from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

event = CloudEvent({"id": "1", "type": "t", "source": "/items", "subject": "우산", "datacontenttype": "application/json"}, {})
message = http.to_binary_event(event)
print(json.dumps({"headers": message.headers, "body": message.body.decode()}))
PYTHON
cat >"$dir/headers.mjs" <<'JAVASCRIPT'
import { CloudEvent, HTTP } from 'cloudevents'
import http from 'node:http'

const server = http.createServer((_, response) => response.end()).listen(0, '127.0.0.1')
await new Promise(done => server.on('listening', done))
const url = `http://127.0.0.1:${server.address().port}`
for (const subject of ['umbrella', '우산']) {
  const { headers, body } = HTTP.binary(new CloudEvent({ id: '1', type: 't', source: '/items', subject, datacontenttype: 'application/json', data: {} }))
  const known = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
  const fetched = await fetch(url, { method: 'POST', headers: known, body: JSON.stringify(body) }).then(it => it.status, error => error.constructor.name)
  let raw = 'sent'
  try {
    const request = http.request(url, { method: 'POST', headers: known })
    await new Promise(done => request.on('response', answer => answer.resume().on('end', done)).end('{}'))
  } catch (error) {
    raw = error.code
  }
  console.log(`${subject}: ce-subject=${headers['ce-subject']}, fetch: ${fetched}, node:http: ${raw}`)
}
const theirs = JSON.parse(process.argv[2])
console.log(`from Python: ce-subject=${theirs.headers['ce-subject']}, read as ${HTTP.toEvent(theirs).subject}`)
server.close()
server.closeAllConnections()
JAVASCRIPT
message=$("$dir/venv/bin/python" "$dir/write.py" 2>"$dir/log")
seen=$(node "$dir/headers.mjs" "$message" 2>"$dir/log")
echo "$seen"
[[ $seen == 'umbrella: ce-subject=umbrella, fetch: 200, node:http: sent
우산: ce-subject=우산, fetch: TypeError, node:http: ERR_INVALID_CHAR
from Python: ce-subject=%EC%9A%B0%EC%82%B0, read as %EC%9A%B0%EC%82%B0' ]] || exit 1
