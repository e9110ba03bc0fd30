"""Draws a run: all its charts, those of the micro-benchmarks, and report.html."""

from plots import captions, charts, page, report, style, web_page
from plots.charts import micro
from plots.run_file import load_run


def draw_files(path, out, micro_file=None):
    """Draws the run at `path` and yields the path of each file written, to `out` or to charts/ next to the run.json.

    `micro_file`: Google Benchmark JSON; None: micro.json next to the run.json, if it exists. Raises InputError, and
    OSError if writing fails.
    """
    run = load_run(path)
    folder = run.path.parent
    present = (path for path in (folder / "micro.json", folder / "micro.json.gz") if path.exists())
    micro_file = micro_file or next(present, None)
    measured = micro.load_micro(micro_file) if micro_file else None
    out = out or folder / "charts"
    out.mkdir(parents=True, exist_ok=True)
    book = style.StyleBook(run.servers)
    pictures = []
    for stem, experiment, figure in charts.draw_all(run, book):
        yield from web_page.save(pictures, figure, out / stem, experiment.name)
    if measured:
        for stem, figure in micro.draw_all(*measured, captions.machine(run)).items():
            yield from web_page.save(pictures, figure, out / stem, None)
    report.write(run, pictures, out / report.NAME)
    yield out / report.NAME
