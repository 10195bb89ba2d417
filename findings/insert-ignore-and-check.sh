#!/usr/bin/env bash
#
# Software: MariaDB 10.11.19 and MySQL 9.7.4.
# Expected: INSERT IGNORE treats a row that violates a CHECK constraint alike on both, as it does a duplicate key.
# What happens: MySQL leaves the row out with a warning, be it alone or one of several. So does MariaDB if it is one of several;
#   an INSERT IGNORE of that one row raises error 4025 in spite of IGNORE, while a single duplicate is ignored. So a batch that drops
#   its bad rows fails on the day when it has but one row.
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

cat >"$dir/ignore.py" <<'PYTHON'
import sys

from servers import ask, connect

connection = connect(sys.argv[1])
ask(connection, "CREATE DATABASE shop")
ask(connection, "CREATE TABLE shop.item (id INT PRIMARY KEY, stock INT, CHECK (stock >= 0)) ENGINE=InnoDB")
seen = []
for name, rows in (
    ("duplicates", "(1, 1), (1, 2), (2, 1)"),
    ("one duplicate", "(1, 3)"),
    ("check of several", "(3, 1), (4, -1), (5, 1)"),
    ("check of one", "(6, -1)"),
):
    told = ask(connection, f"INSERT IGNORE INTO shop.item VALUES {rows}") or "accepted"
    seen.append(f"{name}: {told}")
print(f"{', '.join(seen)}, rows {ask(connection, 'SELECT GROUP_CONCAT(id ORDER BY id) FROM shop.item')}")
PYTHON
start_servers
on_mariadb=$("$dir/venv/bin/python" "$dir/ignore.py" "$mariadb")
on_mysql=$("$dir/venv/bin/python" "$dir/ignore.py" "$mysql")
echo "MariaDB: $on_mariadb"
echo "MySQL:   $on_mysql"
told="duplicates: accepted, one duplicate: accepted, check of several: accepted, check of one"
[[ $on_mariadb == "$told: error 4025, rows 1,2,3,5" ]] || exit 1
[[ $on_mysql == "$told: accepted, rows 1,2,3,5" ]] || exit 1
