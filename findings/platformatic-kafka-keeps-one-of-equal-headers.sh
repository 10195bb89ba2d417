#!/usr/bin/env bash
#
# Software: @platformatic/kafka 1.35.0 (Node.js) with an Apache Kafka 4.4.0 broker; kafkajs 2.2.4 beside it.
# Expected: a record's headers are a list, and a name may be there twice: each retry may add its own `attempt`, each hop its
#   own trace. A client passes all of them on.
# What happens: @platformatic/kafka gives them as a Map and keeps the last one of each name, without a word. kafkajs has both.
# Needs: Java 17 or newer, Maven, Node.js 20 or newer with npm.

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

(cd "$dir" && npm install --silent --no-audit --no-fund --prefix "$dir" @platformatic/kafka@1.35.0 kafkajs@2.2.4 >"$dir/log" 2>&1)
cat >"$dir/headers.mjs" <<'JAVASCRIPT'
import { Consumer, stringDeserializers } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'

const bootstrap = process.argv[2]
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic: 'headers', numPartitions: 1, replicationFactor: 1 }] })
const producer = kafka.producer()
await producer.connect()
await producer.send({ topic: 'headers', messages: [{ value: 'x', headers: { attempt: ['1', '2'] } }] })

const other = kafka.consumer({ groupId: 'kafkajs' })
await other.connect()
await other.subscribe({ topic: 'headers', fromBeginning: true })
const theirs = await new Promise(done => other.run({ eachMessage: async ({ message }) => done(message.headers.attempt) }))

const consumer = new Consumer({ groupId: 'platformatic', clientId: 'c', bootstrapBrokers: [bootstrap], deserializers: stringDeserializers })
const stream = await consumer.consume({ topics: ['headers'], mode: 'earliest', autocommit: false })
const ours = await new Promise(done => stream.on('data', message => done([...message.headers])))
console.log(`kafkajs: attempt=${[theirs].flat().map(String)}; @platformatic/kafka: ${ours.map(([name, value]) => `${name}=${value}`)}`)
process.exit(0)
JAVASCRIPT
start_kafka 4.4.0
seen=$(timeout 300 node "$dir/headers.mjs" "$broker" 2>"$dir/log")
echo "$seen"
[[ $seen == "kafkajs: attempt=1,2; @platformatic/kafka: attempt=2" ]] || exit 1
