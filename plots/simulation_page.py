"""What `fanin selftest --simulate` found, as the Markdown part of docs/statistics.md."""

from plots import ticks
from plots.selftest_page import RESULT, percent

NOT_SIMULATED = f"Not simulated yet: `fanin selftest --simulate --out {RESULT}` does."
FIGURES = {
    "false-alarms": ("False alarms", "Share of sessions or tests that claim a difference where there is none, in percent."),
    "power": ("Power", "Share of sessions that find the effect, in percent."),
    "coverage": ("Coverage", "Share of intervals that include the true value, in percent."),
}


def section(simulation):
    """The tables of the key `simulation` of a fanin-selftest document that fits its schema; None: there is none."""
    if simulation is None:
        return NOT_SIMULATED
    names = [each["name"] for each in simulation["series"]]
    parts = [_describe_series(simulation), _describe_cells(simulation)]
    for figure, (heading, meaning) in FIGURES.items():
        chosen = [each for each in simulation["procedures"] if each["figure"] == figure]
        common = [each for each in chosen if _names(each) == names]
        if common:
            parts.append(f"**{heading}.** {meaning}\n\n{_table(common, names)}")
        parts += [_sentence(each) for each in chosen if _names(each) != names]
    return "\n\n".join(parts)


def _names(procedure):
    return [row["series"] for row in procedure["rows"]]


def _describe_series(simulation):
    rows = [f"| {each['name']} | {each['about']} |" for each in simulation["series"]]
    return "\n".join(["| series | noise, or drift of the machine's speed |", "|---|---|", *rows])


def _describe_cells(simulation):
    shares = [row["share"] for each in simulation["procedures"] for row in each["rows"]]
    most = max((each["high"] - each["low"]) / 2 for each in shares)
    fewest, trials = min(each["of"] for each in shares), max(each["of"] for each in shares)
    return (
        f"The ratio of a unit has a standard deviation of {percent(simulation['unit_deviation'])}, a round one of "
        f"{percent(simulation['round_deviation'])}, and d is {percent(simulation['drift'])}. All noises are equally wide in "
        f"the middle half. A figure comes from {ticks.exact(fewest)} to {ticks.exact(trials)} series; the half-width of its "
        f"Clopper-Pearson interval is at most {percent(most)}. **Bold**: the procedure misses its stated rate (outside "
        f"the 99.9 % interval). Seed {simulation['seed']}; the same seed gives the same figures. "
        f"[All figures, with their intervals](../{RESULT})."
    )


def _table(procedures, names):
    head = f"| procedure | stated | {' | '.join(names)} |"
    rows = [
        f"| {_format_name(each)} | {_format_stated(each)} | {' | '.join(_format_row(row) for row in each['rows'])} |"
        for each in procedures
    ]
    return "\n".join([head, "|---" * (len(names) + 2) + "|", *rows])


def _sentence(procedure):
    figures = ", ".join(f"{_format_row(row)} % at {row['series']}" for row in procedure["rows"])
    return f"{_format_name(procedure)}, stated {_format_stated(procedure)} %: {figures}."


def _format_name(procedure):
    name = procedure["name"]
    return f"{name if name == 'repeated intervals' else f'`{name}`'}, {procedure['setting']}"


def _format_stated(procedure):
    if procedure["stated"] is None:
        return "-"
    sign = "≤" if procedure["figure"] == "false-alarms" else "≥"
    return f"{sign} {100 * procedure['stated']:.4g}"


def _format_row(row):
    text = f"{100 * row['share']['count'] / row['share']['of']:.1f}"
    return text if row["holds"] else f"**{text}**"
