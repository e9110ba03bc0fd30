"""A ledger of `fanin kernels`, checked, and the queries that its charts need."""

import re
from pathlib import Path

from plots import consistency
from plots.json_file import InputError

NAMES = ("ledger.json", "ledger.json.gz")
KIND = "fanin-ledger"
PROGRAMS = ("server", "generator", "kernel", "init")
NOT_TIME = "instructions are not time: an emulator counted them, which has no caches, no pipeline and no second CPU"
_DEBIAN = re.compile(r"(\+deb\w+)?(-cloud)?-amd64")
# How a sweep's parameter is called in titles.
_PARAMETERS = {"idle_connections": "idle connections", "connections": "connections", "payload_bytes": "bytes of payload"}


# Switches per request by which two counts of a cell differ where the programs are scheduled in a different order; fewer are timer ticks and
# kernel threads.
_ANOTHER_ORDER = 0.2


class Ledger:
    """The queries. `kernels`: names in order; `cells`: those with counts."""

    def __init__(self, document):
        self.document = document
        self.kernels = [each["name"] for each in document["kernels"]]
        self.cells = [each for each in document["cells"] if each["status"] == "ok"]
        self._index = {(each["id"], each["kernel"]): each for each in self.cells}
        self._differences = {each["kernel"]: each for each in document["differences"]}
        self._short = _shorten(self.kernels)

    def find(self, cell_id, kernel):
        """The cell with counts, or None."""
        return self._index.get((cell_id, kernel))

    def short(self, kernel):
        """The name of a kernel without what all have in common at the end."""
        return self._short[kernel]

    def find_changes(self, cell_id, kernel):
        """The rows of the difference of a cell on a later kernel to the first one, the largest change first; None: there is none."""
        cells = self._differences[kernel]["cells"] if kernel in self._differences else []
        return next((each["functions"] for each in cells if each["id"] == cell_id), None)

    def list_configurations(self):
        """[(kernels, options, others)]: those later kernels together whose configurations differ from the first one's by the same
        options that matter, each (name without CONFIG_, value, value on these kernels), and how many others differ at most."""
        found = {}
        for kernel in self.kernels[1:]:
            configuration = self._differences[kernel]["configuration"]
            found.setdefault(tuple(map(_split_option, configuration["matter"])), []).append((kernel, configuration["others"]))
        return [([kernel for kernel, _ in each], options, max(others for _, others in each)) for options, each in found.items()]

    def list_ids(self):
        """IDs of cells that have counts on some kernel, in order of the document, each once."""
        counted = {each["id"] for each in self.cells}
        return [each for each in dict.fromkeys(cell["id"] for cell in self.document["cells"]) if each in counted]

    def list_experiments(self):
        """{experiment: its cells with counts}, in order of the document."""
        found = {}
        for cell in self.cells:
            found.setdefault(cell["experiment"], []).append(cell)
        return found

    def describe_gaps(self, experiment=None):
        """A line for each reason why cells have no counts."""
        reasons = {}
        for cell in self.document["cells"]:
            if cell["status"] != "ok" and experiment in (None, cell["experiment"]):
                why = f"{cell['status']} on {self.short(cell['kernel'])}: {cell['reason']}"
                reasons.setdefault(why, []).append(cell["id"])
        return [f"{', '.join(cells)}: {why}" for why, cells in reasons.items()]

    def describe_seeds(self):
        """A line with the cells in which some seed schedules the programs in a different order; none without further seeds."""
        counts = {}
        for each in [*self.cells, *(total for total in self.document.get("other_seeds", []) if total["status"] == "ok")]:
            counts.setdefault((each["id"], each["kernel"]), []).append(each)
        found = []
        for (cell_id, kernel), cells in counts.items():
            if any(has_another_order(cells[0], each) for each in cells[1:]):
                ends = sorted(each["instructions"] / each["requests"] for each in cells)
                found.append(f"{cell_id} on {self.short(kernel)} ({format_count(ends[0])} to {format_count(ends[-1])})")
        if "other_seeds" not in self.document:
            return []
        seeds = ", ".join(map(str, [self.document["seed"], *sorted({each["seed"] for each in self.document["other_seeds"]})]))
        return [f"Some of the seeds {seeds} schedule the programs in a different order in {len(found)} of {len(counts)} cells{': ' if found else ''}{', '.join(found)}"]

    def describe_footer(self):
        document = self.document
        window = f"{document['window']['count']:,} requests after {document['window']['skip']:,} others"
        return f"{window} \u00b7 seed {document['seed']} \u00b7 QEMU {document['qemu']['version']} \u00b7 {NOT_TIME}"


def load(path):
    """Returns the Ledger in a file, or in the directory of `fanin kernels`. Raises InputError."""
    path = find_file(path)
    ledger = Ledger(consistency.read_checked(path, KIND, f"a ledger: give the {NAMES[0]} of fanin kernels"))
    if not ledger.cells:
        raise InputError(f"{path}: no cell has counts, so there is no chart: see their reasons, and run fanin kernels again")
    return ledger


def find_file(path):
    """The ledger of a directory; any other path itself."""
    path = Path(path)
    return next((path / name for name in NAMES if (path / name).is_file()), path / NAMES[0]) if path.is_dir() else path


def is_directory(path):
    """Whether `path` is the directory of a ledger."""
    return any((path / name).is_file() for name in NAMES)


def list_switches(cell):
    """{program: switches to its tasks per request}."""
    return {name: count / cell["requests"] for name, count in cell["switches"].items()}


def has_another_order(one, other):
    """Whether the programs are scheduled in a different order in two counts of a cell."""
    was, now = list_switches(one), list_switches(other)
    return any(abs(now[name] - was[name]) >= _ANOTHER_ORDER for name in was)


def describe_value(cell):
    """What a cell's sweep value says: "1,000 idle connections"."""
    name = _PARAMETERS.get(cell["parameter"], cell["parameter"].replace("_", " "))
    return f"{cell['value']:,g} {name.removesuffix('s') if cell['value'] == 1 else name}"


def format_count(value):
    """Instructions per request: 32,245, 8.25."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def format_instructions(value, sign=""):
    """Instructions per request, more digits of small ones: 192.1, 0.002; `sign` "+": of a change, +192.1."""
    return f"{value:{sign},.1f}" if abs(value) >= 10 else f"{value:{sign}.3g}"


def format_change(ratio):
    """+4.1 %; 0 % only where nothing changed."""
    if ratio == 1:
        return "0 %"
    return f"{100 * (ratio - 1):+.3g} %"


def _split_option(text):
    """(name, value, value) of "CONFIG_NAME: value -> value"; of lists only what the other one lacks."""
    name, _, values = text.removeprefix("CONFIG_").partition(": ")
    was, _, now = values.partition(" -> ")
    if "," in values:
        lists = was.split(","), now.split(",")
        was, now = (",".join(each for each in mine if each not in others) or "..." for mine, others in (lists, lists[::-1]))
    return name, was, now


def _shorten(names):
    """{name: the name without what all of Debian's have, if the short names differ}."""
    short = [_DEBIAN.sub("", name) for name in names]
    return dict(zip(names, short if len(set(short)) == len(names) else names))
