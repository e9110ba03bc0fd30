"""Documents of comparisons, as baselines/ and validation/ write them."""

NAMES = {"fanin-load epoll": 4.2, "fanin-load io-uring": 3.9, "minimal-epoll-client": 4.0, "minimal-uring-client": 3.0}


def ratio(name, baseline, median):
    return {"name": name, "baseline": baseline, "median": median, "low": 0.9, "high": 1.2, "coverage": 0.97}


def comparison_document(**changed):
    """64-byte echo: both drivers compared with both minimal clients, and those with each other."""
    rows = [{"name": name, "cpu_us_per_request": cost, "rounds": [cost]} for name, cost in NAMES.items()]
    ours, (epoll, uring) = list(NAMES)[:2], list(NAMES)[2:]
    pairs = [(name, baseline) for name in ours for baseline in (epoll, uring)] + [(uring, epoll)]
    document = {"schema": "fanin-comparison", "schema_version": 3, "kind": "generator-echo", "kernel": "6", "seconds": 2}
    document |= {"title": "64-byte echo, 50 connections: the generator's own CPU", "connections": 50, "rows": rows}
    document |= {"ratios": [ratio(*pair, NAMES[pair[0]] / NAMES[pair[1]]) for pair in pairs], "skipped": []}
    return document | {"served": None} | changed


def figure(name, unit, measured, expected=None, low=None, high=None, holds=True):
    keys = ("name", "unit", "measured", "expected", "low", "high", "holds")
    return dict(zip(keys, (name, unit, measured, expected, low, high, holds), strict=True))


def validation_document(kind, *figures, **changed):
    document = {"schema": "fanin-validation", "schema_version": 2, "kind": kind, "title": kind, "kernel": "6"}
    return document | {"driver": "epoll", "seconds": 10, "figures": list(figures), "notes": []} | changed
