"""The claims of the README, one line each: what was measured, what it must be, whether it holds.

A claim is about several figures, such as those of all percentiles: shown is the one nearest to its bound, or farthest
beyond it. All figures are on the page that beside_others makes.
"""

import re
from dataclasses import dataclass, field

from plots.beside_others import bounds, number, ratio_text, unit_of

# The most that fanin-load's CPU time per request may be of a peer's: by the driver, or for all of them, the peer, and
# the kind of the comparison. Replies of nginx come in segments of its own, and cost every client something else.
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
# What the figures of a truth file are about, by its kind: a claim and the names of its figures.
TRUTHS = {
    "open-loop": (
        ("Open loop: the rate is the one asked for", "achieved rate"),
        ("Open loop: sends leave when they are due", "sends within"),
        ("Open loop: the generator sees when its CPU is taken from it", "stalls seen"),
        ("Open loop: gaps between sends are those of the schedule", "gaps"),
    ),
    "stall": (
        ("A server that stalls once a second: percentiles as by hand", r"(p[\d.]+|max) at"),
        ("A server that stalls: sends still leave when they are due", "sends on time"),
        ("A server that stalls: the closed loop says that it cannot show it", "the closed loop"),
    ),
    "slices": (
        ("Servers that take turns: the same one twice is the same", "A/A"),
        ("Servers that take turns: one that does a little more is told apart", "A/B"),
    ),
    "scale": (
        (
            "A million connections: all come up, each is served, none is lost",
            r"connections (up|served|failed)|requests without",
        ),
        ("A million connections: they come up quickly", "new connections"),
        ("A million connections: the generator's memory for each", "generator's memory"),
        ("A million connections: more than fit are refused in one line", "past the limit"),
    ),
    "weather": (("Servers that misbehave: every request is accounted for, every error is named", "a server that"),),
}
# The least that can be done with what a driver uses, as its bound asks for more than its peer does.
FLOORS = {
    "fanin-load io-uring": {
        "minimal-uring-client record": "records as little as it can",
        "minimal-uring-client": "records nothing",
    }
}
# The same of a figure: the program whose figure of this name stands in the same document.
LEAST = {"new connections per second": "minimal-connector"}


@dataclass
class Claim:
    what: str
    figures: list = field(default_factory=list)  # (room to the bound, as a share of it; measured; must be; holds)

    def row(self):
        _, measured, must_be, _ = min(self.figures, key=lambda each: (each[3], each[0]))
        held = sum(each[3] for each in self.figures)
        some = f": {held} of {len(self.figures)} hold" if len(self.figures) > 1 else ""
        verdict = "holds" if held == len(self.figures) else f"**no**{some}"
        return f"| {self.what} | {measured} | {must_be} | {verdict} |"


def table(documents):
    """Parts of the README from fanin-peers and fanin-truth documents; none where nothing of it is claimed."""
    claims = {}
    for document in documents:
        found = _costs(document) if document["schema"] == "fanin-peers" else figures_of(document)
        for what, figure in found:
            claims.setdefault(what, Claim(what)).figures.append(figure)
    if not claims:
        return []
    rows = ["| Claim | measured, nearest to its bound | must be | |", "|---|---|---|---|"]
    return ["\n".join(rows + [claim.row() for claim in claims.values()])]


def _costs(document):
    for ratio in document["ratios"]:
        for (driver, peer, kind), limit in COST_LIMITS.items():
            if ratio["name"].startswith(driver) and ratio["baseline"] == peer and document["kind"] == kind:
                place = document["title"].split(":")[0]
                measured = f"{ratio_text(ratio)}: " + f"`{ratio['name']}`, " * (driver != ratio["name"]) + place
                measured += _floor(document, driver, peer)
                holds = ratio["median"] <= limit
                figure = (1 - ratio["median"] / limit, measured, f"at most {limit:.2f}", holds)
                server = ", against nginx" * (kind == "generator-nginx")
                yield f"CPU time per request: `{driver}` to `{peer}`{server}", figure


def _floor(document, driver, peer):
    floors = FLOORS.get(driver, {})
    return "".join(
        f"; `{ratio['name']}`, which {floors[ratio['name']]}, has {ratio_text(ratio)}"
        for ratio in document["ratios"]
        if ratio["name"] in floors and ratio["baseline"] == peer
    )


def figures_of(document):
    """(claim, its figure as in Claim) for each figure of a fanin-truth document that has a bound."""
    for what, names in TRUTHS[document["kind"]]:
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
            return f"; `{program}`, which does nothing else, has {number(each['measured'], unit_of(each))}"
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
