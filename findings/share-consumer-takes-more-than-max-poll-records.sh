#!/usr/bin/env bash
#
# Software: Apache Kafka 4.4.0, broker and Java share consumer (queues for Kafka, KIP-932).
# Expected: `max.poll.records=1` gives one record a poll, as it does for each other consumer, so that a slow worker of a queue
#   holds one record and leaves the others to its colleagues.
# What happens: a share consumer gets whole batches as the producer wrote them: the first poll returns all 100 records of
#   a batch, each locked and counted as a delivery attempt. Only `share.acquire.mode=record_limit` makes the setting count.
# Source: KIP-932 and KIP-1206 (the mode).
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

cat >"$dir/Share.java" <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.config.ConfigResource;

class Share {
    static final String STRING = "org.apache.kafka.common.serialization.String";

    public static void main(String[] args) throws Exception {
        String broker = args[0], mode = args[1], topic = "topic-" + mode;
        try (var admin = Admin.create(Map.of("bootstrap.servers", broker));
             var producer = new KafkaProducer<String, String>(Map.of("bootstrap.servers", broker, "linger.ms", "60000", "batch.size", "100000",
                 "key.serializer", STRING + "Serializer", "value.serializer", STRING + "Serializer"));
             var consumer = new KafkaShareConsumer<String, String>(Map.of("bootstrap.servers", broker, "group.id", topic,
                 "max.poll.records", "1", "share.acquire.mode", mode,
                 "key.deserializer", STRING + "Deserializer", "value.deserializer", STRING + "Deserializer"))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
            var fromTheStart = new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, topic), List.of(fromTheStart))).all().get();
            for (int i = 0; i < 100; i++) producer.send(new ProducerRecord<>(topic, "record " + i));
            producer.flush();
            consumer.subscribe(List.of(topic));
            int first = 0;
            for (long end = System.nanoTime() + 60_000_000_000L; first == 0 && System.nanoTime() < end; ) {
                first = consumer.poll(Duration.ofMillis(500)).count();
            }
            System.out.println(first);
        }
    }
}
JAVA
start_kafka 4.4.0
optimized=$(java -cp "$dir/kafka-4.4.0/lib/*" "$dir/Share.java" "$broker" batch_optimized 2>"$dir/log")
limited=$(java -cp "$dir/kafka-4.4.0/lib/*" "$dir/Share.java" "$broker" record_limit 2>"$dir/log")
echo "max.poll.records=1, records of the first poll: batch_optimized (the default) $optimized, record_limit $limited"
[[ $optimized == 100 && $limited == 1 ]] || exit 1
