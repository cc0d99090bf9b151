#!/bin/sh
# A PostgreSQL server of a test's own: postgres_server.sh BIN FOLDER PORT FSYNC
# BIN holds initdb and postgres; FSYNC is on or off; FOLDER is made, with its user `crowdflow` and password `geheim`, and removed at the end.
# It ends once its standard input is closed, so that it outlives no test, however that ends. Its log is its standard error.
bin=$1 folder=$2 port=$3 fsync=$4
as=
# PostgreSQL refuses to run as root.
if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=postgres --regid=postgres --clear-groups"; fi
server=
end() {
  if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null
    wait "$server"
  fi
  rm -rf "$folder"
}
trap end EXIT
# Not every shell runs that at a signal, such as that of Ctrl-C.
trap 'exit 1' HUP INT TERM
mkdir "$folder" || exit 1
echo geheim >"$folder/password"
if [ "$(id -u)" = 0 ]; then chown -R postgres:postgres "$folder"; fi
cd "$folder" || exit 1
$as "$bin/initdb" --pgdata="$folder/data" --username=crowdflow --pwfile="$folder/password" --auth=scram-sha-256 \
  --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
$as "$bin/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c "fsync=$fsync" -c max_connections=200 </dev/null &
server=$!
cat >/dev/null
