#!/usr/bin/env bash
# Apache Kafka's jars from the Java registry, and a Java to run them.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly version=4.3.1
readonly libs=$parts/kafka/libs

ready() { have java && have setpriv && [[ $(cat "$parts/kafka/version" 2>/dev/null) == "$version" ]]; }

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
        -DoutputDirectory="$temporary/kafka/libs" </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "maven could not fetch Kafka"; }
    echo "$version" >"$temporary/kafka/version"
    rm -rf "$parts/kafka"
    mv "$temporary/kafka" "$parts/kafka"
}

if ! ready; then
    one_at_a_time
    if ! { have java && have setpriv; }; then apt_install default-jre-headless util-linux; fi
    if ! ready; then
        have mvn || apt_install maven
        fetch
    fi
    ready || fail "Kafka is still not complete"
fi
echo "$libs"
