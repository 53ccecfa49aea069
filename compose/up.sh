#!/bin/sh
# Everything on this machine with Docker: makes the secrets that are missing, builds, starts, and puts load on it.
#   sh compose/up.sh              with load for 15 minutes
#   sh compose/up.sh --no-load    without
#   sh compose/up.sh --secrets    only makes the secrets
#   REDLINE_FILES="-f compose/compose.tracing.yaml" sh compose/up.sh      with an overlay, or several
# `docker compose -f compose/compose.yaml down` ends it; with --volumes its data goes too.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
secrets="${REDLINE_SECRETS:-$here/secrets}"

say() { echo "up: $*" >&2; }
draw() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
# What is there stays: the database keeps its first password. Containers read them as another user, so the files are
# readable, and their directory is closed instead.
keep() {
  [ -s "$secrets/$1" ] && return
  printf '%s' "$2" >"$secrets/$1"
  chmod 644 "$secrets/$1"
}
make_secrets() {
  mkdir -p "$secrets"
  chmod 700 "$secrets"
  for name in postgres-password admin-jwt-secret board-password grafana-password; do keep "$name" "$(draw)"; done
  password="$(cat "$secrets/postgres-password")"
  keep database-url "postgres://redline:$password@postgres:5432/redline"
  keep database-read-url "postgres://redline:$password@postgres-replica:5432/redline"
}

load=true
case "${1:-}" in
  '') ;;
  --no-load) load=false ;;
  --secrets) make_secrets; exit 0 ;;
  *) say "unknown option $1 (there are --no-load and --secrets)"; exit 2 ;;
esac
make_secrets
docker compose version >/dev/null 2>&1 || { say "Docker with its compose plugin is missing: https://docs.docker.com/engine/install/"; exit 3; }
compose() {
  # shellcheck disable=SC2086 # several files, each with its -f
  docker compose --project-directory "$here" -f "$here/compose.yaml" ${REDLINE_FILES:-} "$@"
}

if $load; then
  # All of it comes from one address.
  export IP_LIMIT_PER_MINUTE=0 FAILED_TRIES_PER_MINUTE=0
fi
compose up --build --detach --wait web worker scheduler mail prometheus alertmanager grafana postgres-exporter redis-exporter
if $load; then compose --profile load up --detach k6; fi
cat <<END

  dashboards   http://127.0.0.1:${GRAFANA_PORT:-3001}/dashboards   (changes: admin, password in compose/secrets/grafana-password)
  page         http://127.0.0.1:${WEB_PORT:-3000}/invite           (code WELCOME)
  mails        http://127.0.0.1:${MAIL_PORT:-8025}
  queues       http://127.0.0.1:${BOARD_PORT:-9101}/board          (admin, password in compose/secrets/board-password)
  Prometheus   http://127.0.0.1:${PROMETHEUS_PORT:-9090}

  to end it    docker compose -f compose/compose.yaml ${REDLINE_FILES:-} --profile load down      (--volumes: with its data)
END
