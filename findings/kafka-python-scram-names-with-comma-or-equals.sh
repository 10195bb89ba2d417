#!/usr/bin/env bash
#
# Software: kafka-python 3.0.12 with an Apache Kafka 4.4.0 broker; aiokafka 0.14.0 and confluent-kafka 2.16.0 (librdkafka) beside it.
# Expected: a SCRAM user of any name that the broker takes can log in. Names like CN=orders,O=mall are usual where accounts come from
#   a directory or from certificates.
# What happens: kafka-python sends a name with a comma or an equals sign as it is, and SCRAM wants =2C and =3D for them (RFC 5802, section
#   5.1, saslname). The broker refuses the message, and all that the program hears is "Unable to bootstrap". The others log in.
# Needs: Java 17 or newer, Maven, Python 3 with venv.

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

python3 -m venv "$dir/python"
"$dir/python/bin/pip" install -q --disable-pip-version-check kafka-python==3.0.12 aiokafka==0.14.0 confluent-kafka==2.16.0 >"$dir/log" 2>&1

cat >"$dir/pom.xml" <<'POM'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.4.0</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>4.4.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
mvn -q -B -Dstyle.color=never -f "$dir/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies "-DoutputDirectory=$dir/lib"
open=$(free_port) login=$(free_port) controller=$(free_port)
cat >"$dir/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=OPEN://127.0.0.1:$open,LOGIN://127.0.0.1:$login,CONTROLLER://127.0.0.1:$controller
listener.security.protocol.map=OPEN:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=OPEN
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
log.dirs=$dir/data
offsets.topic.replication.factor=1
PROPERTIES
java -cp "$dir/lib/*" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c "$dir/server.properties" >>"$dir/log" 2>&1
java -Xmx512m -cp "$dir/lib/*" kafka.Kafka "$dir/server.properties" >>"$dir/log" 2>&1 &
pids+=($!)
await_port "$login"

cat >"$dir/logins.py" <<'PYTHON'
import asyncio, logging, sys
from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from kafka import KafkaAdminClient

logging.disable(logging.CRITICAL)
open_listener, login_listener = sys.argv[1:]
names = ["orders", "CN=orders", "orders,mall", "CN=orders,O=mall"]
info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
admin = AdminClient({"bootstrap.servers": open_listener})
made = admin.alter_user_scram_credentials(
    [UserScramCredentialUpsertion(name, info, b"secret") for name in names])
for future in made.values():
    future.result()

def by_kafka_python(name):
    KafkaAdminClient(bootstrap_servers=login_listener, security_protocol="SASL_PLAINTEXT", sasl_mechanism="SCRAM-SHA-512",
                     sasl_plain_username=name, sasl_plain_password="secret", request_timeout_ms=10000).close()

def by_aiokafka(name):
    async def login():
        producer = AIOKafkaProducer(bootstrap_servers=login_listener, security_protocol="SASL_PLAINTEXT",
                                    sasl_mechanism="SCRAM-SHA-512", sasl_plain_username=name, sasl_plain_password="secret")
        try:
            await producer.start()
        finally:
            await producer.stop()
    asyncio.run(login())

def by_librdkafka(name):
    AdminClient({"bootstrap.servers": login_listener, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512",
                 "sasl.username": name, "sasl.password": "secret", "log_level": 0}).list_topics(timeout=20)

for client in by_kafka_python, by_aiokafka, by_librdkafka:
    for name in names:
        try:
            client(name)
            told = "logged in"
        except Exception as error:
            told = f"{type(error).__name__}"
        print(f"{client.__name__[3:]:12} {name:17} {told}", flush=True)
PYTHON
"$dir/python/bin/python" "$dir/logins.py" "127.0.0.1:$open" "127.0.0.1:$login" 2>>"$dir/log" | tee "$dir/told"
refused=$(grep -v 'logged in$' "$dir/told" | awk '{print $1, $2}' | tr '\n' ';' || true)
[[ $(wc -l <"$dir/told") == 12 && $refused == "kafka_python CN=orders;kafka_python orders,mall;kafka_python CN=orders,O=mall;" ]] || exit 1
