#!/usr/bin/env bash
# clang-tidy that remembers what it found clean: it takes seconds per file, and most files are as they were.
# What it sees is the preprocessed source with its comments (NOLINT is one), its own version and its configuration;
# their digest names an empty file in the cache. Findings are not remembered, so they are shown again.
#
#   tidy_cached.sh CLANG_TIDY [OPTION...] SOURCE -- COMPILER [OPTION...]      as CMAKE_CXX_CLANG_TIDY calls it
set -euo pipefail

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/fanin-tidy
tidy=("$@")
source=
compiler=()
while [[ $1 != -- ]]; do
  source=$1
  shift
done
shift
while (($#)); do
  case $1 in
    -o | -MT | -MF) shift ;;
    -c | -MD) ;;
    *) compiler+=("$1") ;;
  esac
  shift
done

digest=$(
  {
    "${tidy[0]}" --version
    "${tidy[0]}" --dump-config "$source" --
    "${compiler[@]}" -E -P -C -o -
  } | sha256sum
)
stamp=$cache/${digest%% *}
if [[ -e $stamp ]]; then exit 0; fi
"${tidy[@]}"
mkdir -p "$cache"
: >"$stamp"
