#!/usr/bin/env bash
# Writes comparisons with other programs and validations of the generator to RUN/comparisons/. Needs a quiet machine.
# Skips and names measurements whose program is not installed.
set -euo pipefail
if (($# != 1)) || [[ ! -d $1 ]]; then
  echo "usage: baselines/measure.sh RUN      (a run directory)" >&2
  exit 2
fi
out=$(cd "$1" && pwd)/comparisons
cd "$(dirname "$0")/.."
build=build/release

missing() {
  echo "measure.sh: not measured $1: Debian has it as $2" >&2
}

for connections in 50 1000; do
  # Bounds of a few percent need more seconds.
  python3 -m baselines.generator_cost echo --build "$build" --connections $connections --seconds 12 \
    --json "$out/generator-echo-$connections.json"
  python3 -m baselines.generator_cost http --build "$build" --connections $connections --seconds 8 \
    --json "$out/generator-http-$connections.json"
  if command -v nginx >/dev/null; then
    python3 -m baselines.generator_cost http --server nginx --build "$build" --connections $connections \
      --seconds 6 --json "$out/generator-nginx-$connections.json"
  else
    missing "against nginx" nginx-light
  fi
done
python3 -m baselines.server_cost echo --build "$build" --json "$out/server-echo.json"
if ! command -v nginx >/dev/null; then
  missing "compared with nginx" nginx-light
elif ! command -v wrk >/dev/null; then
  missing "with wrk" wrk
else
  python3 -m baselines.server_cost http --build "$build" --json "$out/server-http.json"
fi
# A figure that fails is a result too; the file says so.
for driver in epoll io-uring; do
  for what in stall open_loop interleaving fault_injection scale; do
    python3 -m validation.validate_$what --build "$build" --driver $driver --json "$out/${what//_/-}-$driver.json" ||
      (($? == 1)) || echo "measure.sh: not measured: validate_$what with the driver $driver" >&2
  done
done
