"""docs/claims.md and the claims of the README: each claim with its verdict, figures, and what it means for the reader."""

from plots.claims import words
from plots.claims.document import list_cases, list_claims, list_published, list_shipped
from plots.claims.draw import PUBLISHED_WALL, WALL

PAGE = "docs/claims.md"
RESULT = "results/reference/claims/claims.json"
CHARTS = "results/reference/claims/charts"
HEAD = f"""<!-- python3 -m plots.publish {RESULT} writes this page: do not edit it -->

# Claims

Claims of tutorials and papers about concurrent servers, tested with `fanin claims`. A claim is a file in `harness/claims`.
Its tests state what is compared, the metric and the threshold before anything is measured. The verdict follows from the
intervals alone."""
MAX_FACTS = 3  # of a claim in sight: what holds in most cases
_PLACEMENTS = {"shared": " (on one CPU)", "all": " (on all CPUs)"}
NOT_MEASURED = f"Not measured yet: `fanin claims --out {RESULT.rsplit('/', 1)[0]}` does."


def page(document, charts):
    """The page as Markdown. `document`: of fanin claims, None: there is none; `charts`: stems of the charts that exist."""
    if document is None:
        return f"{HEAD}\n\n{NOT_MEASURED}\n"
    parts = [HEAD, _about(document), _meanings(document)]
    for title, claims, stem in (
        ("Claims of tutorials", list_shipped(document), WALL),
        ("Published results", list_published(document), PUBLISHED_WALL),
    ):
        if claims:
            parts += [f"## {title}", _picture(stem, f"{title}: {words.describe_counts(words.count_verdicts(claims))}", "..")]
            parts += [part for claim in claims for part in _section(claim, charts)]
    return "\n\n".join(filter(None, parts)) + "\n"


def introduction(document):
    """The part of the README, one line: the wall, and what it is; empty without a result."""
    if document is None:
        return ""
    claims = list_claims(document)
    stem = WALL if list_shipped(document) else PUBLISHED_WALL
    counts = words.describe_counts(words.count_verdicts(claims))
    return (
        f"[{_picture(stem, counts, '.')}]({PAGE}) `fanin claims` tests {len(claims)} claims of tutorials and papers on your machine: "
        f"{counts} on this one. [{PAGE}]({PAGE}) has the figures, and what each verdict means for your choice."
    )


def _picture(stem, words_of, top):
    return f"![{words_of}]({CHARTS if top == '.' else f'{top}/{CHARTS}'}/{stem}.png)"


def _about(document):
    claims = list_claims(document)
    origin = " \u00b7 ".join(words.describe_origin(document))
    method = "; ".join(words.describe_method(document, [case for claim in claims for case in list_cases(claim)]))
    return (
        f"{len(claims)} claim{'s' if len(claims) != 1 else ''}: {words.describe_counts(words.count_verdicts(claims))}.\n\n"
        f"- Measured on {origin}.\n"
        f"- Method: {method}.\n"
        "- A figure is the ratio of new to base with its interval, or a value. In a test with several cases the name of a case says what varies.\n"
        f"- [All figures](../{RESULT}); `python3 -m plots {RESULT}` draws all charts and a report."
    )


def _meanings(document):
    found = {each["verdict"] for each in document["claims"]} | {case["verdict"] for each in document["claims"] for case in list_cases(each)}
    return "\n".join(f"- **{word}**: {text}" for word, text in words.VERDICTS.items() if word in found)


def _section(claim, charts):
    yield f"### {claim['id']}: {_escape(claim['claim'])}"
    verdict, reason = words.describe_verdict(claim)
    yield f"**{verdict.capitalize()}**{_escape(reason)}"
    choice = words.describe_choice(claim)
    yield f"**For your choice:** {_escape(choice)}" if choice else ""
    yield _table(claim)
    facts = words.list_mechanisms(claim)
    lists = [f"Flip point: {words.describe_flip(each)}" for each in claim["flips"]]
    lists += [f"Slope: {each}" for each in words.list_slopes(claim)]
    lists += [f"Why: {each}" for each in facts[:MAX_FACTS]]
    lists += words.list_disturbances(claim)
    lists += [f"Confounders: {' '.join(claim['confounders'])}"] if claim["confounders"] else []
    lists += [f"Source: {claim['source']}" + (f"; {claim['setup']}" if claim["setup"] else "")]
    yield "\n".join(f"- {_escape(each)}" for each in lists)
    if rest := facts[MAX_FACTS:]:
        lines = "\n".join(f"- {_escape(each)}" for each in rest)
        yield f"<details><summary>{len(rest)} more {'reason' if len(rest) == 1 else 'reasons'}, case by case</summary>\n\n{lines}\n\n</details>"
    stem = f"claim-{claim['id']}"
    yield f"![{claim['id']}](../{CHARTS}/{stem}.png)" if stem in charts else ""


def _table(claim):
    """A row for each case."""
    published = any(case["published"] is not None for case in list_cases(claim))
    head = ["test", "new / base", "measured", "claimed", *(["published"] if published else []), "verdict"]
    rows = [_row(head), "|" + "---|" * len(head)]
    for test in claim["tests"]:
        for index, case in enumerate(test["cases"]):
            says = test["says"] if index == 0 else ""
            sides = words.name_case(test, case)
            theirs = "" if case["published"] is None else words.format_stated(case["published"], case)
            figures = [words.format_estimate(case), words.format_threshold(case), *([theirs] if published else [])]
            rows.append(_row([says, sides + _PLACEMENTS.get(case["placement"], ""), *figures, case["verdict"]]))
    return "\n".join(rows)


def _row(cells):
    return f"| {' | '.join(map(_escape, cells))} |"


def _escape(text):
    """The text without meaning for Markdown and HTML where it could have any."""
    for mark, written in (("\\", "\\\\"), ("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("`", "\\`"), ("[", "\\["), ("*", "\\*"), ("_", "\\_")):
        text = text.replace(mark, written)
    return text
