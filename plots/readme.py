"""python3 -m plots.readme [FANIN_SERVER]: rewrites the table of server models in README.md.

The README has three generated parts, each between a line `<!-- NAME: COMMAND -->` and `<!-- end of NAME -->`: the chart
and the findings come from a run (`plots.publish`), the table of models from `fanin-server list --json` and the model
files.
"""

from plots import programs

programs.require_modules("matplotlib", "jsonschema", "jinja2")

import json
import re
import subprocess
import sys

from plots import captions, report, results_page, ticks
from plots.charts import connection_memory
from plots.generated import replaced
from plots.json_file import InputError
from plots.programs import TOP

_REQUIRES = re.compile(r"^// Requires: (.*(?:\n//  .*)*)", re.MULTILINE)


def chart(names):
    """The first chart of a run, linked to the page with all of them."""
    return f"[![{names[0]}]({results_page.CHARTS}/{names[0]})]({results_page.PAGE})" if names else ""


def findings(run, memory):
    """The findings of a run, and one table. `memory`: the run for the memory per connection."""
    found = [*_idle(run), *_cpu(run), *_memory(memory)]
    return "\n\n".join(filter(None, ("\n".join(found), results_page.table(run), _origin(run))))


def _idle(run):
    """The servers that idle connections slow down: their intervals at both ends of the sweep do not overlap."""
    experiment = results_page.idle_experiment(run)
    if experiment is None:
        return
    measured = {server: results_page.idle_rates(run, experiment, server) for server in experiment.servers}
    ends = {server: (rates[0], rates[-1]) for server, rates in measured.items() if len(rates) > 1}
    slowed = [server for server, (first, last) in ends.items() if last[1]["high"] < first[1]["low"]]
    kept = [server for server in ends if server not in slowed]
    title = f"Idle connections slow {_names(slowed) if slowed else 'no server'}"
    title += f", not {_names(kept)}" if slowed and kept else ""
    yield f"- **{title}.** " + "; ".join(_fall(server, *ends[server]) for server in [*slowed, *kept]) + "."


def _fall(server, first, last):
    rates = [f"{ticks.count(each['median'])}/s with {ticks.exact(value)}" for value, each in (first, last)]
    return f"`{server}`: {rates[0]} idle connections, {rates[1]}"


def _cpu(run):
    """The lowest and highest server CPU time per request at the largest number of connections."""
    experiment = results_page.table_experiment(run)
    if experiment is None:
        return
    value = experiment.values[-1]
    costs = []
    for server in experiment.servers:
        cell = run.cell(experiment, server, value)
        summary = run.summary(cell, "server_cpu_per_request_ns") if cell and cell["status"] == "measured" else None
        if summary and summary["median"]:
            costs.append((summary["median"], server))
    if len(costs) > 1:
        low, high = _ends(costs, ticks.duration)
        at = captions.at(value, "connections")
        yield f"- **At {at} a request costs {high[1]} of server CPU time with {high[0]}, {low[1]} with {low[0]}.**"


def _memory(run):
    """The lowest and highest memory per idle connection."""
    for experiment in run.experiments:
        slopes = [
            (run.slopes(experiment, server).get(connection_memory.TOTAL), server) for server in experiment.servers
        ]
        costs = [(slope["median"], server) for slope, server in slopes if slope and _is_known(slope)]
        if len(costs) > 1:
            low, high = _ends(costs, ticks.size)
            yield (
                f"- **An idle connection costs {high[1]} of memory with {high[0]}, {low[1]} with {low[0]}**, kernel "
                "memory of both ends included."
            )
            return


def _is_known(slope):
    """Whether the interval excludes half of the median. The cheapest of many unknown costs is the luckiest one."""
    return slope["median"] and slope["low"] > slope["median"] / 2


def _ends(costs, form):
    """(server, cost) of the lowest and the highest, as text."""
    return [(f"`{server}`", form(cost)) for cost, server in (min(costs), max(costs))]


def _names(servers):
    quoted = [f"`{each}`" for each in servers]
    return " and ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _origin(run):
    controls = report.controls(run)
    noise = f" The A/A control differs by {100 * max(each['apart'] for each in controls):.0f} % at most." if controls else ""
    return (
        f"Suite `{run.document['suite']['name']}`, {captions.machine(run)}, {captions.placement(run)}.{noise} Intervals, "
        f"charts and the comparisons with other programs: [{results_page.PAGE}]({results_page.PAGE})."
    )


def model_table(listing, top=TOP):
    """The models of `fanin-server list --json` (parsed) as a table, with the requirements in the heads of their files."""
    rows = ["| model | I/O and design | threads | requires |", "|---|---|---|---|"]
    for model in listing["models"]:
        path = f"servers/models/{model['name'].replace('-', '_')}.cc"
        found = _REQUIRES.search((top / path).read_text(encoding="utf-8"))
        if found is None:
            raise InputError(f"{path}: its head has no line // Requires: add it")
        requires = re.sub(r"\n//\s*", " ", found[1]).rstrip(".")
        each = "worker process" if model["worker_processes"] else "process" if "fork" in requires else None
        threads = model["threads"] + (f" per {each}" if each else "")
        rows.append(f"| [`{model['name']}`]({path}) | {model['summary']} | {threads} | {requires} |")
    return "\n".join(rows)


def list_models(program):
    """The output of `fanin-server list --json`, parsed."""
    done = subprocess.run([program, "list", "--json"], capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    program = arguments[0] if arguments else programs.find_program("fanin-server")
    if program is None or len(arguments) > 1:
        print("plots.readme: no fanin-server is built: run cmake --build --preset release, or name one", file=sys.stderr)
        return 2
    path = TOP / "README.md"
    try:
        text = replaced(path.read_text(encoding="utf-8"), "models", model_table(list_models(program)), path)
        path.write_text(text, encoding="utf-8")
    except (InputError, OSError, subprocess.CalledProcessError) as error:
        print(f"plots.readme: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    programs.end_on_sigpipe()
    sys.exit(main())
