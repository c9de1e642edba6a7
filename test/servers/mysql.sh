#!/usr/bin/env bash
# MariaDB (speaks for MySQL) on loopback, with a data folder of its own.
#   mysql.sh get                   installs Debian's packages when they are absent and we are root
#   mysql.sh run PORT DATA         in the foreground until stdin closes
# User, password and database: MYSQL_USER, MYSQL_PASSWORD, MYSQL_DATABASE (for tests; may do everything).
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lib.sh"
PATH=$PATH:/usr/sbin
USER_NAME=${MYSQL_USER:-milvus} PASSWORD=${MYSQL_PASSWORD:-milvus-pw} DATABASE=${MYSQL_DATABASE:-milvus}

# The core packages hold the programs and start no service.
get() { apt_install mariadbd mariadb-server-core mariadb-client-core && apt_install mariadb mariadb-client-core; }

# --init-file takes one statement a line (two on a line is a silent error) and runs at each start.
prepare() {
  [ -d "$DATA/db/mysql" ] && return 0
  mariadb-install-db --no-defaults "${AS[@]}" --datadir="$DATA/db" --skip-test-db --auth-root-authentication-method=normal \
    >>"$DATA/server.log" 2>&1 || { tail -n 10 "$DATA/server.log" >&2; return 1; }
  cat >"$DATA/init.sql" <<SQL
CREATE DATABASE IF NOT EXISTS \`$DATABASE\` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS '$USER_NAME'@'127.0.0.1' IDENTIFIED BY '$PASSWORD';
CREATE USER IF NOT EXISTS '$USER_NAME'@'localhost' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO '$USER_NAME'@'127.0.0.1' WITH GRANT OPTION;
GRANT ALL ON *.* TO '$USER_NAME'@'localhost' WITH GRANT OPTION;
SQL
}
launch() {
  exec mariadbd --no-defaults "${AS[@]}" --datadir="$DATA/db" --bind-address=127.0.0.1 --port="$PORT" \
    --socket="$DATA/s.sock" --pid-file="$DATA/mariadbd.pid" --init-file="$DATA/init.sql" --skip-name-resolve \
    --skip-log-bin --innodb-buffer-pool-size=64M --character-set-server=utf8mb4
}
healthy() { mariadb --no-defaults -h127.0.0.1 -P"$PORT" -u"$USER_NAME" -p"$PASSWORD" "$DATABASE" -e 'select 1' >/dev/null 2>&1; }

run() {
  PORT=$1 AS=()
  [ "$(id -u)" = 0 ] && AS=(--user=root)
  mkdir -p "$2" && DATA=$(cd "$2" && pwd) || die "can't make the data folder $2"
  get
  claim_port "$PORT"
  prepare || die "can't make the database folder"
  supervise "$DATA/server.log" 60
}

case "${1:-} $#" in
  'get 1') get ;;
  'run 3') run "$2" "$3" ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
