"""Metrics that explain throughput and CPU time: system calls, events per wait, context switches, user and kernel time."""

from plots import sweep


def draw(run, experiment, book, heading, metrics):
    """As sweep.draw; None if the run has none of these metrics, since an earlier version of fanin measured it."""
    if not has_metrics(run, experiment, metrics):
        return None
    return sweep.draw(run, experiment, book, heading, metrics)


def has_metrics(run, experiment, metrics):
    """Whether the run has a summary of any of the `metrics`, or no measured cell that could have one."""
    found = (run.cell(experiment, server, value) for server in experiment.servers for value in experiment.values)
    measured = [cell for cell in found if cell and cell["status"] == "measured"]
    return not measured or any(run.summary(cell, metric) for cell in measured for metric in metrics)
