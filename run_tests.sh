#!/usr/bin/env bash
# Everything that must hold before a change lands, in order; stops at the first stage that fails.
set -euo pipefail
cd "$(dirname "$0")"
. ./bootstrap.sh

kStages=(format release end-to-end plots asan tsan tidy fuzz)
kOtherStages=(package)  # run only when named
# What servers and load generator are tested by, and the label of those tests that need no more than them.
kPrograms=(fanin-server fanin-load fanin-conformance)
kOfPrograms='^(conformance|program|harness_end_to_end|installation)$'

usage() {
  cat <<'END'
usage: ./run_tests.sh [STAGE...]

Installs what is missing, then runs the stages named, or all of them:
  format      clang-format, shellcheck and the checks of layers, definitions and unity builds find nothing
  release     the preset that is measured builds without a warning; its servers conform and its programs do what their
              tests ask (unit tests come with asan; all tests at once: the preset dev)
  end-to-end  ./run_all.sh --quick goes from nothing to charts, and the CI workflows run in a fresh clone
  plots       the Python tests of the charts and of the comparisons with other programs pass
  asan        all tests but the harness's end-to-end one pass under AddressSanitizer and UndefinedBehaviorSanitizer
  tsan        servers conform and whole runs of the load generator pass under ThreadSanitizer
  tidy        clang builds everything and clang-tidy finds nothing; what was found clean is remembered in
              ~/.cache/fanin-tidy. Among other stages it may take 20 s, alone as long as it needs
  fuzz        every parser is fed broken input for a second (FANIN_FUZZ_SECONDS=N for longer)
and, only when named:
  package     the Debian packages install in a clean chroot of Debian 12, and everything works there without the sources;
              needs root and takes about ten minutes
Exit code: 0 all passed, 1 a stage failed, 2 bad option or set-up. FANIN_JOBS=N limits the parallel jobs.
END
}

jobs=${FANIN_JOBS:-$(nproc)}
tidy_seconds=0  # no limit
scratch=$(mktemp -d -t fanin-tests.XXXXXX)
# Stages run in subshells, so what they want to say in the summary goes through this file.
notes=$scratch/notes
: >"$notes"
ahead=  # the process group that builds for later stages
trap 'end_ahead; rm -rf "$scratch"' EXIT

note() { echo "$*" >>"$notes"; }

# Ends the stage without a verdict; the reason appears in the summary.
skip() {
  note "not run: $*"
  exit 77
}

first_command() {
  local name
  for name in "$@"; do
    if command -v "$name"; then return; fi
  done
  return 1
}

# The files of the project with one of the suffixes given, tracked or not, NUL-separated.
sources() {
  local suffix
  local -a match=()
  for suffix in "$@"; do match+=(-o -name "*.$suffix"); done
  find . \( -path ./build -o -path ./.git \) -prune -o -type f \( "${match[@]:1}" \) -print0
}

# configure PRESET [CMAKE_OPTION...]
configure() { cmake --preset "$1" --log-level=WARNING "${@:2}" >/dev/null; }

# build PRESET [TARGET...]: goes on after an error, so that all of them are seen at once.
build() { cmake --build --preset "$1" --parallel "$jobs" ${2:+--target "${@:2}"} -- --quiet -k 0; }

# build_for STAGE: one build of a stage at a time.
build_for() {
  local lock
  exec {lock}>"$scratch/$1.lock"
  flock "$lock"
  "build_$1"
  exec {lock}>&-
}

# build_ahead STAGE...: builds for later stages behind the tests of earlier ones, with what those leave of the CPUs. What
# goes wrong is not lost: it shows when the stage itself builds.
build_ahead() {
  set -m  # a process group of its own
  (
    trap - EXIT
    renice -n 19 "$BASHPID"
    for name in "$@"; do build_for "$name"; done
  ) >/dev/null 2>&1 &
  ahead=$!
  set +m
}

end_ahead() {
  if [[ -n $ahead ]]; then kill -- "-$ahead" 2>/dev/null || true; fi
}

# Sanitizer runtimes of this age reserve fixed address ranges, which kernels with much address randomisation collide with.
without_aslr() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then setarch "$(uname -m)" -R "$@"; else "$@"; fi
}

# run_ctest PRESET [OPTION...]: with one job more than there are CPUs, since most tests wait; lists the tests that
# skipped themselves, with their reasons, in the summary.
run_ctest() {
  local -a wrapper=()
  if [[ $1 != release ]]; then wrapper=(without_aslr); fi
  "${wrapper[@]}" ctest --preset "$1" --parallel $((jobs + 1)) --no-tests=error "${@:2}" | grep -v '^ *Start '
  sed -n '/: Skipped$/{n;s/^/skipped: /p}' "build/$1/Testing/Temporary/LastTest.log" | sort | uniq -c >>"$notes"
}

stage_format() {
  local formatter
  sources sh | xargs -0 shellcheck -x .ci/run
  "$FANIN_PYTHON" checks/checks_test.py --quiet
  "$FANIN_PYTHON" checks/layers.py
  "$FANIN_PYTHON" checks/definitions.py
  "$FANIN_PYTHON" checks/unity.py
  formatter=$(first_command clang-format-14 clang-format)
  # Other versions format differently; a failure for the version of the distribution helps no one.
  case $("$formatter" --version) in
    *"version 14."*) sources cc h | xargs -0 "$formatter" --dry-run -Werror ;;
    *) note "clang-format not run: the style is defined by version 14, here is $("$formatter" --version)" ;;
  esac
}

# The programs that `./run_all.sh` builds; they then go through the end-to-end stage.
stage_release() {
  configure release -DFANIN_TESTS=ON -DFANIN_STRICT=ON
  build release fanin_installation fanin-template-server loadgen_allocation_test
  run_ctest release -L "$kOfPrograms|loadgen_allocation_test"
}

stage_package() {
  local status=0
  bootstrap package
  configure release -DFANIN_TESTS=ON -DFANIN_STRICT=ON
  rm -rf build/release/packages
  build release fanin_installation
  (cd build/release && cpack --config CPackConfig.cmake >/dev/null)  # the target `package` builds all tests
  lintian --allow-root --fail-on error,warning build/release/packages/*.deb
  run_ctest release -L installation
  packaging/smoke_test.sh build/release/packages || status=$?
  if ((status == 77)); then skip "the packages were built, but not installed: packaging/smoke_test.sh says why"; fi
  return "$status"
}

stage_plots() {
  local -a parallel=()
  if "$FANIN_PYTHON" -c "import xdist" 2>/dev/null; then parallel=(-n "$jobs"); fi
  "$FANIN_PYTHON" -m pytest -q plots baselines validation checks -p no:cacheprovider "${parallel[@]}"
}

# Clang takes half of GCC's time for instrumented code. GCC does where it is all there is.
sanitizer_compiler() {
  echo "-DCMAKE_CXX_COMPILER=$(first_command clang++-14 clang++ g++)"
}

build_asan() {
  configure asan "$(sanitizer_compiler)"
  build asan
}

stage_asan() {
  build_for asan
  run_ctest asan -LE harness_end_to_end
}

build_tsan() {
  configure tsan "$(sanitizer_compiler)"
  build tsan "${kPrograms[@]}" loadgen_run_test servers_test
}

stage_tsan() {
  build_for tsan
  # What reads options and writes results has no threads of its own; the sanitizers of `asan` see it.
  run_ctest tsan -L "$kOfPrograms|loadgen_run_test|servers_test" -E '^loadgen_(input|output|results|exhaustion)_test$'
}

stage_tidy() {
  local tidy
  tidy=$(first_command clang-tidy-14 clang-tidy)
  [[ $("$tidy" --version) == *"version 14."* ]] || skip "findings are defined by clang-tidy 14, which is not here"
  cmake --preset tidy --log-level=WARNING -DCMAKE_CXX_COMPILER="$(first_command clang++-14 clang++)" \
    -DCMAKE_CXX_CLANG_TIDY="$PWD/cmake/tidy_cached.sh;$tidy;--quiet" >/dev/null
  local status=0
  timeout --foreground --signal=INT "$tidy_seconds" \
    ninja -C build/tidy -j "$jobs" -k 0 --quiet 2>&1 | tee "$scratch/tidy" || status=$?
  # Out of time without a finding: no failure, but not all files were checked.
  if ((status == 124)) && ! grep -q '^FAILED:' "$scratch/tidy"; then
    note "$(ninja -C build/tidy -n | grep -c 'Building CXX') files were not reached in $tidy_seconds s;" \
      "./run_tests.sh tidy goes on from here"
  elif ((status != 0)); then
    exit 1
  fi
}

fuzz_compiler() { first_command clang++-14 clang++; }

build_fuzz() {
  configure fuzz -DCMAKE_CXX_COMPILER="$(fuzz_compiler)"
  build fuzz
}

# The first folder takes what the fuzzer finds worth keeping, so that the seeds stay as they are.
fuzz() {
  local name=${1##*/}
  mkdir -p "$scratch/found/$name"
  without_aslr "$1" -max_total_time="${FANIN_FUZZ_SECONDS:-1}" -timeout=10 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$name-" "$scratch/found/$name" "$1.seeds" >"$scratch/$name.log" 2>&1 ||
    { tail -n 60 "$scratch/$name.log"; return 1; }
  sed -n "s/^stat::number_of_executed_units:/$name: inputs tried:/p" "$scratch/$name.log"
}

stage_fuzz() {
  local compiler target running=0
  compiler=$(fuzz_compiler)
  echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' >"$scratch/probe.cc"
  "$compiler" -fsanitize=fuzzer "$scratch/probe.cc" -o "$scratch/probe" 2>/dev/null ||
    skip "$compiler comes without libFuzzer (libclang-rt-14-dev)"
  build_for fuzz
  for target in build/fuzz/fuzz/*_fuzz; do
    fuzz "$target" &
    if ((++running == jobs)); then
      wait -n
      running=$((running - 1))
    fi
  done
  for ((; running > 0; --running)); do wait -n; done
}

stage_end-to-end() {
  local run=$scratch/run chart status=0
  if [[ -d build/release ]]; then configure release -DFANIN_TESTS=OFF; fi  # run_all.sh builds all that there is
  ./run_all.sh --quick --out "$run" || status=$?
  # A busy machine makes cells invalid (5). A failed cell is a fault.
  if ((status != 0 && status != 5)); then return "$status"; fi
  "$FANIN_PYTHON" - "$run/run.json" <<'END'
import json, sys
if failed := [cell["id"] for cell in json.load(open(sys.argv[1]))["cells"] if cell["status"] == "failed"]:
    sys.exit(f"cells failed: {', '.join(failed)}")
END
  "$FANIN_PYTHON" -m plots.validate "$run/suite.json" "$run/run.json" "$run/rounds.jsonl"
  for chart in "$run"/charts/*.png; do
    [[ -s $chart ]] || { echo "run_all.sh drew no chart" >&2; exit 1; }
  done
  "$FANIN_PYTHON" packaging/ci/workflow_test.py build/release
  note "$(find "$run/charts" -name '*.png' | wc -l) charts, $(wc -l <"$run/rounds.jsonl") rounds"
}

# Debian's redis-tools holds the server's binary under another name, which decides what it does; the redis-server
# package would start a service on the user's machine.
link_redis() {
  if command -v redis-server >/dev/null; then return; fi
  mkdir -p build/tools
  ln -sf "$(command -v redis-check-rdb)" build/tools/redis-server
  PATH=$PWD/build/tools:$PATH
}

# run_stage NAME: leaves "passed", "skipped" or "failed" in $result. The subshell keeps `set -e` alive inside the
# stage, which a call in a condition would switch off.
run_stage() {
  local started=$SECONDS status
  printf '\n== %s\n' "$1"
  : >"$notes"
  set +e
  (set -e; "stage_$1")
  status=$?
  set -e
  case $status in
    0) result=passed ;;
    77) result=skipped ;;
    130) exit 130 ;;
    *) result=failed ;;
  esac
  summary+=("$(printf '%-11s %-8s %4d s' "$1" "$result" $((SECONDS - started)))")
  local line
  while read -r line; do summary+=("              $line"); done <"$notes"
}

finish() {
  printf '\n== summary\n'
  printf '%s\n' "${summary[@]}"
  if [[ $1 == failed ]]; then
    printf 'FAILED in stage %s; later stages were not run\n' "$2"
    exit 1
  fi
  printf 'all stages that ran passed (%d s)\n' "$SECONDS"
}

main() {
  local -a chosen=("$@") later=() summary=()
  local name result
  for name in "${chosen[@]}"; do
    case " ${kStages[*]} ${kOtherStages[*]} -h --help " in
      *" $name "*) ;;
      *) echo "run_tests.sh: unknown stage or option '$name': see ./run_tests.sh --help" >&2; exit 2 ;;
    esac
    case $name in -h | --help) usage; exit 0 ;; esac
  done
  if ((${#chosen[@]} == 0)); then chosen=("${kStages[@]}"); fi
  if ((${#chosen[@]} > 1)); then tidy_seconds=20; fi
  bootstrap test
  link_redis
  mapfile -t later < <(printf '%s\n' "${chosen[@]:1}" | grep -xE 'asan|tsan|fuzz')
  if ((${#later[@]} > 0)); then build_ahead "${later[@]}"; fi
  for name in "${chosen[@]}"; do
    run_stage "$name"
    if [[ $result == failed ]]; then finish failed "$name"; fi
  done
  finish passed
}

# What was freed is kept from use for 8 MB instead of 256: servers that live for a second spent a third of their system
# time on taking new memory for it.
export ASAN_OPTIONS=quarantine_size_mb=8:thread_local_quarantine_size_kb=64

if command -v ccache >/dev/null; then
  # Without this sloppiness it stores nothing that uses precompiled headers; no source uses __DATE__ or __TIME__.
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 \
    CCACHE_SLOPPINESS=pch_defines,time_macros
fi
main "$@"
