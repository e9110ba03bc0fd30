"""python3 -m plots.publish RUN|SELFTEST|CLAIMS|LEDGER: writes the figures that the documents show.

RUN: makes a run the reference. Writes run.json.gz, micro.json.gz, the comparisons and the charts to results/reference/, docs/results.md, and the chart
and the findings of README.md between their markers.

SELFTEST, the result of `fanin selftest`: writes the error rates of docs/statistics.md, measured and simulated, between
their markers. It also writes the committed results of validate_stored_runs and validate_suite_sessions there.

CLAIMS, the result of `fanin claims`: copies it to results/reference/claims/, draws its charts there, and writes docs/claims.md
and the wall of README.md between its markers.

LEDGER, the result of `fanin kernels`: copies it to results/reference/ledger/ without small functions, draws its charts there, and writes docs/kernels.md
and the kernels of README.md between their markers.
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

from plots import draw_run, page, programs, results_page, selftest_page, simulation_page, tables, validation_page
from plots.claims import chart, lines, markdown
from plots.claims.document import NAME, list_claims
from plots.claims.document import is_directory as is_claims_directory
from plots.claims.document import load as load_claims
from plots.claims.draw import draw_walls
from plots.ledger import document as ledger_document
from plots.ledger import draw as draw_ledger
from plots.ledger import markdown as ledger_page
from plots.ledger.reduce import reduce
from plots.programs import TOP
from plots.consistency import read_checked
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
        for name in ("claims", "ledger"):  # published apart
            if (reference / name).exists():
                shutil.copytree(reference / name, made / name)
        shutil.rmtree(reference, ignore_errors=True)
        made.rename(reference)
    path.write_text(tables.replaced(text, "chart", results_page.chart(charts), path), encoding="utf-8")
    document = top / results_page.PAGE
    document.parent.mkdir(exist_ok=True)
    document.write_text(results_page.page(run, charts, comparisons), encoding="utf-8")


def publish_selftest(path, top=TOP):
    """Writes what the sessions and the simulation in `path` found, and the stored runs, to docs/statistics.md.

    The default results may not exist: the document then says that they have not been measured. Raises InputError and
    OSError.
    """
    is_default = path.resolve() == (top / selftest_page.RESULT).resolve()
    document = read_checked(path, "fanin-selftest", "the result of fanin selftest") if path.exists() or not is_default else None
    if document and document["sessions"]:
        _check_committed(document["environment"], path, "the last session comes", "run fanin selftest")
    target = top / selftest_page.PAGE
    text = target.read_text(encoding="utf-8")
    for name, content in (
        ("selftest", selftest_page.section(document)),
        ("simulation", simulation_page.section(document and document["simulation"])),
        *((name, validation_page.section(name, read_validation(name, top))) for name in validation_page.PARTS),
    ):
        text = tables.replaced(text, name, content, target)
    target.write_text(text, encoding="utf-8")


def read_validation(name, top):
    """The committed result of a part of validation_page; None without one."""
    program, result = validation_page.PARTS[name]
    path = top / result
    return read_checked(path, "fanin-validation", f"the result of validation.{program}") if path.exists() else None


def publish_claims(path, top=TOP):
    """Writes docs/claims.md and the claims of README.md, and copies result and charts to results/reference/claims/.

    The default result may not exist: the page then says that it has not been measured. Raises InputError and OSError.
    """
    path = path / NAME if path.is_dir() else path
    result = top / markdown.RESULT
    document = load_claims(path) if path.exists() or path.resolve() != result.resolve() else None
    readme = top / "README.md"
    text = tables.replaced(readme.read_text(encoding="utf-8"), "claims", markdown.introduction(document), readme)
    charts = []
    if document:
        _check_repeatable(document, path)
        content = path.read_bytes()
        shutil.rmtree(top / markdown.CHARTS, ignore_errors=True)
        (top / markdown.CHARTS).mkdir(parents=True)
        result.write_bytes(content)
        charts = _draw_claims(document, top / markdown.CHARTS)
    readme.write_text(text, encoding="utf-8")
    (top / markdown.PAGE).parent.mkdir(exist_ok=True)
    (top / markdown.PAGE).write_text(markdown.page(document, charts), encoding="utf-8")


def publish_ledger(path, top=TOP):
    """Writes docs/kernels.md and the kernels of README.md, and copies result and charts to results/reference/ledger/.

    The default result may not exist: the page then says that it has not been measured. Raises InputError and OSError.
    """
    result = top / ledger_page.RESULT
    ledger = ledger_document.load(path) if path.exists() or path.resolve() != result.resolve() else None
    readme = top / "README.md"
    text = tables.replaced(readme.read_text(encoding="utf-8"), "kernels", "", readme)  # fails before anything is written
    charts = []
    if ledger:
        _check_committed(ledger.document["environment"], path, "the ledger comes", "run fanin kernels")
        _write_compressed(reduce(read_json(ledger_document.find_file(path)), [ledger_page.CELL]), result)
        shutil.rmtree(top / ledger_page.CHARTS, ignore_errors=True)
        (top / ledger_page.CHARTS).mkdir()
        ledger = ledger_document.load(result)  # what the documents show is what the copy has
        charts = _draw_ledger(ledger, top / ledger_page.CHARTS)
    readme.write_text(tables.replaced(text, "kernels", ledger_page.introduction(ledger, charts), readme), encoding="utf-8")
    (top / ledger_page.PAGE).parent.mkdir(exist_ok=True)
    (top / ledger_page.PAGE).write_text(ledger_page.page(ledger, charts), encoding="utf-8")


def _draw_ledger(ledger, out):
    """Draws the charts of docs/kernels.md, and returns their file names."""
    figures = draw_ledger.draw_figures(ledger)
    names = [page.save_png(figures[stem], out / stem).name for stem in ledger_page.list_charts(ledger) if stem in figures]
    for stem, picture in draw_ledger.draw_flames(ledger, [ledger_page.CELL]):
        (out / f"{stem}.svg").write_text(picture, encoding="utf-8")
        names.append(f"{stem}.svg")
    return names


def _check_committed(environment, path, subject, command):
    """Raises InputError if nobody else can build what was measured."""
    if environment["build"]["git_dirty"]:
        raise InputError(f"{path}: {subject} from uncommitted sources: commit them and {command} again")


def _check_repeatable(document, path):
    if not document["complete"]:
        raise InputError(f"{path}: the claims are incomplete: fanin claims --resume first")
    _check_committed(document["environment"]["start"], path, "the claims come", "run fanin claims")


def _draw_claims(document, out):
    """Draws the walls, and the chart of each claim with a curve; returns the stems of those charts."""
    for stem, figure in draw_walls(document).items():
        page.save_png(figure, out / stem)
    curves = [claim for claim in list_claims(document) if lines.find_panels(claim)]
    for claim in curves:
        page.save_png(chart.draw(document, claim), out / f"claim-{claim['id']}")
    return [f"claim-{claim['id']}" for claim in curves]


def _find_kind(path):
    """The key "schema" of the file that is published; the default results may not exist."""
    defaults = ((selftest_page.RESULT, "fanin-selftest"), (markdown.RESULT, "fanin-claims"), (ledger_page.RESULT, ledger_document.KIND))
    for result, kind in defaults:
        if path.resolve() == (TOP / result).resolve():
            return kind
    if path.is_dir():
        return "fanin-claims" if is_claims_directory(path) else ledger_document.KIND if ledger_document.is_directory(path) else "fanin-run"
    return check_kind(read_json(path), str(path)) if path.is_file() else "fanin-run"


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
    _check_committed(run.document["environment"]["start"], run.path, "the run comes", "run it")
    return run


def _compress(source, target):
    _write_compressed(read_json(source), target)


def _write_compressed(document, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    # No time in the header: the same content is the same file.
    compact = json.dumps(document, separators=(",", ":"))
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
        drawn = {path.name for path in draw_run.draw_files(run.path, Path(scratch))}
        chosen = [f"{stem}.png" for stem in wanted if f"{stem}.png" in drawn]
        for name in chosen:
            shutil.copy(Path(scratch) / name, out / name)
    return chosen


def main(arguments=None):
    what = "Makes a run, claims or a ledger the reference of the README and docs, or writes the error rates of docs/statistics.md."
    parser = argparse.ArgumentParser(prog="plots.publish", description=what)
    measured = "the directory of a run, of fanin claims or of fanin kernels, or the file of fanin selftest, fanin claims or fanin kernels"
    parser.add_argument("measured", type=Path, metavar="RUN|SELFTEST|CLAIMS|LEDGER", help=measured)
    help_text = "a run for the memory per idle connection, such as one of all models (default: RUN/memory)"
    parser.add_argument("--memory", type=Path, metavar="RUN", help=help_text)
    options = parser.parse_args(arguments)

    def work():
        kind = _find_kind(options.measured)
        if kind == "fanin-selftest":
            publish_selftest(options.measured)
        elif kind == "fanin-claims":
            publish_claims(options.measured)
        elif kind == ledger_document.KIND:
            publish_ledger(options.measured)
        else:
            publish(options.measured, options.memory)

    return programs.run("plots.publish", work)


if __name__ == "__main__":
    programs.end_on_sigpipe()
    sys.exit(main())
