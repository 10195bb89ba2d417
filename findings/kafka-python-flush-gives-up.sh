#!/usr/bin/env bash
#
# Software: kafka-python 3.0.12 with an Apache Kafka 4.4.0 broker.
# Expected: `producer.flush(30)` waits up to 30 s until each record that was sent is acknowledged.
# What happens: when the broker refuses a batch as too large, kafka-python splits it and sends the halves, as it should. But
#   flush() raises UnknownError("Future not done") within a moment, while the records are still on their way, and
#   each of them is acknowledged shortly after. Who takes the error for a failure and sends again writes each record twice.
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
"$dir/venv/bin/pip" install -q kafka-python==3.0.12
cat >"$dir/flush.py" <<'PYTHON'
import sys
import time

from kafka import KafkaProducer

producer = KafkaProducer(bootstrap_servers=sys.argv[1], linger_ms=200)
sent = [producer.send("narrow", b"x" * 100) for _ in range(100)]
start = time.monotonic()
try:
    producer.flush(30)
    told = "flush returned"
except Exception as error:
    early = time.monotonic() - start < 25
    told = f"flush raised {type(error).__name__}{' long before its timeout' if early else ''}"
written = sum(future.get(30) is not None for future in sent)
print(f"{told}; {written} of 100 written")
PYTHON
cat >"$dir/Create.java" <<'JAVA'
import java.util.*;
import org.apache.kafka.clients.admin.*;

class Create {
    public static void main(String[] args) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            admin.createTopics(List.of(new NewTopic("narrow", 1, (short) 1).configs(Map.of("max.message.bytes", "3000")))).all().get();
        }
    }
}
JAVA
start_kafka 4.4.0
java -cp "$dir/kafka-4.4.0/lib/*" "$dir/Create.java" "$broker" 2>"$dir/log"
seen=$("$dir/venv/bin/python" "$dir/flush.py" "$broker" 2>"$dir/log")
echo "$seen"
[[ $seen == "flush raised UnknownError long before its timeout; 100 of 100 written" ]] || exit 1
