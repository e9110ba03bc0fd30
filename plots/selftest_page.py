"""What `fanin selftest` measured, as the Markdown part of docs/statistics.md."""

from plots import dot_plot, ticks

PAGE = "docs/statistics.md"
RESULT = "results/selftest/selftest.json"
NOT_MEASURED = f"Not measured yet: `fanin selftest --sessions 50 --out {RESULT}` does."


def section(document):
    """The tables and sentences of a fanin-selftest document that fits its schema; None: there is none."""
    if document is None:
        return NOT_MEASURED
    parts = [_describe_origin(document), _table(document["summary"]["power"]), _rates(document["summary"])]
    return "\n\n".join(filter(None, parts))


def _describe_origin(document):
    sessions = document["sessions"]
    collected = document["environment"]["collected_at"][:10]
    text = f"{len(sessions)} session{'s' if len(sessions) != 1 else ''} on {document['machine']}, the last on {collected}."
    for verdict, words in (
        ("fault", "had no result and count nowhere"),
        ("void", "were void, since their control was outside the band, and count as not found"),
    ):
        count = sum(each["verdict"] == verdict for each in sessions)
        text += f" {count} of them {words}." if count else ""
    return f"{text} The name of a scenario says what was added, and the budget. [All sessions](../{RESULT})."


def _table(power):
    """How often each added effect was found."""
    rows = [
        f"| `{each['scenario']}` | `{each['model']}` | {_format_share(each['found'])} "
        f"| {dot_plot.format_change(each['median_ratio'], 2)} | {each['median_seconds']:.0f} s | {each['median_units']:g} |"
        for each in power
    ]
    head = "| scenario | model | found, with its 95 % interval | measured change | length | units |"
    return "\n".join([head, "|---" * 6 + "|", *rows, "", "Change, length and units are medians over the sessions."]) if rows else ""


def _rates(summary):
    """How often A/A comparisons erred."""
    alarms, without, covered = (
        summary[key] for key in ("false_alarms", "false_alarms_without_band", "coverage_of_control_intervals")
    )
    bound = summary["false_alarms_at_most"]
    rows = ["| A/A comparisons (the controls of these sessions) | | 95 % interval |", "|---|---|---|"]
    if alarms:
        least = f", at most {_percent(bound)} at 95 %" if bound is not None else ""
        rows.append(f"| raised an alarm: false alarms{least} | {_format_count(alarms)} | {_format_interval(alarms)} |")
    if without:
        rows.append(f"| would have raised one without a band | {_format_count(without)} | {_format_interval(without)} |")
    if covered:
        rows.append(f"| have a 95 % interval that includes 0 % | {_format_count(covered)} | {_format_interval(covered)} |")
    return "\n".join(rows) if len(rows) > 2 else "No session had a control."


def _format_share(share):
    return f"{_format_count(share)} ({_format_interval(share)})"


def _format_count(share):
    return f"{ticks.exact(share['count'])} of {ticks.exact(share['of'])}"


def _format_interval(share):
    return f"{_percent(share['low'])} to {_percent(share['high'])}"


def _percent(share):
    return f"{100 * share:.3g} %"
