"""python3 -m plots.publish RUN|SELFTEST: writes the figures that the documents show.

RUN: makes a run the reference. Writes run.json.gz, micro.json.gz, the comparisons and the charts to results/reference/, docs/results.md, and the chart
and the findings of README.md between their markers.

SELFTEST, the result of `fanin selftest`: writes the error rates of docs/statistics.md between their markers.
"""

from plots import programs

programs.require_modules("matplotlib", "jsonschema", "jinja2")

import argparse
import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path

from plots import __main__ as drawing
from plots import results_page, selftest_page, tables
from plots.programs import TOP
from plots.consistency import findings
from plots.document import check_kind, schema_findings
from plots.json_file import InputError, read_json
from plots.run_file import load_run
from plots.text import cleaned

MEMORY = "idle-memory-per-connection"
# The charts of docs/results.md, in this order, if the run has them. The README shows the first.
SHOWN = (
    "active-idle-overview",
    "echo-closed-throughput",
    "echo-closed-server-cpu",
    "echo-closed-latency",
    "echo-open-percentiles",
    "micro-wait",
    MEMORY,
)


def publish(run_path, memory_path=None, top=TOP):
    """Writes results/reference/, README.md and docs/results.md below `top`. Raises InputError and OSError.

    `memory_path`: a further run for the memory per idle connection; default: memory/ of the first, if it exists.
    """
    run = _load(run_path)
    own_memory = run.path.parent / "memory"
    memory_path = memory_path or (own_memory if own_memory.exists() else None)
    memory = _load(memory_path) if memory_path else None
    path = top / "README.md"
    text = tables.replaced(path.read_text(encoding="utf-8"), "findings", results_page.findings(run, memory or run), path)
    text = tables.replaced(text, "chart", "", path)  # fails before anything is written
    reference = top / "results" / "reference"
    reference.parent.mkdir(exist_ok=True)
    # Written next to the old reference, which may be the input, and which remains if anything fails.
    with tempfile.TemporaryDirectory(dir=reference.parent, prefix="reference-") as scratch:
        made = Path(scratch) / "reference"
        comparisons, charts = _make_reference(run, memory, made)
        shutil.rmtree(reference, ignore_errors=True)
        made.rename(reference)
    path.write_text(tables.replaced(text, "chart", results_page.chart(charts), path), encoding="utf-8")
    page = top / results_page.PAGE
    page.parent.mkdir(exist_ok=True)
    page.write_text(results_page.page(run, charts, comparisons), encoding="utf-8")


def publish_selftest(path, top=TOP):
    """Writes what the sessions in `path` found to docs/statistics.md. Raises InputError and OSError.

    The default result may not exist: the document then says that it has not been measured.
    """
    document = None
    if path.exists() or path.resolve() != (top / selftest_page.RESULT).resolve():
        document = read_json(path)
        broken = schema_findings(document, "fanin-selftest", limit=1) or findings(document, "fanin-selftest")
        if broken:
            raise InputError(f"{path}: {broken[0]}")
    page = top / selftest_page.PAGE
    text = page.read_text(encoding="utf-8")
    page.write_text(tables.replaced(text, "selftest", selftest_page.section(cleaned(document)), page), encoding="utf-8")


def _is_selftest(path):
    if path.resolve() == (TOP / selftest_page.RESULT).resolve():
        return True
    return path.is_file() and check_kind(read_json(path), str(path)) == "fanin-selftest"


def _make_reference(run, memory, out):
    """Fills the directory `out`; returns the comparisons and the file names of the charts."""
    (out / "charts").mkdir(parents=True)
    _compress(run.path, out / "run.json.gz")
    folder = run.path.parent
    micro = next((path for path in (folder / "micro.json", folder / "micro.json.gz") if path.exists()), None)
    if micro:
        _compress(micro, out / "micro.json.gz")
    comparisons = _copy_comparisons(folder / "comparisons", out / "comparisons")
    charts = _draw(run, out / "charts", [each for each in SHOWN if each != MEMORY or not memory])
    if memory:
        _compress(memory.path, out / "memory" / "run.json.gz")
        charts += _draw(memory, out / "charts", [MEMORY])
    return comparisons, charts


def _load(path):
    """Returns a run that others can repeat, or raises InputError."""
    run = load_run(path)
    if not run.document["complete"]:
        raise InputError(f"{run.path}: the run is incomplete: fanin run --resume first")
    if run.document["environment"]["start"]["build"]["git_dirty"]:
        raise InputError(f"{run.path}: the run comes from uncommitted sources: commit them and run it again")
    return run


def _compress(source, target):
    target.parent.mkdir(exist_ok=True)
    # No time in the header: the same content is the same file.
    compact = json.dumps(read_json(source), separators=(",", ":"))
    target.write_bytes(gzip.compress(compact.encode("utf-8"), 9, mtime=0))


def _copy_comparisons(source, target):
    """Copies the comparisons, if any, and returns them in order of their names."""
    found = []
    for path in sorted(source.glob("*.json")):
        document = read_json(path)
        broken = schema_findings(document, check_kind(document, str(path)), limit=1)
        if broken:
            raise InputError(f"{path}: {broken[0]}")
        target.mkdir(exist_ok=True)
        shutil.copy(path, target / path.name)
        found.append(cleaned(document))
    return found


def _draw(run, out, wanted):
    """Draws the charts of the run, copies the wanted ones and returns their names."""
    with tempfile.TemporaryDirectory() as scratch:
        options = argparse.Namespace(run=run.path, out=Path(scratch), micro=None)
        drawn = {path.name for path in drawing.draw(options)}
        chosen = [f"{stem}.png" for stem in wanted if f"{stem}.png" in drawn]
        for name in chosen:
            shutil.copy(Path(scratch) / name, out / name)
    return chosen


def main(arguments=None):
    what = "Makes a run the reference of the README and docs/results.md, or writes the error rates of docs/statistics.md."
    parser = argparse.ArgumentParser(prog="plots.publish", description=what)
    parser.add_argument("measured", type=Path, metavar="RUN|SELFTEST", help="a run directory, or the file of fanin selftest")
    help_text = "a run for the memory per idle connection, such as one of all models (default: RUN/memory)"
    parser.add_argument("--memory", type=Path, metavar="RUN", help=help_text)
    options = parser.parse_args(arguments)
    try:
        if _is_selftest(options.measured):
            publish_selftest(options.measured)
        else:
            publish(options.measured, options.memory)
    except (InputError, OSError) as error:
        print(f"plots.publish: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    programs.end_on_sigpipe()
    sys.exit(main())
