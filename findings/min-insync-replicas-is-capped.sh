#!/usr/bin/env bash
#
# Software: Apache Kafka 4.3.1 and 4.4.0, broker and Java client.
# Expected: a topic with one replica and `min.insync.replicas=3` refuses every write with `acks=all` by NOT_ENOUGH_REPLICAS,
#   as the setting's documentation says: one replica can never be three.
# What happens: the topic is created, and each write is acknowledged. The broker takes the smaller one of the setting and the
#   number of replicas, so a topic that lost its replication by mistake gives no sign of it.
# Since: Kafka 3.7.0 (KAFKA-15583). KAFKA-21110 is about documenting it.
# Needs: Java 17 or newer, Maven.

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

cat >"$dir/Write.java" <<'JAVA'
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;

class Write {
    public static void main(String[] args) throws Exception {
        var serializer = "org.apache.kafka.common.serialization.StringSerializer";
        try (var admin = Admin.create(Map.of("bootstrap.servers", args[0]));
             var producer = new KafkaProducer<String, String>(Map.of("bootstrap.servers", args[0], "acks", "all",
                 "delivery.timeout.ms", "10000", "request.timeout.ms", "5000", "key.serializer", serializer, "value.serializer", serializer))) {
            admin.createTopics(List.of(new NewTopic("strict", 1, (short) 1).configs(Map.of("min.insync.replicas", "3")))).all().get();
            try {
                System.out.println("acknowledged at offset " + producer.send(new ProducerRecord<>("strict", "x")).get().offset());
            } catch (java.util.concurrent.ExecutionException e) {
                System.out.println("refused: " + e.getCause().getMessage());
            }
        }
    }
}
JAVA
changed=0
for version in 4.3.1 4.4.0; do
  start_kafka "$version"
  seen=$(java -cp "$dir/kafka-$version/lib/*" "$dir/Write.java" "$broker" 2>"$dir/log")
  echo "Kafka $version, 1 replica, min.insync.replicas=3, acks=all: $seen"
  [[ $seen == "acknowledged at offset 0" ]] || changed=1
done
exit "$changed"
