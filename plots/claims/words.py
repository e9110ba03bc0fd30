"""Figures and sentences of claims, the same in charts, the report and the documents."""

from plots import captions, ticks
from plots.claims.document import find_estimate, is_value

VERDICTS = {
    "confirmed": "every interval is wholly on the claimed side of its threshold",
    "refuted": "every interval is wholly on the other side",
    "contested": "the claim holds in some cases and fails in others",
    "undecided": "an interval includes its threshold, or there is none",
    "unsupported": "this machine lacks what the claim needs",
    "invalid": "a control or a round failed, so the figures decide nothing",
}
_SIGNS = {"at_least": "\u2265", "at_most": "\u2264"}


def format_factor(ratio):
    """1.50, 12.5, 1.2k; 0.965, which a threshold of 0.97 needs; 0.013"""
    if not 0 < ratio < 9.995:
        return ticks.count(ratio)
    return f"{ratio:.2f}" if ratio >= 0.9995 else f"{ratio:.3f}" if ratio >= 0.0995 else f"{ratio:#.2g}"


def format_number(number, case):
    """A ratio as a factor, \u00d71.50, or a value in the metric's unit."""
    if is_value(case):
        return format_value(number, case["unit"]) + ("/s" if case["unit"] == "1/s" else "")
    return f"\u00d7{format_factor(number)}"


def format_value(number, unit):
    """As ticks.FORMS; a share of nearly all has its digits, 0.9996, and one of nearly nothing few, 0.0007."""
    if unit == "1" and (0.99 <= number < 1 or abs(number) < 0.01):
        return f"{number:.4g}" if number >= 0.99 else f"{number:.2g}"
    return ticks.FORMS[unit](number)


def format_interval(case):
    """[1.41, 1.59], or None without an interval."""
    found = find_estimate(case)
    if not found or found[1] is None:
        return None
    texts = [format_value(each, case["unit"]) if is_value(case) else format_factor(each) for each in found]
    units = {text.partition(" ")[2] for text in texts}
    if len(units) == 1:  # that of the estimate, which stands before the interval
        texts = [text.partition(" ")[0] for text in texts]
    return f"[{texts[1]}, {texts[2]}]"


def format_estimate(case):
    """\u00d71.50 [1.41, 1.59]; a dash without one."""
    found = find_estimate(case)
    return " ".join(filter(None, (format_number(found[0], case), format_interval(case)))) if found else "\u2013"


def format_threshold(case):
    """\u2265 \u00d71.5"""
    return f"{_SIGNS[case['direction']]} {format_stated(case['threshold'], case)}"


def format_stated(number, case):
    """A number that others state, with no more digits than they gave: \u00d70.21."""
    return format_number(number, case) if is_value(case) else f"\u00d7{ticks.count(number)}"


def describe_sides(case):
    """New and base with what they share once: poll / epoll, 1,000 idle; select: 900 / 0 idle connections; of benchmarks
    fiber / thread (switch, cpus:1)."""
    if is_value(case):
        return case["new_label"]
    if case["kind"] == "calls":
        return _describe_benchmarks(*(shorten_label(case[side]).split("/") for side in ("new_label", "base_label")))
    (new, new_rest), (base, base_rest) = (_split(case[side]) for side in ("new_label", "base_label"))
    if new == base and new_rest and base_rest:
        return f"{new}: {_drop_end(new_rest, base_rest)} / {base_rest}"
    if new_rest == base_rest and new_rest:
        return f"{new} / {base}, {new_rest}"
    return " / ".join(shorten_label(case[side]) for side in ("new_label", "base_label"))


def _describe_benchmarks(new, base):
    """As describe_sides, of the parts of two names."""
    begin, end = [], []
    while len(new) > 1 and len(base) > 1 and new[0] == base[0]:
        begin.append(new[0])
        new, base = new[1:], base[1:]
    while len(new) > 1 and len(base) > 1 and new[-1] == base[-1]:
        end.insert(0, new[-1])
        new, base = new[:-1], base[:-1]
    shared = f" ({', '.join(begin + end)})" if begin + end else ""
    return f"{'/'.join(new)} / {'/'.join(base)}{shared}"


def _split(label):
    model, _, rest = shorten_label(label).partition(", ")
    return model, rest


def shorten_label(label):
    """The label without what Google Benchmark adds to each name."""
    return label.removesuffix("/real_time").removesuffix("/process_time")


def _drop_end(text, other):
    """The text without the words at its end that the other text ends with too; at least one word."""
    kept, others = text.split(" "), other.split(" ")
    while len(kept) > 1 and len(others) > 1 and kept[-1] == others[-1]:
        kept.pop()
        others.pop()
    return " ".join(kept)


def describe_verdict(part):
    """(verdict, rest of its reason) of a claim or a test: ("confirmed", " by all 3 tests"), ("invalid", ": the control ...")."""
    verdict, reason = part["verdict"], part["reason"]
    return verdict, reason[len(verdict) :] if reason.startswith(verdict) else f": {reason}"


def describe_choice(claim):
    """What the verdict means for the reader's choice; None if the claim says nothing of it."""
    if claim["verdict"] == "undecided":
        return f"None yet: fanin claims --only {claim['id']} --budget 10m measures longer."
    return claim["choice"].get(claim["verdict"])


def describe_counts(summary):
    """11 confirmed, 3 refuted; without the verdicts that do not occur."""
    return ", ".join(f"{summary[word]} {word}" for word in VERDICTS if summary.get(word))


def count_verdicts(claims):
    return {word: sum(each["verdict"] == word for each in claims) for word in VERDICTS}


def format_flip(flip):
    """N = 137 [110, 170]; None without a flip."""
    if flip["low"] is None or flip["high"] is None:
        return None
    at = flip["estimate"]
    interval = f"[{ticks.exact(flip['low'])}, {ticks.exact(flip['high'])}]"
    return interval if at is None else f"{ticks.exact(round(at) if at >= 10 else float(f'{at:.2g}'))} {interval}"


def split_flip(flip):
    """(what is searched for, the result): ("poll takes twice the CPU time of epoll", " from 137 [110, 170] idle connections on")"""
    at = format_flip(flip)
    if at is None:
        return flip["says"], f": no flip point: {flip['reason'] or 'none was found'}"
    parameter = captions.PARAMETER_WORDS.get(flip["parameter"], flip["parameter"].replace("_", " "))
    held = next((each["verdict"] for each in flip["points"] if each["verdict"] in ("confirmed", "refuted")), "refuted")
    return flip["says"], f" up to {at} {parameter}" if held == "confirmed" else f" from {at} {parameter} on"


def describe_flip(flip):
    """poll takes twice the CPU time per request of epoll from 137 [110, 170] idle connections on"""
    return "".join(split_flip(flip))


def list_slopes(claim):
    """One line for each test that has slopes: how much each side's value grows with x of the cases."""
    found = []
    for test in claim["tests"]:
        slopes = {side: slope for side, slope in (test.get("slopes") or {}).items() if slope}
        if slopes:
            sides = ", ".join(f"{_format_slope(slopes[side], test['unit'])} ({side})" for side in ("new", "base") if side in slopes)
            found.append(f"{test['name']}: {sides} per unit of {test['axis'] or 'x'}")
    return found


def _format_slope(slope, unit):
    form = ticks.FORMS[unit]
    interval = "" if slope["low"] is None else f" [{form(slope['low'])}, {form(slope['high'])}]"
    return form(slope["per_x"]) + interval


def describe_method(document, cases):
    """The parts of a footer on how it was measured: units, control, procedure, error rate."""
    units = sorted({case["units"] for case in cases if case["units"]})
    count = f"{' to '.join(map(ticks.exact, dict.fromkeys((units[0], units[-1]))))} units a case" if units else "no unit"
    return [count, _describe_controls(cases), document["procedure"]["method"], f"error rate {document['procedure']['error_rate']:g} a case"]


def describe_origin(document):
    """The parts of a footer on where it was measured: machine, program, commit, day, result."""
    environment = document["environment"]["start"]
    commit = environment["build"]["git_commit"]
    parts = [captions.describe_machine(environment), f"fanin {document['fanin_version']}"] + ([f"commit {commit[:10]}"] if commit else [])
    return parts + [document["started_at"][:10], document["id"]]


def describe_receipt(document, cases):
    """The parts of a footer: method and origin."""
    return describe_method(document, cases) + describe_origin(document)


def _describe_controls(cases):
    intervals = [case["control"] for case in cases if case["control"] and case["control"]["low"] is not None]
    if not intervals:
        return "control: none"
    differ = sum(not each["low"] <= 1 <= each["high"] for each in intervals)
    return f"control: a fresh copy of base compared with base; {differ} of {len(intervals)} control intervals exclude 1"


def find_alarm(document):
    """A warning for the heading of an interrupted measurement, else None."""
    return None if document["complete"] else "INCOMPLETE"


def list_disturbances(claim):
    """One line for each reason that restricts a case, with the cases."""
    reasons = {}
    for test in claim["tests"]:
        for case in test["cases"]:
            if case["reason"]:
                # The page does not show the name of a test's only case.
                name = case["name"] if len(test["cases"]) > 1 else f"{case['name']}: {describe_sides(case)}"
                reasons.setdefault(f"{case['verdict']}: {case['reason']}", []).append(name)
    return [f"{_list_names(names)}: {reason}" for reason, names in reasons.items()]


def name_case(test, case):
    """The sides, after the name of the case if it says more."""
    sides = describe_sides(case)
    return sides if len(test["cases"]) == 1 or case["name"] in sides else f"{case['name']}: {sides}"


def list_mechanisms(claim):
    """One line for what differs between the sides of the same cases: the cases, and the facts, each once. What holds in
    most cases comes first."""
    explained = [(test, case) for test in claim["tests"] for case in test["cases"] if case["mechanism"] and case["mechanism"]["text"]]
    names = [name_case(test, case) for test, case in explained]
    names = [f"{test['name']}: {name}" if names.count(name) > 1 else name for (test, _), name in zip(explained, names)]
    cases_of = {}  # by fact: names, which are unique
    for (_, case), name in zip(explained, names):
        for fact in case["mechanism"]["text"].split("; "):
            cases_of.setdefault(fact, []).append(name)
    facts_of = {}
    for fact, cases in cases_of.items():
        facts_of.setdefault(tuple(cases), []).append(fact)
    by_count = sorted(facts_of.items(), key=lambda item: -len(item[0]))
    return [f"{_list_names(cases, len(names))}: {'; '.join(facts)}" for cases, facts in by_count]


def _list_names(names, count=0):
    """At most three names. `count`: of all there are, which are not listed."""
    if len(names) == count > 1:
        return f"all {count} cases"
    listed = [f"'{name}'" if ", " in name else name for name in names[:3]]
    return f"{', '.join(listed)}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
