"""What the validations of verdicts found, as the Markdown parts of docs/statistics.md."""

from plots import comparison_page

# Name of the part in the document: the program below validation/, and its committed result.
PARTS = {
    "stored runs": ("validate_stored_runs", "results/selftest/stored-runs.json"),
    "suite sessions": ("validate_suite_sessions", "results/selftest/suite-sessions.json"),
}


def section(name, document):
    """The table of the part's fanin-validation document, which fits its schema; None: there is none."""
    program, result = PARTS[name]
    if document is None:
        return f"Not measured yet: `python3 -m validation.{program} --json {result}` does."
    rows = [
        f"| {each['name']} | {each['measured']:g}{' times' * (each['unit'] == 'times')} "
        f"| {_format_bounds(each)} | {_format_holds(each)} |"
        for each in document["figures"]
    ]
    head = [f"| {document['title']} | | required | holds |", "|---|---|---|---|"]
    origin = f"{comparison_page.format_origin(document)}."
    return "\n".join([*head, *rows, "", origin, *(f"{note}." for note in document["notes"]), f"[All figures](../{result})."])


def _format_bounds(figure):
    bounds = [f"{sign} {figure[key]:g}" for key, sign in (("low", "≥"), ("high", "≤")) if figure[key] is not None]
    return " and ".join(bounds) or "-"


def _format_holds(figure):
    """A figure without bounds claims nothing."""
    return "**no**" if not figure["holds"] else "-" if (figure["low"], figure["high"]) == (None, None) else "yes"
