"""CPU time of the server's process tree per request: the cost that remains when the generator is the limit."""

from plots import sweep

NAME = "server-cpu"


def draw(run, experiment, book):
    """Returns the Figure."""
    metrics = {"server_cpu_per_request_ns": ("CPU time per request, user and system", "server CPU per request")}
    return sweep.draw(run, experiment, book, "server CPU per request", metrics)
