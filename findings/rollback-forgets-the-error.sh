#!/usr/bin/env bash
#
# Software: MariaDB 10.11.19 and MySQL 9.7.4.
# Expected: `SHOW ERRORS` is the same on both: it tells the last error until the next statement that can raise one, and can be prepared
#   as other SHOW statements can.
# What happens, after an INSERT within a transaction failed with error 1406:
#   - after ROLLBACK MariaDB still tells the error and MySQL no longer does. So a library that rolls back before it gives its caller the
#     error takes the number away, on MySQL only;
#   - PREPARE of `SHOW ERRORS`: MariaDB does it, MySQL refuses with error 1295, which from then on is the last error.
# Needs: MariaDB 10.11's mariadbd (Debian 12: mariadb-server-core) and MySQL 9.7's mysqld (Debian unstable: mysql-server-core) in the
#   path or named by MARIADBD and MYSQLD, Python 3.10 or newer with venv.

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

start_servers() { # sets `mariadb` and `mysql`, the ports
  if [[ $("${MYSQLD:-mysqld}" --no-defaults --version 2>&1) == *MariaDB* ]]; then # many call MariaDB's server so, too
    echo "could not be run: ${MYSQLD:-mysqld} is not MySQL's" >&2
    exit 2
  fi
  local options=(--user="$(id -un)" --bind-address=127.0.0.1 --skip-log-bin)
  mariadb=$(free_port)
  mkdir "$dir/mariadb"
  "${MARIADBD:-mariadbd}" --no-defaults "${options[@]}" --datadir="$dir/mariadb" --bootstrap </dev/null >"$dir/log" 2>&1
  "${MARIADBD:-mariadbd}" --no-defaults "${options[@]}" --datadir="$dir/mariadb" --port="$mariadb" --socket="$dir/mariadb.sock" \
    --skip-grant-tables --skip-networking=0 >"$dir/log" 2>&1 &
  pids+=($!)
  mysql=$(free_port)
  "${MYSQLD:-mysqld}" --no-defaults "${options[@]}" --datadir="$dir/mysql" --secure-file-priv=NULL --initialize-insecure >>"$dir/log" 2>&1
  "${MYSQLD:-mysqld}" --no-defaults "${options[@]}" --datadir="$dir/mysql" --secure-file-priv=NULL --port="$mysql" \
    --socket="$dir/mysql.sock" --pid-file="$dir/mysql.pid" --mysqlx=OFF >>"$dir/log" 2>&1 &
  pids+=($!)
  await_port "$mariadb"
  await_port "$mysql"
  python3 -m venv "$dir/venv"
  "$dir/venv/bin/pip" install -q pymysql==1.2.4
}
cat >"$dir/servers.py" <<'PYTHON'
import sys

import pymysql


def errors(cursor):
    cursor.execute("SHOW ERRORS")
    return [row[1] for row in cursor.fetchall()]


def failed(cursor, statement):
    try:
        cursor.execute(statement)
        return "well"
    except pymysql.Error as error:
        return error.args[0]


for name, port in zip(("MariaDB", "MySQL"), sys.argv[1:]):
    cursor = pymysql.connect(host="127.0.0.1", port=int(port), user="root", autocommit=True).cursor()
    for statement in ("CREATE DATABASE d", "USE d", "CREATE TABLE t (name VARCHAR(2))", "BEGIN"):
        cursor.execute(statement)
    insert = failed(cursor, "INSERT INTO t VALUES ('long')")
    before = errors(cursor)
    cursor.execute("ROLLBACK")
    after = errors(cursor)
    prepared = failed(cursor, "PREPARE s FROM 'SHOW ERRORS'")
    print(name, insert, before, after, prepared)
PYTHON
start_servers
seen=$("$dir/venv/bin/python" "$dir/servers.py" "$mariadb" "$mysql" 2>"$dir/log")
echo "$seen"
[[ $seen == "MariaDB 1406 [1406] [1406] well
MySQL 1406 [1406] [] 1295" ]] || exit 1
