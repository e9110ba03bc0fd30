#!/usr/bin/env python3
"""Check that code is in the namespace of its directory, and that no class is defined twice in one namespace.

  checks/definitions.py [ROOT]

Other namespaces may only declare classes. Two definitions of one name in a program violate the one-definition rule, and
no compiler says so. Classes of unnamed namespaces, and those within classes, are their file's own. Relies on the layout
that clang-format makes. Exit code: 0 in order, 1 a violation, named by file."""
import collections
import pathlib
import re
import sys

# The innermost directory counts.
NAMESPACES = {"net": "fanin::net", "os": "fanin::os", "statistics": "fanin::statistics", "protocols": "fanin::protocols",
              "servers": "fanin::server", "servers/conformance": "fanin::conformance", "ledger": "fanin::ledger",
              "loadgen": "fanin::load", "harness": "fanin::harness", "harness/guest": "fanin::guest",
              "microbench": "fanin::microbench"}
DECLARATIONS = re.compile(r"^namespace [\w:]+ \{\n(?:(?:class|struct) \w+;\n)+\}.*\n", re.M)
OPEN = re.compile(r"^namespace ([\w:]*) ?\{")
CLOSE = re.compile(r"^\}  // namespace")
DEFINITION = re.compile(r"^(?:template .*> )?(?:class|struct|union|enum(?: class)?) (?:alignas\(\w+\) |\[\[\w+\]\] )?(\w+)\b[^;]*[{:]")


def without_declarations(text):
    """A source without the namespaces that only declare classes, its lines numbered as before."""
    return DECLARATIONS.sub(lambda found: "\n" * found[0].count("\n"), text)


def find_namespace(name):
    """The namespace of a file's directory, or None: any."""
    inner = max((each for each in NAMESPACES if name.startswith(each + "/")), key=len, default=None)
    return inner and NAMESPACES[inner]


def faults_of_namespaces(name, text):
    own, depth = find_namespace(name), 0
    for number, line in enumerate(text.splitlines(), 1):
        if opened := OPEN.match(line):
            if depth == 0 and own and opened[1] and not f"{opened[1]}::".startswith(f"{own}::"):
                yield f"{name}:{number}: {opened[1]} is not the namespace of the directory: use {own}"
            depth += 1
        elif CLOSE.match(line):
            depth -= 1
        elif depth == 0 and own and DEFINITION.match(line):
            yield f"{name}:{number}: a class in no namespace: use {own}"


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
    files, faults = collections.defaultdict(set), []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.name.endswith((".h", ".cc", ".cc.in")) and not name.startswith("build"):
            text = without_declarations(path.read_text(encoding="utf-8"))
            faults += faults_of_namespaces(name, text)
            for defined in definitions(text):
                files[defined].add(name)
    for defined, where in sorted(files.items()):
        if len(where) > 1:
            faults.append(f"{defined} is defined in {' and in '.join(sorted(where))}: rename one, or move it into its namespace")
    print("\n".join(faults), end="\n" * bool(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])))
