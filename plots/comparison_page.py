"""Comparisons with other programs and validations against known values, as Markdown sections of docs/results.md.

The claims have one line each: the figure nearest to its bound, or farthest beyond it, and pass or fail. The tables
below them show all figures.
"""

import re
from dataclasses import dataclass, field

# The highest ratio of fanin-load's CPU time per request to a competitor's, by driver (or all drivers), competitor and
# kind of comparison.
COST_LIMITS = {
    ("fanin-load epoll", "minimal-epoll-client", "generator-echo"): 1.05,
    ("fanin-load io-uring", "minimal-epoll-client", "generator-echo"): 0.95,
    ("fanin-load", "wrk", "generator-http"): 0.80,
    ("fanin-load", "h2load", "generator-http"): 0.70,
    ("fanin-load", "ab", "generator-http"): 1.0,
    ("fanin-load", "wrk", "generator-nginx"): 0.90,
    ("fanin-load", "h2load", "generator-nginx"): 0.90,
    ("fanin-load", "ab", "generator-nginx"): 1.0,
}
# The claims of each kind of validation: the claim and a pattern of the names of its figures.
VALIDATIONS = {
    "open-loop": (
        ("Open loop: the achieved rate is the requested one", "achieved rate"),
        ("Open loop: sends leave on schedule", "sends within"),
        ("Open loop: the generator detects preemptions", "preemptions detected"),
        ("Open loop: gaps between sends follow the schedule's distribution", "gaps"),
    ),
    "stall": (
        ("A server that stalls once a second: percentiles match the analytic values", r"(p[\d.]+|max) at"),
        ("A server that stalls: sends leave on schedule", "sends on time"),
        ("A server that stalls: the closed loop warns that it hides stalls", "the closed loop"),
    ),
    "interleaving": (
        ("Interleaving: A/A ratios scatter by at most 1 %", "A/A"),
        ("Interleaving: A/B detects 200 ns more work per request", "A/B"),
    ),
    "scale": (
        (
            "A million connections: all are established and served, none is lost",
            r"connections (established|served|failed)|requests without",
        ),
        ("A million connections: connection rate", "new connections"),
        ("A million connections: generator memory per connection", "generator memory"),
        ("Over-capacity requests fail fast, with one line", "over-capacity request"),
    ),
    "fault-injection": (("Fault injection: every request is accounted for, every error is named", "a server that"),),
}
# Minimal clients over the kernel interface of a driver: the floor of its cost.
FLOORS = {
    "fanin-load io-uring": {
        "minimal-uring-client record": "records as little as possible",
        "minimal-uring-client": "records nothing",
    }
}
# The minimal program with the same figure in the document.
MINIMAL = {"new connections per second": "minimal-connector"}
COSTS = """## CPU time per request, compared with other programs

The programs are interleaved within rounds on the same CPU. The first column is the CPU time of the program, the others
its ratio to the program in the heading: median over rounds and interval."""
VALIDATION = """## Validation against known values

`fanin-load` measures servers with known behaviour, and its own schedule. A dash: unknown, or not measured."""


@dataclass
class Claim:
    what: str
    figures: list = field(default_factory=list)  # (distance to the bound, as a share of it; measured; bound; holds)

    def row(self):
        _, measured, bound, _ = min(self.figures, key=lambda each: (each[3], each[0]))
        held = sum(each[3] for each in self.figures)
        all_hold = held == len(self.figures)
        some = f": {held} of {len(self.figures)} pass" if not all_hold and len(self.figures) > 1 else ""
        return f"| {self.what} | {measured} | {bound} | {format_verdict(all_hold)}{some} |"


def claims_table(documents):
    """The claims as a table, in a list; an empty list if no document backs a claim."""
    claims = {}
    order = list(VALIDATIONS)
    for document in sorted(documents, key=lambda each: order.index(each["kind"]) if each["kind"] in order else -1):
        found = _find_costs(document) if document["schema"] == "fanin-comparison" else find_figures(document)
        for what, figure in found:
            claims.setdefault(what, Claim(what)).figures.append(figure)
    if not claims:
        return []
    rows = ["| claim | measured, nearest to its bound | bound | |", "|---|---|---|---|"]
    return ["\n".join(rows + [claim.row() for claim in claims.values()])]


def _find_costs(document):
    for ratio in document["ratios"]:
        for (driver, other, kind), limit in COST_LIMITS.items():
            if ratio["name"].startswith(driver) and ratio["baseline"] == other and document["kind"] == kind:
                place = document["title"].split(":")[0]
                measured = f"{format_ratio(ratio)}: " + f"`{ratio['name']}`, " * (driver != ratio["name"]) + place
                measured += _format_floor(document, driver, other)
                holds = ratio["median"] <= limit
                figure = (1 - ratio["median"] / limit, measured, f"\u2264 {limit:.2f}", holds)
                server = " (nginx serves)" * (kind == "generator-nginx")
                yield f"CPU time per request: `{driver}` to `{other}`{server}", figure


def _format_floor(document, driver, other):
    floors = FLOORS.get(driver, {})
    return "".join(
        f"; `{ratio['name']}`, which {floors[ratio['name']]}, has {format_ratio(ratio)}"
        for ratio in document["ratios"]
        if ratio["name"] in floors and ratio["baseline"] == other
    )


def find_figures(document):
    """(claim, its figure as in Claim) for each figure of a fanin-validation document that has a bound."""
    for what, names in VALIDATIONS[document["kind"]]:
        for each in document["figures"]:
            if re.match(names, each["name"]) and (each["low"], each["high"]) != (None, None):
                unit = format_unit(each)
                measured = f"{format_number(each['measured'], unit)}: {each['name']}, `{document['driver']}`"
                measured += _format_minimal(document, each["name"])
                yield what, (_measure_margin(each), measured, format_bounds(each, unit), each["holds"])


def _format_minimal(document, name):
    program = MINIMAL.get(name)
    for each in document["figures"]:
        if each["name"] == f"{program}: {name}":
            return f"; `{program}`, a minimal program: {format_number(each['measured'], format_unit(each))}"
    return ""


def _measure_margin(figure):
    """The distance of the figure to its nearest bound, as a share of the permitted deviation; negative beyond it."""
    measured, expected, low, high = (figure[key] for key in ("measured", "expected", "low", "high"))
    if measured is None:
        return float("-inf")
    if expected is not None:
        sides = (bound - expected for bound in (low, high) if bound not in (None, expected))
        return min((1 - (measured - expected) / side for side in sides), default=-abs(measured - expected))
    return 1 - measured / high if high else measured / low - 1 if low else measured


def sections(documents):
    """All figures of comparisons and validations."""
    comparisons = [each for each in documents if each["schema"] == "fanin-comparison"]
    known = [each for each in documents if each["schema"] != "fanin-comparison"]
    parts = [COSTS, *map(_format_costs, comparisons), *_format_skipped(comparisons)] if comparisons else []
    return parts + ([VALIDATION, *map(_format_validation, known)] if known else [])


def format_origins(documents):
    """When the documents were measured, by which commit and on which kernel: one sentence for each origin."""
    titles = {}
    for each in documents:
        titles.setdefault(format_origin(each), []).append(each["title"].rstrip("."))
    for origin, found in titles.items():
        yield f"{origin}: {'; '.join(found)}."


def format_origin(document):
    """2026-03-14, commit 0123456789, Linux 6.1"""
    day = document["measured_at"][:10] if document["measured_at"] else "Day not recorded"
    build = f"commit {document['commit']}" if document["commit"] else "commit not recorded"
    return f"{day}, {build}, Linux {document['kernel']}"


def _format_costs(document):
    """A row for each program, a column for each baseline."""
    cost = {row["name"]: f"{row['cpu_us_per_request']:.2f} \u00b5s" for row in document["rows"]}
    ratios = {(each["name"], each["baseline"]): format_ratio(each) for each in document["ratios"]}
    columns = list(dict.fromkeys(baseline for _, baseline in ratios))
    rows = [
        f"| {document['title']} | | " + " | ".join(f"to `{name}`, {cost[name]}" for name in columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for name in dict.fromkeys(name for name, _ in ratios):
        cells = " | ".join(ratios.get((name, column), "") for column in columns)
        rows.append(f"| `{name}` | {cost[name]} | {cells} |")
    return "\n".join(rows)


def format_ratio(ratio):
    return f"{ratio['median']:.3f} ({ratio['low']:.3f} to {ratio['high']:.3f})"


def _format_skipped(comparisons):
    skipped = {f"`{each['name']}` ({each['reason']})": None for document in comparisons for each in document["skipped"]}
    return [f"Not measured: {'; '.join(skipped)}."] * bool(skipped)


def _format_validation(document):
    """Measured and expected value, bound and verdict of each figure."""
    head = f"| {document['title']} (`{document['driver']}`) | measured | expected | bound | |"
    rows = [head, "|---|---|---|---|---|"]
    for each in document["figures"]:
        unit = format_unit(each)
        measured, expected = (format_number(each[key], unit) for key in ("measured", "expected"))
        rows.append(f"| {each['name']} | {measured} | {expected} | {format_bounds(each, unit)} | {format_verdict(each['holds'])} |")
    return "\n".join(rows + [""] + [f"- {note}" for note in document["notes"]])


def format_verdict(holds):
    return "pass" if holds else "**fail**"


def format_unit(figure):
    """The unit after its numbers."""
    return {"share": "", "count": "", "ratio": "", "1/s": "/s"}.get(figure["unit"], f" {figure['unit']}")


def format_number(value, unit):
    if value is None:
        return "\u2014"
    return f"{value:,.0f}{unit}" if abs(value) >= 1000 else f"{value:.4g}{unit}"


def format_bounds(figure, unit):
    low, high = figure["low"], figure["high"]
    if low is not None and low == high:
        return f"= {format_number(low, unit)}"
    if low is None or high is None:
        signs = (("\u2265", low), ("\u2264", high))
        return " ".join(f"{sign} {format_number(bound, unit)}" for sign, bound in signs if bound is not None)
    return f"{format_number(low, '')} to {format_number(high, unit)}"
