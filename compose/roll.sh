#!/bin/sh
# Rolls out what the compose files say now (a new image, another environment) without losing a request, and back the same
# way: one process after the other ends in good order, is replaced, and must be healthy before the next one is touched.
#   sh compose/roll.sh                    after `docker compose build`; REDLINE_FILES="-f …" names overlays
#   sh compose/roll.sh server-1 worker    only these
# Meanwhile nginx gives everything to the other server. Exit code 1: one did not become healthy; the rest is untouched.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"

say() { echo "roll: $*" >&2; }
compose() {
  # shellcheck disable=SC2086 # several files, each with its -f
  docker compose --project-directory "$here" -f "$here/compose.yaml" ${REDLINE_FILES:-} "$@"
}
# Where no Docker is (systemd, a rehearsal) these are other commands; they get the name as their last argument.
replace() {
  if [ -n "${ROLL_REPLACE:-}" ]; then $ROLL_REPLACE "$1"
  else compose up --detach --no-deps --wait "$1"
  fi
}
is_healthy() {
  if [ -n "${ROLL_HEALTHY:-}" ]; then $ROLL_HEALTHY "$1"
  else compose exec -T "$1" node compose/healthcheck.js
  fi
}

[ $# -gt 0 ] || set -- server-1 server-2 scheduler worker
for name in "$@"; do
  case $name in
    server-1) other=server-2 ;;
    server-2) other=server-1 ;;
    # Two of these may run at once, and what waits stays in the queue: nobody has to take over.
    scheduler | worker) other= ;;
    *) say "unknown service $name (there are server-1, server-2, scheduler and worker)"; exit 2 ;;
  esac
  if [ -n "$other" ] && ! is_healthy "$other"; then
    say "$other is not healthy, so $name must stay: mend $other first"
    exit 1
  fi
  say "replacing $name"
  replace "$name" || { say "$name did not become healthy: roll back to the release before"; exit 1; }
  # nginx tries a server that failed again after 2 s (nginx/servers.conf): sooner, there would be none for it.
  [ -z "$other" ] || sleep 3
done
say "done"
