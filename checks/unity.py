#!/usr/bin/env python3
"""Check that the files of a CMake target can be compiled as one (unity builds).

  checks/unity.py [ROOT]

The presets release, asan, tsan and fuzz compile many files of a target as one translation unit; dev does not. Names of
unnamed namespaces must therefore be unique in a target: functions that the same arguments fit, constants, classes,
aliases (also those within functions), tests, and macros. They must also differ from such names of the headers that the
target includes. Relies on the layout that clang-format makes. Exit code: 0 they are, 1 a clash, named with its files."""
import collections
import pathlib
import re
import sys

from definitions import CLOSE, OPEN

TARGET = re.compile(r"^\s*(?:fanin_\w+|target_sources)\(([\w.-]+)((?:[^()]|\([^()]*\))*)\)", re.MULTILINE)
CLASS = re.compile(r"(?:class|struct|union|enum(?: class)?) (\w+)\b[^;(=]*[{:]")
TEST = re.compile(r"(TEST\w*|INSTANTIATE_\w+)\((\w+), (\w+)")
NOISE = re.compile(r"\[\[.*?\]\]|\b(?:alignas|noexcept|decltype|__attribute__)\(+[^()]*\)+")
# Beginnings of declarations that define no name here, or that may be repeated.
OTHER = re.compile(r"(using (?!\w+ =)|static_assert|namespace|extern|friend|typedef|return|template (?!<))")


def targets(root):
    """Yields (target, its sources in unity builds) of all CMakeLists.txt."""
    for path in sorted(root.rglob("CMakeLists.txt")):
        text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
        alone = " ".join(re.findall(r"set_source_files_properties\((.*?) PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON", text))
        for variable in re.findall(r"\$\{(\w+)\}", alone):
            alone += " " + " ".join(re.findall(rf'list\(FILTER {variable} INCLUDE REGEX "(.*?)"', text))
        patterns = [re.compile(each if each.startswith("^") else re.escape(each)) for each in alone.split()]
        found = collections.defaultdict(list)
        for target, body in TARGET.findall(text):
            names = [each for each in body.split("LIBRARIES")[0].split() if each.endswith(".cc") and "$" not in each]
            found[target] += [each for each in names if not any(pattern.match(each) for pattern in patterns)]
        for target, names in found.items():
            if not re.search(rf"{re.escape(target)} PROPERTIES UNITY_BUILD OFF", text):
                yield target, [path.parent / each for each in names if (path.parent / each).exists()]


def declarations(text):
    """Yields (namespaces, declaration as one line) of the declarations at the level of namespaces."""
    text = re.sub(r'R"(\w*)\(.*?\)\1"', '""', text, flags=re.DOTALL)
    namespaces, parts = [], []
    for line in text.splitlines():
        if not parts and (opened := OPEN.match(line)):
            namespaces.append(opened[1])
        elif not parts and CLOSE.match(line):
            namespaces.pop()
        elif parts or re.match(r"[A-Za-z_:]", line):
            parts.append(re.sub(r" *//.*", "", line).strip())
            if parts[-1].endswith(("{", ";", "}", "),", ") :")) or not line.strip():
                yield tuple(namespaces), " ".join(parts)
                parts = []


def named(declaration):
    """(name, what must not be equal) of a declaration: its kind, or parameters of a function; None for others."""
    if test := TEST.match(declaration):
        return f"{test[2]}.{test[3]}", test[1]
    text = NOISE.sub("", re.sub(r"^template <.*?> (?=\w)", "", declaration)).strip()
    if OTHER.match(text):
        return None
    if alias := re.match(r"using (\w+) = (.*)", text):
        return alias[1], "using " + alias[2]
    if found := CLASS.match(text):
        return found[1], "class"
    depth = 0
    for index, char in enumerate(text):
        depth += {"<": 1, ">": -1}.get(char, 0)
        if char == "(" and depth == 0:
            name = re.search(r"(operator ?\S+|[\w:~]+)$", text[:index])
            return (name[1], f"({parameters(text[index + 1 :])})") if name and "::" not in name[1] else None
        if char in "={[;" and depth == 0:
            name = re.search(r"([\w:]+) ?$", text[:index])
            return (name[1], "constant") if name and " " in text[:index].strip() and "::" not in name[1] else None
    return None


def parameters(text):
    """The types of a list of parameters that ends at its closing parenthesis; those with a default end in "=".

    Types that convert to each other are one: a call that fits both functions is ambiguous.
    """
    depth, types, current = 0, [], ""
    for char in text:
        if char == ")" and depth == 0:
            break
        depth += {"(": 1, "<": 1, "{": 1, ")": -1, ">": -1, "}": -1}.get(char, 0)
        if char == "," and depth == 0:
            types.append(current)
            current = ""
        else:
            current += char
    return ", ".join(normalised(each.strip()) for each in [*types, current] if each.strip())


def normalised(parameter):
    text, _, default = parameter.partition(" = ")
    kind = re.sub(r"(?<=[\s&*>])\w+$", "", text).strip() if " " in text else text
    kind = re.sub(r"^(const std::string&|std::string(_view)?|const char\*)$", "text", kind)
    kind = re.sub(r"^(int|unsigned|double|std::size_t|std::u?int\d+_t)$", "number", kind)
    return kind + "=" * bool(default)


def calls(kind):
    """The lists of types with which a function can be called."""
    types = kind[1:-1].split(", ")
    fewest = next((index for index, each in enumerate(types) if each.endswith("=")), len(types))
    return {tuple(each.rstrip("=") for each in types[:length]) for length in range(fewest, len(types) + 1)}


def includes(path, root, seen):
    """The headers of the project that a file includes, directly or not."""
    for name in re.findall(r'^#include "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE):
        header = root / name
        if header not in seen and header.exists():
            seen.add(header)
            includes(header, root, seen)
    return seen


def own_names(path):
    """Yields (namespace, name, kind) of the unnamed namespaces and the macros of a source."""
    text = path.read_text(encoding="utf-8")
    for macro in set(re.findall(r"^#define (\w+)", text, re.MULTILINE)) - set(re.findall(r"^#undef (\w+)", text, re.MULTILINE)):
        yield "", macro, "macro"
    for namespaces, declaration in declarations(text):
        found = named(declaration) if "" in namespaces or TEST.match(declaration) else None
        if found and (not found[1].startswith("(") or not declaration.endswith(";")):
            yield "::".join(each for each in namespaces if each), *found


def header_names(path):
    """Yields the same of the named namespaces of a header."""
    for namespaces, declaration in declarations(path.read_text(encoding="utf-8")):
        found = named(declaration)
        if namespaces and found:
            yield "::".join(namespaces), *found


def fits(first, second):
    """Whether one call may mean both functions: a document is made from any value."""
    pairs = zip(first, second)
    return len(first) == len(second) and all(one == other or "const Json&" in (one, other) for one, other in pairs)


def clash(first, second):
    """Whether two kinds of one name exclude each other: all but overloads and equal aliases do."""
    if first.startswith("(") and second.startswith("("):
        return any(fits(one, other) for one in calls(first) for other in calls(second))
    return not (first.startswith("using") and first == second)


def faults(root):
    for target, sources in targets(root):
        known = collections.defaultdict(dict)  # (namespace, name) -> {kind: file}
        headers = set().union(*(includes(path, root, set()) for path in sources)) if sources else ()
        for header in sorted(headers):
            for namespace, name, kind in header_names(header):
                known[namespace, name].setdefault(kind, header)
        for path in sources:
            for namespace, name, kind in own_names(path):
                for other, where in known[namespace, name].items():
                    if where != path and clash(kind, other):
                        files = " and ".join(each.relative_to(root).as_posix() for each in (where, path))
                        yield f"{target}: {name} is in {files}: rename one, since unity builds compile both as one file"
                known[namespace, name].setdefault(kind, path)


def shadowed_aliases(root):
    """An alias within a function shadows one of an unnamed namespace of another file (-Wshadow)."""
    for target, sources in targets(root):
        aliases = collections.defaultdict(set)  # name -> files
        for path in sources:
            for _, name, kind in own_names(path):
                if kind.startswith("using "):
                    aliases[name].add(path)
        for path in sources:
            for name in set(re.findall(r"^ +using (\w+) =", path.read_text(encoding="utf-8"), re.MULTILINE)):
                for where in sorted(aliases[name] - {path}):
                    files = " and ".join(each.relative_to(root).as_posix() for each in (where, path))
                    yield f"{target}: {name} is in {files}: rename one, since unity builds compile both as one file"


def main(root):
    root = root.resolve()
    found = sorted({*faults(root), *shadowed_aliases(root)})
    print("\n".join(found), end="\n" * bool(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])))
