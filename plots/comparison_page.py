"""Comparisons with other programs and validations against known values, as Markdown sections of docs/results.md."""

COSTS = """## CPU time per request, compared with other programs

The programs run in turn within rounds on the same CPU. The first column is the program's own CPU time; the others are
the ratio to the program in the column's head: the median over rounds and its interval."""
VALIDATION = """## Validation against known values

`fanin-load` measures servers whose behaviour is known, and its own schedule. A dash: no value is known, or none could
be measured."""


def sections(documents):
    """All figures of comparisons and validations; nothing where there are none."""
    comparisons = [each for each in documents if each["schema"] == "fanin-comparison"]
    known = [each for each in documents if each["schema"] != "fanin-comparison"]
    parts = [COSTS, *map(_costs, comparisons), *_left_out(comparisons)] if comparisons else []
    return parts + ([VALIDATION, *map(_validation, known)] if known else [])


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


def _left_out(comparisons):
    skipped = {f"`{each['name']}` ({each['reason']})": None for document in comparisons for each in document["skipped"]}
    return [f"Left out: {'; '.join(skipped)}."] * bool(skipped)


def _validation(document):
    """What the generator measured, the expected value, the bound and the verdict."""
    head = f"| {document['title']} (`{document['driver']}`) | measured | expected | bound | |"
    rows = [head, "|---|---|---|---|---|"]
    for each in document["figures"]:
        unit = unit_of(each)
        measured, expected = (number(each[key], unit) for key in ("measured", "expected"))
        rows.append(f"| {each['name']} | {measured} | {expected} | {bounds(each, unit)} | {verdict(each['holds'])} |")
    return "\n".join(rows + [""] + [f"- {note}" for note in document["notes"]])


def verdict(holds):
    return "pass" if holds else "**fail**"


def unit_of(figure):
    """What is written behind its numbers."""
    return {"share": "", "count": "", "ratio": "", "1/s": "/s"}.get(figure["unit"], f" {figure['unit']}")


def number(value, unit):
    if value is None:
        return "\u2014"
    return f"{value:,.0f}{unit}" if abs(value) >= 1000 else f"{value:.4g}{unit}"


def bounds(figure, unit):
    low, high = figure["low"], figure["high"]
    if low is not None and low == high:
        return f"= {number(low, unit)}"
    if low is None or high is None:
        signs = (("\u2265", low), ("\u2264", high))
        return " ".join(f"{sign} {number(bound, unit)}" for sign, bound in signs if bound is not None)
    return f"{number(low, '')} to {number(high, unit)}"
