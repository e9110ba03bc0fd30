"""python3 -m plots RUN [--out DIR] [--micro FILE]: draws a run's charts as PNG and SVG, and writes its report.html."""

from plots import programs

programs.require_modules("matplotlib", "jsonschema", "jinja2")

import argparse
import sys
from pathlib import Path

from plots import captions, charts, page, report, style
from plots.charts import micro
from plots.json_file import InputError, print_line
from plots.programs import name_for_messages
from plots.run_file import load_run


def parse(arguments):
    """The options. Exits with 2 if they are wrong."""
    parser = argparse.ArgumentParser(prog="plots", description="Draws the charts of a fanin run and writes its report.")
    parser.add_argument("run", type=Path, metavar="RUN", help="a run directory or a run.json")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="directory of the charts (default: charts/ next to the run.json)"
    )
    micro_help = "Google Benchmark JSON (default: micro.json next to the run.json, if it exists)"
    parser.add_argument("--micro", type=Path, metavar="FILE", help=micro_help)
    return parser.parse_args(arguments)


def draw(options):
    """Draws everything and yields the path of each file written. Raises InputError, and OSError if writing fails."""
    run = load_run(options.run)
    folder = run.path.parent
    present = (path for path in (folder / "micro.json", folder / "micro.json.gz") if path.exists())
    micro_file = options.micro or next(present, None)
    measured = micro.load_micro(micro_file) if micro_file else None
    out = options.out or folder / "charts"
    out.mkdir(parents=True, exist_ok=True)
    book = style.StyleBook(run.servers)
    pictures = []
    for stem, experiment, figure in charts.draw_all(run, book):
        yield from _save(pictures, figure, out / stem, experiment.name)
    if measured:
        for stem, figure in micro.draw_all(*measured, captions.machine(run)).items():
            yield from _save(pictures, figure, out / stem, None)
    report.write(run, pictures, out / report.NAME)
    yield out / report.NAME


def _save(pictures, figure, stem, experiment):
    """Writes a figure, adds it to the report's pictures and yields the paths."""
    paths = page.save(figure, stem)
    svg = next(path for path in paths if path.suffix == ".svg")
    pictures.append(report.Picture(stem.name, figure.texts[0].get_text(), svg.read_bytes(), experiment))
    yield from paths


def main(arguments=None):
    """Returns the exit code: 0, or 2 for wrong input or a directory that cannot be written."""
    options = parse(arguments)
    try:
        for path in draw(options):
            print_line(path)
    except InputError as error:
        print(f"{name_for_messages('plots')}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"{name_for_messages('plots')}: cannot write {error.filename or options.out}: {error.strerror}: "
            "give another directory with --out",
            file=sys.stderr,
        )
        return 2
    return 0


if __name__ == "__main__":
    programs.end_on_sigpipe()
    sys.exit(main())
