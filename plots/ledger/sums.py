"""Checks of a ledger beyond its JSON Schema: split, functions, nodes, and each side of a difference add up to the instructions
of their cell."""

from plots.document import Finding
from plots.json_file import json_path


def findings(document):
    """Returns the Findings of a document that fits its schema."""
    found = []
    names = [each["name"] for each in document["kernels"]]
    if len(set(names)) != len(names):
        found.append(Finding("$.kernels", "two kernels have the same name"))
    seen = set()
    for index, cell in enumerate(document["cells"]):
        path = ("cells", index)
        if cell["kernel"] not in names:
            found.append(_finding((*path, "kernel"), f'there is no kernel "{cell["kernel"]}" in $.kernels'))
        if (cell["id"], cell["kernel"]) in seen:
            found.append(_finding((*path, "id"), f"{cell['id']} is there twice on {cell['kernel']}"))
        seen.add((cell["id"], cell["kernel"]))
        found += _cell_findings(cell, path) if cell["status"] == "ok" else []
    totals = set()
    for index, total in enumerate(document.get("other_seeds", [])):
        if (total["id"], total["kernel"]) not in seen:
            found.append(_finding(("other_seeds", index), "the ledger has no such cell"))
        key = total["seed"], total["id"], total["kernel"]
        if total["seed"] == document["seed"] or key in totals:
            found.append(_finding(("other_seeds", index, "seed"), "is there twice for this cell"))
        totals.add(key)
    counted = {(each["id"], each["kernel"]): each["instructions"] for each in document["cells"] if each["status"] == "ok"}
    for index, difference in enumerate(document["differences"]):
        for at, cell in enumerate(difference["cells"]):
            for side, key in (("base", "base"), ("now", "kernel")):
                value = sum(each[side] for each in cell["functions"])
                if value != counted.get((cell["id"], difference[key])):
                    path = ("differences", index, "cells", at, "functions")
                    found.append(_finding(path, f"`{side}` adds up to {value} instructions, which the cell on {difference[key]} does not have"))
    return found


def _cell_findings(cell, path):
    total, nodes = cell["instructions"], cell["paths"]["nodes"]
    sums = {
        ("split",): sum(each["instructions"] for each in cell["split"]),
        ("functions",): sum(each["instructions"] for each in cell["functions"]),
        ("paths", "nodes"): sum(each[3] for each in nodes),
    }
    found = [
        _finding((*path, *key), f"adds up to {value} instructions, but the cell has {total}")
        for key, value in sums.items()
        if value != total
    ]
    per_request = total / cell["requests"]
    if abs(cell["instructions_per_request"] - per_request) > 1e-9 * per_request:
        found.append(_finding((*path, "instructions_per_request"), f"but instructions and requests give {per_request:.6g}"))
    count = len(cell["paths"]["names"])
    for index, (parent, name, *_) in enumerate(nodes):
        if parent >= index or name >= count:
            place = (*path, "paths", "nodes", index)
            return [*found, _finding(place, "its caller does not come earlier, or it has no name")]
    return found


def _finding(path, message):
    return Finding(json_path(path), message)
