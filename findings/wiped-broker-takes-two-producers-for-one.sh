#!/usr/bin/env bash
#
# Software: Apache Kafka 4.4.0 with librdkafka 2.16.1 (Python package confluent-kafka).
# Expected: an idempotent producer with acks=all is told "written" of records that are written. When a broker comes back without its data, a
#   producer that lived through it gets an error at worst.
# What happens: a broker without data hands out producer ids from the beginning. A new producer gets the id of one that lives on, both at epoch 0,
#   and the broker takes the records of both for those of one. Where both have come to the same sequence number, the second record is taken for a
#   repetition of the first: it is acknowledged, with an offset, and it is not in the log.
# Needs: Java 17 or newer, Maven, Python 3.10 or newer with venv.

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

# One broker that is its own controller.
cat >"$dir/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafka}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${kafka}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
start_kafka() { # VERSION: sets `broker` and `at`
  local port controller
  at=$dir/kafka-$1
  port=$(free_port) controller=$(free_port) broker=127.0.0.1:$port
  mkdir "$at"
  mvn -q -B -Dstyle.color=never -f "$dir/pom.xml" "-Dkafka=$1" org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies \
    "-DoutputDirectory=$at/lib"
  cat >"$at/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://$broker,CONTROLLER://127.0.0.1:$controller
controller.listener.names=CONTROLLER
log.dirs=$at/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
PROPERTIES
  run_kafka "$at"
}

run_kafka() { # FOLDER: with an empty disk
  java -cp "$1/lib/*" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c "$1/server.properties" >"$1/log" 2>&1
  java -Xmx512m -cp "$1/lib/*" kafka.Kafka "$1/server.properties" >>"$1/log" 2>&1 &
  pids=($!)
  await_port "${broker#*:}"
}

wipe_kafka() { # FOLDER: its disk is lost, and it comes back without
  kill -9 "${pids[0]}"
  wait "${pids[0]}" 2>/dev/null || true
  rm -rf "$1/data"
  run_kafka "$1"
}

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q confluent-kafka==2.16.1
cat >"$dir/send.py" <<'PYTHON'
import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

broker = sys.argv[1]


def wait_for_wipe():
    print("wipe", flush=True)
    sys.stdin.readline()


def create_topic():
    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_topics([NewTopic("topic", 1, 1)])["topic"].result()


def producer():
    return Producer({"bootstrap.servers": broker, "enable.idempotence": True, "acks": "all", "log_level": 0,
                     "topic.metadata.propagation.max.ms": 60000, "reconnect.backoff.max.ms": 500})


def write(producer, text):
    """What the producer is told of the record."""
    told = []
    producer.produce("topic", text, partition=0,
                     on_delivery=lambda error, message: told.append(error.name() if error else "written"))
    assert producer.flush(60) == 0
    return f"{text}: {told[0]}"


create_topic()
old = producer()
told = [write(old, "old 1")]
wait_for_wipe()
create_topic()
new = producer()
told += [write(new, "new 1"), write(old, "old 2"), write(new, "new 2")]

consumer = Consumer({"bootstrap.servers": broker, "group.id": "group", "enable.partition.eof": True})
consumer.assign([TopicPartition("topic", 0, 0)])
found = []
while not (message := consumer.poll(30)).error():
    found.append(message.value().decode())
consumer.close()
print("told " + ", ".join(told))
print("found " + ", ".join(found))
PYTHON

start_kafka 4.4.0
coproc PRODUCERS { "$dir/venv/bin/python" "$dir/send.py" "$broker"; }
read -r said <&"${PRODUCERS[0]}"
[[ $said == wipe ]]
wipe_kafka "$at"
echo go >&"${PRODUCERS[1]}"
read -r told <&"${PRODUCERS[0]}"
read -r found <&"${PRODUCERS[0]}"
printf 'the producers were %s\nafter the loss of the disk the log has: %s\n' "$told" "${found#found }"
[[ $told == "told old 1: written, new 1: written, old 2: written, new 2: written" && $found == "found new 1, old 2" ]] ||
  { echo "each record that is acknowledged is there, or its producer hears of it" >&2; exit 1; }
