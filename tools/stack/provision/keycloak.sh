#!/usr/bin/env bash
# Keycloak from the Java registry, and a Java (17 or later) to run it: a real identity provider. It is built once for a database
# in its own data folder, so that a start need not do it.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly version=26.7.3
readonly keycloak=$parts/keycloak

ready() { have java && have setpriv && [[ $(cat "$keycloak/mall-version" 2>/dev/null) == "$version" ]]; }

write_pom() {
    cat >"$temporary/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>mall</groupId><artifactId>keycloak</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.keycloak</groupId><artifactId>keycloak-quarkus-dist</artifactId><version>$version</version><type>tar.gz</type>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
  </dependencies>
</project>
POM
}

fetch() {
    temporary_folder
    write_pom
    say "fetching Keycloak $version with maven"
    local log=$temporary/fetch.log
    mvn -q -B -f "$temporary/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies \
        -DoutputDirectory="$temporary/archive" </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "maven could not fetch Keycloak"; }
    mkdir "$temporary/keycloak"
    tar -xzf "$temporary"/archive/*.tar.gz -C "$temporary/keycloak" --strip-components=1
    say "building Keycloak (about a minute)"
    "$temporary/keycloak/bin/kc.sh" build --db=dev-file --cache=local </dev/null >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "Keycloak could not be built: it needs Java 17 or later"; }
    echo "$version" >"$temporary/keycloak/mall-version"
    rm -rf "$keycloak"
    mv "$temporary/keycloak" "$keycloak"
}

if ! ready; then
    one_at_a_time
    if ! { have java && have setpriv; }; then apt_install default-jre-headless util-linux; fi
    if ! ready; then
        have mvn || apt_install maven
        fetch
    fi
    ready || fail "Keycloak is still not complete"
fi
echo "$keycloak"
