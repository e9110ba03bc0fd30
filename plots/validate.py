"""python3 -m plots.validate FILE...: checks fanin files against their schemas and for consistency.

The key "schema" names the kind of a file. A .jsonl file holds rounds, units of fanin claims, or the lines of fanin-load
--live-json; its first line shows which. Prints one line per finding on stderr, FILE: PLACE: what is wrong. Exit code 0
if every file is valid, 2 if one is not.
"""

from plots import programs

programs.require_modules("jsonschema")

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from plots import consistency
from plots.document import Finding, check_kind, schema_findings
from plots.json_file import InputError, parse_json, read_bytes, read_json


def findings(document, origin, limit=10):
    """Returns up to `limit` Findings of a document; only one that fits its schema is checked for consistency."""
    kind = check_kind(document, origin)
    found = schema_findings(document, kind, limit=limit)
    return found or consistency.findings(document, kind)[:limit]


def lines_findings(path, limit=10):
    """Returns up to `limit` Findings of a file of rounds, units or live lines; the place has the line number."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    found = []
    values = []
    checks = _choose_checks(None)
    # Not splitlines(), which also splits at characters that a text may contain.
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        values.append(parse_json(line, f"{path}:{number}"))
        checks = _choose_checks(values[0])
        found += [Finding(f"line {number}: {each.place}", each.message) for each in checks.line(values[-1], limit)]
        if len(found) >= limit:
            break
    found = found or [Finding(f"line {index + 1}: $", message) for index, message in checks.order(values)]
    return found[:limit]


def _choose_checks(first):
    """The checks of a file by its first line: only those of --live-json have a phase, only units have arms."""
    keys = first if isinstance(first, dict) else ()
    return LIVE if "phase" in keys else UNITS if "arms" in keys else ROUNDS


def _check_live(line, limit):
    return schema_findings(line, "fanin-load-live", limit=limit)


def _check_unit(line, limit):
    return schema_findings(line, "fanin-claims-unit", limit=limit)


def _check_round(line, limit):
    return schema_findings(line, "fanin-run", "round", limit) or consistency.round_findings(line, ())


@dataclass(frozen=True)
class LineChecks:
    """`line` returns the Findings of one line, `order` yields (index, message) of lines that do not fit the others."""

    line: Callable
    order: Callable


LIVE = LineChecks(_check_live, lambda _: ())
UNITS = LineChecks(_check_unit, consistency.misnumbered_units)
ROUNDS = LineChecks(_check_round, consistency.repeated_rounds)


def check(path, limit):
    """Returns up to `limit` Findings of the file at `path`. Raises InputError if it cannot be read."""
    if str(path).endswith(".jsonl"):
        return lines_findings(path, limit)
    document = read_json(path)
    found = findings(document, str(path), limit)
    if found or document["schema"] not in ("fanin-run", "fanin-verdict", "fanin-claims", "fanin-ledger"):
        return found
    recomputed = consistency.summary_findings(path)
    if recomputed is None:
        print(f"plots.validate: {path}: no fanin is built, so its figures were not recomputed", file=sys.stderr)
    return recomputed or []


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="plots.validate", description="Checks fanin suites, load results, runs, rounds and live lines."
    )
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--limit", type=int, default=10, help="findings shown per file (default 10)")
    options = parser.parse_args(arguments)
    sound = True
    for path in options.files:
        try:
            found = check(path, max(1, options.limit))
        except InputError as error:
            print(f"plots.validate: {error}", file=sys.stderr)
            sound = False
            continue
        for each in found:
            print(f"plots.validate: {path}: {each}", file=sys.stderr)
        sound = sound and not found
    return 0 if sound else 2


if __name__ == "__main__":
    programs.end_on_sigpipe()
    sys.exit(main())
