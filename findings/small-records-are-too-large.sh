#!/usr/bin/env bash
#
# Software: Apache Kafka 4.4.0 with librdkafka 2.16.1 (Python package confluent-kafka), aiokafka 0.14.0, kafka-python 3.0.12 and
#   the Java client 4.4.0.
# Expected: 100 records of 100 bytes fit into a topic with `max.message.bytes=3000`, by each client.
# What happens: the limit holds for a batch, and clients don't learn it from the topic. The Java client and kafka-python halve a
#   batch that was refused and send it again: all 100 arrive. librdkafka and aiokafka fail all 100 with MESSAGE_TOO_LARGE,
#   so whether a small record can be written depends on how many others happen to be written in the same moment.
# Source: confluentinc/librdkafka#1716.
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
"$dir/venv/bin/pip" install -q confluent-kafka==2.16.1 aiokafka==0.14.0 kafka-python==3.0.12
cat >"$dir/send.py" <<'PYTHON'
import asyncio
import sys

from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from kafka import KafkaProducer

broker, value = sys.argv[1], b"x" * 100
topic = NewTopic("narrow", 1, 1, config={"max.message.bytes": "3000"})
admin = AdminClient({"bootstrap.servers": broker})
admin.create_topics([topic])["narrow"].result()


def librdkafka():
    failed = []
    producer = Producer({"bootstrap.servers": broker, "linger.ms": 2000})
    for _ in range(100):
        producer.produce("narrow", value, on_delivery=lambda error, _: error and failed.append(error))
    producer.flush(30)
    return 100 - len(failed)


def kafka_python():
    producer = KafkaProducer(bootstrap_servers=broker, linger_ms=2000)
    sent = [producer.send("narrow", value) for _ in range(100)]
    return sum(future.get(30) is not None for future in sent)


async def aiokafka():
    async with AIOKafkaProducer(bootstrap_servers=broker, linger_ms=2000) as producer:
        sent = [await producer.send("narrow", value) for _ in range(100)]
        return sum(not isinstance(it, Exception) for it in await asyncio.gather(*sent, return_exceptions=True))


print(f"librdkafka={librdkafka()} aiokafka={asyncio.run(aiokafka())} kafka-python={kafka_python()}")
PYTHON
cat >"$dir/Send.java" <<'JAVA'
import java.util.*;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.*;

class Send {
    public static void main(String[] args) throws Exception {
        var serializer = "org.apache.kafka.common.serialization.StringSerializer";
        try (var producer = new KafkaProducer<String, String>(Map.of("bootstrap.servers", args[0], "linger.ms", "2000",
                 "key.serializer", serializer, "value.serializer", serializer))) {
            var sent = new ArrayList<Future<RecordMetadata>>();
            for (int i = 0; i < 100; i++) sent.add(producer.send(new ProducerRecord<>("narrow", "x".repeat(100))));
            producer.flush();
            int arrived = 0;
            for (var future : sent) {
                try {
                    future.get();
                    arrived++;
                } catch (java.util.concurrent.ExecutionException e) {
                    // Counted by what is missing.
                }
            }
            System.out.println("java=" + arrived);
        }
    }
}
JAVA
start_kafka 4.4.0
seen="$("$dir/venv/bin/python" "$dir/send.py" "$broker" 2>"$dir/log") $(java -cp "$dir/kafka-4.4.0/lib/*" "$dir/Send.java" "$broker" 2>"$dir/log")"
echo "records written of 100: $seen"
[[ $seen == "librdkafka=0 aiokafka=0 kafka-python=100 java=100" ]] || exit 1
