"""A run file in memory, checked, with the questions that charts ask of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from plots import consistency
from plots.document import kind_of, schema_findings
from plots.json_file import InputError, read_json
from plots.histogram import Histogram
from plots.text import cleaned


def load_run(path):
    """Returns the Run in a run directory or run.json. Raises InputError with one line for anything that is not one."""
    path = Path(path)
    if path.is_dir():
        packed = path / "run.json.gz"
        if packed.exists() and not (path / "run.json").exists():
            return load_run(packed)
        if not (path / "run.json").exists():
            hint = (
                "its rounds are unfinished: fanin run --resume"
                if (path / "rounds.jsonl").exists()
                else "give a run directory"
            )
            raise InputError(f"{path} holds no run.json: {hint}")
        path = path / "run.json"
    document = read_json(path)
    kind = kind_of(document, str(path))
    if kind != "fanin-run":
        raise InputError(f'{path}: $.schema: it is "{kind}": charts are drawn from a fanin-run')
    found = schema_findings(document, kind, limit=1)
    found = found or consistency.findings(document, kind) or consistency.summary_findings(path)
    if found:
        more = f" (and {len(found) - 1} more: python3 -m plots.validate)" if len(found) > 1 else ""
        raise InputError(f"{path}: {found[0]}{more}")
    return Run(document, path)


@dataclass(frozen=True)
class Experiment:
    """One experiment as far as the run has it: what was varied, and who took part (in the suite's order)."""

    name: str
    title: str
    parameter: str
    values: tuple
    servers: tuple
    workload: dict


class Run:
    """A whole run. Immutable; owns the parsed document, whose texts are clean."""

    def __init__(self, document, path):
        """`document` must fit run.schema.json; `path` is where it came from."""
        self.document = cleaned(document)
        self.path = Path(path)

    @cached_property
    def experiments(self):
        """The suite's experiments that this run has cells of, in the suite's order.

        Servers and sweep values that `fanin run --only` left out entirely are no part of an experiment here.
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
                found.append(Experiment(*named))
        return found

    def not_selected(self):
        """How many cells of the suite the run does not have, since `fanin run --only` left them out; A/A is no cell."""
        suite = self.document["suite"]
        count = sum(
            len(consistency.experiment_servers(suite, each)) * len(each["sweep"]["values"])
            for each in suite["experiments"]
        )
        return count - len(self._cells)

    @property
    def servers(self):
        """Pairs (name, model or None) of all servers of the run."""
        return [(each["name"], each["model"]) for each in self.document["servers"]]

    @cached_property
    def _cells(self):
        cells = self.document["cells"]
        return {
            (each["experiment"], each["server"], each["value"]): each for each in cells if each["role"] == "measure"
        }

    def cell(self, experiment, server, value):
        """The cell (never the A/A control) as it stands in the file, or None where the run has none."""
        return self._cells.get((experiment.name, server, value))

    @cached_property
    def _summaries(self):
        return {(each["cell"], each["metric"]): each for each in self.document["summaries"]}

    def summary(self, cell, metric):
        """The summary of a cell as it stands in the file, or None."""
        return self._summaries.get((cell["id"], metric))

    @cached_property
    def _slopes(self):
        found = {}
        for each in self.document.get("slopes", ()):
            found.setdefault((each["experiment"], each["server"]), {})[each["metric"]] = each
        return found

    def slopes(self, experiment, server):
        """{metric: slope as it stands in the file} of a server; empty where the run, or its version, has none."""
        return self._slopes.get((experiment.name, server), {})

    @cached_property
    def _rounds(self):
        by_cell = {}
        for each in self.document["rounds"]:
            by_cell.setdefault(each["cell"], []).append(each)
        return by_cell

    def rounds(self, cell, status=None):
        """The rounds of a cell in the order they ran, of one status where given."""
        return [each for each in self._rounds.get(cell["id"], ()) if status in (None, each["status"])]

    def response(self, cell):
        """The response time Histogram of all ok rounds of a cell together."""
        return Histogram.merged(each["load"]["latency"]["response"] for each in self.rounds(cell, "ok"))

    def example_load(self, experiment):
        """Some load result of the experiment, which spells out the workload's defaults; None without one."""
        for cell in self._cells.values():
            if cell["experiment"] == experiment.name:
                for each in self.rounds(cell):
                    if each["load"]:
                        return each["load"]
        return None
