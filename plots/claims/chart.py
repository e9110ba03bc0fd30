"""The chart of one claim: a panel for each sweep and each search for a flip point, and a dot plot of all other cases."""

import matplotlib

from plots import page, style
from plots.claims import dots, lines, words
from plots.claims.document import is_value, list_cases

MAX_NOTES = 6  # of a kind; the report has all


def draw(document, claim):
    """Returns the Figure of a claim of the document."""
    panels = lines.find_panels(claim)
    tables, left_out = _find_tables(claim)
    heights = [lines.HEIGHT] * len(panels) + [each.height for each in tables]
    with matplotlib.rc_context(style.RC):
        sheet = page.new_page(
            (f"{claim['id']}: {claim['claim']}", "".join(words.describe_verdict(claim)), words.find_alarm(document)),
            len(heights),
            1,
            [lines.legend(each) for each in panels] + [[] for _ in tables],
            _notes(claim, tables, panels, left_out),
            " \u00b7 ".join(words.describe_receipt(document, list_cases(claim))),
            left=dots.LEFT,
            legend_width=page.WIDTH - dots.RIGHT - page.RIGHT_MARGIN,
            panel_height=heights,
        )
        sheet.figure.texts[1].set_color(style.VERDICTS[claim["verdict"]]["color"])
        for axes, each in zip(sheet.panels, panels):
            box = axes.get_position()
            axes.set_position([lines.LEFT / page.WIDTH, box.y0, (lines.RIGHT - lines.LEFT) / page.WIDTH, box.height])
            lines.draw(axes, each)
        for axes, each in zip(sheet.panels[len(panels) :], tables):
            each.draw(axes)
    return sheet.figure


def _find_tables(claim):
    """(Dots of all cases that are in no sweep, the number of cases that they leave out)."""
    groups, room, left_out = {}, dots.MAX_ROWS, 0
    for test in claim["tests"]:
        if lines.find_sweep(test):
            continue
        kinds = {}
        for case in test["cases"]:
            kinds.setdefault(("value", case["unit"]) if is_value(case) else "ratio", []).append(case)
        for kind, cases in kinds.items():
            left_out += max(0, len(cases) - room)
            if cases[:room]:
                groups.setdefault(kind, []).append((test, cases[:room]))
            room = max(0, room - len(cases))
    return [dots.Dots(pairs) for pairs in groups.values()], left_out


def _notes(claim, tables, panels, left_out):
    cases = list_cases(claim)
    entries = [page.Entry("shaded: the claimed side of the threshold", {"color": dots.CLAIMED_SIDE, "marker": "s", "markersize": 8})]
    if any(case["control"] for case in cases if not is_value(case)):
        look = {"color": dots.CONTROL["color"], "marker": "_", "markersize": 10, "markeredgewidth": 1.6}
        entries.append(page.Entry("grey: control, a second, fresh copy of base compared with base", look))
    if any(case["published"] is not None for case in cases):
        entries.append(page.Entry(f"published: {claim['source']}", style.PUBLISHED))
    if any(point.verdict in ("undecided", "invalid") for each in panels for points in each.points.values() for point in points):
        entries.append(page.Entry("hollow: undecided or invalid", {"color": style.INK, "marker": "o", "markerfacecolor": "white"}))
    source = f"source: {claim['source']}" + (f"; {claim['setup']}" if claim["setup"] else "")
    texts = [source] + [f"flip point: {words.describe_flip(each)}" for each in claim["flips"][:MAX_NOTES]]
    texts += [f"slope: {text}" for text in words.list_slopes(claim)]
    texts += _limit([f"why: {text}" for text in words.list_mechanisms(claim)]) + _limit(words.list_disturbances(claim))
    texts += [f"{left_out} more cases are in the report"] if left_out else []
    return entries + [page.Entry(text) for text in texts]


def _limit(texts):
    more = len(texts) - MAX_NOTES
    return texts[:MAX_NOTES] + ([f"and {more} more of this kind, in the report"] if more > 0 else [])
