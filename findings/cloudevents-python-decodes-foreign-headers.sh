#!/usr/bin/env bash
#
# Software: cloudevents 2.2.0 (Python).
# Expected: a record in the Kafka protocol binding's binary mode is an event by its `ce_` headers and `content-type`. Whatever else there is
#   in the headers belongs to others, may be any bytes or null as in Kafka itself, and is left alone.
# What happens: from_kafka decodes each header as UTF-8 before it looks at the name. A foreign header with a binary value (the numbers
#   that retry and dead-letter publishers add are such, as are trace ids) raises UnicodeDecodeError, one without a value
#   AttributeError, and a key that is no text UnicodeDecodeError, too: the event can't be read at all.
# Needs: Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q cloudevents==2.2.0
cat >"$dir/read.py" <<'PYTHON'
import struct

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

own = {"ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/orders", "ce_type": b"placed", "content-type": b"application/json"}
for name, foreign, key in (
    ("no foreign header", {}, None),
    ("a long integer 127", {"original-offset": struct.pack(">q", 127)}, None),
    ("a long integer 128", {"original-offset": struct.pack(">q", 128)}, None),
    ("null", {"retry": None}, None),
    ("no foreign header, key of 8 bytes", {}, struct.pack(">q", 128)),
):
    try:
        told = f"read, data={from_binary_event(KafkaMessage(own | foreign, key, b'{}')).get_data()}"
    except Exception as error:
        told = type(error).__name__
    print(f"{name}: {told}")
PYTHON
seen=$("$dir/venv/bin/python" "$dir/read.py" 2>"$dir/log")
echo "$seen"
[[ $seen == 'no foreign header: read, data={}
a long integer 127: read, data={}
a long integer 128: UnicodeDecodeError
null: AttributeError
no foreign header, key of 8 bytes: UnicodeDecodeError' ]] || exit 1
