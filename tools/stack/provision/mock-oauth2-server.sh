#!/usr/bin/env bash
# mock-oauth2-server's jars from the Java registry, and a Java to run them: a small identity provider for tests.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly version=2.1.10
readonly name=mock-oauth2-server
readonly libs=$parts/$name/libs

ready() { have java && have setpriv && [[ $(cat "$parts/$name/version" 2>/dev/null) == "$version" ]]; }

write_pom() {
    cat >"$temporary/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>mall</groupId><artifactId>$name</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>no.nav.security</groupId><artifactId>mock-oauth2-server</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
POM
}

fetch() {
    temporary_folder
    write_pom
    say "fetching $name $version with maven"
    local log=$temporary/maven.log
    mvn -q -B -f "$temporary/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies \
        -DoutputDirectory="$temporary/$name/libs" </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "maven could not fetch $name"; }
    echo "$version" >"$temporary/$name/version"
    rm -rf "${parts:?}/$name"
    mv "$temporary/$name" "$parts/$name"
}

if ! ready; then
    one_at_a_time
    if ! { have java && have setpriv; }; then apt_install default-jre-headless util-linux; fi
    if ! ready; then
        have mvn || apt_install maven
        fetch
    fi
    ready || fail "$name is still not complete"
fi
echo "$libs"
