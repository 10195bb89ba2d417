#!/usr/bin/env bash
#
# Software: Apicurio Registry 3.3.3, its Confluent-compatible API (ccompat v7).
# Expected: a JSON Schema of draft 2020-12 that the registry took is one that it can compare with the next version, or it is
#   refused at once with 422.
# What happens: it becomes version 1. From the moment the subject has a compatibility level, each changed version is answered 500
#   "could not determine version", be it only a new `description`: the subject is stuck, and its owners read of it with
#   the second release. 2019-09 fares alike; draft-07 works.
# Needs: Java 21 or newer (as JAVA_HOME or in the path), Maven, curl, jq.

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

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
release=$("$java" -XshowSettings:properties -version 2>&1 | sed -n 's/ *java.specification.version = //p')
((release >= 21)) || { echo "could not be run: Java $release is older than 21" >&2; exit 2; }
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy \
  -Dartifact=io.apicurio:apicurio-registry-app:3.3.3:tar.gz:all "-DoutputDirectory=$dir"
mkdir "$dir/registry"
tar -xzf "$dir/apicurio-registry-app-3.3.3-all.tar.gz" -C "$dir/registry"
port=$(free_port) management=$(free_port)
"$java" -Xmx768m -Dquarkus.http.host=127.0.0.1 "-Dquarkus.http.port=$port" "-Dquarkus.management.port=$management" \
  -Dquarkus.management.host=127.0.0.1 -jar "$dir/registry/quarkus-run.jar" >"$dir/log" 2>&1 &
pids+=($!)
await_port "$port"
api=http://127.0.0.1:$port/apis/ccompat/v7
for _ in {1..240}; do curl -sf "$api/subjects" >/dev/null && break || sleep 0.5; done

register() { # SUBJECT SCHEMA: the status
  jq -n --arg schema "$2" '{schemaType: "JSON", schema: $schema}' |
    curl -s -o "$dir/answer" -w '%{http_code}' -H 'Content-Type: application/json' -d @- "$api/subjects/$1/versions"
}
versions() { # SUBJECT DIALECT: the statuses of a schema and of the same with a description
  local first second
  first=$(register "$1" "{\"\$schema\":\"$2\",\"type\":\"object\"}")
  curl -sf -X PUT -H 'Content-Type: application/json' -d '{"compatibility":"BACKWARD"}' "$api/config/$1" >>"$dir/log"
  second=$(register "$1" "{\"\$schema\":\"$2\",\"type\":\"object\",\"description\":\"An order\"}")
  echo "$first $second $(jq -r '.message // empty' "$dir/answer")"
}
old=$(versions old http://json-schema.org/draft-07/schema#)
modern=$(versions modern https://json-schema.org/draft/2020-12/schema)
echo "draft-07: $old"
echo "2020-12:  $modern"
[[ $old == "200 200 " && $modern == "200 500 "*"could not determine version"* ]] || exit 1
