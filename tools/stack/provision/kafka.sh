#!/usr/bin/env bash
# Apache Kafka's jars from the Java registry, and a Java to run them. Any version but the usual one is in a folder of its own.
# kafka.sh [VERSION]
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here usual=4.3.1
readonly version=${1:-$usual}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "'$version' is no version of Kafka"
if [[ $version == "$usual" ]]; then folder=$parts/kafka; else folder=$parts/kafka-$version; fi
readonly folder libs=$folder/libs archive=$folder/classes.jsa

ready() { have java && have setpriv && [[ $(cat "$folder/version" 2>/dev/null) == "$version" ]]; }

write_pom() {
    cat >"$temporary/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>mall</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.2</version></dependency>
  </dependencies>
</project>
POM
}

fetch() {
    temporary_folder
    write_pom
    say "fetching Kafka $version with maven"
    local log=$temporary/maven.log
    mvn -q -B -f "$temporary/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies \
        -DoutputDirectory="$temporary/kafka/libs" </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "maven could not fetch Kafka $version"; }
    echo "$version" >"$temporary/kafka/version"
    rm -rf "$folder"
    mv "$temporary/kafka" "$folder"
}

# A broker of its own that starts and ends once. Java writes down the classes that it loaded, so that each later broker loads them in one
# piece (class data sharing): the tests start dozens, and each costs less than half of the processor time. Brokers start without it, too.
archive_classes() {
    local port=$((20000 + RANDOM % 10000)) home=$temporary/broker
    mkdir "$home"
    cat "$here/../src/kafka/server.properties" - >"$home/server.properties" <<PROPERTIES

node.id=1
listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.quorum.voters=1@127.0.0.1:$port
log.dirs=$home/records
PROPERTIES
    local java=(java -Xmx512m -XX:+UseSerialGC "-Dlog4j2.configurationFile=$here/../src/kafka/log4j2.xml")
    "${java[@]}" -cp "$libs/*" kafka.tools.StorageTool format --cluster-id bWFsbC1jbGFzc2VzLW9uY2U --config "$home/server.properties" \
        >"$home/log" 2>&1 || return 1
    "${java[@]}" "-XX:ArchiveClassesAtExit=$archive" -cp "$libs/*" kafka.Kafka "$home/server.properties" >"$home/log" 2>&1 &
    local broker=$!
    while kill -0 "$broker" 2>/dev/null && ! grep -q "Kafka Server started" "$home/log"; do sleep 0.2; done
    kill "$broker" 2>/dev/null || true
    wait "$broker" || true
    [[ -s $archive ]]
}

if ! ready; then
    one_at_a_time
    if ! { have java && have setpriv; }; then apt_install default-jre-headless util-linux; fi
    if ! ready; then
        have mvn || apt_install maven
        fetch
        say "preparing Kafka's quick start"
        archive_classes || say "Kafka's classes could not be archived, so brokers start more slowly"
    fi
    ready || fail "Kafka is still not complete"
fi
echo "$libs"
