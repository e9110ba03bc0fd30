"""The claims about the generator, one line each: what was measured, its bound, pass or fail.

A claim covers several figures, such as those of all percentiles. Its line shows the figure nearest to its bound, or
farthest beyond it; comparison_page shows all of them.
"""

import re
from dataclasses import dataclass, field

from plots.comparison_page import bounds, number, ratio_text, unit_of, verdict

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
        ("Open loop: the generator detects preemptions", "preemptions seen"),
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
            r"connections (up|served|failed)|requests without",
        ),
        ("A million connections: connection rate", "new connections"),
        ("A million connections: generator memory per connection", "generator's memory"),
        ("Over-capacity requests fail fast, with one line", "past the limit"),
    ),
    "fault-injection": (("Fault injection: every request is accounted for, every error is named", "a server that"),),
}
# Minimal clients over the same kernel interface as a driver: a floor for its cost.
FLOORS = {
    "fanin-load io-uring": {
        "minimal-uring-client record": "records as little as possible",
        "minimal-uring-client": "records nothing",
    }
}
# The program with the same figure in the same document: a floor or ceiling.
LEAST = {"new connections per second": "minimal-connector"}


@dataclass
class Claim:
    what: str
    figures: list = field(default_factory=list)  # (distance to the bound, as a share of it; measured; bound; holds)

    def row(self):
        _, measured, bound, _ = min(self.figures, key=lambda each: (each[3], each[0]))
        held = sum(each[3] for each in self.figures)
        all_hold = held == len(self.figures)
        some = f": {held} of {len(self.figures)} pass" if not all_hold and len(self.figures) > 1 else ""
        return f"| {self.what} | {measured} | {bound} | {verdict(all_hold)}{some} |"


def table(documents):
    """The claims as a table, in a list; an empty list where no document backs a claim."""
    claims = {}
    order = list(VALIDATIONS)
    for document in sorted(documents, key=lambda each: order.index(each["kind"]) if each["kind"] in order else -1):
        found = _costs(document) if document["schema"] == "fanin-comparison" else figures_of(document)
        for what, figure in found:
            claims.setdefault(what, Claim(what)).figures.append(figure)
    if not claims:
        return []
    rows = ["| claim | measured, nearest to its bound | bound | |", "|---|---|---|---|"]
    return ["\n".join(rows + [claim.row() for claim in claims.values()])]


def _costs(document):
    for ratio in document["ratios"]:
        for (driver, other, kind), limit in COST_LIMITS.items():
            if ratio["name"].startswith(driver) and ratio["baseline"] == other and document["kind"] == kind:
                place = document["title"].split(":")[0]
                measured = f"{ratio_text(ratio)}: " + f"`{ratio['name']}`, " * (driver != ratio["name"]) + place
                measured += _floor(document, driver, other)
                holds = ratio["median"] <= limit
                figure = (1 - ratio["median"] / limit, measured, f"\u2264 {limit:.2f}", holds)
                server = " (nginx serves)" * (kind == "generator-nginx")
                yield f"CPU time per request: `{driver}` to `{other}`{server}", figure


def _floor(document, driver, other):
    floors = FLOORS.get(driver, {})
    return "".join(
        f"; `{ratio['name']}`, which {floors[ratio['name']]}, has {ratio_text(ratio)}"
        for ratio in document["ratios"]
        if ratio["name"] in floors and ratio["baseline"] == other
    )


def figures_of(document):
    """(claim, its figure as in Claim) for each figure of a fanin-validation document that has a bound."""
    for what, names in VALIDATIONS[document["kind"]]:
        for each in document["figures"]:
            if re.match(names, each["name"]) and (each["low"], each["high"]) != (None, None):
                unit = unit_of(each)
                measured = f"{number(each['measured'], unit)}: {each['name']}, `{document['driver']}`"
                measured += _least(document, each["name"])
                yield what, (_room(each), measured, bounds(each, unit), each["holds"])


def _least(document, name):
    program = LEAST.get(name)
    for each in document["figures"]:
        if each["name"] == f"{program}: {name}":
            return f"; `{program}`, a minimal program: {number(each['measured'], unit_of(each))}"
    return ""


def _room(figure):
    """How far the figure is from its nearest bound, as a share of what it may deviate; less than 0 beyond it."""
    measured, expected, low, high = (figure[key] for key in ("measured", "expected", "low", "high"))
    if measured is None:
        return float("-inf")
    if expected is not None:
        sides = (bound - expected for bound in (low, high) if bound not in (None, expected))
        return min((1 - (measured - expected) / side for side in sides), default=-abs(measured - expected))
    return 1 - measured / high if high else measured / low - 1 if low else measured
