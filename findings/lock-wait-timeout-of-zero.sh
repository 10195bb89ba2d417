#!/usr/bin/env bash
#
# Software: MariaDB 10.11.19 and MySQL 9.7.4.
# Expected: `SET innodb_lock_wait_timeout = 0` means the same everywhere and in each SQL mode, which is about data, not settings.
# What happens: MariaDB takes 0, "don't wait". MySQL makes it 1 s with a warning that drivers don't show, unless `sql_mode` has
#   STRICT_ALL_TABLES or TRADITIONAL: then the SET is error 1231 and the old value stays. So a connection's set-up that works
#   for years fails when somebody makes the server stricter. And who says NOWAIT instead is told 1205 (lock wait timeout)
#   by MariaDB and 3572 by MySQL.
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
import time

import pymysql


def connect(port):
    return pymysql.connect(host="127.0.0.1", port=int(port), user="root", autocommit=True)


def ask(connection, statement):
    """The first value, or `error NUMBER`."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
            return row[0] if row else None
    except pymysql.MySQLError as error:
        return f"error {error.args[0]}"
PYTHON

cat >"$dir/wait.py" <<'PYTHON'
import sys

from servers import ask, connect

holder, other = connect(sys.argv[1]), connect(sys.argv[1])
seen = []
for mode in ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL"):
    ask(other, f"SET sql_mode = '{mode}'")
    ask(other, "SET innodb_lock_wait_timeout = 7")
    told = ask(other, "SET innodb_lock_wait_timeout = 0") or "accepted"
    seen.append(f"{mode}: {told}, then {ask(other, 'SELECT @@innodb_lock_wait_timeout')}")
for statement in ("CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY)", "INSERT INTO shop.item VALUES (1)", "BEGIN"):
    assert ask(holder, statement) is None
ask(holder, "SELECT id FROM shop.item WHERE id = 1 FOR UPDATE")
seen.append(f"NOWAIT: {ask(other, 'SELECT id FROM shop.item WHERE id = 1 FOR UPDATE NOWAIT')}")
print("; ".join(seen))
PYTHON
start_servers
on_mariadb=$("$dir/venv/bin/python" "$dir/wait.py" "$mariadb")
on_mysql=$("$dir/venv/bin/python" "$dir/wait.py" "$mysql")
echo "MariaDB: $on_mariadb"
echo "MySQL:   $on_mysql"
[[ $on_mariadb == \
  "STRICT_TRANS_TABLES: accepted, then 0; STRICT_ALL_TABLES: accepted, then 0; TRADITIONAL: accepted, then 0; NOWAIT: error 1205" ]] || exit 1
[[ $on_mysql == \
  "STRICT_TRANS_TABLES: accepted, then 1; STRICT_ALL_TABLES: error 1231, then 7; TRADITIONAL: error 1231, then 7; NOWAIT: error 3572" ]] || exit 1
