"""python3 -m plots.publish RUN: makes a run the reference that the README shows.

Puts run.json.gz, micro.json.gz and the charts worth showing into results/reference/, and rewrites the part of README.md
between its two markers: what the run says, in words, a table and charts. Nothing there is typed by hand.
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
from plots import facts, report, series, ticks
from plots.document import InputError, kind_of, read_json, schema_findings
from plots.run_file import load_run

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
# Marks of figures in the table.
LIMITED, WARNED = "\u00b0", "\u2020"


def publish(run_path, memory_path=None, top=TOP):
    """Writes results/reference/ and README.md below `top`. Raises InputError and OSError.

    `memory_path`: a further run, whose bytes per idle connection are shown instead of those of the first.
    """
    run = _load(run_path)
    memory = _load(memory_path) if memory_path else None
    readme = top / "README.md"
    before, rest = _split(readme.read_text(encoding="utf-8"), BEGIN, readme)
    _, after = _split(rest, END, readme)
    reference = top / "results" / "reference"
    shutil.rmtree(reference, ignore_errors=True)
    (reference / "charts").mkdir(parents=True)
    _compress(run.path, reference / "run.json.gz")
    micro = run.path.parent / "micro.json"
    if micro.exists():
        _compress(micro, reference / "micro.json.gz")
    peers = _copy_peers(run.path.parent / "peers", reference / "peers")
    charts = _draw(run, micro, reference / "charts", [each for each in SHOWN if each != MEMORY or not memory])
    if memory:
        _compress(memory.path, reference / "memory" / "run.json.gz")
        charts += _draw(memory, memory.path.parent / "micro.json", reference / "charts", [MEMORY])
    readme.write_text("".join((before, BEGIN, "\n\n", section(run, charts, peers), "\n", END, after)), encoding="utf-8")


def section(run, charts, peers=()):
    """The Result section of the README as Markdown: `charts` are the file names to show, `peers` fanin-peers documents."""
    parts = [*_idle_sentences(run), _table(run), *_peers_table(peers), _about(run)]
    parts += [f"![{name.removesuffix('.png')}](results/reference/charts/{name})" for name in charts]
    return "\n\n".join(parts) + "\n"


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
    compact = json.dumps(json.loads(source.read_text(encoding="utf-8")), separators=(",", ":"))
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
        found.append(document)
    return found


def _draw(run, micro, out, wanted):
    """Draws the charts and copies the wanted ones; returns their file names."""
    with tempfile.TemporaryDirectory() as scratch:
        options = argparse.Namespace(run=run.path, out=Path(scratch), micro=micro if micro.exists() else None)
        drawn = {path.name for path in drawing.draw(options)}
        chosen = [f"{stem}.png" for stem in wanted if f"{stem}.png" in drawn]
        for name in chosen:
            shutil.copy(Path(scratch) / name, out / name)
    return chosen


def _idle_sentences(run):
    """What idle connections cost: for each experiment that sweeps them, one sentence per server."""
    for experiment in run.experiments:
        if experiment.parameter != "idle_connections" or "active" not in experiment.name:
            continue
        yield f"**{experiment.title}** ({facts.workload(run, experiment)}):"
        yield "\n".join(filter(None, (_idle_sentence(run, experiment, server) for server in experiment.servers)))


def _idle_sentence(run, experiment, server):
    measured = []
    for value in experiment.values:
        cell = run.cell(experiment, server, value)
        summary = run.summary(cell, "throughput_per_s") if cell and cell["status"] == "measured" else None
        if summary and summary["median"]:
            measured.append((value, summary))
    if len(measured) < 2:
        return None
    (least, first), (most, last) = measured[0], measured[-1]
    ratio = last["median"] / first["median"]
    low, high = last["low"] / first["high"], last["high"] / first["low"]
    beyond = [ticks.exact(value) for value in experiment.values if value > most]
    more = f"; {', '.join(beyond)} it cannot hold" if beyond else ""
    return (
        f"- `{server}`: {_rate(first)} with {ticks.exact(least)} idle connections, {_rate(last)} with "
        f"{ticks.exact(most)}: {100 * ratio:.0f} % of it ({100 * low:.0f} to {100 * high:.0f} %){more}"
    )


def _rate(summary):
    return f"{ticks.count(summary['median'])}/s"


def _table(run):
    """Throughput and server CPU per request of every server, over the connections of the first such sweep."""
    experiment = next((each for each in run.experiments if each.parameter == "connections"), None)
    if experiment is None:
        return ""
    values = experiment.values
    rows = [
        f"| {experiment.title} | " + " | ".join(facts.at(value, "connections") for value in values) + " |",
        "|---" * (len(values) + 1) + "|",
    ]
    for server in experiment.servers:
        rows.append(f"| `{server}` | " + " | ".join(_cell(run, experiment, server, value) for value in values) + " |")
    note = f"Requests per second and server CPU time per request, medians of {_rounds(run)}."
    if any(LIMITED in row for row in rows):
        note += f" {LIMITED}: the generator was at its limit, the server could have done more."
    if any(WARNED in row for row in rows):
        note += f" {WARNED}: with a warning, which the charts name, such as connections that were never served."
    return "\n".join(rows) + "\n\n" + note


def _cell(run, experiment, server, value):
    rate = report.figure(run, experiment, server, value, "throughput_per_s")
    cpu = report.figure(run, experiment, server, value, "server_cpu_per_request_ns")
    if rate["interval"] is None:
        return rate["text"]
    warned = series.WARNING in series.marks(run, run.cell(experiment, server, value))
    return f"{rate['text']}{LIMITED if rate['limited'] else ''}{WARNED if warned else ''}, {cpu['text']}"


def _peers_table(peers):
    """One row for each program that was measured beside another."""
    if not peers:
        return []
    rows = ["| CPU time per request, beside others | | ratio of pairs (interval) |", "|---|---|---|"]
    for document in peers:
        by_name = {row["name"]: row for row in document["rows"]}
        for row in document["rows"]:
            if row["baseline"]:
                other = by_name[row["baseline"]]
                rows.append(
                    f"| {document['title']} | `{row['name']}` {row['cpu_us_per_request']:.2f} \u00b5s, "
                    f"`{other['name']}` {other['cpu_us_per_request']:.2f} \u00b5s | {row['ratio']:.3f} "
                    f"({row['ratio_low']:.3f} to {row['ratio_high']:.3f}) |"
                )
    return ["\n".join(rows)]


def _rounds(run):
    return f"{run.document['suite']['repetitions']} rounds"


def _about(run):
    build = run.document["environment"]["start"]["build"]
    return (
        f"Suite `{run.document['suite']['name']}` on {run.document['started_at'][:10]}: {facts.machine(run)}; "
        f"{facts.placement(run)}; commit {build['git_commit'][:10]}. The whole run is "
        "[results/reference/run.json.gz](results/reference/run.json.gz); all its charts and its report: "
        "`python3 -m plots results/reference --out CHARTS`."
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="plots.publish", description="Makes a run the reference of the README.")
    parser.add_argument("run", type=Path, metavar="RUN", help="a run directory")
    help_text = "a run whose bytes per idle connection are shown instead, such as one of all models"
    parser.add_argument("--memory", type=Path, metavar="RUN", help=help_text)
    options = parser.parse_args(arguments)
    try:
        publish(options.run, options.memory)
    except (InputError, OSError) as error:
        print(f"plots.publish: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
