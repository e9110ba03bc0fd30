"""What was measured beside something else, as Markdown: programs beside their peers, figures beside known values."""


def tables(documents):
    """Parts of the README from fanin-peers and fanin-truth documents; none without documents."""
    peers = [each for each in documents if each["schema"] == "fanin-peers"]
    truths = [each for each in documents if each["schema"] == "fanin-truth"]
    return (_costs(peers) if peers else []) + [_truth(each) for each in truths]


def _costs(peers):
    """One row for each program, beside all those that it was measured with; who was left out, below."""
    rows = ["| CPU time per request, beside others | | ratio of pairs (interval) |", "|---|---|---|"]
    for document in peers:
        cost = {row["name"]: f"`{row['name']}` {row['cpu_us_per_request']:.2f} \u00b5s" for row in document["rows"]}
        beside = {}
        for ratio in document["ratios"]:
            words = f"to {cost[ratio['baseline']]}: {ratio['median']:.3f} ({ratio['low']:.3f} to {ratio['high']:.3f})"
            beside.setdefault(ratio["name"], []).append(words)
        rows += [f"| {document['title']} | {cost[name]} | {'<br>'.join(all_)} |" for name, all_ in beside.items()]
    skipped = {f"`{each['name']}` ({each['reason']})": None for document in peers for each in document["skipped"]}
    return ["\n".join(rows)] + ([f"Left out: {'; '.join(skipped)}."] if skipped else [])


def _truth(document):
    """What the generator measured, what is known, and whether it holds."""
    rows = [f"| {document['title']} (`{document['driver']}`) | measured | known | must be | |", "|---|---|---|---|---|"]
    for each in document["figures"]:
        unit = {"share": "", "count": "", "1/s": "/s"}.get(each["unit"], f" {each['unit']}")
        measured, known = (_number(each[key], unit) for key in ("measured", "expected"))
        holds = "holds" if each["holds"] else "**no**"
        rows.append(f"| {each['name']} | {measured} | {known} | {_bounds(each, unit)} | {holds} |")
    return "\n".join(rows + [""] + [f"- {note}" for note in document["notes"]])


def _number(value, unit):
    if value is None:
        return "\u2014"
    return f"{value:,.0f}{unit}" if abs(value) >= 1000 else f"{value:.4g}{unit}"


def _bounds(figure, unit):
    low, high = figure["low"], figure["high"]
    if low is None or high is None:
        return " ".join(
            f"{word} {_number(bound, unit)}"
            for word, bound in (("at least", low), ("at most", high))
            if bound is not None
        )
    return f"{_number(low, '')} to {_number(high, unit)}"
