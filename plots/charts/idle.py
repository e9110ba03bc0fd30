"""The classic claim: a few active connections among many idle ones. Throughput and server CPU per request."""

from plots import sweep

NAME = "overview"


def draw(run, experiment, book):
    """Returns the Figure."""
    metrics = {
        "throughput_per_s": ("requests per second", "throughput"),
        "server_cpu_per_request_ns": ("server CPU time per request", "server CPU per request"),
    }
    return sweep.draw(run, experiment, book, "active among idle connections", metrics)
