# Shared by tools/run, tools/test and .ci/run: install what is missing, configure, build.
# Needs only what every Debian 12 has. Sourced, never run.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

say() { printf '==> %s\n' "$*" >&2; }
fail() {
  printf 'wherry: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "installing packages needs root: become root or install sudo, then run this again"
  fi
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }

have_package_lists() { compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; }

update_package_lists() {
  say "Updating the lists of packages"
  apt_get update >&2 || fail "apt-get update failed: see above; is the network there?"
}

# Debian starts a service when it is installed; a nats-server there would hold port 4222.
install_without_starting_services() {
  local policy=/usr/sbin/policy-rc.d placed=0 status=0
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    placed=1
  fi
  apt_get install -y --no-install-recommends "$@" >&2 || status=$?
  if [ "$placed" = 1 ]; then as_root rm -f "$policy"; fi
  [ "$status" = 0 ] || fail "apt-get could not install: $*"
  if [[ " $* " == *" nats-server "* ]] && [ -d /run/systemd/system ]; then
    as_root systemctl disable --quiet nats-server.service ||
      fail "the service nats-server, of which tests need only the program, stayed enabled"
  fi
}

# install_packages GROUP...: what tools/packages lists for these groups and the machine lacks.
install_packages() {
  local group name installed format='${db:Status-Status}:${Package} ' packages=() missing=()
  command -v dpkg-query >/dev/null || fail "this needs Debian 12 (dpkg-query is not there)"
  while read -r group name; do
    if [[ " $* " == *" $group "* ]]; then packages+=("$name"); fi
  done < <(grep -v '^#' "$root/tools/packages")
  # dpkg-query fails when it knows no package of a name; the others are printed all the same.
  installed=" $(dpkg-query -W -f "$format" "${packages[@]}" 2>/dev/null || true)"
  for name in "${packages[@]}"; do
    if [[ "$installed" != *" installed:$name "* ]]; then missing+=("$name"); fi
  done
  if [ "${#missing[@]}" = 0 ]; then return; fi
  update_package_lists
  say "Installing ${missing[*]}"
  install_without_starting_services "${missing[@]}"
}

# build PRESET [TARGET...]: configures if need be, then builds into build/PRESET.
build() {
  local preset="$1" directory="$root/build/$1"
  shift
  # Ninja notices changed CMake files by itself, but not changed presets.
  if [ ! -e "$directory/build.ninja" ] ||
    [ "$root/CMakePresets.json" -nt "$directory/build.ninja" ]; then
    say "Configuring preset $preset"
    (cd "$root" && cmake --preset "$preset") >&2 ||
      fail "configuring preset $preset failed: see above"
  fi
  say "Building preset $preset into build/$preset"
  cmake --build "$directory" --parallel "$(nproc)" ${1+--target "$@"} >&2 ||
    fail "building preset $preset failed: see above"
}
