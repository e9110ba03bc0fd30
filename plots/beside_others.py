"""What was measured beside something else, as Markdown: programs beside their peers, figures beside known values."""

PAGE = "docs/measured.md"
HEAD = """<!-- python3 -m plots.publish writes this page: do not change it by hand -->

# Measured beside others, and beside what is known

Of the run that the [README](../README.md) shows: its claims rest on these figures. `baselines/measure.sh RUN`
measures them, [results/README.md](../results/README.md) says what the files hold.
"""
COSTS = """## CPU time per request beside others

The programs take turns within rounds on the same CPU. Beside each one's own time stands the ratio to the program that
the column is named for: the median of the ratios within rounds, and its interval."""
TRUTHS = """## Figures beside what is known

What `fanin-load` measured of servers whose behaviour is known, or of its own schedule. A dash is a figure that has no
known value, or none that could be measured."""


def page(documents):
    """A page of its own from fanin-peers and fanin-truth documents, all their figures."""
    peers = [each for each in documents if each["schema"] == "fanin-peers"]
    truths = [each for each in documents if each["schema"] == "fanin-truth"]
    parts = [HEAD.rstrip()]
    if peers:
        parts += [COSTS, *map(_costs, peers), *_left_out(peers)]
    if truths:
        parts += [TRUTHS, *map(_truth, truths)]
    return "\n\n".join(parts) + "\n"


def _costs(document):
    """A row for each program that is compared, a column for each that others are compared with."""
    cost = {row["name"]: f"{row['cpu_us_per_request']:.2f} \u00b5s" for row in document["rows"]}
    ratios = {(each["name"], each["baseline"]): ratio_text(each) for each in document["ratios"]}
    columns = list(dict.fromkeys(baseline for _, baseline in ratios))
    rows = [
        f"| {document['title']} | | " + " | ".join(f"to `{name}`, {cost[name]}" for name in columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for name in dict.fromkeys(name for name, _ in ratios):
        cells = " | ".join(ratios.get((name, column), "") for column in columns)
        rows.append(f"| `{name}` | {cost[name]} | {cells} |")
    return "\n".join(rows)


def ratio_text(ratio):
    return f"{ratio['median']:.3f} ({ratio['low']:.3f} to {ratio['high']:.3f})"


def _left_out(peers):
    skipped = {f"`{each['name']}` ({each['reason']})": None for document in peers for each in document["skipped"]}
    return [f"Left out: {'; '.join(skipped)}."] * bool(skipped)


def _truth(document):
    """What the generator measured, what is known, and whether it holds."""
    rows = [f"| {document['title']} (`{document['driver']}`) | measured | known | must be | |", "|---|---|---|---|---|"]
    for each in document["figures"]:
        unit = unit_of(each)
        measured, known = (number(each[key], unit) for key in ("measured", "expected"))
        holds = "holds" if each["holds"] else "**no**"
        rows.append(f"| {each['name']} | {measured} | {known} | {bounds(each, unit)} | {holds} |")
    return "\n".join(rows + [""] + [f"- {note}" for note in document["notes"]])


def unit_of(figure):
    """What is written behind its numbers."""
    return {"share": "", "count": "", "ratio": "", "1/s": "/s"}.get(figure["unit"], f" {figure['unit']}")


def number(value, unit):
    if value is None:
        return "\u2014"
    return f"{value:,.0f}{unit}" if abs(value) >= 1000 else f"{value:.4g}{unit}"


def bounds(figure, unit):
    low, high = figure["low"], figure["high"]
    if low is None or high is None:
        return " ".join(
            f"{word} {number(bound, unit)}"
            for word, bound in (("at least", low), ("at most", high))
            if bound is not None
        )
    return f"{number(low, '')} to {number(high, unit)}"
