# Sourced by bin/mysql and bin/test: a private MariaDB (or MySQL) server in a folder of its own.
# It listens on 127.0.0.1 only and reads no configuration of the machine.

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

database_running() {
  [[ -f $1/server.pid && -f $1/port ]] && kill -0 "$(<"$1/server.pid")" 2>/dev/null && listens "$(<"$1/port")"
}

# database_start FOLDER SQL [OPTION…]: starts the server on a free port, which FOLDER/port then holds.
# The SQL, one statement a line, runs at every start, before clients can connect. The options are the server's own.
database_start() {
  local folder=$1 port server pid _
  local options=()
  server=$(command -v mariadbd || command -v mysqld)
  ((EUID != 0)) || options=(--user=root)
  mkdir -p "$folder/temporary"
  folder=$(cd "$folder" && pwd)
  # At start, a server deletes the temporary files of all others that use the same folder.
  local -x TMPDIR=$folder/temporary
  if [[ ! -d $folder/files/mysql ]]; then
    if [[ $("$server" --version) == *MariaDB* ]]; then
      mariadb-install-db --no-defaults "${options[@]}" --datadir="$folder/files" --skip-test-db \
        --auth-root-authentication-method=socket >"$folder/install.log" 2>&1
    else
      "$server" --no-defaults "${options[@]}" --initialize-insecure --datadir="$folder/files" >"$folder/install.log" 2>&1
    fi || { cat "$folder/install.log" >&2; return 1; }
  fi
  port=$(free_port)
  (umask 077 && echo "$2" >"$folder/init.sql")
  setsid "$server" --no-defaults "${options[@]}" --datadir="$folder/files" --socket=server.sock \
    --bind-address=127.0.0.1 --port="$port" --skip-name-resolve --pid-file="$folder/server.pid" \
    --character-set-server=utf8mb4 --collation-server=utf8mb4_bin --innodb-flush-log-at-trx-commit=1 \
    --max-connections=500 --init-file="$folder/init.sql" "${@:3}" >"$folder/server.log" 2>&1 </dev/null &
  pid=$!
  echo "$port" >"$folder/port"
  for _ in {1..300}; do
    listens "$port" && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  echo "The database server did not start; $folder/server.log ends with:" >&2
  tail -n 5 "$folder/server.log" >&2
  return 1
}

database_stop() {
  local pid _
  pid=$(cat "$1/server.pid" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in {1..150}; do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.2
  done
  kill -9 "$pid"
}
