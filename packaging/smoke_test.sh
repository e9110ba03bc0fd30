#!/usr/bin/env bash
# Installs the Debian packages in a clean chroot of Debian 12, and uses what they install there, without the sources.
#
#   packaging/smoke_test.sh DIRECTORY      of the packages, such as build/release/packages
#
# Needs root, debootstrap and a mirror, which is that of apt unless FANIN_MIRROR names another. Takes five to ten minutes.
# Nothing remains: the chroot is a temporary directory. Exit code: 0 passed, 1 failed, 2 bad input, 77 cannot run here.
set -euo pipefail

kRelease=bookworm
kPort=7117

die() {
  echo "smoke_test.sh: $2" >&2
  exit "$1"
}

# The mirror from which this machine gets the release. An image of another distribution has none.
mirror() {
  # shellcheck disable=SC2016  # apt expands these
  apt-get indextargets --format '$(SITE) $(CODENAME)' 'Identifier: Packages' |
    sed -n "s/ $kRelease\$//p" | head -n 1
}

clean_up() {
  if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
  rm -rf --one-file-system "$root"
}

in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

# user SCRIPT: in an empty home directory, with no right to write anywhere else.
user() {
  chroot --userspec=nobody:nogroup "$root" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 HOME=/home/user \
    bash -euo pipefail -c "cd; $1"
}

step() { printf '\n-- %s\n' "$*"; }

make_root() {
  step "debootstrap $kRelease"
  debootstrap --variant=minbase "$kRelease" "$root" "$1" >"$log" 2>&1 || { tail "$log"; exit 1; }
  mount -t proc proc "$root/proc"
  # No package starts a service.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  install -d -o nobody -g nogroup "$root/home/user"
}

install_packages() {
  step "apt install ./fanin*.deb"
  cp "$@" "$root/root/"
  in_root apt-get update -qq
  in_root sh -c 'cd /root && apt-get install -y --no-install-recommends ./fanin*.deb' >"$log" 2>&1 || { tail "$log"; exit 1; }
  grep '^Setting up fanin' "$log"
  rm "$root"/root/fanin*.deb
}

use_programs() {
  step "fanin"
  user "fanin --help | head -n 3; fanin --version | head -n 1; fanin doctor --connections 1000 | tail -n 3"
  step "fanin-load against fanin-server"
  user "fanin-server epoll --port $kPort >server.txt & trap 'kill %1; wait %1' EXIT
    until grep -q ready server.txt; do sleep 0.1; done
    fanin-load 127.0.0.1:$kPort --connections 10 --duration 1s | tail -n 1"
  step "fanin run smoke, fanin plot"
  user "fanin run smoke 2>progress.txt | tail -n 5; fanin plot results/smoke-* >charts.txt; wc -l <charts.txt; head -n 3 charts.txt
    test -s results/smoke-*/charts/report.html
    PYTHONPATH=/usr/share/fanin python3 -m plots.validate results/smoke-*/run.json results/smoke-*/rounds.jsonl"
  step "programs that the comparisons use"
  user "/usr/libexec/fanin/minimal-connector 100; fanin-conformance --model epoll --protocol echo --quick | tail -n 2
    fanin-micro --benchmark_filter=clock/now --benchmark_min_time=0.01 2>/dev/null | tail -n 1"
}

use_documents() {
  step "man pages and completions"
  in_root apt-get install -y -qq --no-install-recommends man-db bash-completion zsh fish >"$log" 2>&1 || { tail "$log"; exit 1; }
  user "for page in fanin fanin-load fanin-server fanin-conformance fanin-micro; do
      man --warnings \$page 2>warnings.txt | head -n 4 | tail -n 1
      test ! -s warnings.txt
    done"
  # shellcheck disable=SC2016  # the shells in the chroot expand this
  user 'source /usr/share/bash-completion/bash_completion
    for program in fanin fanin-load fanin-server fanin-conformance; do _completion_loader $program || true; complete -p $program; done'
  # shellcheck disable=SC2016
  user "zsh -fc 'autoload -U compinit; compinit -D; for each in fanin fanin-load fanin-server fanin-conformance; do print zsh \$_comps[\$each]
      autoload +X \$_comps[\$each]; done'"
  user "fish -c 'complete -C \"fanin-server io-uring-m\"; complete -C \"fanin run sm\"; complete -C \"fanin-load --proto\"'"
}

remove_packages() {
  step "apt purge fanin fanin-load"
  in_root apt-get purge -y fanin fanin-load >"$log" 2>&1 || { tail "$log"; exit 1; }
  if find "$root/usr" "$root/etc" "$root/var/lib/dpkg/info" -name '*fanin*' | grep .; then die 1 "these files remain"; fi
}

[[ $# -eq 1 && $1 != -* ]] || die 2 "give the directory of the packages"
packages=("$1"/fanin_*.deb "$1"/fanin-load_*.deb)
for package in "${packages[@]}"; do [[ -f $package ]] || die 2 "there is no package $package: build the target package"; done
[[ $(id -u) -eq 0 ]] || die 77 "not root, which chroot needs"
command -v debootstrap >/dev/null || die 77 "debootstrap is not installed"
mirror=${FANIN_MIRROR:-$(mirror)}
[[ -n $mirror ]] || die 77 "apt has no mirror of $kRelease: set FANIN_MIRROR"

root=$(mktemp -d -t fanin-chroot.XXXXXX)
chmod 755 "$root"
log=$root.log
trap 'clean_up; rm -f "$log"' EXIT
make_root "$mirror"
install_packages "${packages[@]}"
use_programs
use_documents
remove_packages
step "passed"
