"""The verdict wall: a row for each claim with its sentence, its verdict, the figures of its tests and its flip points.

All tests share one axis: how far the measured figure lies beyond the threshold that the claim declared, as a factor. Right of
the line is the claimed side, whatever the metric and the direction of the test.
"""

import math
from dataclasses import dataclass

import matplotlib
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from plots import captions, page, style
from plots.claims import words
from plots.claims.document import find_estimate, find_excess, find_nearest

MAX_LINES, MAX_FLIPS = 4, 2  # of one claim; the report has the rest
_LINE, _GAP = 0.165, 0.115  # inches: of a line of text; between claims
_SENTENCE_LINES = 4
_LEFT, _ID_WIDTH, _SENTENCE_END = 0.2, 0.46, 3.3
_VERDICT, _STRIP, _STRIP_END = 3.5, 4.55, 6.4
_LABEL, _MEASURED_END, _CLAIMED_END = 6.55, 9.12, 9.8
_LOWEST, _HIGHEST = 1 / 50, 200  # of the axis: what lies beyond has an arrow
_TICKS = (1 / 50, 1 / 20, 1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10, 20, 50, 100, 200)
_LARGE, _SMALL = 0.85, 0.5  # sizes of the marks of the case whose figures a line has, and of the others


@dataclass(frozen=True)
class Line:
    """A line of a claim: the `cases` that its strip shows, the one whose figures it has (or None), and their `label`."""

    label: str
    cases: tuple
    shown: dict | None
    remark: str | None = None  # in place of figures


def draw(document, claims, title):
    """Returns the Figure of a wall of `claims`, which are not empty. `title`: what they are."""
    rows = [_Row(claim) for claim in claims]
    cases = [case for claim in claims for test in claim["tests"] for case in test["cases"]]
    heading = f"{title}: {words.describe_counts(words.count_verdicts(claims))}"
    machine = captions.describe_machine(document["environment"]["start"])
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (heading, f"{machine} \u00b7 the thresholds were declared before the measurement", words.find_alarm(document)),
            1,
            1,
            [[]],
            _legend(claims, cases),
            " \u00b7 ".join(words.describe_receipt(document, cases)),
            left=_STRIP,
            legend_width=page.WIDTH - _STRIP_END - page.RIGHT_MARGIN,
            panel_height=sum(row.height for row in rows),
        )
        (axes,) = sheet.panels
        _set_axis(axes, cases, sum(row.height for row in rows))
        top = 0.0
        for row in rows:
            row.draw(axes, top)
            top += row.height
    return sheet.figure


class _Row:
    """A claim and the lines that it takes."""

    def __init__(self, claim):
        self.claim = claim
        self.lines = _find_lines(claim)
        self.flips = [_fit_flip(each) for each in claim["flips"][:MAX_FLIPS]]
        more = len(claim["flips"]) - MAX_FLIPS
        self.flips += [f"and {more} more searches for a flip point"] if more > 0 else []
        begin = _LEFT + (_ID_WIDTH if self._has_short_id() else 0)
        self.sentence = page.wrap(claim["claim"], _SENTENCE_END - begin, _SENTENCE_LINES, 8)
        self.height = _GAP + _LINE * max(self._left_lines(), len(self.lines) + len(self.flips))

    def _has_short_id(self):
        return page.measure(self.claim["id"], style.TEXT_POINTS, "bold") <= _ID_WIDTH - 0.05

    def _left_lines(self):
        """A long name has a line of its own, and the source below the sentence."""
        return len(self.sentence) + (0 if self._has_short_id() else 2)

    def draw(self, axes, top):
        axes.plot([_LEFT, _CLAIMED_END], [top, top], color="#e3e3e3", linewidth=0.8, clip_on=False, transform=page.find_place(axes))
        middle = top + _GAP / 2 + _LINE / 2
        name = page.cut(self.claim["id"], _SENTENCE_END - _LEFT, style.TEXT_POINTS, "bold")
        page.write(axes, _LEFT, middle, name, fontsize=style.TEXT_POINTS, weight="bold")
        left, first = (_LEFT + _ID_WIDTH, 0) if self._has_short_id() else (_LEFT, 1)
        for index, text in enumerate(self.sentence, start=first):
            page.write(axes, left, middle + index * _LINE, text)
        if first:
            source = page.cut(self.claim["source"], _SENTENCE_END - _LEFT, style.SMALL_POINTS)
            below = middle + (first + len(self.sentence)) * _LINE
            page.write(axes, left, below, source, fontsize=style.SMALL_POINTS, color="#666666")
        look = style.VERDICTS[self.claim["verdict"]]
        axes.plot([_VERDICT], [middle], linestyle="none", clip_on=False, transform=page.find_place(axes), **look)
        page.write(axes, _VERDICT + 0.12, middle, self.claim["verdict"], fontsize=8.5, weight="bold", color=look["color"])
        for index, line in enumerate(self.lines):
            _draw_line(axes, middle + index * _LINE, line)
        for index, text in enumerate(self.flips, start=len(self.lines)):
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # over the lines of the strip
            page.write(axes, _STRIP, middle + index * _LINE, text, fontsize=style.SMALL_POINTS, color=style.FLIP, bbox=box)


def _fit_flip(flip):
    """The line of a flip point; what is searched for is cut before the result."""
    says, result = words.split_flip(flip)
    room = _CLAIMED_END - _STRIP
    result = page.cut(result, 0.7 * room, style.SMALL_POINTS)
    return page.cut(f"\u21c4 {says}", room - page.measure(result, style.SMALL_POINTS), style.SMALL_POINTS) + result


def _find_lines(claim):
    """A Line for each test, or two if it is contested; of too many the last one stands for the rest."""
    found = [line for test in claim["tests"] for line in _find_test_lines(claim, test)]
    if len(found) <= MAX_LINES:
        return found
    rest = found[MAX_LINES - 1 :]
    cases = tuple(case for line in rest for case in line.cases)
    counts = {}
    for case in cases:
        counts[case["verdict"]] = counts.get(case["verdict"], 0) + 1
    return found[: MAX_LINES - 1] + [Line("", cases, None, f"{len(cases)} more cases: {words.describe_counts(counts)}")]


def _find_test_lines(claim, test):
    verdicts = ("confirmed", "refuted") if test["verdict"] == "contested" else (test["verdict"],)
    found = []
    for verdict in verdicts:
        # Of a contested test the first line has the cases that confirm, the second one all others.
        both = len(verdicts) > 1
        cases = tuple(case for case in test["cases"] if not both or (case["verdict"] == "confirmed") == (verdict == "confirmed"))
        nearest = find_nearest(cases, verdict)
        reason = next((case["reason"] for case in cases if case["verdict"] == verdict and case["reason"]), test["reason"])
        names = [test["name"]] if len(claim["tests"]) > 1 or not nearest else []
        names += [nearest["name"]] if nearest and len(test["cases"]) > 1 else []
        label = ", ".join(names) or test["name"]
        found.append(Line(label, cases, nearest, None if nearest else f"{test['name']}: {reason}"))
    return found


def _draw_line(axes, middle, line):
    for case in sorted(line.cases, key=lambda case: case is line.shown):
        _draw_case(axes, middle, case, case is line.shown or len(line.cases) == 1)
    if line.shown is None:
        text = page.cut(line.remark, _CLAIMED_END - _LABEL, style.SMALL_POINTS)
        page.write(axes, _LABEL, middle, text, fontsize=style.SMALL_POINTS, color="#666666")
        return
    figures = words.format_estimate(line.shown)
    room = _MEASURED_END - page.measure(figures, style.SMALL_POINTS) - 0.1 - _LABEL
    if line.shown["published"] is not None:
        theirs = f"\u25c7{words.format_stated(line.shown['published'], line.shown)}"
        page.write(axes, _LABEL + room, middle, theirs, fontsize=style.SMALL_POINTS, ha="right")
        room -= page.measure(theirs, style.SMALL_POINTS) + 0.1
    page.write(axes, _LABEL, middle, page.cut(line.label, room, style.SMALL_POINTS), fontsize=style.SMALL_POINTS, color="#666666")
    page.write(axes, _MEASURED_END, middle, figures, fontsize=style.SMALL_POINTS, ha="right")
    page.write(axes, _CLAIMED_END, middle, words.format_threshold(line.shown), fontsize=style.SMALL_POINTS, ha="right", color="#666666")


def _draw_case(axes, middle, case, large):
    look = dict(style.VERDICTS[case["verdict"]])
    if case["published"] is not None:
        at = [_find_x(axes, find_excess(case["published"], case))]
        axes.plot(at, [middle + 0.035], linestyle="none", zorder=2.4, **style.PUBLISHED)
    estimate = find_estimate(case)
    if estimate is None:
        return
    at, *ends = (None if each is None else find_excess(each, case) for each in estimate)
    if None not in ends:
        alpha, width = (0.9, 1.5) if large else (0.35, 1.2)
        places = [_find_x(axes, each) for each in sorted(ends)]
        axes.plot(places, [middle] * 2, color=look["color"], linewidth=width, alpha=alpha, zorder=2.2)
    if not _find_x(axes, 0) < math.log10(at or 1e-300) < _find_x(axes, math.inf):
        look |= {"marker": ">" if at > 1 else "<"}
    look["markersize"] *= _LARGE if large else _SMALL
    look |= {} if large else {"alpha": 0.6}
    axes.plot([_find_x(axes, at)], [middle], linestyle="none", zorder=3 if large else 2.6, label=case["verdict"], clip_on=False, **look)


def _find_x(axes, excess):
    """The position of an excess; beyond the axis: at its end."""
    low, high = axes.get_xlim()
    return min(high, max(low, math.log10(excess) if 0 < excess < math.inf else high if excess else low))


def _set_axis(axes, cases, height):
    """The common axis, with its names above the panel."""
    ends = [0.5, 2.0]
    for case in cases:
        numbers = [each for each in (*(find_estimate(case) or ()), case["published"]) if each is not None]
        # A value of 0 is beyond any axis.
        ends += [min(_HIGHEST, max(_LOWEST, each)) for each in (find_excess(number, case) for number in numbers) if 0 < each < math.inf]
    low, high = math.log10(min(ends)), math.log10(max(ends))
    margin = 0.06 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    inside = [each for each in _TICKS if low <= math.log10(each) <= high]
    inches = (_STRIP_END - _STRIP) / (high - low + 2 * margin)
    chosen = _apart(inside, inches)
    axes.xaxis.set_major_locator(FixedLocator([math.log10(each) for each in chosen]))
    axes.xaxis.set_major_formatter(FixedFormatter([_format_tick(each) for each in chosen]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelsize=style.SMALL_POINTS, top=True, labeltop=True, length=2.5, pad=2)
    axes.plot([0, 0], [0, height], color=style.INK, linewidth=1, zorder=1.8)
    for inches, text, side in (
        (_LEFT, "claim", "left"),
        (_VERDICT, "verdict", "left"),
        (_LABEL, "test, its nearest case", "left"),
        (_MEASURED_END, "measured", "right"),
        (_CLAIMED_END, "claimed", "right"),
    ):
        page.write(axes, inches, -0.1, text, ha=side, fontsize=style.SMALL_POINTS, color=style.FAINT)
    zero = _STRIP + (margin - low) * (_STRIP_END - _STRIP) / (high - low + 2 * margin)
    for text, side, shift in (("\u2190 refutes", "right", -0.08), ("supports \u2192", "left", 0.08)):
        page.write(axes, zero + shift, -0.26, text, ha=side, fontsize=style.SMALL_POINTS, color=style.FAINT)


def _format_tick(factor):
    return "claimed" if factor == 1 else f"\u00d7{factor:g}" if factor > 1 else f"\u00f7{1 / factor:g}"


def _apart(factors, inches):
    """The factors whose labels do not touch: 1, then those nearest to the ends. `inches`: of a decade."""
    widths = {each: page.measure(_format_tick(each), style.SMALL_POINTS) for each in factors}
    kept = [1]
    for factor in sorted(factors, key=lambda each: -abs(math.log(each))):
        room = {other: (widths[factor] + widths[other]) / 2 + 0.06 for other in kept}
        if all(abs(math.log10(factor / other)) * inches > room[other] for other in kept):
            kept.append(factor)
    return sorted(kept)


def _legend(claims, cases):
    found = {each["verdict"] for each in (*claims, *cases)}
    entries = [page.Entry(f"{word}: {text}", style.VERDICTS[word]) for word, text in words.VERDICTS.items() if word in found]
    if any(case["published"] is not None for case in cases):
        entries.append(page.Entry("published: the figure of the source", style.PUBLISHED))
    note = (
        "each mark is a case with its interval, at its distance from the claimed threshold, a factor (logarithmic; an arrow: beyond the "
        "axis); the large mark is the case whose figures stand on the right, the nearest to the threshold; \u21c4: flip point, with its interval"
    )
    return entries + [page.Entry(note)]
