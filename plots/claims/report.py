"""One self-contained HTML page of claims: the walls, then each claim with its chart and all its figures."""

from plots import captions, ticks, web_page
from plots.claims import words
from plots.claims.document import describe_metric, is_value, list_cases, list_claims
from plots.document import metric_table

NAME = "report.html"


def write(document, pictures, path):
    """Writes the report with `pictures` (web_page.Pictures) to `path`. Raises OSError if it cannot."""
    web_page.write("claims/report.html.j2", contents(document, pictures), path)


def contents(document, pictures):
    """The values for the template."""
    claims = list_claims(document)
    return {
        "document": document,
        "counts": words.describe_counts(words.count_verdicts(claims)),
        "meanings": [(word, text) for word, text in words.VERDICTS.items() if any(each["verdict"] == word for each in claims)],
        "machine": captions.describe_machine(document["environment"]["start"]),
        "receipt": " \u00b7 ".join(words.describe_receipt(document, [case for claim in claims for case in list_cases(claim)])),
        "walls": [each for each in pictures if each.of is None],
        "claims": [_describe(claim, pictures) for claim in claims],
        "environment": web_page.list_environment(document["environment"]),
    }


def _describe(claim, pictures):
    cases = list_cases(claim)
    return {
        "claim": claim,
        "reason": words.describe_verdict(claim)[1],
        "choice": words.describe_choice(claim),
        "pictures": [each for each in pictures if each.of == claim["id"]],
        "has_published": any(case["published"] is not None for case in cases),
        "tests": [_describe_test(test) for test in claim["tests"]],
        "flips": [words.describe_flip(each) for each in claim["flips"]],
        "slopes": words.list_slopes(claim),
        "mechanisms": words.list_mechanisms(claim),
        "reasons": words.list_disturbances(claim),
        "metrics": _list_metrics(cases),
    }


def _describe_test(test):
    reason = words.describe_verdict(test)[1]
    return {"test": test, "reason": reason, "metric": describe_metric(test["metric"]), "rows": [_describe_case(case) for case in test["cases"]]}


def _describe_case(case):
    base, new = (_format_median(case, side) for side in ("base", "new"))
    control = case["control"] and words.format_factor(case["control"]["ratio"])
    if control and case["control"]["low"] is not None:
        control += f" [{', '.join(words.format_factor(case['control'][end]) for end in ('low', 'high'))}]"
    smallest = case["smallest_effect"]
    return {
        "name": case["name"],
        "base_label": case["base_label"] or "",
        "new_label": case["new_label"],
        "base": base if not is_value(case) else "",
        "new": new,
        "measured": words.format_estimate(case),
        "claimed": words.format_threshold(case),
        "published": "" if case["published"] is None else words.format_stated(case["published"], case),
        "control": control or "none",
        "units": f"{case['units']}{', interleaved' if case['interleaved'] else ', one after another'}",
        "smallest": "unknown" if smallest is None else f"{100 * smallest:.1f} %",
        "placement": case["placement"],
        "verdict": case["verdict"],
    }


def _format_median(case, side):
    if case[side] is None:
        return "\u2013"
    return ticks.FORMS[case["unit"]](case[side]) + ("/s" if case["unit"] == "1/s" else "")


def _list_metrics(cases):
    """Rows (sides, metric, base, new) of the metrics that explain the figures."""
    rows = []
    for case in cases:
        base, new = ((case["mechanism"] or {}).get(side) or {} for side in ("base", "new"))
        for metric in {**base, **new}:
            form = ticks.FORMS[metric_table()[metric]["unit"] if metric in metric_table() else "ns" if metric.endswith("_ns") else "1"]
            figures = ["\u2013" if each.get(metric) is None else form(each[metric]) for each in (base, new)]
            rows.append((words.describe_sides(case), describe_metric(metric), *figures))
    return rows
