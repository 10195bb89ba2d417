#!/usr/bin/env bash
#
# Software: Apache Kafka 4.4.0, broker and Java consumer (librdkafka 2.16.1 does the same).
# Expected: topics have had ids since Kafka 2.8, and fetches name the id. So a consumer notices that its topic was deleted and
#   made again under the same name: it is told by its rebalance listener, and reads the new topic from the start.
# What happens: by the classic protocol, still the default, the consumer goes on at its old position. It had read 5 records of
#   the old topic, so the first 5 of the new one are never delivered: no callback, no error, no reset although
#   `auto.offset.reset=earliest`. By `group.protocol=consumer` the same client revokes, assigns, and reads all of them.
# Source: KAFKA-12257 and confluentinc/librdkafka#3255 tell of the same family.
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

cat >"$dir/Recreate.java" <<'JAVA'
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;

class Recreate {
    static final String STRING = "org.apache.kafka.common.serialization.String";

    public static void main(String[] args) throws Exception {
        String broker = args[0], topic = "topic-" + args[1] + args[2];
        var seen = new ArrayList<String>();
        var listener = new ConsumerRebalanceListener() {
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) { if (!partitions.isEmpty()) seen.add("revoked"); }
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) { if (!partitions.isEmpty()) seen.add("assigned"); }
        };
        try (var admin = Admin.create(Map.of("bootstrap.servers", broker));
             var consumer = new KafkaConsumer<String, String>(Map.of("bootstrap.servers", broker, "group.id", topic,
                 "group.protocol", args[1], "auto.offset.reset", "earliest", "enable.auto.commit", "false",
                 "metadata.max.age.ms", "2000", "key.deserializer", STRING + "Deserializer", "value.deserializer", STRING + "Deserializer"))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
            send(broker, topic, "old");
            consumer.subscribe(List.of(topic), listener);
            poll(consumer, seen, "old5", 20);
            admin.deleteTopics(List.of(topic)).all().get();
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
            send(broker, topic, "new");
            poll(consumer, seen, "new5", 10);
            send(broker, topic, "newer");
            poll(consumer, seen, "newer5", 20);
            System.out.println(String.join(" ", seen));
        }
    }

    static void send(String broker, String topic, String name) throws Exception {
        try (var producer = new KafkaProducer<String, String>(Map.of("bootstrap.servers", broker,
                 "key.serializer", STRING + "Serializer", "value.serializer", STRING + "Serializer"))) {
            for (int i = 1; i <= 5; i++) producer.send(new ProducerRecord<>(topic, name + i)).get();
        }
    }

    static void poll(KafkaConsumer<String, String> consumer, List<String> seen, String until, int seconds) {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (!seen.contains(until) && System.nanoTime() < end) {
            for (var record : consumer.poll(Duration.ofMillis(200))) seen.add(record.value());
        }
    }
}
JAVA
start_kafka 4.4.0
for attempt in 1 2 3 4 5; do # one that happened to ask between the deletion and the creation saw the topic go: try again
  classic=$(java -cp "$dir/kafka-4.4.0/lib/*" "$dir/Recreate.java" "$broker" classic "$attempt" 2>"$dir/log")
  [[ $classic == *revoked* ]] || break
done
consumer=$(java -cp "$dir/kafka-4.4.0/lib/*" "$dir/Recreate.java" "$broker" consumer 1 2>"$dir/log")
echo "group.protocol=classic:  $classic"
echo "group.protocol=consumer: $consumer"
[[ $classic == "assigned old1 old2 old3 old4 old5 newer1 newer2 newer3 newer4 newer5" ]] || exit 1
[[ $consumer == *" new1 new2 new3 new4 new5 "* ]] || exit 1
