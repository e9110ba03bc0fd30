"""Which charts an experiment gets: one table for each parameter that a sweep may vary.

A table maps the suffix of a chart's file names to its function draw(run, experiment, book), which returns a Figure, or
None if the chart would be empty and the report says why. A chart of metrics of the summaries is a row here; any other
chart is a module of this package.
"""

from functools import partial

from plots import sweep
from plots.charts import connection_memory, mechanism, over_time, percentiles, relative

OVERVIEW = partial(
    sweep.draw,
    heading="throughput and server CPU",
    metrics=("throughput_per_s", "server_cpu_per_request_ns"),
)
THROUGHPUT = partial(sweep.draw, heading="throughput", metrics=("throughput_per_s",))
SERVER_CPU = partial(sweep.draw, heading="server CPU per request", metrics=("server_cpu_per_request_ns",))
LATENCY = partial(
    sweep.draw, heading="response time", metrics=("response_p50_ns", "response_p99_ns", "response_p999_ns")
)
MECHANISM = partial(
    mechanism.draw,
    heading="system calls, events and context switches",
    metrics=("server_syscalls_per_request", "server_events_per_wait", "server_switches_per_request"),
)
CPU_SPLIT = partial(
    mechanism.draw,
    heading="CPUs used, user and kernel time",
    metrics=("server_cpu_utilisation", "server_cpu_user_per_request_ns", "server_cpu_system_per_request_ns"),
)
MEMORY = partial(sweep.draw, heading="server memory", metrics=("server_pss_bytes",))

BY_PARAMETER = {
    "idle_connections": {
        "overview": OVERVIEW,
        "latency": LATENCY,
        "per-connection": connection_memory.draw,
        "memory": MEMORY,
        "percentiles": percentiles.draw,
        "mechanism": MECHANISM,
        "cpu-split": CPU_SPLIT,
        "over-time": over_time.draw,
    },
}
# One active connection among idle ones only shows that the server still answers.
MEMORY_ONLY = {"per-connection": connection_memory.draw, "memory": MEMORY}
DEFAULT = {
    "throughput": THROUGHPUT,
    "server-cpu": SERVER_CPU,
    "latency": LATENCY,
    "memory": MEMORY,
    "percentiles": percentiles.draw,
    "mechanism": MECHANISM,
    "cpu-split": CPU_SPLIT,
    "over-time": over_time.draw,
}
# Charts of an experiment whose run has ratios to a baseline, in place of those of the same name.
WITH_BASELINE = {
    name: partial(relative.draw, **chart.keywords)
    for name, chart in (("overview", OVERVIEW), ("throughput", THROUGHPUT), ("server-cpu", SERVER_CPU))
}


def find_charts(experiment):
    """The table of charts for an experiment."""
    if experiment.parameter == "idle_connections" and experiment.workload.get("connections") == 1:
        return MEMORY_ONLY
    table = BY_PARAMETER.get(experiment.parameter, DEFAULT)
    return {name: experiment.baseline and WITH_BASELINE.get(name) or chart for name, chart in table.items()}


def omitted(run, experiment):
    """One line for each chart of the experiment that would be empty, with the reason."""
    drawn = find_charts(experiment).values()
    reason = connection_memory.explain_absence(run, experiment) if connection_memory.draw in drawn else None
    lines = [f"No chart of bytes per idle connection. {reason}"] if reason else []
    if over_time.draw in drawn and not over_time.has_series(run, experiment):
        lines.append(f"No chart second by second: no round has a window of {over_time.LEAST_SECONDS} s or more.")
    for chart in (MECHANISM, CPU_SPLIT):
        if chart in drawn and not mechanism.has_metrics(run, experiment, chart.keywords["metrics"]):
            lines.append(f"No chart of {chart.keywords['heading']}: an earlier version of fanin measured the run.")
    return lines


def draw_all(run, book):
    """Yields (file stem, Experiment, Figure) for every chart of the run that is not empty."""
    for experiment in run.experiments:
        for name, draw in find_charts(experiment).items():
            figure = draw(run, experiment, book)
            if figure:
                yield f"{experiment.name}-{name}", experiment, figure
