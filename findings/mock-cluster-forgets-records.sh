#!/usr/bin/env bash
#
# Software: librdkafka 2.16.1 (Python package confluent-kafka), its in-process broker for tests (`test.mock.num.brokers`).
# Expected: what was produced to a test's broker and acknowledged stays there until the test is over.
# What happens: a partition of the mock keeps the newest 5 MiB, and 100,000 records at most. 2,000 records of 10 KB are all acknowledged, and a consumer that
#   starts at offset 0 gets the last few hundred: it is reset to the new beginning, which only a log line tells. The limits are
#   constants in librdkafka's rdkafka_mock.c without a setting, so a test with much data passes for the wrong reason, or fails.
# Needs: Python 3.10 or newer with venv.

set -Eeuo pipefail
dir=$(mktemp -d)
finish() { rm -rf "$dir"; }
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q confluent-kafka==2.16.1
cat >"$dir/mock.py" <<'PYTHON'
from confluent_kafka import Consumer, Producer, TopicPartition

COUNT = 2000
failed = []
producer = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "linger.ms": 0})
broker = list(producer.list_topics("large").brokers.values())[0]
for number in range(COUNT):
    producer.produce("large", b"x" * 10_000, partition=0, on_delivery=lambda error, _: error and failed.append(error))
    producer.poll(0)
producer.flush(60)

consumer = Consumer({"bootstrap.servers": f"{broker.host}:{broker.port}", "group.id": "g", "auto.offset.reset": "earliest"})
consumer.assign([TopicPartition("large", 0, 0)])
read, first = 0, None
while True:
    message = consumer.poll(15)
    if message is None:
        break
    read, first = read + 1, message.offset() if first is None else first
    if message.offset() == COUNT - 1:
        break
print(f"acknowledged {COUNT - len(failed)}, read {read}, from offset {first}")
PYTHON
seen=$("$dir/venv/bin/python" "$dir/mock.py" 2>"$dir/log")
echo "$seen"
grep -h OFFSET "$dir/log" || true
[[ $seen =~ ^"acknowledged 2000, read "([0-9]+)", from offset "([0-9]+)$ ]] || exit 1
((BASH_REMATCH[1] < 600 && BASH_REMATCH[1] + BASH_REMATCH[2] == 2000)) || exit 1
