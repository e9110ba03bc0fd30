"""A document of `fanin claims`, checked, and the queries that its charts and pages need."""

import math
import re
from pathlib import Path

from plots.document import metric_table
from plots import consistency
from plots.json_file import InputError

NAME = "claims.json"
KIND = "fanin-claims"
_SHIPPED = re.compile("K([0-9]+)")  # the claims of tutorials; all others are published results


def load(path):
    """Returns the cleaned document in a file, or in the directory of `fanin claims --out`. Raises InputError."""
    path = Path(path)
    path = path / NAME if path.is_dir() else path
    document = consistency.read_checked(path, KIND, f"the result of fanin claims: give the {NAME} of its --out DIR")
    if not document["claims"]:
        raise InputError(f"{path} holds no claim, so there is no chart: run fanin claims with at least one")
    return document


def is_directory(path):
    """Whether `path` is the directory of claims, not of a run."""
    return (path / NAME).is_file() and not any((path / name).exists() for name in ("run.json", "run.json.gz"))


def list_shipped(document):
    """The claims K1, K2, ... in order of their numbers."""
    found = [each for each in document["claims"] if _SHIPPED.fullmatch(each["id"])]
    return sorted(found, key=lambda each: int(_SHIPPED.fullmatch(each["id"])[1]))


def list_published(document):
    """The other claims in order of their names."""
    return sorted((each for each in document["claims"] if not _SHIPPED.fullmatch(each["id"])), key=lambda each: each["id"])


def list_claims(document):
    return list_shipped(document) + list_published(document)


def list_cases(claim):
    return [case for test in claim["tests"] for case in test["cases"]]


def find_estimate(case):
    """(estimate, low, high) of the ratio, or of the value of a test of one side; None: it has none. low and high may be None."""
    found = case["ratio"] or case["value"]
    return found and (found["ratio"] if case["ratio"] else found["value"], found["low"], found["high"])


def is_value(case):
    """Whether the test is about the value of one side, not about a ratio."""
    return case["base_label"] is None


def find_excess(number, case):
    """How far a ratio or value lies on the claimed side of the case's threshold, as a factor: 2 is twice beyond it, 0.5 is
    half way from it on the other side. 0 and infinity: a number or threshold of 0."""
    upper, lower = (number, case["threshold"]) if case["direction"] == "at_least" else (case["threshold"], number)
    if lower <= 0:
        return math.inf
    return max(0.0, upper) / lower


def find_nearest(cases, verdict):
    """The case with this verdict whose estimate is nearest to its threshold; None: no such case has one."""
    found = [case for case in cases if case["verdict"] == verdict and find_estimate(case)]
    return min(found, key=_find_distance, default=None)


def _find_distance(case):
    excess = find_excess(find_estimate(case)[0], case)
    return abs(math.log(excess)) if 0 < excess < math.inf else math.inf


def describe_metric(name):
    """The words for a metric; METRIC@CLASS is that of one class of requests."""
    metric, _, of = name.partition("@")
    words = metric_table()[metric]["label"] if metric in metric_table() else metric.removesuffix("_ns").replace("_", " ")
    return f"{words} of {of} requests" if of else words
