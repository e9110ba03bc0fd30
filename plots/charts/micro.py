"""Google Benchmark's JSON: cost per call against N, and a dot plot of the benchmarks without N, or with one value of it.

Benchmarks whose name has a part n:N (wait/select/n:1000/active:1) share a chart per group, with one panel per value of
the other parts (active). The charts show the median of the repetitions.
"""

import dataclasses
import math
import re
import statistics
from dataclasses import dataclass
from pathlib import Path

import matplotlib

from plots import page, series, style, sweep, ticks
from plots.json_file import InputError, read_json
from plots.text import clean, cleaned, short

_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# Google Benchmark appends these to names.
_APPENDED = re.compile(r"(min_time|min_warmup_time|iterations|repeats|threads):.*|(manual|real|process)_time")
_FOREIGN = re.compile("[^A-Za-z0-9_.+-]")  # not allowed in file names
_WHOLE = re.compile("[0-9]{1,15}")
# A system call has the style of the model that uses it.
_STYLE_OF = {"epoll_wait": "epoll", "epoll_pwait2": "epoll", "io_uring": "io-uring", "io_uring_enter": "io-uring"}


_TEXTS = ("name", "run_name", "run_type", "aggregate_name", "time_unit")


@dataclass(frozen=True)
class Cost:
    """Time per call of one benchmark in ns over its repetitions, or the `error` that kept it from running."""

    group: str
    name: str
    n: int | None
    panel: str
    low: float = math.nan
    median: float = math.nan
    high: float = math.nan
    error: str | None = None


def load_micro(path):
    """Returns (context object, [Cost]) of a Google Benchmark JSON file. Raises InputError for any other file."""
    document = cleaned(read_json(Path(path)))
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        raise InputError(f"{path}: $.benchmarks: there is no such list: give the JSON of a Google Benchmark program")
    by_name = {}
    for index, each in enumerate(document["benchmarks"]):
        if not isinstance(each, dict) or not all(isinstance(each.get(key, ""), str) for key in _TEXTS) or "name" not in each:
            raise InputError(f"{path}: $.benchmarks[{index}]: has no name, or one of {', '.join(_TEXTS)} is no text")
        kind = each.get("aggregate_name") if each.get("run_type") == "aggregate" else "one"
        by_name.setdefault(each.get("run_name", each["name"]), {}).setdefault(kind, []).append((index, each))
    # With --benchmark_report_aggregates_only the file holds no repetitions, but their median.
    entries = {name: kinds.get("one") or kinds.get("median") for name, kinds in by_name.items()}
    if not any(entries.values()):
        raise InputError(f"{path}: $.benchmarks: holds neither a repetition nor a median: run the benchmarks again")
    context = document.get("context")
    return context if isinstance(context, dict) else {}, [_cost(path, name, each) for name, each in entries.items() if each]


def _cost(path, name, entries):
    parts = [part for part in name.split("/") if not _APPENDED.fullmatch(part)]
    numbers = dict(part.split(":", 1) for part in parts if ":" in part)
    words = [part for part in parts if ":" not in part] or [name]
    n = numbers.pop("n", "")
    others = ", ".join(f"{value} {key}" for key, value in numbers.items())
    if _WHOLE.fullmatch(n):
        where = (words[0], "/".join(words[1:]) or words[0], int(n), others)
    else:
        where = (words[0], "/".join(words) + (f", {others}" if others else ""), None, "")
    times = []
    for index, each in entries:
        if each.get("error_occurred") or each.get("skipped"):
            return Cost(*where, error=clean(str(each.get("error_message") or each.get("skip_message") or "no reason given")))
        unit, value = each.get("time_unit"), each.get("real_time")
        if unit not in _NANOSECONDS or not isinstance(value, (int, float)):
            raise InputError(f"{path}: $.benchmarks[{index}]: has no real_time and time_unit")
        times.append(value * _NANOSECONDS[unit])
    return Cost(*where, min(times), statistics.median(times), max(times))


def draw_all(context, costs, machine=None):
    """Returns {file stem: Figure}. `machine`: a caption for the footer, if there is a run."""
    figures = {}
    groups = {}
    for cost in costs:
        if cost.n is not None:
            groups.setdefault(cost.group, []).append(cost)
    swept = {group: members for group, members in groups.items() if len({cost.n for cost in members}) > 1}
    for group, members in swept.items():
        figures[f"micro-{_FOREIGN.sub('_', group)[:80]}"] = _draw_swept(group, members, context, machine)
    single = [cost if cost.n is None else _name_in_full(cost) for cost in costs if cost.group not in swept or cost.n is None]
    if single:
        figures["micro-cost"] = _draw_single(single, _footer(context, machine, "bars"))
    return figures


def _name_in_full(cost):
    """The benchmark of a sweep of one value, as one without N."""
    words = [cost.name] if cost.name == cost.group else [cost.group, cost.name]
    parts = ["/".join(words), f"N = {ticks.exact(cost.n)}"] + ([cost.panel] if cost.panel else [])
    return dataclasses.replace(cost, name=", ".join(parts), n=None)


def _footer(context, machine, intervals):
    build = context.get("library_build_type")
    parts = [machine or f"{context.get('num_cpus', '?')} CPUs at {context.get('mhz_per_cpu', '?')} MHz"]
    parts += [f"Google Benchmark, real time per call, median of repetitions, {intervals}: minimum to maximum"]
    parts += [str(context["date"])[:10]] if "date" in context else []
    parts += ["the benchmark library is a debug build"] if build == "debug" else []
    return " \u00b7 ".join(parts)


def _choose_looks(names):
    """A system call looks like the model that uses it; other names get a colour that no call has."""
    looks = {}
    spare = [style.FAMILIES[family] for family in ("loops", "switch", "signal", "single")]
    for name in names:
        model = _STYLE_OF.get(name, name)
        look = style.StyleBook([(model, None)])[model]
        if model not in style.MODELS:
            look = dataclasses.replace(look, colour=spare[len(looks) % len(spare)])
        looks[name] = look
    return looks


def _draw_swept(group, costs, context, machine):
    names = list(dict.fromkeys(cost.name for cost in costs))
    panels = sorted({cost.panel for cost in costs}, key=lambda words: (len(words), words))
    values = sorted({cost.n for cost in costs})
    looks = _choose_looks(names)
    lines = {(cost.name, cost.panel, cost.n): cost for cost in costs}
    heights = [height for cost in costs if not cost.error for height in (cost.low, cost.high)]
    limits = ticks.log_limits([height for height in heights if height > 0] or [1, 10])
    columns = min(3, len(panels))
    ribbons = len(names) <= sweep.MAX_RIBBONS
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{group}: cost per call", "micro-benchmark of single calls", None),
            math.ceil(len(panels) / columns),
            columns,
            [[page.Entry(name, looks[name].line_arguments()) for name in names]],
            _error_entries(costs, looks),
            _footer(context, machine, "ribbons" if ribbons else "bars"),
            share_y=True,
        )
        for axes, panel in zip(sheet.panels, panels):
            ticks.set_log_axis(axes.yaxis, limits, "ns")
            ticks.set_sweep_axis(axes, values)
            for name in names:
                sweep.draw_line(
                    axes,
                    [_point(lines.get((name, panel, n))) for n in values],
                    looks[name],
                    name,
                    sweep.shift(names, name),
                    ribbons,
                )
            axes.set_title(short(panel, 2 * page.NAME_WIDTH) or "time per call", fontsize=style.HEADING_POINTS, loc="left")
        sheet.finish(len(panels), "N, watched descriptors" if group in ("wait", "epoll_ctl") else "N")
    return sheet.figure


def _point(cost):
    return None if cost is None or cost.error else series.Point(cost.n, cost.median, cost.low, cost.high, frozenset())


def _error_entries(costs, looks):
    found = {}
    for cost in costs:
        if cost.error:
            found.setdefault((cost.name, cost.error), {})[cost.n] = None
    return [
        page.Entry(
            f"{name}: not run at N = {', '.join(ticks.exact(n) for n in values)} ({error})",
            {"color": looks[name].colour, "marker": "x", "markersize": 5.5, "linestyle": "none"},
        )
        for (name, error), values in found.items()
    ]


def _draw_single(costs, footer):
    good = [cost for cost in costs if not cost.error]
    notes = [page.Entry(f"{cost.name}: not run ({cost.error})") for cost in costs if cost.error]
    with matplotlib.rc_context(style.RC):
        heading = (
            "Cost per call",
            "micro-benchmark of single calls",
            None,
        )
        sheet = page.new_page(
            heading, 1, 1, [[]], notes, footer, left=2.9, legend_width=0.6, panel_height=max(1.2, 0.3 * len(good))
        )
        axes = sheet.panels[0]
        rows = range(len(good))
        colour = style.FAMILIES["poll"]
        axes.hlines(
            rows, [cost.low for cost in good], [cost.high for cost in good], color=colour, linewidth=5, alpha=0.25
        )
        axes.plot([cost.median for cost in good], rows, "o", color=colour)
        for row, cost in zip(rows, good):
            axes.annotate(
                ticks.duration(cost.median),
                (cost.high, row),
                (8, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axes.set_yticks(list(rows), [short(cost.name, 2 * page.NAME_WIDTH) for cost in good])
        axes.set_ylim(len(good) - 0.5, -0.5)
        heights = [height for cost in good for height in (cost.low, cost.high) if height > 0] or [1, 10]
        low, high = ticks.log_limits(heights)
        ticks.set_log_axis(axes.xaxis, (low, high * 1.6), "ns")
        axes.set_xlabel("real time per call")
    return sheet.figure
