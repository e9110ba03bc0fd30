"""What was measured beside something else, as Markdown for the README: programs beside their peers, figures beside known values."""


def tables(documents):
    """Parts of the README from fanin-peers and fanin-truth documents; none without documents."""
    peers = [each for each in documents if each["schema"] == "fanin-peers"]
    truths = [each for each in documents if each["schema"] == "fanin-truth"]
    return (_costs(peers) if peers else []) + [_truth(each) for each in truths]


def _costs(peers):
    """One row for each two programs that were measured beside each other; who was left out, below."""
    rows = ["| CPU time per request, beside others | | ratio of pairs (interval) |", "|---|---|---|"]
    for document in peers:
        cost = {row["name"]: f"`{row['name']}` {row['cpu_us_per_request']:.2f} \u00b5s" for row in document["rows"]}
        for ratio in document["ratios"]:
            rows.append(
                f"| {document['title']} | {cost[ratio['name']]}, {cost[ratio['baseline']]} | {ratio['median']:.3f} "
                f"({ratio['low']:.3f} to {ratio['high']:.3f}) |"
            )
    skipped = {f"`{each['name']}` ({each['reason']})": None for document in peers for each in document["skipped"]}
    return ["\n".join(rows)] + ([f"Left out: {'; '.join(skipped)}."] if skipped else [])


def _truth(document):
    """What the generator measured, what is known, and whether it holds."""
    rows = [f"| {document['title']} (`{document['driver']}`) | measured | known | must be | |", "|---|---|---|---|---|"]
    for each in document["figures"]:
        unit = "" if each["unit"] == "share" else f" {each['unit']}"
        measured, known = (_number(each[key], unit) for key in ("measured", "expected"))
        rows.append(f"| {each['name']} | {measured} | {known} | {_bounds(each, unit)} | {'holds' if each['holds'] else '**no**'} |")
    return "\n".join(rows + [""] + [f"- {note}" for note in document["notes"]])


def _number(value, unit):
    return "\u2014" if value is None else f"{value:,.6g}{unit}"


def _bounds(figure, unit):
    low, high = figure["low"], figure["high"]
    if low is None or high is None:
        return " ".join(
            f"{word} {_number(bound, unit)}" for word, bound in (("at least", low), ("at most", high)) if bound is not None
        )
    return f"{_number(low, '')} to {_number(high, unit)}"
