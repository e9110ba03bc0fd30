"""A panel of a claim over the quantity of its cases, or over the parameter of a search for a flip point.

The claimed side of the threshold is shaded. At most sweep.MAX_RIBBONS lines share a panel.
"""

import dataclasses
import itertools
import math
import re
from dataclasses import dataclass

from matplotlib.ticker import FixedFormatter

from plots import captions, page, style, sweep, ticks
from plots.claims import words
from plots.claims.document import describe_metric, find_estimate, is_value
from plots.claims.dots import CLAIMED_SIDE, CONTROL

HEIGHT = 2.2  # inches
LEFT, RIGHT = 0.85, page.WIDTH - page.LEGEND_WIDTH - page.RIGHT_MARGIN
_SPARE = (("#0072b2", "D"), ("#d55e00", "v"), ("#009e73", "o"), ("#cc79a7", "^"), ("#e69f00", "s"))
_LINES = (style.LONG, style.DOTTED, style.SOLID, style.DASHDOT, style.DASHED)


@dataclass(frozen=True)
class Point:
    """`x`; the estimate and its interval, each None without one; the verdict; the control and the published figure or None."""

    x: float
    estimate: float | None
    low: float | None
    high: float | None
    verdict: str
    control: dict | None = None
    published: float | None = None


@dataclass(frozen=True)
class Lines:
    """A panel: its `title`, the `points` of each line, the `bounds` over x, and the flip points to mark."""

    title: str
    x_label: str
    y_label: str
    points: dict
    case: dict  # one of its cases, for formats: unit, direction, threshold
    bounds: tuple  # (x, threshold, direction), ascending in x
    flips: dict


def find_panels(claim):
    """The Lines of a claim: its sweeps, those over the same quantity in one panel, then its searches for flip points."""
    found = []
    for lines in filter(None, map(find_sweep, claim["tests"])):
        if found and _belong_together(found[-1], lines):
            found[-1] = _join(found[-1], lines)
        else:
            found.append(lines)
    return found + find_flips(claim)


def _belong_together(first, second):
    """Whether two sweeps are parts of one, with claims of their own."""
    same = all(getattr(first, name) == getattr(second, name) for name in ("x_label", "y_label"))
    same = same and set(first.points) == set(second.points) and is_value(first.case) == is_value(second.case)
    return same and not {x for x, *_ in first.bounds} & {x for x, *_ in second.bounds}


def _join(first, second):
    points = {name: sorted(first.points[name] + second.points[name], key=lambda point: point.x) for name in first.points}
    title = f"{first.title}; {second.title}"
    return dataclasses.replace(first, title=title, points=points, bounds=tuple(sorted(first.bounds + second.bounds)))


def find_sweep(test):
    """The Lines of a test whose cases are a sweep; None: they are a dot plot."""
    cases = [case for case in test["cases"] if case["x"] is not None and case["x"] >= 0]
    if len(cases) < len(test["cases"]) or len({case["x"] for case in cases}) < 2:
        return None
    if len({(is_value(case), case["unit"], case["metric"]) for case in cases}) > 1:
        return None
    names = _name_series(cases)
    found = {}
    for name, case in sorted(zip(names, cases), key=lambda pair: pair[1]["x"]):
        estimate = find_estimate(case) or (None, None, None)
        control = None if is_value(case) else case["control"]
        found.setdefault(name, []).append(Point(case["x"], *estimate, case["verdict"], control, case["published"]))
    doubled = any(len({point.x for point in points}) < len(points) for points in found.values())
    lonely = any(len(points) < 2 for points in found.values())
    if doubled or lonely or len(found) > sweep.MAX_RIBBONS:
        return None
    first = cases[0]
    bounds = tuple(sorted({(case["x"], case["threshold"], case["direction"]) for case in cases}))
    if len({x for x, *_ in bounds}) < len(bounds):
        return None
    return Lines(test["says"], test["axis"] or "", _describe_y(first), found, first, bounds, {})


def _name_series(cases):
    """The name of each case without its number: poll, 100 idle and poll, 300 idle are one line, poll."""
    if len({case["x"] for case in cases}) == len(cases):
        return [_strip(cases[0]["new_label"])] * len(cases)
    return [_strip(case["name"]) for case in cases]


def _strip(name):
    # Of a benchmark without its arguments, tasks/fiber/loops:10, only the name.
    name = re.sub(r"/\w+:[^/,]*", "", words.shorten_label(name))
    parts = [part for part in name.split(", ") if not re.search(r"\d", part)]
    return ", ".join(parts) or re.sub(r"[\d.,]+ *", "", name).strip() or "cases"


def find_flips(claim):
    """The Lines of the claim's searches for flip points: those with one parameter, metric and threshold share a panel."""
    groups = {}
    for flip in claim["flips"]:
        key = tuple(flip[each] for each in ("parameter", "metric", "direction", "threshold"))
        points = [Point(each["value"], *_read(each["ratio"]), each["verdict"]) for each in flip["points"]]
        if sum(point.estimate is not None for point in points) > 1:
            groups.setdefault(key, []).append((flip, points))
    found = []
    for members in groups.values():
        for first in range(0, len(members), sweep.MAX_RIBBONS):
            found.append(_join_flips(members[first : first + sweep.MAX_RIBBONS]))
    return found


def _read(ratio):
    return (ratio["ratio"], ratio["low"], ratio["high"]) if ratio else (None, None, None)


def _join_flips(members):
    flips = [flip for flip, _ in members]
    first = flips[0] | {"base_label": "base"}  # a comparison, for formats
    words_of_x = captions.PARAMETER_WORDS.get(first["parameter"], first["parameter"].replace("_", " "))
    values = sorted({point.x for _, points in members for point in points})
    title = "; ".join(flip["says"] for flip in flips)
    bounds = tuple((value, first["threshold"], first["direction"]) for value in values)
    points = {flip["name"]: points for flip, points in members}
    return Lines(title, words_of_x, _describe_y(first), points, first, bounds, {flip["name"]: flip for flip in flips})


def _describe_y(case):
    words_of_y = describe_metric(case["metric"])
    return words_of_y if is_value(case) else f"{words_of_y}, ratio"


def draw(axes, lines):
    """Draws the panel. The axis has its final place."""
    looks = find_looks(lines)
    everything = [point for points in lines.points.values() for point in points]
    low, high = _set_y_axis(axes, lines, everything)
    ticks.set_sweep_axis(axes, sorted({point.x for point in everything}))
    _draw_claimed_side(axes, lines, low, high)
    for index, (name, flip) in enumerate(lines.flips.items()):
        _draw_flip(axes, flip, looks[name], 0.93 - 0.1 * index)
    for name, points in lines.points.items():
        right = sweep.shift(list(lines.points), name)
        _draw_points(axes, points, looks[name], name, right, low, high)
    title = "\n".join(page.wrap(lines.title, RIGHT - 0.2, 2, 8.5, "bold"))
    axes.set_title(title, x=-(LEFT - 0.2) / (RIGHT - LEFT), fontsize=8.5, weight="bold", loc="left", pad=6)
    axes.set_xlabel(page.cut(lines.x_label, RIGHT - LEFT, style.TEXT_POINTS), labelpad=1)
    axes.set_ylabel(page.cut(lines.y_label, HEIGHT, 8), fontsize=8)


def find_looks(lines):
    """The look of each line: that of the model that its name begins with, unless another line has it."""
    looks, taken = {}, set()
    for index, name in enumerate(lines.points):
        family, _ = style.find_family(re.split(r"[ ,]", name)[0])
        model = next((each for each in sorted(style.MODELS, key=len, reverse=True) if re.match(rf"{re.escape(each)}([ ,-]|$)", name)), None)
        look = style.StyleBook([(model, model)])[model] if model else None
        if look is None or (look.colour, look.marker) in taken:
            colour, marker = next((pair for pair in _SPARE if pair not in taken), _SPARE[index % len(_SPARE)])
            look = style.Style(colour, marker, _LINES[index % len(_LINES)], family, "")
        taken.add((look.colour, look.marker))
        looks[name] = look
    return looks


def _set_y_axis(axes, lines, points):
    numbers = [threshold for _, threshold, _ in lines.bounds]
    for point in points:
        numbers += [each for each in (point.estimate, point.low, point.high, point.published) if each is not None]
        if point.control and point.control["low"] is not None:
            numbers += [point.control["low"], point.control["high"]]
    positive = [each for each in numbers if each > 0] or [1.0]
    if is_value(lines.case) and (min(numbers) <= 0 or max(positive) / min(positive) < 4):
        low, high = 0.0, max(numbers) * 1.15 or 1.0
        axes.set_ylim(low, high)
        axes.yaxis.set_major_formatter(lambda value, _: ticks.FORMS[lines.case["unit"]](value))
        return low, high
    low, high = ticks.log_limits(positive)
    ticks.set_log_axis(axes.yaxis, (low, high), lines.case["unit"] if is_value(lines.case) else "1")
    if not is_value(lines.case):
        axes.yaxis.set_major_formatter(FixedFormatter([f"\u00d7{ticks.count(each)}" for each in axes.get_yticks()]))
    return low, high


def _draw_claimed_side(axes, lines, low, high):
    """Shades the claimed side: each bound reaches half way to the neighbours that have another."""
    left, right = axes.get_xlim()
    begin = left
    for (x, *bound), (after, *following) in itertools.zip_longest(lines.bounds, lines.bounds[1:], fillvalue=(None, None, None)):
        if bound == following:
            continue
        end = right if after is None else _find_middle(axes, x, after)
        threshold, direction = bound
        side = high if direction == "at_least" else low
        axes.fill_between([begin, end], [threshold] * 2, side, color=CLAIMED_SIDE, linewidth=0, zorder=0.6)
        axes.plot([begin, end], [threshold] * 2, color=style.INK, linewidth=1.1, zorder=1.7)
        begin = end


def _find_middle(axes, first, second):
    """The x half way between two, as drawn."""
    scale = axes.transData
    places = [scale.transform((x, axes.get_ylim()[1]))[0] for x in (first, second)]
    return scale.inverted().transform((sum(places) / 2, 0))[0]


def _draw_points(axes, points, look, name, right, low, high):
    def clip(number):
        return math.nan if number is None else min(high, max(low, number))

    here = {"transform": axes.transData + sweep.find_shift(axes, right)}
    xs = [point.x for point in points]
    axes.plot(xs, [clip(point.estimate) for point in points], label=name, zorder=3, **look.line_arguments(), **here)
    ends = [(math.nan, math.nan) if point.low is None else (clip(point.low), clip(point.high)) for point in points]
    axes.fill_between(xs, *zip(*ends), color=look.colour, alpha=style.RIBBON_ALPHA, linewidth=0, zorder=2, **here)
    for point, (bottom, top) in zip(points, ends):
        axes.plot([point.x] * 2, [bottom, top], color=look.colour, linewidth=1.6, zorder=2.4, **here)
        if point.control and point.control["low"] is not None:
            axes.plot([point.x] * 2, [clip(point.control["low"]), clip(point.control["high"])], zorder=1.9, **CONTROL | {"linewidth": 4})
        if point.estimate is None:
            cross = {"marker": "x", "color": look.colour, "markersize": 5.5, "markeredgewidth": 1.6, "clip_on": False}
            axes.plot([point.x], [0.025], transform=axes.get_xaxis_transform(), zorder=4, **cross)
        elif point.verdict in ("undecided", "invalid"):
            axes.plot([point.x], [clip(point.estimate)], zorder=3.5, **look.hollow_arguments(), **here)
    theirs = [(point.x, clip(point.published)) for point in points if point.published is not None]
    if theirs:
        dotted = {"color": look.colour, "linewidth": 1, "linestyle": style.DOTTED, "zorder": 1.8}
        axes.plot(*zip(*theirs), **dotted)
        axes.plot(*zip(*theirs), linestyle="none", zorder=2.8, **style.PUBLISHED | {"color": look.colour})


def _draw_flip(axes, flip, look, height):
    at = words.format_flip(flip)
    if at is None:
        return
    axes.axvspan(flip["low"], flip["high"], color=style.FLIP, alpha=0.1, linewidth=0, zorder=0.8)
    place = flip["estimate"] if flip["estimate"] is not None else math.sqrt(max(1e-9, flip["low"] * flip["high"]))
    axes.axvline(place, color=look.colour, linewidth=1.2, zorder=1.8)
    late = (axes.transData + axes.transAxes.inverted()).transform((place, 1))[0] > 0.7
    words_at = f"{at} " if late else f" {at}"
    arguments = {"ha": "right" if late else "left", "va": "center", "fontsize": 8, "color": look.colour}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}
    axes.text(place, height, words_at, transform=axes.get_xaxis_transform(), zorder=3.6, bbox=box, **arguments)


def legend(lines):
    """The Entries on the right of the panel. The title says what a line without others is."""
    looks = find_looks(lines)
    entries = [page.Entry(name if len(looks) > 1 else "measured", looks[name].line_arguments()) for name in lines.points]
    if len({tuple(bound) for _, *bound in lines.bounds}) == 1:
        claimed = words.format_threshold(lines.case)
        entries.append(page.Entry(f"claimed: {claimed}", {"color": style.INK, "linewidth": 1.1, "linestyle": "-"}))
    else:
        entries.append(page.Entry("claimed", {"color": style.INK, "linewidth": 1.1, "linestyle": "-"}))
    if any(point.published is not None for points in lines.points.values() for point in points):
        entries.append(page.Entry("published", style.PUBLISHED))
    return entries
