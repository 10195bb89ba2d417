#!/usr/bin/env bash
#
# Software: MariaDB 10.11.19 and MySQL 9.7.4.
# Expected: GET_LOCK is the same on both: what guards a migration or a scheduled job on the one guards it on the other.
# What happens, while another session holds the lock `job`:
#   - GET_LOCK('JOB', 0): MySQL refuses, names are compared without regard to case; MariaDB grants, it is another lock;
#   - GET_LOCK('job', 0.4): MariaDB waits 0.4 s, MySQL rounds to whole seconds and doesn't wait at all;
#   - GET_LOCK('job', -1): MySQL waits without limit, MariaDB answers NULL at once with a warning, and NULL is read as "not
#     granted" by those who wrote "wait for ever";
#   - a name of 65 characters: MariaDB grants, MySQL raises error 4163.
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

cat >"$dir/get_lock.py" <<'PYTHON'
import sys
import threading

from servers import ask, connect, time

holder, other = connect(sys.argv[1]), connect(sys.argv[1])
assert ask(holder, "SELECT GET_LOCK('job', 0)") == 1
case = ask(other, "SELECT GET_LOCK('JOB', 0)")
waits = []
for _ in range(5):
    start = time.monotonic()
    assert ask(other, "SELECT GET_LOCK('job', 0.4)") == 0
    waits.append(time.monotonic() - start)
waited = "waits" if min(waits) >= 0.35 else "doesn't wait"
threading.Timer(3, lambda: ask(holder, "SELECT RELEASE_LOCK('job')")).start()
forever = ask(other, "SELECT GET_LOCK('job', -1)")
long = ask(other, "SELECT GET_LOCK(REPEAT('x', 65), 0)")
print(f"other case {case}, 0.4 s {waited}, -1 s {forever}, long name {long}")
PYTHON
start_servers
on_mariadb=$("$dir/venv/bin/python" "$dir/get_lock.py" "$mariadb")
on_mysql=$("$dir/venv/bin/python" "$dir/get_lock.py" "$mysql")
echo "MariaDB: $on_mariadb"
echo "MySQL:   $on_mysql"
[[ $on_mariadb == "other case 1, 0.4 s waits, -1 s None, long name 1" ]] || exit 1
[[ $on_mysql == "other case 0, 0.4 s doesn't wait, -1 s 1, long name error 4163" ]] || exit 1
