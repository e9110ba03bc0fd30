"""Memory of the server's process tree, shared pages counted once (PSS), with all connections up."""

from plots import sweep

NAME = "memory"


def draw(run, experiment, book):
    """Returns the Figure."""
    metrics = {"server_pss_bytes": ("PSS of the server's process tree", "memory")}
    return sweep.draw(run, experiment, book, "server memory", metrics)
