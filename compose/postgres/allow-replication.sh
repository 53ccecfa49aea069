#!/bin/sh
# Run once by the image, when the database is made: a replica may follow (compose.replicas.yaml).
set -eu
echo 'host replication redline samenet scram-sha-256' >>"$PGDATA/pg_hba.conf"
