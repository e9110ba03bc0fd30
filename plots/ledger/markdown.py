"""docs/kernels.md and the part of the README: what the differences between kernels mean, each sentence with its figure."""

import re

from plots import ticks
from plots.ledger import words
from plots.ledger.bars import sum_subsystems
from plots.ledger.cost import IDLE, find_slope, list_points
from plots.ledger.document import format_change, format_count, format_instructions, has_another_order, list_switches
from plots.ledger.memory import list_bars

PAGE = "docs/kernels.md"
DIRECTORY = "results/reference/ledger"
RESULT = f"{DIRECTORY}/ledger.json.gz"
CHARTS = f"{DIRECTORY}/charts"
HEAD = f"""<!-- python3 -m plots.publish {RESULT} writes this page: do not edit it -->

# Kernels

Instructions per request on each kernel, and the functions whose counts changed. `fanin kernels` counts them;
[ledger.md](ledger.md) says how, and with what error. **Instructions are not time**: the emulator has no caches, no
pipeline and no second CPU."""
NOT_MEASURED = f"Not measured yet: `fanin kernels --kernel debian:6.1 --kernel debian:6.12 --out {DIRECTORY}` does."
HEAT_MAP, MEMORY = "ledger-kernels", "ledger-memory"
# The cell whose functions the page lists, and whose flame graph it links to.
CELL = "echo/epoll/1"
FLAME = "flame-echo-epoll-1.svg"
_FUNCTIONS = 10
_SUFFIX = re.compile(r"(\.(constprop|isra|part|cold)(\.\d+)*)+$|_noprof$")


def list_charts(ledger):
    """The stems of the charts that the page shows, if they can be drawn."""
    first = next(iter(ledger.list_experiments()))
    return [HEAT_MAP, f"ledger-{first}-subsystems", f"ledger-{_find_idle(ledger)}-slope", "ledger-churn-subsystems", MEMORY]


def _find_idle(ledger):
    """The first experiment that sweeps the idle connections of epoll, which others are compared with; or None."""
    experiments = ledger.list_experiments().items()
    return next((name for name, cells in experiments if any(each["server"] == "epoll" and each["parameter"] == IDLE for each in cells)), None)


def page(ledger, charts):
    """The page as Markdown. `ledger`: None: there is none; `charts`: file names that exist."""
    if ledger is None:
        return f"{HEAD}\n\n{NOT_MEASURED}\n"
    parts = [HEAD, *_about(ledger), *_overview(ledger, charts)]
    parts += [*_functions(ledger, charts), *_idle(ledger, charts), *_churn(ledger, charts), *_switches(ledger)]
    parts += [*_memory(ledger, charts), *_configurations(ledger)]
    return "\n\n".join(filter(None, parts)) + "\n"


def introduction(ledger, charts):
    """The part of the README, one line; empty without a ledger."""
    if ledger is None:
        return ""
    first, last = ledger.kernels[0], ledger.kernels[-1]
    cells = [cell for cell in _pair(ledger, CELL) if cell]
    change = f": a 64-byte echo over `epoll` takes {_arrow(*cells)} from {ledger.short(first)} to {ledger.short(last)}" if len(cells) == 2 else ""
    return (
        f"[{_picture(HEAT_MAP, charts, '.')}]({PAGE}) `fanin kernels --kernel debian:6.1 --kernel debian:6.12` counts what a request costs on each "
        f"kernel{change}. [{PAGE}]({PAGE}) has the functions that make the difference."
    )


def _about(ledger):
    document = ledger.document
    names = [f"`{each['name']}`" + (f" (package {each['version']})" if each["version"] else "") for each in document["kernels"]]
    counted = {kernel: sum(cell["kernel"] == kernel for cell in ledger.cells) for kernel in ledger.kernels}
    least, most = min(counted.values()), max(counted.values())
    cells = f"{most}" if least == most else f"{least} to {most}"
    yield (
        f"Counted on {', '.join(names)}: {cells} cells of the suite `{document['suite']}` on each, {document['window']['count']:,} requests after "
        f"{document['window']['skip']:,} others, seed {document['seed']}, QEMU {document['qemu']['version']}. {_describe_checks(document)}"
        f"[The figures](../{RESULT}) have {_describe_detail(document)}; `fanin plot {DIRECTORY}` draws all charts, with a flame graph of each cell."
    )
    options = " ".join(f"--kernel debian:={each['version']}" if each["version"] else f"--kernel {each['request']}" for each in document["kernels"])
    yield f"    fanin kernels {options} --seed {document['seed']}"
    yield "\n".join(f"- {text}" for text in ledger.describe_gaps())


def _describe_detail(document):
    return f"each function with at least {100 * document['reduced']:g} % of its cell" if "reduced" in document else "each function"


def _describe_checks(document):
    checks = [each["check"] for each in document["kernels"] if each["check"]]
    if not checks:
        return ""
    apart = max(abs(each["counted"] - each["clock"]) for each in checks)
    return f"The plugin counted the same loop as the emulator's clock, {checks[0]['clock']:,} instructions, to within {apart}. "


def _overview(ledger, charts):
    """The heat map, and how much changed from the first kernel to the last, and within a series."""
    yield "## Each model on each kernel"
    yield _picture(HEAT_MAP, charts)
    lines = []
    for name in ledger.list_experiments():
        line = _range_line(ledger, name, ledger.kernels[0], ledger.kernels[-1])
        lines += [line] if line and len(ledger.kernels) > 1 else []
    for series, kernels in _list_series(ledger).items():
        if len(kernels) > 1 and len(kernels) < len(ledger.kernels):
            cells = _list_changes(ledger, ledger.list_ids(), kernels[0], kernels[-1])
            largest = max(cells, key=lambda each: abs(each[1] - 1))
            lines.append(
                f"Between the point releases of {series}, {ledger.short(kernels[0])} and {ledger.short(kernels[-1])}, a request changes by "
                f"{format_change(largest[1])} at most (`{largest[0]}`)."
            )
    yield "\n".join(f"- {each}" for each in lines)
    yield from (_picture(f"ledger-{name}-subsystems", charts) for name in list(ledger.list_experiments())[:1])


def _list_series(ledger):
    """{series, such as 6.12: its kernels}."""
    found = {}
    for kernel in ledger.kernels:
        match = re.match(r"\d+\.\d+", kernel)
        found.setdefault(match[0] if match else kernel, []).append(kernel)
    return found


def _list_changes(ledger, ids, first, last):
    """[(cell, ratio)] of the cells that both kernels counted."""
    pairs = [(each, ledger.find(each, first), ledger.find(each, last)) for each in ids]
    return [(name, now["instructions_per_request"] / base["instructions_per_request"]) for name, base, now in pairs if base and now]


def _range_line(ledger, experiment, first, last):
    ids = [each for each in ledger.list_ids() if each.startswith(experiment + "/")]
    changes = sorted(_list_changes(ledger, ids, first, last), key=lambda each: each[1])
    if not changes:
        return None
    fewer, more = (sum(has(ratio) for _, ratio in changes) for has in (lambda ratio: ratio < 1, lambda ratio: ratio > 1))
    share = f"all {len(changes)}" if len(changes) in (fewer, more) else f"{fewer} of {len(changes)}"
    where = f"{'more' if more == len(changes) else 'fewer'} instructions in {share}"
    (lowest, least), (highest, most) = changes[0], changes[-1]
    return (
        f"`{experiment}`: from {ledger.short(first)} to {ledger.short(last)} a request executes {where} cells. The changes "
        f"range from {format_change(least)} (`{lowest}`) to {format_change(most)} (`{highest}`)."
    )


def _functions(ledger, charts):
    """The ten functions that changed most in one cell, grouped by subsystem."""
    base, now = _pair(ledger, CELL)
    changes = ledger.find_changes(CELL, ledger.kernels[-1])
    if not base or not now or not changes:
        return
    first, last = ledger.short(base["kernel"]), ledger.short(now["kernel"])
    yield "## One 64-byte echo over `epoll`"
    link = f" The [flame graph](../{CHARTS}/{FLAME}) has all functions with their callers; open it in a browser." if FLAME in charts else ""
    yield f"From {first} to {last}: {_arrow(base, now)}.{link}"
    yield _subsystem_table(changes, base, now, first, last)
    shown = [each for each in changes[:_FUNCTIONS] if each["base"] / base["requests"] != each["now"] / now["requests"]]
    rest = _change(base, now) - sum(each["now"] / now["requests"] - each["base"] / base["requests"] for each in shown)
    yield (
        f"The {len(shown)} functions that changed most, by subsystem. All others add up to {format_instructions(rest, '+')}. Functions that were renamed or "
        "inlined are [one row](ledger.md#differences)."
    )
    yield _function_table(shown, base, now, first, last)


def _subsystem_table(changes, base, now, first, last):
    sums = {}
    for each in changes:
        was, is_now = sums.get(each["subsystem"], (0, 0))
        sums[each["subsystem"]] = was + each["base"], is_now + each["now"]
    rows = [(name, was / base["requests"], is_now / now["requests"]) for name, (was, is_now) in sums.items()]
    rows.sort(key=lambda row: -abs(row[2] - row[1]))
    lines = [f"| {name} | {format_instructions(was)} | {format_instructions(is_now)} | {format_instructions(is_now - was, '+')} |" for name, was, is_now in rows]
    return "\n".join([f"| subsystem | {first} | {last} | change |", "|---|---|---|---|", *lines])


def _function_table(rows, base, now, first, last):
    order = {name: place for place, name in reversed(list(enumerate(each["subsystem"] for each in rows)))}
    lines = []
    for each in sorted(rows, key=lambda row: order[row["subsystem"]]):
        was, is_now = each["base"] / base["requests"], each["now"] / now["requests"]
        figures = f"{format_instructions(was)} | {format_instructions(is_now)} | {format_instructions(is_now - was, '+')}"
        lines.append(f"| {each['subsystem']} | `{each['name']}` | {figures} | {_describe_function(each['name'])} |")
    return "\n".join([f"| subsystem | function | {first} | {last} | change | what it does |", "|---|---|---|---|---|---|", *lines])


def _describe_function(label):
    """What the functions of a row do, each text once."""
    names = re.split(r" -> |\+", label.removesuffix(" (new)").removesuffix(" (gone)"))
    texts = [words.FUNCTIONS.get(_SUFFIX.sub("", name), "") for name in names]
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _idle(ledger, charts):
    """select and poll compared with epoll at the most idle connections, and what one more costs."""
    name = _find_idle(ledger)
    if not name:
        return
    cells = ledger.list_experiments()[name]
    most = max(cell["value"] for cell in cells)
    yield "## Idle connections"
    lines = [_idle_line(ledger, cells, server, most) for server in dict.fromkeys(cell["server"] for cell in cells)]
    yield "\n".join(f"- {each}" for each in filter(None, lines))
    yield _picture(f"ledger-{name}-slope", charts)


def _idle_line(ledger, cells, server, most):
    parts = []
    for kernel in ledger.kernels:
        own = {cell["server"]: cell["instructions_per_request"] for cell in cells if cell["kernel"] == kernel and cell["value"] == most}
        slope = find_slope(list_points([cell for cell in cells if cell["kernel"] == kernel], server))
        if server in own and slope is not None:
            times = f", {own[server] / own['epoll']:.1f} times `epoll`" if server != "epoll" and "epoll" in own else ""
            parts.append(f"{format_count(own[server])} on {ledger.short(kernel)}{times} ({format_instructions(slope)} for each idle connection)")
    return f"`{server}` with {ticks.exact(most)} idle connections: {'; '.join(parts)}." if parts else None


def _churn(ledger, charts):
    cells = ledger.list_experiments().get("churn")
    if not cells:
        return
    yield "## A connection for each request"
    lines = []
    for server in dict.fromkeys(cell["server"] for cell in cells):
        pair = _pair(ledger, next(cell["id"] for cell in cells if cell["server"] == server))
        if all(pair):
            lines.append(f"`{server}`: {_arrow(*pair)}. {_describe_largest(*pair)}")
    yield f"From {ledger.short(ledger.kernels[0])} to {ledger.short(ledger.kernels[-1])}:"
    yield "\n".join(f"- {each}" for each in lines)
    yield _picture("ledger-churn-subsystems", charts)


def _describe_largest(base, now, most=3):
    """The subsystems that changed most."""
    was, is_now = sum_subsystems(base), sum_subsystems(now)
    changes = {name: is_now.get(name, 0) - was.get(name, 0) for name in was | is_now}
    largest = sorted(changes.items(), key=lambda each: -abs(each[1]))[:most]
    return "By subsystem: " + ", ".join(f"{name} {format_instructions(change, '+')}" for name, change in largest) + "."


def _switches(ledger):
    """The cells in which the programs are scheduled in a different order."""
    pairs = [pair for pair in (_pair(ledger, each) for each in ledger.list_ids()) if all(pair)]
    rows = []
    for base, now in pairs:
        if has_another_order(base, now):
            was, is_now = list_switches(base), list_switches(now)
            figures = " | ".join(f"{was[name]:.2f} \u2192 {is_now[name]:.2f}" for name in ("server", "generator", "kernel"))
            rows.append(f"| `{base['id']}` | {figures} | {format_instructions(_change(base, now), '+')} |")
    if not pairs or pairs[0][0] is pairs[0][1]:
        return
    yield "## The order of the programs"
    first, last = ledger.short(ledger.kernels[0]), ledger.short(ledger.kernels[-1])
    yield (
        f"In {len(rows)} of {len(pairs)} cells the programs are scheduled in a different order on {last} than on {first}: a request switches to one of them more or less "
        "often. There the scheduler runs another number of times, so that the change is not one of its code alone."
    )
    if rows:
        head = ["| switches per request | to the server | to the generator | to kernel threads and idle | instructions |", "|---|---|---|---|---|"]
        yield "\n".join([*head, *rows])
    yield from (f"{each}." for each in ledger.describe_seeds())


def _memory(ledger, charts):
    bars = list_bars(ledger)
    if not bars:
        return
    yield "## Kernel memory of an idle connection"
    yield "Slab memory of both ends of a connection, plus the server's page tables and kernel stacks. User memory is excluded."
    kernels = [each for each in ledger.kernels if any(bar.kernel == each for bar in bars)]
    found = {(bar.server, bar.kernel): ticks.size(bar.total) for bar in bars}
    rows = [f"| `{server}` | {' | '.join(found.get((server, kernel), '-') for kernel in kernels)} |" for server in dict.fromkeys(bar.server for bar in bars)]
    yield "\n".join([f"| | {' | '.join(map(ledger.short, kernels))} |", "|---" * (len(kernels) + 1) + "|", *rows])
    yield _picture(MEMORY, charts)


def _configurations(ledger):
    if len(ledger.kernels) < 2:
        return
    yield "## Configuration"
    for kernels, options, others in ledger.list_configurations():
        names, first = ", ".join(map(ledger.short, kernels)), ledger.short(ledger.kernels[0])
        if not options and not others:
            yield f"{names} and {first} have the same configuration: 0 options differ."
            continue
        if not options:
            yield f"{names} and {first} differ in no option that can change what a request costs, and in {others:,} others."
            continue
        yield f"{names} compared with {first}: {len(options)} options differ that can change what a request costs, and {others:,} others."
        yield _option_table(options, first, names)


def _option_table(options, first, names):
    """A row for each option; options with the same words and values share a row."""
    rows = {}
    for name, was, now in options:
        text = words.describe_option(name)
        rows.setdefault((text or name, was, now), []).append(name)
    lines = [f"| {', '.join(f'`{each}`' for each in found)} | {was} | {now} | {'' if text in found else text} |" for (text, was, now), found in rows.items()]
    return "\n".join([f"| option | {first} | {names} | what it means |", "|---|---|---|---|", *lines])


def _pair(ledger, cell_id):
    """The cell on the first and on the last kernel, each None if it has no counts."""
    return ledger.find(cell_id, ledger.kernels[0]), ledger.find(cell_id, ledger.kernels[-1])


def _change(base, now):
    return now["instructions_per_request"] - base["instructions_per_request"]


def _arrow(base, now):
    was, is_now = base["instructions_per_request"], now["instructions_per_request"]
    return f"{format_instructions(was)} \u2192 {format_instructions(is_now)} instructions, {format_instructions(is_now - was, '+')} ({format_change(is_now / was)})"


def _picture(stem, charts, top=".."):
    name = f"{stem}.png"
    return f"![{stem}]({CHARTS if top == '.' else f'{top}/{CHARTS}'}/{name})" if name in charts else ""
