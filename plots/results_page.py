"""docs/results.md: findings, tables and charts of the reference run, and the claims about the generator; and the chart
and the findings of the README.

Medians and intervals are those of the run; only the percentage of one shown median to another is computed here.
"""

from datetime import datetime

from plots import captions, comparison_page, report, series, ticks
from plots.charts import connection_memory

PAGE = "docs/results.md"
CHARTS = "results/reference/charts"
HEAD = """<!-- python3 -m plots.publish writes this page: do not edit it -->

# Results

The reference run, the claims about the generator, and the comparisons with other programs.
[methodology.md](methodology.md) defines the measurements, [results/README.md](../results/README.md) the files."""
APART = "The comparisons were measured apart from the reference run, some of them by an earlier commit:"
# Marks of figures in the table.
LIMITED, WARNED = "\u00b0", "\u2020"


def page(run, charts, comparisons=()):
    """The page as Markdown. `charts`: file names to show; `comparisons`: documents of comparisons and validations."""
    parts = [HEAD, "## The reference run", _about(run), *_idle(run), table(run), *_controls(run)]
    parts += [f"![{name.removesuffix('.png')}](../{CHARTS}/{name})" for name in charts]
    claimed = comparison_page.claims_table(comparisons)
    origins = "\n".join([APART, "", *(f"- {each}" for each in comparison_page.format_origins(comparisons))])
    parts += ["## Claims about the generator", origins, *claimed] if claimed else []
    return "\n\n".join(filter(None, [*parts, *comparison_page.sections(comparisons)])) + "\n"


def idle_experiment(run):
    """The first experiment with active connections that sweeps idle ones, or None."""
    swept = (each for each in run.experiments if each.parameter == "idle_connections" and "active" in each.name)
    return next(swept, None)


def table_experiment(run):
    """The first experiment that sweeps connections, or None."""
    return next((each for each in run.experiments if each.parameter == "connections"), None)


def idle_rates(run, experiment, server):
    """[(value, throughput summary)] of the cells that have a median."""
    measured = []
    for value in experiment.values:
        cell = run.cell(experiment, server, value)
        summary = run.summary(cell, "throughput_per_s") if cell and cell["status"] == "measured" else None
        if summary and summary["median"]:
            measured.append((value, summary))
    return measured


def _idle(run):
    """The effect of idle connections: one line per server."""
    experiment = idle_experiment(run)
    if experiment:
        yield f"**{experiment.title}** ({captions.workload(run, experiment)}):"
        yield "\n".join(filter(None, (_idle_line(run, experiment, server) for server in experiment.servers)))


def _idle_line(run, experiment, server):
    measured = idle_rates(run, experiment, server)
    if len(measured) < 2:
        return None
    (least, first), (most, last) = measured[0], measured[-1]
    share = 100 * last["median"] / first["median"]
    beyond = [ticks.exact(value) for value in experiment.values if value > most]
    more = f"; not measured with {', '.join(beyond)}" if beyond else ""
    return (
        f"- `{server}`: {_rate(first)} with {ticks.exact(least)} idle connections, {_rate(last)} with "
        f"{ticks.exact(most)} ({share:.0f} %){more}"
    )


def _rate(summary):
    form = ticks.count
    interval = f" ({form(summary['low'])} to {form(summary['high'])})" if summary["n"] > 1 else ""
    return f"{form(summary['median'])}/s{interval}"


def table(run):
    """Throughput and server CPU per request of every server, over the connections of the first such sweep."""
    experiment = table_experiment(run)
    if experiment is None:
        return ""
    values = experiment.values
    rows = [
        f"| {experiment.title} | " + " | ".join(captions.at(value, "connections") for value in values) + " |",
        "|---" * (len(values) + 1) + "|",
    ]
    for server in experiment.servers:
        rows.append(f"| `{server}` | " + " | ".join(_cell(run, experiment, server, value) for value in values) + " |")
    rounds = run.document["suite"]["repetitions"]
    of = f"medians of {rounds} rounds" if rounds > 1 else "from one round"
    confidence = captions.confidence(run)
    of += f" with intervals ({confidence}; a wide one means that the machine changed its speed)" if confidence else ""
    note = f"Each cell shows requests per second and server CPU time per request: {of}."
    note += " One generator drove all servers of a round, in interleaved slices." if experiment.interleaved else ""
    if any(LIMITED in row for row in rows):
        note += f" {LIMITED}: the generator was the bottleneck; the rate is a lower bound."
    if any(WARNED in row for row in rows):
        note += f" {WARNED}: the result has a warning, which the charts name."
    return note + "\n\n" + "\n".join(rows)


def _cell(run, experiment, server, value):
    rate = report.figure(run, experiment, server, value, "throughput_per_s")
    cpu = report.figure(run, experiment, server, value, "server_cpu_per_request_ns")
    if not rate["known"]:
        return rate["text"]
    warned = series.WARNING in series.marks(run, run.cell(experiment, server, value))
    marks = f"{LIMITED if rate['limited'] else ''}{WARNED if warned else ''}"
    return "<br>".join(f"{each['text']}{mark}{_interval(each)}" for each, mark in ((rate, marks), (cpu, "")))


def _interval(figure):
    return f" ({figure['interval']})" if figure["interval"] else ""


def _controls(run):
    """The A/A control: two cells of the same server."""
    controls = report.controls(run)
    if not controls:
        return []
    rows = ["| A/A control: one server measured twice | first | second | difference |", "|---|---|---|---|"]
    for each in controls:
        place = f"`{each['cell']}`, {each['metric']}"
        rows.append(f"| {place} | {each['first']} | {each['second']} | {each['difference']} |")
    note = "Medians with their intervals. " + "A difference with an interval is that within a block. " * bool(run.document.get("ratios"))
    rows += ["", note + "A difference between servers that is no larger than these is noise."]
    return ["\n".join(rows)]


def _minutes(run):
    begin, end = (
        datetime.fromisoformat(run.document[key].replace("Z", "+00:00")) for key in ("started_at", "finished_at")
    )
    return max(1, round((end - begin).total_seconds() / 60))


def _about(run):
    build = run.document["environment"]["start"]["build"]
    return (
        f"Suite `{run.document['suite']['name']}` on {run.document['started_at'][:10]}: {captions.machine(run)}; "
        f"{captions.placement(run)}; commit {build['git_commit'][:10]}; measured in {_minutes(run)} min. "
        f"Intervals: {captions.confidence(run) or 'none, from a single round'}. The whole run is "
        "[results/reference/run.json.gz](../results/reference/run.json.gz); `python3 -m plots results/reference --out "
        "CHARTS` draws all its charts and its report."
    )


def chart(names):
    """The first chart of a run, linked to the page with all of them."""
    return f"[![{names[0]}]({CHARTS}/{names[0]})]({PAGE})" if names else ""


def findings(run, memory):
    """The findings of a run, and one table. `memory`: the run for the memory per connection."""
    found = [*_idle_findings(run), *_cpu(run), *_memory(memory)]
    return "\n\n".join(filter(None, ("\n".join(found), table(run), _origin(run))))


def _idle_findings(run):
    """The servers that idle connections slow down: their intervals at both ends of the sweep do not overlap."""
    experiment = idle_experiment(run)
    if experiment is None:
        return
    measured = {server: idle_rates(run, experiment, server) for server in experiment.servers}
    ends = {server: (rates[0], rates[-1]) for server, rates in measured.items() if len(rates) > 1}
    slowed = [server for server, (first, last) in ends.items() if last[1]["high"] < first[1]["low"]]
    kept = [server for server in ends if server not in slowed]
    title = f"Idle connections slow {_names(slowed) if slowed else 'no server'}"
    title += f", not {_names(kept)}" if slowed and kept else ""
    yield f"- **{title}.** " + "; ".join(_fall(server, *ends[server]) for server in [*slowed, *kept]) + "."


def _fall(server, first, last):
    rates = [f"{ticks.count(each['median'])}/s with {ticks.exact(value)}" for value, each in (first, last)]
    return f"`{server}`: {rates[0]} idle connections, {rates[1]}"


def _cpu(run):
    """The lowest and highest server CPU time per request at the largest number of connections."""
    experiment = table_experiment(run)
    if experiment is None:
        return
    value = experiment.values[-1]
    costs = []
    for server in experiment.servers:
        cell = run.cell(experiment, server, value)
        summary = run.summary(cell, "server_cpu_per_request_ns") if cell and cell["status"] == "measured" else None
        if summary and summary["median"]:
            costs.append((summary["median"], server))
    if len(costs) > 1:
        low, high = _ends(costs, ticks.duration)
        at = captions.at(value, "connections")
        yield f"- **At {at} a request costs {high[1]} of server CPU time with {high[0]}, {low[1]} with {low[0]}.**"


def _memory(run):
    """The lowest and highest memory per idle connection."""
    for experiment in run.experiments:
        slopes = [
            (run.slopes(experiment, server).get(connection_memory.TOTAL), server) for server in experiment.servers
        ]
        costs = [(slope["median"], server) for slope, server in slopes if slope and _is_known(slope)]
        if len(costs) > 1:
            low, high = _ends(costs, ticks.size)
            yield (
                f"- **An idle connection costs {high[1]} of memory with {high[0]}, {low[1]} with {low[0]}**, kernel "
                "memory of both ends included."
            )
            return


def _is_known(slope):
    """Whether the interval excludes half of the median. The cheapest of many unknown costs is the luckiest one."""
    return slope["median"] and slope["low"] > slope["median"] / 2


def _ends(costs, form):
    """(server, cost) of the lowest and the highest, as text."""
    return [(f"`{server}`", form(cost)) for cost, server in (min(costs), max(costs))]


def _names(servers):
    quoted = [f"`{each}`" for each in servers]
    return " and ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _origin(run):
    largest = {}  # of several controls, by metric
    for each in report.controls(run):
        largest[each["metric"]] = max(each["apart"], largest.get(each["metric"], 0))
    differences = "; ".join(f"{metric} by {100 * apart:.1f} %" for metric, apart in largest.items())
    noise = f" The A/A control, a server measured twice, differs: {differences}." if largest else ""
    return (
        f"Suite `{run.document['suite']['name']}`, {captions.machine(run)}, {captions.placement(run)}.{noise} Intervals, "
        f"charts and the comparisons with other programs: [{PAGE}]({PAGE})."
    )
