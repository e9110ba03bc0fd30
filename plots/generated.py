"""Parts of documents that a command writes, each between a line `<!-- NAME: COMMAND -->` and `<!-- end of NAME -->`."""

from plots.json_file import InputError

COMMANDS = {
    "chart": "python3 -m plots.publish RUN",
    "findings": "python3 -m plots.publish RUN",
    "metrics": "python3 -m plots.tables",
    "models": "python3 -m plots.readme",
    "options": "python3 -m plots.tables",
    "workload keys": "python3 -m plots.tables",
}


def markers(name):
    return f"<!-- {name}: {COMMANDS[name]} -->", f"<!-- end of {name} -->"


def replaced(text, name, content, path):
    """`text` with `content` between the markers of part `name`. Raises InputError where `path` has them not once."""
    begin, end = markers(name)
    for marker in (begin, end):
        if text.count(marker) != 1:
            raise InputError(f"{path}: it should have the line {marker} once")
    before, rest = text.split(begin)
    return f"{before}{begin}\n{content.strip()}\n{end}{rest.split(end)[1]}"
