"""python3 -m plots.publish RUN: makes a run the reference that the README shows.

Puts run.json.gz, micro.json.gz and the charts worth showing into results/reference/, and rewrites the part of README.md
between its two markers: what the run says, in words, tables and charts. What was measured beside others has a page of
its own, docs/measured.md. Nothing there is typed by hand.
"""

from plots import interpreter

interpreter.require("matplotlib", "jsonschema", "jinja2")

import argparse
import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path

from plots import __main__ as drawing
from plots import beside_others, result_section
from plots.document import InputError, kind_of, read_json, schema_findings
from plots.run_file import load_run
from plots.text import cleaned

TOP = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- result: python3 -m plots.publish RUN -->", "<!-- end of the result -->"
MEMORY = "idle-memory-per-connection"
# Which charts are worth a place in the README, in this order, where the run has them.
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
    """Writes results/reference/, README.md and docs/measured.md below `top`. Raises InputError and OSError.

    `memory_path`: a further run, whose bytes per idle connection are shown instead of those of the first; by default
    the one that the first has in its folder memory/, as a reference has.
    """
    run = _load(run_path)
    own_memory = run.path.parent / "memory"
    memory_path = memory_path or (own_memory if own_memory.exists() else None)
    memory = _load(memory_path) if memory_path else None
    readme = top / "README.md"
    before, rest = _split(readme.read_text(encoding="utf-8"), BEGIN, readme)
    _, after = _split(rest, END, readme)
    reference = top / "results" / "reference"
    reference.parent.mkdir(exist_ok=True)
    # Made beside the old one, which may be what is read, and which stays where anything goes wrong.
    with tempfile.TemporaryDirectory(dir=reference.parent, prefix="reference-") as scratch:
        made = Path(scratch) / "reference"
        peers, charts = _make_reference(run, memory, made)
        shutil.rmtree(reference, ignore_errors=True)
        made.rename(reference)
    _write_page(top / beside_others.PAGE, peers)
    result = result_section.section(run, charts, peers)
    readme.write_text("".join((before, BEGIN, "\n\n", result, "\n", END, after)), encoding="utf-8")


def _write_page(path, peers):
    """The page of the comparisons, or none where there are none."""
    if peers:
        path.parent.mkdir(exist_ok=True)
        path.write_text(beside_others.page(peers), encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def _make_reference(run, memory, out):
    """Fills the folder `out`; returns the comparisons with peers and the file names of the charts."""
    (out / "charts").mkdir(parents=True)
    _compress(run.path, out / "run.json.gz")
    beside = run.path.parent
    micro = next((path for path in (beside / "micro.json", beside / "micro.json.gz") if path.exists()), None)
    if micro:
        _compress(micro, out / "micro.json.gz")
    peers = _copy_peers(beside / "peers", out / "peers")
    charts = _draw(run, out / "charts", [each for each in SHOWN if each != MEMORY or not memory])
    if memory:
        _compress(memory.path, out / "memory" / "run.json.gz")
        charts += _draw(memory, out / "charts", [MEMORY])
    return peers, charts


def _load(path):
    """A run that others can repeat."""
    run = load_run(path)
    if not run.document["complete"]:
        raise InputError(f"{run.path}: the run is incomplete: fanin run --resume first")
    if run.document["environment"]["start"]["build"]["git_dirty"]:
        raise InputError(f"{run.path}: the run comes from uncommitted sources, which nobody else can build")
    return run


def _split(text, marker, path):
    if text.count(marker) != 1:
        raise InputError(f"{path}: it should have the line {marker} once")
    return text.split(marker)


def _compress(source, target):
    target.parent.mkdir(exist_ok=True)
    # Without a time in the header, so that the same content is the same file.
    compact = json.dumps(read_json(source), separators=(",", ":"))
    target.write_bytes(gzip.compress(compact.encode("utf-8"), 9, mtime=0))


def _copy_peers(source, target):
    """Copies the comparisons with peers, if there are any, and returns them in the order of their names."""
    found = []
    for path in sorted(source.glob("*.json")):
        document = read_json(path)
        broken = schema_findings(document, kind_of(document, str(path)), limit=1)
        if broken:
            raise InputError(f"{path}: {broken[0]}")
        target.mkdir(exist_ok=True)
        shutil.copy(path, target / path.name)
        found.append(cleaned(document))
    return found


def _draw(run, out, wanted):
    """Draws the charts of the run and of what lies beside it, copies the wanted ones and returns their names."""
    with tempfile.TemporaryDirectory() as scratch:
        options = argparse.Namespace(run=run.path, out=Path(scratch), micro=None)
        drawn = {path.name for path in drawing.draw(options)}
        chosen = [f"{stem}.png" for stem in wanted if f"{stem}.png" in drawn]
        for name in chosen:
            shutil.copy(Path(scratch) / name, out / name)
    return chosen


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="plots.publish", description="Makes a run the reference of the README.")
    parser.add_argument("run", type=Path, metavar="RUN", help="a run directory")
    help_text = "a run whose bytes per idle connection are shown instead, such as one of all models; else RUN/memory"
    parser.add_argument("--memory", type=Path, metavar="RUN", help=help_text)
    options = parser.parse_args(arguments)
    try:
        publish(options.run, options.memory)
    except (InputError, OSError) as error:
        print(f"plots.publish: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    interpreter.end_quietly()
    sys.exit(main())
