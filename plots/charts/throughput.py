"""Verified replies per second against the sweep's parameter."""

from plots import sweep

NAME = "throughput"


def draw(run, experiment, book):
    """Returns the Figure."""
    metrics = {"throughput_per_s": ("requests per second", "throughput")}
    return sweep.draw(run, experiment, book, "throughput", metrics)
