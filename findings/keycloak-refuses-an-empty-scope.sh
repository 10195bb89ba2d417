#!/usr/bin/env bash
#
# Software: Keycloak 26.7.3 and mock-oauth2-server 2.1.10, their token endpoints.
# Expected: `scope=` without a value is as good as no `scope`: RFC 6749, section 3.2, says that parameters sent without a value must be treated
#   as if they were omitted.
# What happens: Keycloak refuses the request, 400 invalid_scope. mock-oauth2-server, which teams put in its place in tests, takes it. So a client that
#   always sends the parameter, as many do whose setting is an empty list of scopes, works until it meets the real server.
# Needs: Java 17 or newer, Maven, curl, jq. Takes about two minutes.

set -Eeuo pipefail
dir=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do
    pkill -9 -P "$pid" 2>/dev/null || true
    kill -9 "$pid" 2>/dev/null || true
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
await_url() { # URL: until it answers, four minutes at most
  for _ in {1..480}; do
    if curl -sf "$1" >/dev/null; then return 0; fi
    sleep 0.5
  done
  return 1
}

mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy \
  -Dartifact=org.keycloak:keycloak-quarkus-dist:26.7.3:tar.gz "-DoutputDirectory=$dir"
mkdir "$dir/keycloak"
tar -xzf "$dir"/keycloak-quarkus-dist-*.tar.gz -C "$dir/keycloak" --strip-components=1
cat >"$dir/pom.xml" <<'POM'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>mock</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>no.nav.security</groupId><artifactId>mock-oauth2-server</artifactId><version>2.1.10</version></dependency>
  </dependencies>
</project>
POM
mvn -q -B -Dstyle.color=never -f "$dir/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies \
  "-DoutputDirectory=$dir/mock"

port=$(free_port) management=$(free_port)
keycloak=http://127.0.0.1:$port/realms/master
KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=admin "$dir/keycloak/bin/kc.sh" start-dev --cache=local \
  --http-host=127.0.0.1 "--http-port=$port" --http-management-host=127.0.0.1 "--http-management-port=$management" >"$dir/log" 2>&1 &
pids+=($!)
port=$(free_port)
mock=http://127.0.0.1:$port/default
SERVER_HOSTNAME=127.0.0.1 SERVER_PORT=$port java -cp "$dir/mock/*" no.nav.security.mock.oauth2.StandaloneMockOAuth2ServerKt \
  >>"$dir/log" 2>&1 &
pids+=($!)
await_url "$mock/.well-known/openid-configuration"
await_url "$keycloak/.well-known/openid-configuration"

answer() { # URL PARAMETER...: status and error of a grant
  local url=$1 status
  shift
  status=$(curl -s -o "$dir/answer" -w '%{http_code}' "$url" "$@")
  echo "$status $(jq -r '.error // "-"' "$dir/answer")"
}
endpoint() { curl -sf "$1/.well-known/openid-configuration" | jq -r .token_endpoint; }
of_keycloak=(-d grant_type=password -d client_id=admin-cli -d username=admin -d password=admin)
of_mock=(-u client:secret -d grant_type=client_credentials)
found=$(
  echo "keycloak without a scope:  $(answer "$(endpoint "$keycloak")" "${of_keycloak[@]}")"
  echo "keycloak, scope=:          $(answer "$(endpoint "$keycloak")" "${of_keycloak[@]}" -d scope=)"
  echo "mock server without one:   $(answer "$(endpoint "$mock")" "${of_mock[@]}")"
  echo "mock server, scope=:       $(answer "$(endpoint "$mock")" "${of_mock[@]}" -d scope=)"
)
echo "$found"
[[ $found == *"without a scope:  200 -"*"keycloak, scope=:          400 invalid_scope"*"without one:   200 -"*"server, scope=:       200 -"* ]] || exit 1
