"""A made-up ledger of `fanin kernels`, with every kind of cell. NOT a measurement."""

from plots.tests.fixture_parts import environment

KERNELS = ("6.1.0-56-cloud-amd64", "6.12.117+deb12-cloud-amd64")
SERVERS = ("process", "select", "poll", "epoll", "io-uring")
# (caller, name, subsystem, context, instructions per request on each kernel; None: it is not there)
_FRAMES = (
    (-1, "[user]", "user code", "user", (0, 0)),
    (0, "fanin::server::run", "user code", "user", (1000, 1000)),
    (-1, "entry_SYSCALL_64", "entry/exit", "syscall", (200, 210)),
    (2, "do_syscall_64", "entry/exit", "syscall", (300, 450)),
    (3, "tcp_sendmsg", "sockets/TCP", "syscall", (9000, 9100)),
    (4, "kmem_cache_alloc_node", "memory", "syscall", (700, None)),
    (4, "kmem_cache_alloc_node_noprof", "memory", "syscall", (None, 700)),
    (4, "__list_add_valid", "other", "syscall", (60, None)),
    (3, "__schedule", "scheduler", "scheduler", (2000, 2100)),
    (8, "pick_eevdf", "scheduler", "scheduler", (None, 163)),
    (3, "do_select", "poll/select", "syscall", (800, 820)),
)


def make_cell(cell_id, kernel, scale=1.0, requests=500, program=0):
    """A cell with counts, all of one program; `scale`: of do_select()."""
    side = KERNELS.index(kernel)
    names, nodes, places = [], [], {}
    functions, split = [], {}
    for index, (caller, name, subsystem, context, counts) in enumerate(_FRAMES):
        if counts[side] is None:
            continue
        own = round(requests * counts[side] * (scale if name == "do_select" else 1))
        places[index] = len(nodes)
        nodes.append([places.get(caller, -1), len(names), program, own])
        names.append(name)
        if own:
            of = {"program": "server", "context": context}
            functions.append({"name": name, **of, "subsystem": subsystem, "instructions": own})
            split[context] = split.get(context, 0) + own
    experiment, server, value = cell_id.split("/")
    total = sum(split.values())
    return {
        "id": cell_id,
        "experiment": experiment,
        "server": server,
        "parameter": "idle_connections" if experiment == "readiness" else "connections",
        "value": int(value),
        "kernel": kernel,
        "status": "ok",
        "reason": None,
        "requests": requests,
        "instructions": total,
        "instructions_per_request": total / requests,
        "split": [{"program": "server", "context": context, "instructions": count} for context, count in split.items()],
        "functions": sorted(functions, key=lambda each: -each["instructions"]),
        "paths": {"names": names, "nodes": nodes},
        "switches": {"server": requests, "generator": requests, "kernel": 0, "init": 0},
        "memory": None,
    }


def uncounted(cell, status="unsupported", reason="io_uring is not in this kernel"):
    """The cell without its counts."""
    keys = ("requests", "instructions", "instructions_per_request", "split", "functions", "paths", "switches")
    return cell | dict.fromkeys(keys) | {"status": status, "reason": reason}


def make_total(cell, seed):
    """An entry of "other_seeds" with the counts of a cell."""
    return {"seed": seed} | {key: cell[key] for key in ("id", "kernel", "status", "reason", "requests", "instructions", "switches")}


def make_memory(idle):
    """5,120 bytes of slab for each idle connection, besides what the programs take."""
    return {"slab_bytes": 100_000 + 5120 * idle, "page_table_bytes": 86_016, "stack_bytes": 49_152, "connections": 1 + idle}


def make_differences(kernels, cells):
    """Each later kernel compared with the first, without folding."""
    counted = {(each["id"], each["kernel"]): each for each in cells if each["status"] == "ok"}
    found = []
    for kernel in kernels[1:]:
        pairs = [(counted[id_, kernels[0]], each) for (id_, of), each in counted.items() if of == kernel and (id_, kernels[0]) in counted]
        compared = [{"id": now["id"], "functions": _compare(base, now)} for base, now in pairs]
        configuration = {"matter": ["CONFIG_HZ: 250 -> 1000"], "others": 3}
        found.append({"base": kernels[0], "kernel": kernel, "configuration": configuration, "cells": compared})
    return found


def _compare(base, now):
    rows = {}
    for side, cell in (("base", base), ("now", now)):
        for each in cell["functions"]:
            name = each["name"].removesuffix("_noprof")
            row = rows.setdefault(name, {"name": name, "subsystem": each["subsystem"], "base": 0, "now": 0})
            row[side] += each["instructions"]
    return sorted(rows.values(), key=lambda row: -abs(row["now"] - row["base"]))


def make_kernel(name):
    return {
        "name": name,
        "request": "debian:" + name[:4].rstrip("."),
        "version": name,
        "image_sha256": "a" * 64,
        "command_line": "console=ttyS0 quiet",
        "config": {"CONFIG_HZ": "250"},
        "check": {"counted": 100, "clock": 100},
    }


def make_ledger(kernels=KERNELS):
    """Echo for each server, and idle connections for two; io-uring is unsupported on the first kernel."""
    cells = []
    for kernel in kernels:
        for index, server in enumerate(SERVERS):
            cell = make_cell(f"echo/{server}/1", kernel, scale=1 + index)
            cells.append(uncounted(cell) if server == "io-uring" and kernel == KERNELS[0] else cell)
        for server, slope in (("select", 0.5), ("epoll", 0.0)):
            for idle in (0, 100, 1000):
                cells.append(make_cell(f"readiness/{server}/{idle}", kernel, scale=1 + slope * idle) | {"memory": make_memory(idle)})
    return {
        "schema": "fanin-ledger",
        "schema_version": 2,
        "suite": "kernels",
        "seed": 1,
        "environment": environment(),
        "qemu": {"version": "7.2.22"},
        "window": {"skip": 200, "count": 500},
        "kernels": [make_kernel(each) for each in kernels],
        "cells": cells,
        "differences": make_differences(kernels, cells),
    }
