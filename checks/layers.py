#!/usr/bin/env python3
"""Check that directories include each other only as ARCHITECTURE.md says.

  checks/layers.py [ROOT]

The table below "## Layers" lists each directory with the directories that it may include; each of these must stand
above it, so the order is acyclic. Tests may include more. Exit code: 0 in order, 1 a violation, named by file and line,
2 no table."""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^#include "([^"]+)"')
ROW = re.compile(r"^\| `([\w/]+)` \|.*\|([^|]*)\|$")


def layers(architecture):
    """{directory: directories that it may include}, in the order of the table."""
    allowed = {}
    text = architecture.partition("\n## Layers\n")[2].partition("\n## ")[0]
    for line in text.splitlines():
        if row := ROW.match(line):
            allowed[row[1]] = re.findall(r"`([\w/]+)`", row[2])
    return allowed


def check_table(allowed):
    above = set()
    for directory, includes in allowed.items():
        for each in includes:
            if each not in above:
                yield f"ARCHITECTURE.md: {directory} may include {each}, which does not stand above it"
        above.add(directory)


def sources(root):
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix not in (".h", ".cc") or name.startswith(("build", "results")):
            continue
        if not name.endswith("_test.cc") and not re.search(r"(^|/)(fuzz|integration_test)/|fixture", name):
            yield path, name


def check_sources(root, allowed):
    for path, name in sources(root):
        directory = name.rpartition("/")[0]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if include := INCLUDE.match(line):
                other = include[1].rpartition("/")[0]
                if directory not in allowed:
                    yield f"{name}: {directory} is not in the table of ARCHITECTURE.md: add it"
                    break
                if other not in ("", directory) and other not in allowed[directory]:
                    yield f"{name}:{number}: {directory} may not include {other} (ARCHITECTURE.md, Layers)"


def main(root):
    allowed = layers((root / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    if not allowed:
        print("layers.py: ARCHITECTURE.md has no table below '## Layers': add it", file=sys.stderr)
        return 2
    faults = [*check_table(allowed), *check_sources(root, allowed)]
    print("\n".join(faults), end="\n" * bool(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])))
