"""Response time p50, p99 and p99.9, side by side on one scale. Medians over rounds of each round's percentile."""

from plots import sweep

NAME = "latency"


def draw(run, experiment, book):
    """Returns the Figure."""
    metrics = {
        "response_p50_ns": ("response time, p50", "p50"),
        "response_p99_ns": ("p99", "p99"),
        "response_p999_ns": ("p99.9", "p99.9"),
    }
    return sweep.draw(run, experiment, book, "response time", metrics)
