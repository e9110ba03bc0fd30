"""The Result section of the README as Markdown: what a run says, in words, tables and charts.

Medians and intervals are those of the run; all that is computed here is what share of one shown median another is.
"""

from datetime import datetime

from plots import beside_others, claims, facts, report, series, ticks

# Marks of figures in the table.
LIMITED, WARNED = "\u00b0", "\u2020"


def section(run, charts, peers=()):
    """The Result section of the README as Markdown: `charts` are the file names to show, `peers` fanin-peers and
    fanin-truth documents.
    """
    parts = [*_idle_sentences(run), _table(run), *_twins(run), *_claims(peers), _about(run)]
    parts += [f"![{name.removesuffix('.png')}](results/reference/charts/{name})" for name in charts]
    return "\n\n".join(parts) + "\n"


def _idle_sentences(run):
    """What idle connections cost: for each experiment that sweeps them, one sentence per server."""
    for experiment in run.experiments:
        if experiment.parameter != "idle_connections" or "active" not in experiment.name:
            continue
        yield f"**{experiment.title}** ({facts.workload(run, experiment)}):"
        yield "\n".join(filter(None, (_idle_sentence(run, experiment, server) for server in experiment.servers)))


def _idle_sentence(run, experiment, server):
    measured = []
    for value in experiment.values:
        cell = run.cell(experiment, server, value)
        summary = run.summary(cell, "throughput_per_s") if cell and cell["status"] == "measured" else None
        if summary and summary["median"]:
            measured.append((value, summary))
    if len(measured) < 2:
        return None
    (least, first), (most, last) = measured[0], measured[-1]
    share = 100 * last["median"] / first["median"]
    beyond = [ticks.exact(value) for value in experiment.values if value > most]
    more = f"; {', '.join(beyond)} it cannot hold" if beyond else ""
    return (
        f"- `{server}`: {_rate(first)} with {ticks.exact(least)} idle connections, {_rate(last)} with "
        f"{ticks.exact(most)}: {share:.0f} % of it{more}"
    )


def _rate(summary):
    form = ticks.count
    return f"{form(summary['median'])}/s ({form(summary['low'])} to {form(summary['high'])})"


def _table(run):
    """Throughput and server CPU per request of every server, over the connections of the first such sweep."""
    experiment = next((each for each in run.experiments if each.parameter == "connections"), None)
    if experiment is None:
        return ""
    values = experiment.values
    rows = [
        f"| {experiment.title} | " + " | ".join(facts.at(value, "connections") for value in values) + " |",
        "|---" * (len(values) + 1) + "|",
    ]
    for server in experiment.servers:
        rows.append(f"| `{server}` | " + " | ".join(_cell(run, experiment, server, value) for value in values) + " |")
    note = f"Requests per second and server CPU time per request, medians of {_rounds(run)}."
    if any(LIMITED in row for row in rows):
        note += f" {LIMITED}: the generator was at its limit, the server could have done more."
    if any(WARNED in row for row in rows):
        note += f" {WARNED}: with a warning, which the charts name, such as connections that were never served."
    return "\n".join(rows) + "\n\n" + note


def _cell(run, experiment, server, value):
    rate = report.figure(run, experiment, server, value, "throughput_per_s")
    cpu = report.figure(run, experiment, server, value, "server_cpu_per_request_ns")
    if rate["interval"] is None:
        return rate["text"]
    warned = series.WARNING in series.marks(run, run.cell(experiment, server, value))
    return f"{rate['text']}{LIMITED if rate['limited'] else ''}{WARNED if warned else ''}, {cpu['text']}"


def _twins(run):
    """What two cells of the same server differed by: what this machine calls nothing."""
    twins = report.twins(run)
    if not twins:
        return []
    rows = ["| The same server twice (A/A) | first | second | apart |", "|---|---|---|---|"]
    for each in twins:
        place = f"`{each['cell']}`, {each['metric']}"
        rows.append(f"| {place} | {each['first']} | {each['second']} | {100 * each['apart']:.0f} % |")
    rows += [
        "",
        "Medians with their intervals. Do not believe differences between servers that are no larger than these.",
    ]
    return ["\n".join(rows)]


def _claims(peers):
    """The claims, and where all the figures are that they rest on."""
    more = f"All the figures, and the servers beside others: [{beside_others.PAGE}]({beside_others.PAGE})."
    return [*claims.table(peers), more] if peers else []


def _rounds(run):
    return f"{run.document['suite']['repetitions']} rounds"


def _minutes(run):
    begin, end = (
        datetime.fromisoformat(run.document[key].replace("Z", "+00:00")) for key in ("started_at", "finished_at")
    )
    return max(1, round((end - begin).total_seconds() / 60))


def _about(run):
    build = run.document["environment"]["start"]["build"]
    return (
        f"Suite `{run.document['suite']['name']}` on {run.document['started_at'][:10]}: {facts.machine(run)}; "
        f"{facts.placement(run)}; commit {build['git_commit'][:10]}; measured in {_minutes(run)} min. Intervals hold "
        f"their median with at least {100 * facts.coverage(run):.4g} % probability. The whole run is "
        "[results/reference/run.json.gz](results/reference/run.json.gz); all its charts and its report: "
        "`python3 -m plots results/reference --out CHARTS`."
    )
