"""Google Benchmark's JSON: cost per call against N, and dot plots of the benchmarks without N, or with one value of it.

Benchmarks whose name has a part n:N (wait/select/n:1000/active:1) share a chart per group, with one panel per value of
the other parts (active). The groups of `_DOT_PLOTS` have a dot plot each, all others share one. The charts show the
median of the repetitions.
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
_STYLE_OF = {
    "epoll_wait": "epoll",
    "epoll_pwait2": "epoll",
    "io_uring": "io-uring",
    "io_uring_enter": "io-uring",
    "generator": "coroutine",
    "io_only": "iterative",
    "serial": "iterative",
}


@dataclass(frozen=True)
class Sweep:
    """What the chart of a group says: the part of names that holds N, the label of N, what one N costs, a subtitle."""

    key: str = "n"
    x_label: str = "N"
    what: str = "call"
    subtitle: str = "micro-benchmark of single calls"


_DESCRIPTORS = Sweep(x_label="N, watched descriptors")
_SWEEPS = {
    "wait": _DESCRIPTORS,
    "epoll_ctl": _DESCRIPTORS,
    "cascade": dataclasses.replace(_DESCRIPTORS, what="event", subtitle="each event is received and passed on to the next socket"),
    "chase": Sweep(
        "kib", "KiB of the table", "pointer", "16 tasks that wait for memory: one after the other, or a switch while it comes"
    ),
    "tasks": Sweep(
        "loops", "loops of a step", "step", "work of 100 tasks without I/O: one task after the other, or a switch after each step"
    ),
}
# Title, subtitle and label of the values.
_COSTS = ("Cost per call", "micro-benchmark of single calls", "real time per call")
_DOT_PLOTS = {
    "switch": ("Cost of a switch", "control passes from one flow to another: half a round trip", "real time per switch"),
    "switch_io": (
        "Cost of a switch driven by I/O",
        "a byte goes around a ring of tasks, each of which receives it and sends it on; io_only: one flow does all of that",
        "real time per hop",
    ),
    "create": ("Cost of a new flow", "begin, run an empty body, end", "real time"),
    "call": ("Cost of a system call", "calls that do not sleep, on loopback", "real time per call"),
}

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
    n = numbers.pop(_SWEEPS.get(words[0], Sweep()).key, "")
    others = ", ".join(_name_part(key, value) for key, value in numbers.items())
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


def _name_part(key, value):
    if key == "cpus":
        return "1 CPU" if value == "1" else f"{value} CPUs"
    return f"{value} {key}"


def draw_files(path, out):
    """Draws the file at `path`, next to it or in `out`, and yields the paths written. Raises InputError and OSError."""
    for stem, figure in draw_all(*load_micro(path)).items():
        yield from page.save_next_to(figure, path, out, stem.removeprefix("micro-"))


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
    footer = _footer(context, machine, "bars")
    alone = [group for group in _DOT_PLOTS if group not in swept]
    for group in alone:
        if members := [cost for cost in single if cost.group == group]:
            members.sort(key=lambda cost: math.inf if cost.error else cost.median)
            figures[f"micro-{group}"] = _draw_single(members, _DOT_PLOTS[group], footer)
    if rest := [cost for cost in single if cost.group not in alone]:
        figures["micro-cost"] = _draw_single(rest, _COSTS, footer)
    return figures


def _name_in_full(cost):
    """The benchmark of a sweep of one value, as one without N."""
    words = [cost.name] if cost.name == cost.group else [cost.group, cost.name]
    parts = ["/".join(words), f"N = {ticks.exact(cost.n)}"] + ([cost.panel] if cost.panel else [])
    return dataclasses.replace(cost, name=", ".join(parts), n=None)


def _footer(context, machine, intervals):
    build = context.get("library_build_type")
    parts = [machine or f"{context.get('num_cpus', '?')} CPUs at {context.get('mhz_per_cpu', '?')} MHz"]
    parts += [f"Google Benchmark, real time, median of repetitions, {intervals}: minimum to maximum"]
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
    sweeping = _SWEEPS.get(group, Sweep())
    ribbons = len(names) <= sweep.MAX_RIBBONS
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{group}: cost per {sweeping.what}", sweeping.subtitle, None),
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
            axes.set_title(short(panel, 2 * page.NAME_WIDTH) or f"time per {sweeping.what}", fontsize=style.HEADING_POINTS, loc="left")
        sheet.finish(len(panels), sweeping.x_label)
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


def _find_colour(cost):
    """The colour of the model that uses such a call or flow."""
    models = (_STYLE_OF.get(word, word) for word in re.split("[/,]", cost.name))
    return style.FAMILIES[next((style.MODELS[model][0] for model in models if model in style.MODELS), "poll")]


def _draw_single(costs, texts, footer):
    title, subtitle, label = texts
    good = [cost for cost in costs if not cost.error]
    notes = [page.Entry(f"{cost.name}: not run ({cost.error})") for cost in costs if cost.error]
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (title, subtitle, None),
            1,
            1,
            [[]],
            notes,
            footer,
            left=2.9,
            legend_width=0.6,
            panel_height=max(1.2, 0.3 * len(good)),
        )
        axes = sheet.panels[0]
        rows = range(len(good))
        for row, cost in zip(rows, good):
            colour = _find_colour(cost)
            axes.hlines(row, cost.low, cost.high, color=colour, linewidth=5, alpha=0.25)
            axes.plot([cost.median], [row], "o", color=colour)
            axes.annotate(
                ticks.duration(cost.median),
                (cost.high, row),
                (8, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        names = [cost.name.removeprefix(f"{cost.group}/") if texts is not _COSTS else cost.name for cost in good]
        axes.set_yticks(list(rows), [short(name, 2 * page.NAME_WIDTH) for name in names])
        axes.set_ylim(len(good) - 0.5, -0.5)
        heights = [height for cost in good for height in (cost.low, cost.high) if height > 0] or [1, 10]
        low, high = ticks.log_limits(heights)
        ticks.set_log_axis(axes.xaxis, (low, high * 1.6), "ns")
        axes.set_xlabel(label)
    return sheet.figure
