#!/bin/sh
# Makes sure that there is a Redis (or Valkey) to start, with --with-browser a Chromium for the tests of the pages, and with
# --with-prometheus a Prometheus and an Alertmanager for those of rules, alerts and dashboards.
# What is there already is never touched, nor is anything installed when REDIS_URL names a server.
# Exit code 3: something is missing and cannot be installed from here; the message says the one command to type.
set -u

find_redis() { [ -n "${REDIS_URL:-}" ] || command -v redis-server >/dev/null || command -v valkey-server >/dev/null; }
find_browser() {
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null && return 0
  done
  return 1
}

# Debian calls its alertmanager prometheus-alertmanager.
find_prometheus() {
  for name in prometheus promtool amtool; do command -v "$name" >/dev/null || return 1; done
  command -v alertmanager >/dev/null || command -v prometheus-alertmanager >/dev/null
}

with_browser=false
with_prometheus=false
for argument in "$@"; do
  case $argument in
    --with-browser) with_browser=true ;;
    --with-prometheus) with_prometheus=true ;;
    *) echo "setup: unknown option $argument (there are --with-browser and --with-prometheus)" >&2; exit 2 ;;
  esac
done
needs_redis=false
needs_browser=false
needs_prometheus=false
find_redis || needs_redis=true
if $with_browser; then find_browser || needs_browser=true; fi
if $with_prometheus; then find_prometheus || needs_prometheus=true; fi
$needs_redis || $needs_browser || $needs_prometheus || exit 0

say() { echo "setup: $*" >&2; }
as_root=
[ "$(id -u)" = 0 ] || as_root='sudo '

# The command that a person would type here for Redis.
redis_command() {
  if command -v apt-get >/dev/null; then echo "${as_root}apt-get install -y redis-server"
  elif command -v dnf >/dev/null; then echo "${as_root}dnf install -y valkey || ${as_root}dnf install -y redis"
  elif command -v pacman >/dev/null; then echo "${as_root}pacman -S --noconfirm valkey"
  elif command -v apk >/dev/null; then echo "${as_root}apk add redis"
  elif command -v brew >/dev/null; then echo "brew install redis"
  fi
}

give_up() {
  command_line=$(redis_command)
  if [ -n "$command_line" ]; then say "Redis is missing. Install it with \`$command_line\`, or set REDIS_URL."
  else say "Redis is missing. Put redis-server or valkey-server (6.2 or newer) on the PATH, or set REDIS_URL."
  fi
  exit 3
}

skip_browser() { say "There is no Chromium and it cannot be installed here: the tests in a browser will be skipped."; }

skip_prometheus() {
  say "Prometheus or Alertmanager is missing and cannot be installed here: the tests of rules, alerts and dashboards will be skipped."
}

may_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null && sudo -n true 2>/dev/null
}

root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# Debian starts a service as soon as it is installed, unless this file forbids it. One that is there already (images of
# containers bring one) stays. Tests look for it elsewhere.
POLICY=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
forbid_services() {
  [ -e "$POLICY" ] && return
  trap allow_services EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' | root tee "$POLICY" >/dev/null && root chmod 755 "$POLICY"
}
allow_services() { root rm -f "$POLICY"; }

apt_install() {
  root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 \
    install -y --no-install-recommends "$1" </dev/null >"$log" 2>&1
}
apt_update() { root apt-get -qq -o DPkg::Lock::Timeout=120 update </dev/null >"$log" 2>&1; }
is_known() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }

# The lists of packages are fetched only where they are missing or too old to install from.
install() {
  say "$1 is missing: installing it with apt-get (this happens once)"
  if is_known "$1" && apt_install "$1"; then return 0; fi
  say "fetching the lists of packages"
  apt_update
  is_known "$1" && apt_install "$1" && return 0
  tail -n 5 "$log" >&2
  return 1
}

# It was not installed a moment ago, so that its service is nobody's: it shall neither run now nor at the next boot.
silence_service() {
  if [ -d /run/systemd/system ]; then root systemctl disable --now "$1.service"
  elif [ -x /usr/sbin/update-rc.d ]; then root update-rc.d "$1" disable; root invoke-rc.d "$1" stop
  fi >/dev/null 2>&1
}

# Installs a package that brings a service of the same name, and leaves that service as it found it.
install_without_service() {
  had_service=false
  [ -e "/lib/systemd/system/$1.service" ] && had_service=true
  install "$1" || return 1
  $had_service || silence_service "$1"
}

if ! may_install; then
  if $needs_browser; then skip_browser; fi
  if $needs_prometheus; then skip_prometheus; fi
  if $needs_redis; then give_up; fi
  exit 0
fi

log=$(mktemp)
forbid_services
if $needs_redis; then
  install_without_service redis-server || { rm -f "$log"; give_up; }
  find_redis || { rm -f "$log"; give_up; }
  say "redis-server is installed"
fi
if $needs_browser; then
  if install chromium && find_browser; then say "chromium is installed"; else skip_browser; fi
fi
if $needs_prometheus; then
  for package in prometheus prometheus-alertmanager; do install_without_service "$package" || break; done
  if find_prometheus; then say "prometheus is installed"; else skip_prometheus; fi
fi
rm -f "$log"
exit 0
