#!/usr/bin/env bash
# Follows the primary: copies it once, then streams. An interrupted copy is made anew.
set -euo pipefail
: "${PGDATA:?}" "${PRIMARY_HOST:?}" "${PRIMARY_PASSWORD_FILE:?}"
PGPASSWORD="$(cat "$PRIMARY_PASSWORD_FILE")"
export PGPASSWORD

if [ ! -e "$PGDATA/copied" ]; then
  rm -rf "${PGDATA:?}"
  # -R writes how to reach the primary into the copy.
  pg_basebackup --host "$PRIMARY_HOST" --port "${PRIMARY_PORT:-5432}" --username redline \
    --pgdata "$PGDATA" --write-recovery-conf --wal-method stream --checkpoint fast
  chmod 700 "$PGDATA"
  touch "$PGDATA/copied"
fi
exec postgres -D "$PGDATA" -c hot_standby=on "$@"
