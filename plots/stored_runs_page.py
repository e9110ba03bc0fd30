"""What `validation.validate_stored_runs` found, as the Markdown part of docs/statistics.md."""

RESULT = "results/selftest/stored-runs.json"
NOT_MEASURED = f"Not measured yet: `python3 -m validation.validate_stored_runs --json {RESULT}` does."


def section(document):
    """The table of a fanin-validation document of the kind stored-runs that fits its schema; None: there is none."""
    if document is None:
        return NOT_MEASURED
    rows = [
        f"| {each['name']} | {each['measured']:g}{'' if each['unit'] == 'pairs' else ' ' + each['unit']} "
        f"| {_format_bounds(each)} | {'yes' if each['holds'] else '**no**'} |"
        for each in document["figures"]
    ]
    head = ["| stored runs, one a side | | required | holds |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, "", *(f"{note}." for note in document["notes"]), f"[All figures](../{RESULT})."])


def _format_bounds(figure):
    bounds = [f"{sign} {figure[key]:g}" for key, sign in (("low", "≥"), ("high", "≤")) if figure[key] is not None]
    return " and ".join(bounds) or "-"
