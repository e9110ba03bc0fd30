"""Which charts an experiment gets: an explicit table by the parameter that its sweep varies.

A new chart is a module here with NAME, the end of its file names, and draw(run, experiment, book), which returns a
Figure, or None where it would be empty and the report says why; and its name in the tables below. plots/sweep.py draws any metric of the summaries against the sweep. What the
run does not hold is not computed here but in the harness, so that everybody has the same number.
"""

from plots.charts import connection_memory, idle, latency, memory, percentiles, server_cpu, throughput

BY_PARAMETER = {"idle_connections": (idle, latency, connection_memory, memory, percentiles)}
# A single active connection beside the idle ones only shows that the server still answers.
MEMORY_ALONE = (connection_memory, memory)
BY_ANY_OTHER = (throughput, server_cpu, latency, memory, percentiles)


def charts_of(experiment):
    """The chart modules for an experiment."""
    if experiment.parameter == "idle_connections" and experiment.workload.get("connections") == 1:
        return MEMORY_ALONE
    return BY_PARAMETER.get(experiment.parameter, BY_ANY_OTHER)


def left_out(run, experiment):
    """One line for each chart of the experiment that would be empty: which one, and why."""
    reason = connection_memory.why_empty(run, experiment) if connection_memory in charts_of(experiment) else None
    return [f"No chart of bytes per idle connection. {reason}"] if reason else []


def draw_all(run, book):
    """Yields (file stem, Experiment, Figure) for every chart of the run that has something to show."""
    for experiment in run.experiments:
        for chart in charts_of(experiment):
            figure = chart.draw(run, experiment, book)
            if figure:
                yield f"{experiment.name}-{chart.NAME}", experiment, figure
