"""python3 -m plots FILE|DIRECTORY [--out DIR] [--micro FILE]: draws what fanin measured, as PNG and SVG.

The key "schema" of a file chooses what is drawn: all charts and report.html of a run or of claims, the charts of a ledger, or
one chart of another file. A directory is that of a run, of claims or of a ledger.
"""

from plots import programs

programs.require_modules("matplotlib", "jsonschema", "jinja2")

import argparse
import sys
from pathlib import Path

from plots import draw_run, load_curve, verdict
from plots.charts import micro
from plots.claims import draw as draw_claims
from plots.claims.document import KIND, is_directory
from plots.ledger import document as ledger_document
from plots.ledger import draw as draw_ledger
from plots.json_file import InputError, print_line, read_json

# The key "schema" -> the module that draws the file; a run otherwise.
_DRAWERS = {"fanin-load-sweep": load_curve, "fanin-verdict": verdict, KIND: draw_claims, ledger_document.KIND: draw_ledger}


def parse(arguments):
    """The options. Exits with 2 if they are wrong."""
    parser = argparse.ArgumentParser(prog="plots", description="Draws what fanin measured.")
    what = "the directory or the JSON of a run, of fanin claims or of fanin kernels, or the JSON of fanin ab, fanin compare, fanin-load --sweep rate=auto or fanin-micro"
    parser.add_argument("measured", type=Path, metavar="FILE|DIRECTORY", help=what)
    where = "directory of the charts (default: charts/ next to a run, claims or a ledger; next to another file)"
    parser.add_argument("--out", type=Path, metavar="DIR", help=where)
    micro_help = "Google Benchmark JSON, for a run (default: micro.json next to the run.json, if it exists)"
    parser.add_argument("--micro", type=Path, metavar="FILE", help=micro_help)
    return parser.parse_args(arguments)


def _find_drawer(path):
    if not path.is_file():
        return draw_claims if is_directory(path) else draw_ledger if ledger_document.is_directory(path) else draw_run
    document = read_json(path)
    kind = document.get("schema") if isinstance(document, dict) else None
    if kind is None and isinstance(document, dict) and "benchmarks" in document:
        return micro  # Google Benchmark's format
    return _DRAWERS.get(kind, draw_run) if isinstance(kind, str) else draw_run


def draw(options):
    """Draws everything and yields the path of each file written. Raises InputError, and OSError if writing fails."""
    drawer = _find_drawer(options.measured)
    if drawer is draw_run:
        yield from draw_run.draw_files(options.measured, options.out, options.micro)
        return
    if options.micro:
        raise InputError("--micro belongs to the charts of a run: leave it out")
    yield from drawer.draw_files(options.measured, options.out)


def main(arguments=None):
    """Returns the exit code: 0, or 2 for wrong input or a directory that cannot be written."""
    options = parse(arguments)

    def work():
        for path in draw(options):
            print_line(path)

    return programs.run("plots", work, lambda error: f"cannot write {error.filename or options.out}: {error.strerror}: give another directory with --out")


if __name__ == "__main__":
    programs.end_on_sigpipe()
    sys.exit(main())
