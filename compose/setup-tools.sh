#!/bin/sh
# Installs what the tests of this folder run beside Node: nginx, the exporters, systemd-analyze, and the validator of
# Kubernetes manifests (in a Python environment of its own below node_modules/.cache). For CI; on a machine where one is
# missing its tests are skipped, visibly. No service is left running.
set -u
cd "$(dirname "$0")/.."
KUBERNETES_VALIDATE=1.37.0
venv="$PWD/node_modules/.cache/redline/kubernetes-validate"

say() { echo "setup-tools: $*" >&2; }
missing=
for pair in nginx:nginx-light systemd-analyze:systemd prometheus-redis-exporter:prometheus-redis-exporter \
  prometheus-postgres-exporter:prometheus-postgres-exporter; do
  PATH="$PATH:/usr/sbin" command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
needs_venv=false
[ -x "$venv/bin/kubernetes-validate" ] || needs_venv=true
if $needs_venv && ! python3 -c 'import ensurepip' 2>/dev/null; then missing="$missing python3-venv"; fi

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    say "missing:$missing. On Debian, as root: apt-get install -y --no-install-recommends$missing"
    exit 3
  fi
  say "installing$missing"
  # Debian starts a service as soon as it is installed, unless this file forbids it.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq -o DPkg::Lock::Timeout=120 update >/dev/null &&
    # shellcheck disable=SC2086 # several names
    apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing >/dev/null || exit 3
  # Nor at the next boot.
  for service in nginx prometheus-redis-exporter prometheus-postgres-exporter; do
    case $missing in *"$service"*) update-rc.d "$service" disable >/dev/null 2>&1 ;; esac
  done
fi

if $needs_venv; then
  say "installing kubernetes-validate $KUBERNETES_VALIDATE"
  python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "kubernetes-validate==$KUBERNETES_VALIDATE" || exit 3
fi
say "all tools are there"
