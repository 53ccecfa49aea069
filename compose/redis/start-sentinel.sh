#!/bin/sh
# A sentinel writes into its configuration, so each has a copy of its own.
set -eu
cp /redline/sentinel.conf /tmp/sentinel.conf
exec redis-server /tmp/sentinel.conf --sentinel
