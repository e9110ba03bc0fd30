#!/usr/bin/env bash
# All comparisons with peers, one after the other, into RUN/peers/: about five minutes on a quiet machine.
# What needs wrk and nginx is left out, with a word, where they are not installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if (($# != 1)) || [[ ! -d $1 ]]; then
  echo "usage: harness/peers/measure.sh RUN      (a run directory)" >&2
  exit 2
fi
out=$1/peers
build=$here/../../build/release
python3 "$here/generator_cost.py" --build "$build" --connections 50 --json "$out/generator-50.json"
python3 "$here/generator_cost.py" --build "$build" --connections 1000 --json "$out/generator-1000.json"
python3 "$here/server_cost.py" echo --build "$build" --json "$out/server-echo.json"
if command -v wrk >/dev/null && command -v nginx >/dev/null; then
  python3 "$here/server_cost.py" http --build "$build" --json "$out/server-http.json"
else
  echo "measure.sh: not measured beside nginx: wrk or nginx is missing (Debian: wrk, nginx-light)" >&2
fi
