#!/usr/bin/env bash
#
# Software: cloudevents 2.2.0 (Python).
# Expected: an event whose data is `"ready"` or `False` and whose datacontenttype is `application/json` is written in the binary mode
#   as the JSON texts `"ready"` and `false`, as an object is, and the same SDK reads it back. A boolean extension attribute is
#   written as `true`, which is the one form that CloudEvents 1.0 gives it.
# What happens: the values are `ready` and `False`, no JSON, though the header says `application/json`. The SDK's own reader takes what
#   it can't parse for text, so `False` comes back as the string 'False', which is true. The extension is `True`. The
#   structured mode is right in all three; HTTP fares as Kafka does.
# Needs: Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q cloudevents==2.2.0
cat >"$dir/write.py" <<'PYTHON'
import json

from cloudevents.core.bindings import http, kafka
from cloudevents.core.v1.event import CloudEvent


def read_back(message):
    try:
        return repr(kafka.from_binary_event(message).get_data())
    except ValueError as error:
        return type(error).__name__


for data in ({"order": 1}, "ready", False):
    event = CloudEvent({"type": "t", "source": "/orders", "datacontenttype": "application/json", "paid": True}, data)
    message = kafka.to_binary_event(event)
    over_http = http.to_binary_event(event)
    structured = json.loads(kafka.to_structured_event(event).value)
    print(
        f"{data!r}: Kafka {message.value.decode()} paid={message.headers['ce_paid'].decode()} read back as {read_back(message)};"
        f" HTTP {over_http.body.decode()} paid={over_http.headers['ce-paid']};"
        f" structured {json.dumps(structured['data'])} paid={json.dumps(structured['paid'])}"
    )
PYTHON
seen=$("$dir/venv/bin/python" "$dir/write.py" 2>"$dir/log")
echo "$seen"
[[ $seen == "{'order': 1}: Kafka {\"order\": 1} paid=True read back as {'order': 1}; HTTP {\"order\": 1} paid=True; structured {\"order\": 1} paid=true
'ready': Kafka ready paid=True read back as 'ready'; HTTP ready paid=True; structured \"ready\" paid=true
False: Kafka False paid=True read back as 'False'; HTTP False paid=True; structured false paid=true" ]] || exit 1
