"""python3 -m plots.micro FILE [--out DIR]: draws the JSON of fanin-micro, or of another Google Benchmark program."""

from plots import programs

programs.require_modules("matplotlib")

import sys

from plots import single_chart
from plots.charts import micro


def draw(measured):
    """{last part of the file name: Figure} of the context and costs of a file."""
    return {stem.removeprefix("micro-"): figure for stem, figure in micro.draw_all(*measured).items()}


def main(arguments=None):
    """Returns the exit code: 0, or 2 for wrong input or a directory that cannot be written."""
    about = "Draws micro-benchmarks."
    origin = "from fanin-micro --benchmark_out=FILE"
    return single_chart.draw_file("micro", about, "MICRO.json", origin, micro.load_micro, draw, arguments)


if __name__ == "__main__":
    programs.end_on_sigpipe()
    sys.exit(main())
