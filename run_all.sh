#!/usr/bin/env bash
# From a fresh clone to charts: installs what is missing, builds, measures, draws.
set -euo pipefail
top=$(cd "$(dirname "$0")" && pwd)
. "$top/bootstrap.sh"

usage() {
  cat <<'END'
usage: ./run_all.sh [--quick] [--out DIR]

  --quick     the smoke suite instead of the standard one: shows that everything works, not who is faster; two such runs
              have too few rounds for a comparison
  --out DIR   where the run goes (default: results/SUITE-TIME)
Exit code: that of fanin run: 0, or 5 if cells are not usable; 1 a build or chart failed; 2 bad option or set-up.
Ctrl-C keeps the rounds that are finished. FANIN_PYTHON=PATH chooses the Python interpreter.
END
}

bad_option() {
  echo "run_all.sh: $1: see ./run_all.sh --help" >&2
  exit 2
}

suite=standard
micro_time=0.05
out=
while (($#)); do
  case $1 in
    --quick) suite=smoke micro_time=0.005 ;;
    --out)
      [[ $# -gt 1 && -n $2 ]] || bad_option "--out needs a directory"
      out=$(realpath -m -- "$2")
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) bad_option "unknown option '$1'" ;;
  esac
  shift
done

cd "$top"
bootstrap run
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
echo "== build"
cmake --preset release --log-level=WARNING >/dev/null
cmake --build --preset release --parallel "$(nproc)"

echo "== measure: suite $suite"
out=${out:-$top/results/$suite-$(date -u +%Y%m%dT%H%M%SZ)}
# 5: cells failed or are invalid; the charts show the others.
status=0
build/release/fanin run "$suite" --out "$out" || status=$?
if ((status != 0 && status != 5)); then exit "$status"; fi

echo "== micro-benchmarks"
# Short ones: 5 repetitions of each, so that a disturbed one is outvoted. What Google Benchmark says of the machine and
# of its own packaging goes into the file.
build/release/fanin-micro --benchmark_min_time="$micro_time" --benchmark_repetitions=5 \
  --benchmark_out="$out/micro.json" --benchmark_out_format=json >"$out/micro.txt" 2>&1 ||
  { tail -n 5 "$out/micro.txt" >&2; exit 1; }

echo "== charts"
"$FANIN_PYTHON" -m plots "$out" >"$out/charts.txt"

cat <<END

Report:   $out/charts/report.html ($(wc -l <"$out/charts.txt") files next to it, PNG and SVG)
Results:  $out/run.json
END
if [[ $suite == smoke ]]; then
  cat <<END
Next:     ./run_all.sh measures the standard suite. To compare two builds: build/release/fanin ab OLD_FOLDER build/release
          (this run has too few rounds for fanin compare)
END
else
  cat <<END
Next:     to compare two builds: build/release/fanin ab OLD_FOLDER build/release; or two runs of this suite, which show
          large changes only: build/release/fanin compare $out OTHER
END
fi
if ((status != 0)); then
  printf '\nNot usable:\n'
  "$FANIN_PYTHON" - "$out/run.json" <<'END'
import json, sys
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["status"] not in ("measured", "unsupported"):
        print(f"  {cell['id']}: {cell['status']}: {cell['reason']}")
END
fi
exit "$status"
