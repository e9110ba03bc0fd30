"""The points of a chart with their intervals, and a note for every cell without a point."""

import dataclasses
import re
from dataclasses import dataclass

from plots.document import metric_table
from plots.ticks import exact

GENERATOR_LIMITED = "generator-limited"
WARNING = "warning"
BUSY_MACHINE = "busy-machine"  # the code of a round during which other programs used the CPUs
# The code with which fanin-load repeats the bottleneck "generator" among its warnings.
_SATURATED = "generator-saturated"
_STATUS_WORDS = {
    "unsupported": "unsupported",
    "failed": "failed",
    "invalid": "invalid",
    "pending": "pending",
}


@dataclass(frozen=True)
class Point:
    """A cell's summary at sweep value `x`; `marks`: GENERATOR_LIMITED, WARNING."""

    x: float
    median: float
    low: float
    high: float
    marks: frozenset


@dataclass(frozen=True)
class Note:
    """One line of the legend about cells: `servers` at sweep values `values`; `status` and `reason` say what.

    Without servers it explains a code: `status` has the code and its count, `reason` a sentence.
    """

    servers: tuple
    values: tuple
    status: str
    reason: str
    has_point: bool

    def text(self):
        """select: unsupported at 1,000, 10,000 (descriptors from 1024 on)"""
        if not self.servers:
            return f"{self.status}: {self.reason}"
        reason = f" ({self.reason})" if self.reason else ""
        return f"{', '.join(self.servers)}: {self.status} at {_values(self.values)}{reason}"


def _values(values):
    return _listed([exact(value) for value in values])


def _listed(texts):
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def points(run, experiment, server, metric):
    """The server's Points over the sweep, ascending; None breaks the line if a logarithmic axis cannot show a value."""
    found = []
    for value in experiment.values:
        summary = _summary(run, experiment, server, value, metric)
        if summary is None or not _is_drawable(summary["median"]):
            found.append(None)
            continue
        cell = run.cell(experiment, server, value)
        found.append(Point(value, summary["median"], summary["low"], summary["high"], marks(run, cell)))
    return found


def _is_drawable(median):
    return median is not None and median > 0


def _summary(run, experiment, server, value, metric):
    cell = run.cell(experiment, server, value)
    return run.summary(cell, metric) if cell and cell["status"] == "measured" else None


def marks(run, cell):
    """The marks of a measured cell: those of at least half of its ok rounds."""
    rounds = run.rounds(cell, "ok")
    limited = sum(is_generator_limited(each) for each in rounds)
    warned = sum(bool(warnings(each)) for each in rounds)
    found = {GENERATOR_LIMITED} if 2 * limited >= len(rounds) > 0 else set()
    return frozenset(found | ({WARNING} if 2 * warned >= len(rounds) > 0 else set()))


def is_generator_limited(one):
    """Whether the generator was the bottleneck of an ok round."""
    return one["load"]["bottleneck"]["verdict"] == "generator"


def warnings(one):
    """{code: sentence} of the warnings of an ok round, without the code that repeats the bottleneck "generator"."""
    if one["load"]["verdict"]["status"] != "warning":
        return {}
    found = reasons(one)
    if is_generator_limited(one):
        found.pop(_SATURATED, None)
    return found


def reasons(one):
    """{code: sentence} of a round's verdict, in its order."""
    found = {}
    for each in one["load"]["verdict"]["reasons"] if one["load"] else ():
        found.setdefault(each["code"], each["text"])
    return found


def notes(run, experiment, metrics):
    """The Notes of an experiment for a chart of `metrics`: every cell without a point or with a mark, then one
    Note for each code that occurred."""
    raw = []
    explained = {}
    for server in experiment.servers:
        for value in experiment.values:
            raw += [(server, value, *each) for each in _cell_notes(run, experiment, server, value, metrics)]
            _explain(explained, run, run.cell(experiment, server, value))
    return grouped(raw) + [
        Note((), (), f"{code} ({_rounds(len(texts))})", texts[0] + ("; similar in the others" if len(set(texts)) > 1 else ""), True)
        for code, texts in explained.items()
    ]


def joined(notes):
    """Joins the Notes that differ only in the metric without a value: no p50, p99 and p99.9."""
    found = {}
    for note in notes:
        lacks = not note.has_point and note.status.startswith("no ")
        found.setdefault((note.servers, note.values, note.reason, note.has_point, lacks or note.status), []).append(note)
    return [
        dataclasses.replace(same[0], status="no " + _listed([note.status.removeprefix("no ") for note in same]))
        if len(same) > 1
        else same[0]
        for same in found.values()
    ]


def _rounds(count):
    return f"{count} round{'' if count == 1 else 's'}"


def _explain(explained, run, cell):
    """Adds the sentences of a cell's rounds to {code: sentences}."""
    for each in run.rounds(cell) if cell else ():
        found = warnings(each) if each["status"] == "ok" else reasons(each) if each["status"] == "invalid" else {}
        for code, text in found.items():
            explained.setdefault(code, []).append(text)


def _codes(rounds, reasons_of):
    return ", ".join(dict.fromkeys(code for each in rounds for code in reasons_of(each)))


def _cell_notes(run, experiment, server, value, metrics):
    """(status, reason, has_point) for one cell."""
    cell = run.cell(experiment, server, value)
    if cell is None:
        return [("not selected for this run", "", False)]
    if cell["status"] != "measured":
        invalid = [each for each in run.rounds(cell) if each["status"] == "invalid"]
        why = cell["status"] == "invalid" and _codes(invalid, reasons) or cell["reason"]
        return [(_STATUS_WORDS[cell["status"]], why, False)]
    found = []
    for metric in metrics:
        summary = run.summary(cell, metric)
        if summary is None or not _is_drawable(summary["median"]):
            found.append((f"no {metric_table()[metric]['label']}", _explain_gap(summary), False))
    rounds = run.rounds(cell)
    for status in ("failed", "invalid", "unsupported"):
        lost = [each for each in rounds if each["status"] == status]
        if lost:
            why = status == "invalid" and _codes(lost, reasons) or lost[0]["reason"]
            found.append((f"{len(lost)} of {_rounds(len(rounds))} {status}", why, True))
    good = [each for each in rounds if each["status"] == "ok"]
    warned = [each for each in good if warnings(each)]
    if warned:
        share = "" if len(warned) == len(rounds) else f" in {len(warned)} of {_rounds(len(rounds))}"
        found.append((f"warning{share}", _codes(warned, warnings), True))
    return found


def _explain_gap(summary):
    if summary is None:
        return "the run has no such summary"
    if summary["median"] is not None:
        return f"its median is {exact(summary['median'])}, which a logarithmic axis cannot show"
    return summary.get("reason") or "no reason given"


# "2 of 5 rounds failed" and "1 of 5 rounds failed" share a note; "no p99" and "no p99.9" do not.
_SHARE = r"\b\d+ of \d+ rounds?\b"


def _shape(reason):
    # "1019 of 2000 connections" and "1019 of 5000 connections" are the same reason.
    return re.sub(r"\d[\d.,]*", "#", reason or "")


def grouped(raw):
    """Notes of (server, value, status, reason, has_point): joins the values of a server and reason, then the servers of
    equal values and reason."""
    by_server = {}
    for server, value, status, reason, has_point in raw:
        kind = re.sub(_SHARE, "some rounds", status)
        by_server.setdefault((server, kind, _shape(reason), has_point), []).append((value, status, reason))
    by_values = {}
    for (server, status, shape, has_point), cells in by_server.items():
        values = tuple(value for value, _, _ in cells)
        by_values.setdefault((values, status, shape, has_point), []).append((server, cells))
    joined = []
    for (values, _, _, has_point), members in by_values.items():
        cells = members[0][1]
        statuses = list(dict.fromkeys(status for _, found in members for _, status, _ in found))
        reasons = list(dict.fromkeys(reason for _, found in members for _, _, reason in found if reason))
        reason = reasons[0] if reasons else ""
        reason += "; similar at the others" if len(reasons) > 1 else ""
        status = statuses[0] if len(statuses) == 1 else re.sub(_SHARE, "some rounds", statuses[0])
        joined.append(Note(tuple(server for server, _ in members), values, status, reason, has_point))
    return joined
