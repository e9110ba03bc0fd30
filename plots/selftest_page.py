"""What `fanin selftest` measured, as the Markdown part of docs/statistics.md."""

import collections

from plots import dot_plot, ticks

PAGE = "docs/statistics.md"
RESULT = "results/selftest/selftest.json"
NOT_MEASURED = f"Not measured yet: `fanin selftest --sessions 50 --out {RESULT}` does."


def section(document):
    """The tables and sentences of a fanin-selftest document that fits its schema; None: there is none."""
    if document is None or not document["sessions"]:
        return NOT_MEASURED
    parts = [_describe_origin(document), _table(document["summary"]["power"]), _rates(document["summary"])]
    return "\n\n".join(filter(None, parts))


def _describe_origin(document):
    sessions = document["sessions"]
    collected = document["environment"]["collected_at"][:10]
    origins = collections.Counter((each["machine"], each["commit"]) for each in sessions)
    places = ", ".join(f"{count} on {machine} ({_name_commit(commit)})" for (machine, commit), count in origins.items())
    text = f"{len(sessions)} session{'s' if len(sessions) != 1 else ''}: {places}; the last on {collected}."
    for verdict, words in (
        ("fault", "without a result, left out below"),
        ("void", "void, since the control was outside the band: counted as not found"),
    ):
        count = sum(each["verdict"] == verdict for each in sessions)
        text += f" {count} of them {'is' if count == 1 else 'are'} {words}." if count else ""
    return f"{text} A scenario's name states the added effect and the budget. [All sessions](../{RESULT})."


def _name_commit(commit):
    return f"commit {commit[:10]}" if commit else "commit unknown"


def _table(power):
    """How often each added effect was found."""
    rows = [
        f"| `{each['scenario']}` | `{each['model']}` | {_format_share(each['found'])} "
        f"| {_format_change(each['median_expected'])} | {_format_change(each['median_ratio'])} "
        f"| {_format_share(each['covers_expected'])} | {each['median_seconds']:.0f} s | {each['median_units']:g} |"
        for each in power
    ]
    head = "| scenario | model | found, with its 95 % interval | expected change | measured | intervals that include it | length | units |"
    note = (
        "The expected change is the pilots' estimate of the cost of the added loop steps. Changes, length and units are medians over the sessions. "
        "It comes from pilots minutes earlier, so an interval that misses it need not be wrong. "
        "The A/A comparisons below, whose true change is 0, test the intervals."
    )
    return "\n".join([head, "|---" * 8 + "|", *rows, "", note]) if rows else ""


def _rates(summary):
    """How often A/A comparisons erred, and intervals."""
    bound = summary["false_alarms_at_most"]
    least = f", at most {percent(bound)} at 95 %" if bound is not None else ""
    named = (
        ("false_alarms", f"A/A comparisons that raised an alarm: false alarms{least}"),
        ("false_alarms_without_band", "A/A comparisons that would have raised one without a band"),
        ("coverage_of_control_intervals", "95 % intervals of A/A comparisons that include 0 %"),
        ("coverage_of_effect_intervals", "99 % intervals of sessions that include the expected change"),
    )
    rows = [
        f"| {words} | {_format_count(summary[key])} | {format_interval(summary[key])} |" for key, words in named if summary[key]
    ]
    head = ["| in these sessions, whose controls are A/A comparisons | | 95 % interval |", "|---|---|---|"]
    return "\n".join(head + rows) if summary["false_alarms"] else "No session had a control."


def _format_change(ratio):
    return dot_plot.format_change(ratio, 2) if ratio is not None else "-"


def _format_share(share):
    return f"{_format_count(share)} ({format_interval(share)})" if share else "-"


def _format_count(share):
    return f"{ticks.exact(share['count'])} of {ticks.exact(share['of'])}"


def format_interval(share):
    return f"{percent(share['low'])} to {percent(share['high'])}"


def percent(share):
    return f"{100 * share:.3g} %"
