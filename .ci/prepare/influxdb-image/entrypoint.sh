#!/usr/bin/env bash
# Sets a new InfluxDB up from INFLUXDB_DB, INFLUXDB_ADMIN_USER, INFLUXDB_USER and the others, then
# runs it. While it is being set up the server listens on 127.0.0.1 alone. The server itself reads
# every INFLUXDB_<SECTION>_<KEY>.
set -euo pipefail

[ "${1-}" = influxd ] || exec "$@"
export INFLUXDB_CONFIG_PATH=${INFLUXDB_CONFIG_PATH-/etc/influxdb/influxdb.conf}
[ -f "$INFLUXDB_CONFIG_PATH" ] || unset INFLUXDB_CONFIG_PATH

ask() { # QUERY
    local answer
    answer=$(influx -host 127.0.0.1 -port 8086 "${login[@]}" -execute "$1" 2>&1) || {
        echo "entrypoint: $1: $answer" >&2
        exit 1
    }
}

user() { # NAME PASSWORD PRIVILEGE
    [ -n "$1" ] && [ -n "$2" ] || return 0
    ask "CREATE USER \"$1\" WITH PASSWORD '$2'"
    [ -z "${INFLUXDB_DB-}" ] || ask "GRANT $3 ON \"$INFLUXDB_DB\" TO \"$1\""
}

set_up() {
    local server login=() tries=0 first='SHOW DATABASES'
    if [ -n "${INFLUXDB_ADMIN_USER-}" ] && [ -n "${INFLUXDB_ADMIN_PASSWORD-}" ]; then
        # Where users are needed, the server answers nothing else before there is one.
        first="CREATE USER \"$INFLUXDB_ADMIN_USER\" WITH PASSWORD '$INFLUXDB_ADMIN_PASSWORD' WITH ALL PRIVILEGES"
    fi
    INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:8086 influxd &
    server=$!
    until influx -host 127.0.0.1 -port 8086 -execute "$first" >/dev/null 2>&1; do
        tries=$((tries + 1))
        kill -0 "$server" && [ "$tries" -lt 300 ] || {
            echo "entrypoint: the server cannot be set up" >&2
            exit 1
        }
        sleep 0.1
    done
    if [ "$first" != 'SHOW DATABASES' ]; then
        login=(-username "$INFLUXDB_ADMIN_USER" -password "$INFLUXDB_ADMIN_PASSWORD")
    fi
    [ -z "${INFLUXDB_DB-}" ] || ask "CREATE DATABASE \"$INFLUXDB_DB\""
    user "${INFLUXDB_USER-}" "${INFLUXDB_USER_PASSWORD-}" ALL
    user "${INFLUXDB_WRITE_USER-}" "${INFLUXDB_WRITE_USER_PASSWORD-}" WRITE
    user "${INFLUXDB_READ_USER-}" "${INFLUXDB_READ_USER_PASSWORD-}" READ
    kill -s TERM "$server"
    wait "$server"
}

# What is there already keeps its users and their passwords.
[ -f /var/lib/influxdb/meta/meta.db ] || set_up
exec "$@"
