#!/usr/bin/env bash
# Builds the programs of a source tree for the workflows, in TREE/build/release: packaging/ci/build.sh TREE [TARGET...]
#
# FANIN_PREBUILT=DIR  copy the programs of this build directory instead (the test of the workflows sets it)
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(realpath -- "${1:?packaging/ci/build.sh: no source tree is given: packaging/ci/build.sh TREE}")
targets=("${@:2}")
if [[ ${#targets[@]} -eq 0 ]]; then
  targets=(fanin fanin-load fanin-server fanin-conformance)
fi

if [[ -n ${FANIN_PREBUILT:-} ]]; then
  mkdir -p "$tree/build/release"
  files=("${targets[@]/%fanin-ledger/fanin-ledger.so}")
  cp -a "${files[@]/#/$FANIN_PREBUILT/}" "$FANIN_PREBUILT/share" "$tree/build/release"
  exit
fi

. "$top/bootstrap.sh"
bootstrap run
cd "$tree"
cmake --preset release --log-level=WARNING >/dev/null
cmake --build --preset release --parallel "$(nproc)" --target "${targets[@]}"
