# shellcheck shell=bash disable=SC2154,SC2034
# MariaDB: a database `seckill`, its user `seckill`, and `root` for whoever breaks it on purpose; all by TCP, with one
# password in mysql/password. scripts/stack sources this; $dir is the stack's folder.

mysql_prepare() { # $1: mysql, $2: its folder
  local password
  [ -s "$2/password" ] || (umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >"$2/password")
  password=$(<"$2/password")
  (umask 077 && mysql_client_file root >"$2/root.cnf" && mysql_client_file seckill >"$2/client.cnf" &&
    cat >"$2/init.sql" <<END)
CREATE DATABASE IF NOT EXISTS seckill;
CREATE USER IF NOT EXISTS seckill@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL ON seckill.* TO seckill@'127.0.0.1';
CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
END
  # The socket's name is short and relative (to the data): a long path of the stack would not fit in one.
  cat >"$2/my.cnf" <<END
[mariadbd]
datadir = $2/data
socket = mysql.sock
pid-file = $2/mysql.pid
init-file = $2/init.sql
bind-address = 127.0.0.1
port = $(port_of mysql)
tmpdir = $2/tmp
skip-name-resolve
innodb-buffer-pool-size = 64M
innodb-log-file-size = 64M
END
  [ "$(id -u)" -ne 0 ] || echo "user = root" >>"$2/my.cnf" # the owner of these files
  mkdir -p "$2/tmp" # of its own: a server that starts removes the temporary tables it finds, another's too
  [ -d "$2/data/mysql" ] || mysql_make "$2"
}

mysql_client_file() {
  printf '[client]\nprotocol = tcp\nhost = 127.0.0.1\nport = %s\nuser = %s\npassword = %s\n' \
    "$(port_of mysql)" "$1" "$password"
}

mysql_make() { # $1: its folder
  mkdir -p "$1/data"
  mariadb-install-db --no-defaults --datadir="$1/data" --tmpdir="$1/tmp" --user="$(id -un)" --skip-test-db \
    --innodb-log-file-size=64M >"$1/install.log" 2>&1 || { cat "$1/install.log" >&2; return 1; }
}

# MYSQL_FLAGS: more of mariadbd's own, as in --ssl-cert=…
mysql_command() {
  local more
  read -ra more <<<"${MYSQL_FLAGS:-}"
  command=(mariadbd --defaults-file="$1/my.cnf" "${more[@]}")
}

mysql_answers() { timeout 3 mariadb --defaults-file="$dir/mysql/client.cnf" -e 'SELECT 1' seckill >/dev/null 2>&1; }

mysql_env() {
  echo "MYSQL_PORT=$(port_of mysql)"
  echo "MYSQL_URL=mysql://seckill@127.0.0.1:$(port_of mysql)/seckill"
  echo "MYSQL_PASSWORD_FILE=$dir/mysql/password"
  echo "MYSQL_CLIENT_FILE=$dir/mysql/client.cnf"
  echo "MYSQL_ROOT_FILE=$dir/mysql/root.cnf"
}
