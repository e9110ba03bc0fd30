"""The command line of a module that draws one file as charts, next to the file or to --out."""

import argparse
import sys
from pathlib import Path

from plots import page
from plots.json_file import InputError, print_line
from plots.programs import name_for_messages


def draw_file(module, about, metavar, origin, load, draw, arguments=None):
    """Draws the file of the command line and returns the exit code: 0, or 2 for wrong input or an unwritable directory.

    `module`: the last part of its name, which the file of the chart has with - for _; `origin`: what writes the input;
    `load`: path to document, raises InputError; `draw`: document to Figure, or to {last part of the file name: Figure}.
    """
    parser = argparse.ArgumentParser(prog=f"plots.{module}", description=about)
    parser.add_argument("file", type=Path, metavar=metavar, help=origin)
    parser.add_argument("--out", type=Path, metavar="DIR", help="directory of the chart (default: that of the file)")
    options = parser.parse_args(arguments)
    out = options.out or options.file.parent
    try:
        drawn = draw(load(options.file))
        figures = drawn if isinstance(drawn, dict) else {module.replace("_", "-"): drawn}
        out.mkdir(parents=True, exist_ok=True)
        for part, figure in figures.items():
            for path in page.save(figure, out / f"{options.file.name.split('.')[0]}-{part}"):
                print_line(path)
    except InputError as error:
        print(f"{name_for_messages(f'plots.{module}')}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"{name_for_messages(f'plots.{module}')}: cannot write {error.filename or out}: {error.strerror}: "
            "give another directory with --out",
            file=sys.stderr,
        )
        return 2
    return 0
