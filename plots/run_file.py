"""A run file, checked, and the queries that charts need."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from plots import consistency
from plots.document import check_kind, schema_findings
from plots.json_file import InputError, read_json
from plots.histogram import Histogram
from plots.text import cleaned

BUSY_MACHINE = "busy-machine"  # the code of fanin-load's verdict on a round that was disturbed


def load_run(path):
    """Returns the Run in a run directory or run.json. Raises InputError, whose text is one line."""
    path = Path(path)
    if path.is_dir():
        packed = path / "run.json.gz"
        if packed.exists() and not (path / "run.json").exists():
            return load_run(packed)
        if not (path / "run.json").exists():
            hint = (
                "the run is unfinished: fanin run --resume"
                if (path / "rounds.jsonl").exists()
                else "give a run directory"
            )
            raise InputError(f"{path} holds no run.json: {hint}")
        path = path / "run.json"
    document = read_json(path)
    kind = check_kind(document, str(path))
    if kind != "fanin-run":
        drawn = "give a run directory, or the JSON file of fanin-load --sweep rate=auto, of fanin ab or of fanin claims"
        raise InputError(f'{path} is a "{kind}", of which there is no chart: {drawn}')
    found = schema_findings(document, kind, limit=1)
    found = found or consistency.findings(document, kind) or consistency.summary_findings(path)
    if found:
        more = f" (and {len(found) - 1} more: python3 -m plots.validate)" if len(found) > 1 else ""
        raise InputError(f"{path}: {found[0]}{more}")
    return Run(document, path)


@dataclass(frozen=True)
class Experiment:
    """The part of an experiment that the run has: its sweep and its servers (in the suite's order)."""

    name: str
    title: str
    parameter: str
    values: tuple
    servers: tuple
    workload: dict
    interleaved: bool = False  # all servers of a sweep value were up at once
    baseline: str | None = None  # the server that ratios compare the others with; None: the run has no ratio to it


class Run:
    """A run. Immutable; owns the parsed document, whose texts are cleaned."""

    def __init__(self, document, path):
        """`document` must fit run.schema.json; `path` is its file."""
        self.document = cleaned(document)
        self.path = Path(path)

    @cached_property
    def experiments(self):
        """The experiments that have cells in this run, in the suite's order.

        They omit servers and sweep values without cells (`fanin run --only`).
        """
        suite = self.document["suite"]
        found = []
        for each in suite["experiments"]:
            cells = [key for key in self._cells if key[0] == each["name"]]
            selected, values = {server for _, server, _ in cells}, {value for _, _, value in cells}
            if cells:
                servers = [name for name in consistency.experiment_servers(suite, each) if name in selected]
                title, parameter = each.get("title", each["name"]), each["sweep"]["parameter"]
                named = (each["name"], title, parameter, tuple(sorted(values)), tuple(servers), each["workload"])
                design = (each.get("design") == "interleaved", self._find_baseline(each, servers))
                found.append(Experiment(*named, *design))
        return found

    def _find_baseline(self, experiment, servers):
        known = {key[0] for key, each in self._ratios.items() if each["ratio"] is not None}
        compared = any(self._cells[key]["id"] in known for key in self._cells if key[0] == experiment["name"])
        return experiment.get("baseline") if compared and experiment.get("baseline") in servers else None

    def not_selected(self):
        """The number of cells that `fanin run --only` left out, without A/A controls."""
        suite = self.document["suite"]
        count = sum(
            len(consistency.experiment_servers(suite, each)) * len(each["sweep"]["values"])
            for each in suite["experiments"]
        )
        return count - len(self._cells)

    @property
    def servers(self):
        """Pairs (name, model or None) of the run's servers."""
        return [(each["name"], each["model"]) for each in self.document["servers"]]

    @cached_property
    def _cells(self):
        cells = self.document["cells"]
        return {
            (each["experiment"], each["server"], each["value"]): each for each in cells if each["role"] == "measure"
        }

    def cell(self, experiment, server, value):
        """The cell (never the A/A control) as in the file, or None."""
        return self._cells.get((experiment.name, server, value))

    @cached_property
    def _summaries(self):
        return {(each["cell"], each["metric"]): each for each in self.document["summaries"]}

    def summary(self, cell, metric):
        """The summary of a cell as in the file, or None."""
        return self._summaries.get((cell["id"], metric))

    @cached_property
    def _ratios(self):
        return {(each["cell"], each["metric"]): each for each in self.document.get("ratios", ())}

    def ratio(self, cell, metric):
        """The ratio of a cell to the baseline's as in the file, or None."""
        return self._ratios.get((cell["id"], metric)) if cell else None

    def control_ratios(self, experiment, metric):
        """{value: ratio} of the A/A controls of the baseline that have an interval."""
        found = {}
        for cell in self.document["cells"]:
            if (cell["experiment"], cell["server"], cell["role"]) == (experiment.name, experiment.baseline, "aa"):
                ratio = self.ratio(cell, metric)
                if ratio and ratio["low"] is not None:
                    found[cell["value"]] = ratio
        return found

    @cached_property
    def _slopes(self):
        found = {}
        for each in self.document.get("slopes", ()):
            found.setdefault((each["experiment"], each["server"]), {})[each["metric"]] = each
        return found

    def slopes(self, experiment, server):
        """{metric: slope as in the file} of a server; empty if the run has none."""
        return self._slopes.get((experiment.name, server), {})

    @cached_property
    def _rounds(self):
        by_cell = {}
        for each in self.document["rounds"]:
            by_cell.setdefault(each["cell"], []).append(each)
        return by_cell

    def rounds(self, cell, status=None):
        """The rounds of a cell in order of time, with `status` if given."""
        return [each for each in self._rounds.get(cell["id"], ()) if status in (None, each["status"])]

    def count_disturbed(self, experiment=None):
        """(rounds whose verdict says that other programs or the hypervisor used the CPUs, all rounds with a verdict)."""
        cells = {each["id"]: each["experiment"] for each in self.document["cells"]}
        rounds = (each for each in self.document["rounds"] if experiment is None or cells.get(each["cell"]) == experiment.name)
        verdicts = [each["load"]["verdict"] for each in rounds if each["load"]]
        return sum(any(each["code"] == BUSY_MACHINE for each in one["reasons"]) for one in verdicts), len(verdicts)

    def response(self, cell):
        """The merged response time Histogram of all ok rounds of a cell."""
        return Histogram.merged(each["load"]["latency"]["response"] for each in self.rounds(cell, "ok"))

    def example_load(self, experiment):
        """A load result of the experiment, whose workload includes the defaults; None without one."""
        for cell in self._cells.values():
            if cell["experiment"] == experiment.name:
                for each in self.rounds(cell):
                    if each["load"]:
                        return each["load"]
        return None
