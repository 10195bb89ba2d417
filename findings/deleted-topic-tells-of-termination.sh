#!/usr/bin/env bash
#
# Software: librdkafka 2.16.1 (Python package confluent-kafka) with Apache Kafka 4.4.0.
# Expected: a record for a topic that was deleted fails as one of an unknown topic or partition; `_DESTROY` ("Broker handle
#   destroyed for termination") means that the producer itself is being closed.
# What happens: librdkafka repeats the record until it believes that the topic is gone, and then drops the partition. Most records fail as
#   _UNKNOWN_PARTITION. One whose request is on its way in that moment fails as `_DESTROY`, while the producer lives on: a program that takes
#   this for its own end is wrong. Which of the two a record gets is chance.
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
start_kafka() { # VERSION: sets `broker`
  local at=$dir/kafka-$1 port controller
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
  java -cp "$at/lib/*" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c "$at/server.properties" >"$at/log" 2>&1
  java -Xmx512m -cp "$at/lib/*" kafka.Kafka "$at/server.properties" >>"$at/log" 2>&1 &
  pids+=($!)
  await_port "$port"
}

python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q confluent-kafka==2.16.1
cat >"$dir/send.py" <<'PYTHON'
import collections
import sys

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

broker = sys.argv[1]
admin = AdminClient({"bootstrap.servers": broker})
producer = Producer({"bootstrap.servers": broker, "topic.metadata.propagation.max.ms": 1000, "log_level": 4})
PARTITIONS = 30


def write(topic):
    """A record to each partition; what became of them."""
    outcomes = collections.Counter()
    for partition in range(PARTITIONS):
        producer.produce(topic, b"a record", partition=partition,
                         on_delivery=lambda error, _: outcomes.update([error.name() if error else "written"]))
    assert producer.flush(60) == 0
    return outcomes


seen = collections.Counter()
for number in range(8):
    topic = f"topic-{number}"
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result()
    assert write(topic) == {"written": PARTITIONS}
    admin.delete_topics([topic])[topic].result()
    # The broker takes records for a moment longer.
    while "written" in (outcomes := write(topic)):
        pass
    seen += outcomes
print(" ".join(f"{name}={count}" for name, count in sorted(seen.items())))
PYTHON

start_kafka 4.4.0
said=$("$dir/venv/bin/python" "$dir/send.py" "$broker")
echo "240 records for deleted topics, by a producer that goes on: $said"
[[ $said =~ _DESTROY=[0-9]+ ]] || { echo "no record failed as _DESTROY any more" >&2; exit 1; }
