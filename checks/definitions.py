#!/usr/bin/env python3
"""Check that no class is defined twice in the same namespace.

  checks/definitions.py [ROOT]

Two definitions of one name in a program violate the one-definition rule, and no compiler says so. Classes of unnamed
namespaces, and those within classes, are their file's own. Relies on the layout that clang-format makes. Exit code: 0
none is, 1 some are, each named with its files."""
import collections
import pathlib
import re
import sys

OPEN = re.compile(r"^namespace ([\w:]*) ?\{")
CLOSE = re.compile(r"^\}  // namespace")
DEFINITION = re.compile(r"^(?:template .*> )?(?:class|struct|union|enum(?: class)?) (?:alignas\(\w+\) |\[\[\w+\]\] )?(\w+)\b[^;]*[{:]")


def definitions(text):
    """Qualified names of the classes that a source defines for others."""
    namespaces = []
    for line in text.splitlines():
        if opened := OPEN.match(line):
            namespaces.append(opened[1])
        elif CLOSE.match(line):
            namespaces.pop()
        elif (found := DEFINITION.match(line)) and "" not in namespaces:
            yield "::".join([*namespaces, found[1]])


def main(root):
    files = collections.defaultdict(set)
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix in (".h", ".cc") and not name.startswith("build"):
            for defined in definitions(path.read_text(encoding="utf-8")):
                files[defined].add(name)
    twice = {name: where for name, where in files.items() if len(where) > 1}
    for name, where in sorted(twice.items()):
        print(f"{name} is defined in {' and in '.join(sorted(where))}: rename one, or move it into its namespace")
    return 1 if twice else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])))
