#!/usr/bin/env bash
#
# Software: cloudevents 10.0.0 and kafkajs 2.2.4 (Node.js) with an Apache Kafka 4.4.0 broker.
# Expected: what `Kafka.binary(event)` returns is a message for a Kafka client, and what the client receives goes into
#   `Kafka.toEvent`; an event without data is a record without a value, which the Kafka protocol binding names as a tombstone.
# What happens: the value is the data as a JavaScript object, not its JSON, which kafkajs refuses to write; `HTTP.binary`
#   of the same SDK makes JSON. A record as received is refused with a TypeError, for its headers are Buffers and not strings. With
#   strings it is read, but one without a value is refused.
# Source: cloudevents/sdk-javascript#506 (Buffers).
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
npm install --silent --no-audit --no-fund --prefix "$dir" cloudevents@10.0.0 kafkajs@2.2.4 >"$dir/log" 2>&1
cat >"$dir/events.mjs" <<'JAVASCRIPT'
import { CloudEvent, HTTP, Kafka as Binding } from 'cloudevents'
import { Kafka, logLevel } from 'kafkajs'

const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic: 'events', numPartitions: 1, replicationFactor: 1 }] })
const attributes = { source: '/orders', type: 'placed', datacontenttype: 'application/json', partitionkey: '42' }
const event = new CloudEvent({ ...attributes, data: { order: 1 } })
const { headers, key, value } = Binding.binary(event)
const known = Object.fromEntries(Object.entries(headers).filter(([, it]) => it !== undefined))
const producer = kafka.producer()
await producer.connect()
const told = await producer.send({ topic: 'events', messages: [{ headers: known, key, value }] }).then(() => 'written', error => error.code ?? error.name)
console.log(`Kafka.binary: ${typeof value}, kafkajs: ${told}`)
await producer.send({ topic: 'events', messages: [{ headers: known, key, value: JSON.stringify(value) }, { headers: known, key, value: null }] })
console.log(`HTTP.binary: ${HTTP.binary(event).body}`)

const consumer = kafka.consumer({ groupId: 'g' })
await consumer.connect()
await consumer.subscribe({ topic: 'events', fromBeginning: true })
const records = []
await new Promise(done => consumer.run({ eachMessage: async ({ message }) => records.push(message) === 2 && done() }))
const read = message => {
  try {
    return JSON.stringify(Binding.toEvent(message).data)
  } catch (error) {
    return `${error.name} ${error.message}`
  }
}
for (const record of records) {
  const texts = Object.fromEntries(Object.entries(record.headers).map(([name, it]) => [name, String(it)]))
  console.log(`value ${record.value}: as received: ${read(record)}; headers as strings: ${read({ ...record, headers: texts })}`)
}
process.exit(0)
JAVASCRIPT
start_kafka 4.4.0
seen=$(timeout 300 node "$dir/events.mjs" "$broker" 2>"$dir/log")
echo "$seen"
[[ $seen == 'Kafka.binary: object, kafkajs: ERR_INVALID_ARG_TYPE
HTTP.binary: {"order":1}
value {"order":1}: as received: TypeError contentType.startsWith is not a function; headers as strings: {"order":1}
value null: as received: TypeError Value is null or undefined; headers as strings: TypeError Value is null or undefined' ]] || exit 1
