#!/bin/sh
# Makes the archive that k6-testrun.yaml runs: the script with everything that it imports, as one file.
#   sh compose/kubernetes/k6.sh DIRECTORY RATE=400 DURATION=300      then, in that directory:
#   kubectl -n redline create configmap redline-k6 --from-file=standalone.tar --dry-run=client -o yaml | kubectl apply -f -
#   kubectl apply -f compose/kubernetes/k6-testrun.yaml
# The shape of the load is fixed here (README, "k6 by itself", tells the variables): k6 keeps it in the archive, and a
# runner's environment does not change it any more.
set -eu
[ $# -gt 0 ] || { echo "Usage: k6.sh DIRECTORY [RATE=400 DURATION=300 SHAPE=constant …]" >&2; exit 2; }
target="$(cd "$1" && pwd)/standalone.tar"
shift
for variable in "$@"; do
  case $variable in
    [A-Z]*=*) set -- "$@" -e "$variable" ;;
    *) echo "k6.sh: expected NAME=value, got \"$variable\"" >&2; exit 2 ;;
  esac
  shift
done
cd "$(dirname "$0")/../.."
k6="${K6_BIN:-$(command -v k6 || echo node_modules/.cache/redline/k6)}"
[ -x "$k6" ] || { echo "k6.sh: there is no k6: npm run setup:k6 builds it, K6_BIN names one" >&2; exit 3; }
"$k6" archive --quiet "$@" --archive-out "$target" loadtests/k6/standalone.ts
# A ConfigMap holds at most 1 MiB.
size="$(wc -c <"$target")"
[ "$size" -lt 1000000 ] || { echo "k6.sh: $target has $size bytes, a ConfigMap holds 1 MiB: use a volume" >&2; exit 1; }
echo "$target"
