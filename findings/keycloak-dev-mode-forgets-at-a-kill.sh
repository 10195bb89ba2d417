#!/usr/bin/env bash
#
# Software: Keycloak 26.7.3, `start-dev` with its own database (H2 in a file).
# Expected: a change that the admin API has acknowledged is there when the process is killed right after it and started again; development
#   mode says that it is not for production, and its database is a file that survives a restart.
# What happens: a user that was created (201), and can be read, is gone. H2 writes committed changes to its file half a second later
#   (WRITE_DELAY), and a killed process loses them. For a test that kills an identity provider this means: a key that was rotated out is
#   back, with the very tokens that must not be valid any more. A second of rest before the kill keeps it.
# Needs: Java 17 or newer, Maven, curl, jq. Takes about three minutes.

set -Eeuo pipefail
dir=$(mktemp -d)
pid=
finish() {
  if [[ -n $pid ]]; then kill -9 "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi
  rm -rf "$dir"
}
trap finish EXIT
trap 'echo "could not be run (line $LINENO)" >&2; [[ ! -s $dir/log ]] || tail -n 20 "$dir/log" >&2; exit 2' ERR

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy \
  -Dartifact=org.keycloak:keycloak-quarkus-dist:26.7.3:tar.gz "-DoutputDirectory=$dir"
mkdir "$dir/keycloak"
tar -xzf "$dir"/keycloak-quarkus-dist-*.tar.gz -C "$dir/keycloak" --strip-components=1
port=$(free_port) management=$(free_port)
url=http://127.0.0.1:$port

start() { # until it answers, four minutes at most
  KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=admin \
    "$dir/keycloak/bin/kc.sh" start-dev --cache=local --http-host=127.0.0.1 "--http-port=$port" \
    --http-management-host=127.0.0.1 "--http-management-port=$management" >>"$dir/log" 2>&1 &
  script=$!
  for _ in {1..480}; do
    if curl -sf "$url/realms/master" >/dev/null; then break; fi
    sleep 0.5
  done
  # The script starts Java as its child.
  pid=$(pgrep -P "$script" -f quarkus || echo "$script")
  curl -sf "$url/realms/master" >/dev/null
}
admin() { # METHOD PATH [JSON]: the status; the body is in the file `answer`
  local token
  token=$(curl -sf "$url/realms/master/protocol/openid-connect/token" -d grant_type=password -d client_id=admin-cli \
    -d username=admin -d password=admin | jq -r .access_token)
  curl -s -o "$dir/answer" -w '%{http_code}' -X "$1" "$url/admin/realms/master/$2" -H "Authorization: Bearer $token" \
    -H 'Content-Type: application/json' ${3:+-d "$3"}
}
users() { admin GET "users?username=$1" >/dev/null; jq length "$dir/answer"; }
kill_9() { kill -9 "$pid"; wait "$script" 2>/dev/null || true; pid=; }

start
sleep 2
rested=$(admin POST users '{"username": "rested"}')
sleep 2
hasty=$(admin POST users '{"username": "hasty"}')
kill_9
start
found="rested: created $rested, found $(users rested) after a kill -9 two seconds later; hasty: created $hasty, found $(users hasty) after one at once"
echo "$found"
[[ $found == "rested: created 201, found 1 "*"hasty: created 201, found 0 "* ]] || exit 1
