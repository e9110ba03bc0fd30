#!/usr/bin/env bash
# Makes sure that what the project needs is installed, and picks the Python interpreter. Idempotent: with nothing
# missing it touches neither the network nor the disk.
#
#   ./bootstrap.sh run|test|package      what run_all.sh, run_tests.sh or its stage `package` needs
#   ./bootstrap.sh frameworks            the servers of the suite frameworks; none is left running or enabled
#   ./bootstrap.sh kernels               the emulator of fanin kernels
#   . ./bootstrap.sh             defines bootstrap(), which also exports FANIN_PYTHON
#
# FANIN_PYTHON=PATH       use this interpreter and no other
# FANIN_BOOTSTRAP=check   never install; name what is missing and stop

# One need per line: `package` is met when dpkg has it installed, `package:command` when the command is on PATH, and
# `a:x|b:y` when either is met; the first that this release offers is the one that is installed.
kRunNeeds=(
  cmake:cmake
  ninja-build:ninja
  g++:g++
  libc6-dev
  libcli11-dev
  nlohmann-json3-dev
  libfmt-dev
  libarchive-dev
  libhttp-parser-dev
  libpcre2-dev
  libbenchmark-dev
  libgtest-dev
  liburing-dev
  libboost-dev
  libboost-context-dev
  pkg-config:pkg-config
  zlib1g-dev
)

# redis-tools, not redis-server: it holds the same binary and never starts a service (see link_redis in run_tests.sh).
# The clang tools are pinned to the version whose findings and formatting the project is kept clean for.
kTestNeeds=(
  "clang-14:clang++-14|clang:clang++"
  "libclang-rt-14-dev|libclang-rt-dev"
  "clang-format-14:clang-format-14|clang-format:clang-format"
  "clang-tidy-14:clang-tidy-14|clang-tidy:clang-tidy"
  shellcheck:shellcheck
  netcat-openbsd:nc
  redis-tools:redis-check-rdb
  mandoc:mandoc
  python3-pytest-xdist
  libbenchmark-tools
  libhdrhistogram-java
  default-jre-headless:java
  python3-prometheus-client
  python3-junitparser
)

# What the stage `package` of run_tests.sh needs besides.
kPackageNeeds=(
  debootstrap:debootstrap
  dpkg-dev:dpkg-shlibdeps
  file:file
  fish:fish
  lintian:lintian
  zsh:zsh
)

# The servers of harness/suites/frameworks.json: each package that its "requires" name. Where a package without the
# service holds the program, it is the one: redis-tools, apache2-bin, tomcat10-common.
kFrameworkNeeds=(
  nginx:/usr/sbin/nginx
  apache2-bin:/usr/sbin/apache2
  haproxy:/usr/sbin/haproxy
  memcached:/usr/bin/memcached
  redis-tools:redis-check-rdb
  golang-go:go
  nodejs:node
  default-jre-headless:java
  tomcat10-common
  python3-tornado
  python3-twisted
  python3-gevent
  python3-django
  python3-gunicorn
  python3-uvicorn
  python3-uvloop
  python3-httptools
)

# What `fanin kernels` boots kernels with.
kKernelNeeds=(
  qemu-system-x86:qemu-system-x86_64
  libc-bin:ldd
)

kRunModules=(matplotlib numpy jsonschema jinja2)
kTestModules=(pytest yaml)

bootstrap_die() {
  printf 'bootstrap: %s\n' "$*" >&2
  exit 2
}

# Is one alternative of a need met?
is_met() {
  if [[ $1 == *:* ]]; then
    command -v "${1#*:}" >/dev/null
  else
    dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
  fi
}

# Prints the needs that are not met, one per line.
unmet_needs() {
  local need alternative met
  local -a alternatives
  for need in "$@"; do
    met=no
    IFS='|' read -ra alternatives <<<"$need"
    for alternative in "${alternatives[@]}"; do
      if is_met "$alternative"; then met=yes; fi
    done
    if [[ $met == no ]]; then echo "$need"; fi
  done
}

# Prints the package to install for a need: the first alternative that apt offers, else the first one.
package_for() {
  local alternative
  local -a alternatives
  IFS='|' read -ra alternatives <<<"$1"
  for alternative in "${alternatives[@]}"; do
    if [[ -n $(apt-cache madison "${alternative%%:*}" 2>/dev/null) ]]; then
      echo "${alternative%%:*}"
      return
    fi
  done
  echo "${alternatives[0]%%:*}"
}

# Prints the first interpreter that imports all the modules named; fails when there is none. The python3 on PATH may
# be a private build without matplotlib while the system's has it, so the only sound test is to try.
find_python() {
  local candidate imports
  imports="import $(IFS=,; echo "$*")"
  local -a candidates=(python3 /usr/bin/python3 /usr/local/bin/python3)
  if [[ -n ${FANIN_PYTHON:-} ]]; then candidates=("$FANIN_PYTHON"); fi
  for candidate in "${candidates[@]}"; do
    if "$candidate" -c "$imports" >/dev/null 2>&1; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# Prints what to put before a command that needs root: nothing, or sudo. Takes the names of what is missing.
root_prefix() {
  local advice="as root, run: apt-get install --no-install-recommends $*"
  refuse() { bootstrap_die "packages are missing, and $1: $advice"; }
  command -v apt-get >/dev/null || bootstrap_die "no apt-get here: install by hand what Debian calls: $*"
  [[ ${FANIN_BOOTSTRAP:-install} != check ]] || refuse "FANIN_BOOTSTRAP=check forbids installing"
  if [[ $(id -u) -eq 0 ]]; then return; fi
  command -v sudo >/dev/null || refuse "this user is not root and there is no sudo"
  # Without a terminal sudo must not wait for a password that nobody can type.
  local sudo=sudo
  if [[ ! -t 0 ]]; then sudo="sudo -n"; fi
  $sudo true || refuse "sudo did not let us"
  echo "$sudo"
}

installed_packages() { dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u; }

# disable_services PREFIX PACKAGE...: what these packages would start when the machine boots.
disable_services() {
  local prefix=$1 path
  shift
  (($# > 0)) || return 0
  while read -r path; do
    case $path in
      */systemd/system/*@.* | */systemd/system/*/*) ;;
      */systemd/system/*.*) $prefix deb-systemd-helper disable "${path##*/}" ;;
      /etc/init.d/*) $prefix update-rc.d "${path##*/}" disable ;;
    esac
  done < <(dpkg-query -L "$@")
}

# install_without_services PREFIX PACKAGE...: none of the packages that are new starts a service, now or at boot.
# A subshell, so that its trap is its own.
install_without_services() (
  prefix=$1
  shift
  policy=/usr/sbin/policy-rc.d before=$(installed_packages)
  if [[ ! -e $policy ]]; then
    trap '$prefix rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | $prefix tee "$policy" >/dev/null
    $prefix chmod 755 "$policy"
  fi
  status=0
  $prefix env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$@" || status=$?
  mapfile -t new < <(comm -13 <(echo "$before") <(installed_packages))
  disable_services "$prefix" "${new[@]}"
  exit "$status"
)

# install_needs NEED...: with root or sudo; otherwise says what to type and ends with 2.
install_needs() {
  local -a names packages=()
  local prefix need log
  names=("${@%%|*}")
  names=("${names[@]%%:*}")
  prefix=$(root_prefix "${names[@]}") || exit 2
  log=$(mktemp -t fanin-bootstrap.XXXXXX)
  echo "bootstrap: installing ${names[*]} (log: $log)"
  # A broken third-party source must not stop us: the installation below is what decides.
  $prefix apt-get update -qq >>"$log" 2>&1 || echo "bootstrap: apt-get update had errors, going on" >&2
  for need in "$@"; do packages+=("$(package_for "$need")"); done
  install_without_services "$prefix" "${packages[@]}" >>"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    bootstrap_die "apt-get could not install ${packages[*]}: see $log"
  }
  rm -f "$log"
}

# bootstrap run|test|package|frameworks|kernels: the one step that run_all.sh and run_tests.sh share.
bootstrap() {
  local -a needs=("${kRunNeeds[@]}") modules=("${kRunModules[@]}") unmet=()
  case ${1:-} in
    run) ;;
    test) needs+=("${kTestNeeds[@]}") modules+=("${kTestModules[@]}") ;;
    package) needs+=("${kTestNeeds[@]}" "${kPackageNeeds[@]}") modules+=("${kTestModules[@]}") ;;
    frameworks) needs+=("${kFrameworkNeeds[@]}") ;;
    kernels) needs+=("${kKernelNeeds[@]}") ;;
    *) bootstrap_die "unknown set '${1:-}': use run, test, package, frameworks or kernels" ;;
  esac
  mapfile -t unmet < <(unmet_needs "${needs[@]}")
  local python
  if ! python=$(find_python "${modules[@]}"); then
    [[ -z ${FANIN_PYTHON:-} ]] ||
      bootstrap_die "FANIN_PYTHON=$FANIN_PYTHON does not import ${modules[*]}: install them there or unset FANIN_PYTHON"
    local module
    for module in "${modules[@]}"; do
      /usr/bin/python3 -c "import $module" 2>/dev/null || unmet+=("python3-$module")
    done
  fi
  if ((${#unmet[@]})); then
    install_needs "${unmet[@]}"
    mapfile -t unmet < <(unmet_needs "${needs[@]}")
    ((${#unmet[@]} == 0)) || bootstrap_die "still missing after the installation: ${unmet[*]}"
    python=$(find_python "${modules[@]}") || bootstrap_die "no Python interpreter imports ${modules[*]}: set FANIN_PYTHON"
  fi
  export FANIN_PYTHON=$python
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  bootstrap "${1:-run}"
  echo "bootstrap: ready, Python is $FANIN_PYTHON"
fi
