"""The dot plot of a claim's tests: a row for each case with its interval, on the claimed side of its threshold or not.

The claimed side is shaded. All ratios share a logarithmic axis; values have one for each unit.
"""

import math

from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from plots import page, style, ticks
from plots.claims import words
from plots.claims.document import describe_metric, find_estimate, is_value

MAX_ROWS = 60  # a taller picture is not looked at
ROW_HEIGHT = 0.2  # in inches
LEFT, RIGHT = 2.85, 5.95  # of the axis
_MEASURED_END, _CLAIMED_END, _PUBLISHED_END, _VERDICT = 7.5, 8.15, 8.72, 8.9
CLAIMED_SIDE = "#e8f0ea"
CONTROL = {"color": "#8f8f8f", "linewidth": 1.6, "solid_capstyle": "butt"}


class Dots:
    """The rows of a panel: the cases of tests below the sentences of the tests."""

    def __init__(self, pairs):
        """`pairs`: (test, its cases), all of ratios or all of values in one unit."""
        self.cases = [case for _, cases in pairs for case in cases]
        self._rows, place = [], 0.0
        for test, cases in pairs:
            says = page.wrap(test["says"], page.WIDTH - 0.4, 2, 8.5, "bold")
            for text in says:
                self._rows.append((place, text))
                place += 1
            for case in cases:
                self._rows.append((place, (test, case)))
                place += 1
            place += 0.3
        self._count = place - 0.3
        self.height = max(0.5, ROW_HEIGHT * self._count)

    def draw(self, axes):
        inner = _Axis(self.cases)
        axes.set_ylim(self._count - 0.4, -0.6)
        axes.set_yticks([])
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        inner.prepare(axes)
        for place, row in self._rows:
            if isinstance(row, str):
                page.write(axes, 0.2, place, row, fontsize=8.5, weight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
            else:
                self._draw_case(axes, inner, place, *row)
        self._write_heads(axes)

    def _write_heads(self, axes):
        metrics = ", ".join(dict.fromkeys(describe_metric(case["metric"]) for case in self.cases))
        what = "values" if is_value(self.cases[0]) else "ratios"
        look = {"fontsize": style.SMALL_POINTS, "color": style.FAINT}
        page.write(axes, 0.2, -1.15, page.cut(f"{what}: {metrics}", RIGHT - 0.2, style.SMALL_POINTS), **look)
        heads = [(_MEASURED_END, "measured"), (_CLAIMED_END, "claimed")]
        heads += [(_PUBLISHED_END, "published")] if any(case["published"] is not None for case in self.cases) else []
        for inches, text in heads:
            page.write(axes, inches, -1.15, text, ha="right", **look)

    def _draw_case(self, axes, inner, place, test, case):
        name = case["name"] if len(test["cases"]) > 1 else words.describe_sides(case)
        page.write(axes, 0.35, place, page.cut(name, LEFT - 0.5, 8))
        look = style.VERDICTS[case["verdict"]]
        axes.plot([_VERDICT], [place], linestyle="none", clip_on=False, transform=page.find_place(axes), **look)
        page.write(axes, _VERDICT + 0.1, place, case["verdict"], color=look["color"])
        if find_estimate(case) is None:
            reason = page.cut(case["reason"] or "no figure", _CLAIMED_END - LEFT, 8)
            page.write(axes, LEFT, place, reason, color="#666666", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
            return
        inner.draw_case(axes, place, case)
        page.write(axes, _MEASURED_END, place, words.format_estimate(case), ha="right")
        page.write(axes, _CLAIMED_END, place, words.format_threshold(case), ha="right", color="#666666")
        if case["published"] is not None:
            page.write(axes, _PUBLISHED_END, place, words.format_stated(case["published"], case), ha="right")


class _Axis:
    """The common axis of ratios, or of values in a unit."""

    def __init__(self, cases):
        self._unit = cases[0]["unit"] if is_value(cases[0]) else None
        numbers = [each for case in cases for each in _list_numbers(case)]
        self._log = self._unit is None or (min(numbers) > 0 and max(numbers) / min(numbers) > 10)
        self._limits = _find_limits([each for each in numbers if each > 0 or not self._log] or [1.0], self._log)

    def prepare(self, axes):
        form = ticks.FORMS[self._unit] if self._unit else lambda each: f"\u00d7{ticks.count(each)}"
        axes.set_xlim(*self._limits)
        if self._log:
            axes.set_xscale("log")
            places = _apart(ticks.log_ticks(*self._limits, wanted=4), self._limits)
            axes.xaxis.set_major_locator(FixedLocator(places))
            axes.xaxis.set_major_formatter(FixedFormatter([form(each) for each in places]))
            axes.xaxis.set_minor_locator(NullLocator())
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.xaxis.set_major_formatter(lambda value, _: form(value))
        axes.tick_params(axis="x", labelsize=8)

    def draw_case(self, axes, place, case):
        low, high = self._limits
        threshold = self._clip(case["threshold"])
        claimed = (threshold, high) if case["direction"] == "at_least" else (low, threshold)
        axes.fill_betweenx([place - 0.5, place + 0.5], *claimed, color=CLAIMED_SIDE, linewidth=0, zorder=0.6)
        axes.plot([threshold] * 2, [place - 0.5, place + 0.5], color=style.INK, linewidth=1.1, zorder=1.7)
        control = case["control"]
        if control and self._unit is None:
            if control["low"] is not None:
                axes.plot([self._clip(control["low"]), self._clip(control["high"])], [place + 0.3] * 2, zorder=2, **CONTROL)
            axes.plot([self._clip(control["ratio"])], [place + 0.3], color=CONTROL["color"], marker="|", markersize=5, zorder=2.1)
        if case["published"] is not None:
            axes.plot([self._clip(case["published"])], [place], linestyle="none", zorder=2.8, **style.PUBLISHED)
        estimate, *ends = find_estimate(case)
        look = style.VERDICTS[case["verdict"]]
        if None not in ends:
            axes.plot(list(map(self._clip, ends)), [place] * 2, color=look["color"], linewidth=2, zorder=2.5)
        axes.plot([self._clip(estimate)], [place], linestyle="none", zorder=3, label=case["name"], **look)

    def _clip(self, number):
        low, high = self._limits
        return min(high, max(low, number))


def _list_numbers(case):
    """The numbers that the axis of a case has to show."""
    found = find_estimate(case)
    control = case["control"] if not is_value(case) else None
    numbers = [*found, case["published"], case["threshold"]] if found else []
    numbers += [control["low"], control["high"], control["ratio"]] if control and found else []
    return [each for each in numbers if each is not None] or [case["threshold"] or 1.0]


def _find_limits(numbers, log):
    if log:
        return ticks.log_limits(numbers)
    low, high = min(0.0, *numbers), max(numbers)
    return low - 0.04 * (high - low or 1), high + 0.06 * (high - low or 1)


def _apart(places, limits):
    """The ticks whose labels do not touch."""
    low, high = limits
    kept = []
    for place in places:
        inches = math.log(place / low) / math.log(high / low) * (RIGHT - LEFT)
        if not kept or inches - kept[-1][1] >= 0.42:
            kept.append((place, inches))
    return [place for place, _ in kept]
