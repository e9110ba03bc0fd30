"""Which charts an experiment gets: one table for each parameter that a sweep may vary.

A table maps the suffix of a chart's file names to its function draw(run, experiment, book), which returns a Figure, or
None if the chart would be empty and the report says why. A chart of metrics of the summaries is a row here; any other
chart is a module of this package.
"""

from functools import partial

from plots import sweep
from plots.charts import connection_memory, percentiles, relative

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
MEMORY = partial(sweep.draw, heading="server memory", metrics=("server_pss_bytes",))

BY_PARAMETER = {
    "idle_connections": {
        "overview": OVERVIEW,
        "latency": LATENCY,
        "per-connection": connection_memory.draw,
        "memory": MEMORY,
        "percentiles": percentiles.draw,
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
    return [f"No chart of bytes per idle connection. {reason}"] if reason else []


def draw_all(run, book):
    """Yields (file stem, Experiment, Figure) for every chart of the run that is not empty."""
    for experiment in run.experiments:
        for name, draw in find_charts(experiment).items():
            figure = draw(run, experiment, book)
            if figure:
                yield f"{experiment.name}-{name}", experiment, figure
