"""A smaller copy of a ledger, which the repository can hold: every total, split and switch, the functions and paths that matter."""

OTHERS = "[others]"
SHARE = 0.0005  # of a cell's instructions: what has less is not shown alone
_CHANGES = 20  # functions of a difference that are shown alone


def reduce(document, whole=()):
    """Returns the copy; the cells with the IDs in `whole` keep everything. All sums stay: small functions are one row for each program, context and subsystem, small paths belong to
    their callers, and what is not among the functions that changed most is one row for each subsystem."""
    if "reduced" in document:
        return document
    cells = [_reduce_cell(cell) if cell["status"] == "ok" and cell["id"] not in whole else cell for cell in document["cells"]]
    differences = [
        difference | {"cells": [cell | {"functions": _reduce_changes(cell["functions"])} for cell in difference["cells"]]}
        for difference in document["differences"]
    ]
    return document | {"reduced": SHARE, "cells": cells, "differences": differences}


def _reduce_cell(cell):
    least = SHARE * cell["instructions"]
    large = [each for each in cell["functions"] if each["instructions"] >= least]
    others = {}
    for each in cell["functions"]:
        if each["instructions"] < least:
            key = each["program"], each["context"], each["subsystem"]
            others.setdefault(key, each | {"name": OTHERS, "instructions": 0})["instructions"] += each["instructions"]
    functions = sorted(large + list(others.values()), key=lambda each: -each["instructions"])
    return cell | {"functions": functions, "paths": _reduce_paths(cell["paths"], least)}


def _reduce_paths(paths, least):
    """Adds nodes whose callees and they themselves have less than `least` to their callers; those without one stay."""
    totals = [own for *_, own in paths["nodes"]]
    for index in range(len(totals) - 1, -1, -1):  # callers come first
        if (parent := paths["nodes"][index][0]) >= 0:
            totals[parent] += totals[index]
    places, names, nodes = {}, {}, []
    for index, (parent, name, program, own) in enumerate(paths["nodes"]):
        if parent >= 0 and totals[index] < least:
            places[index] = places[parent]
            nodes[places[parent]][3] += own
            continue
        places[index] = len(nodes)
        place = names.setdefault(paths["names"][name], len(names))
        nodes.append([places[parent] if parent >= 0 else -1, place, program, own])
    return {"names": list(names), "nodes": nodes}


def _reduce_changes(rows):
    """`rows`: the largest change first."""
    others = {}
    for each in rows[_CHANGES:]:
        row = others.setdefault(each["subsystem"], {"name": OTHERS, "subsystem": each["subsystem"], "base": 0, "now": 0})
        row["base"] += each["base"]
        row["now"] += each["now"]
    return rows[:_CHANGES] + list(others.values())
