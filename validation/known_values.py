"""Shared by the checks of the load generator against known values: one run of it, the result as table and file."""
import json
import platform
import subprocess

from baselines import paired
from baselines.paired import fail


def command_line(description, seconds, what):
    """The parser of such a check."""
    parser = paired.command_line(description, seconds, what)
    parser.add_argument("--driver", choices=("epoll", "io-uring"), default="epoll")
    return parser


def drive(options, port, *more):
    """The result of one fanin-load run on CPU 1, with what it printed for people under "text".

    A result that fanin-load itself calls invalid (exit code 1) is one, too: what is wrong with it is looked for here.
    """
    command = [
        str(options.build / "fanin-load"),
        f"127.0.0.1:{port}",
        "--driver",
        options.driver,
        "--duration",
        f"{options.seconds}s",
        "--warmup",
        "1s",
        *more,
    ]
    with_text = subprocess.run(
        ["taskset", "-c", "1", *command, "--json", options.scratch], capture_output=True, text=True
    )
    if with_text.returncode not in (0, 1):
        fail(f"fanin-load ended with {with_text.returncode}: {with_text.stderr.strip()}")
    with open(options.scratch) as file:
        result = json.load(file)
    if result["workload"]["driver"] != options.driver:
        fail(f"fanin-load ran with the driver {result['workload']['driver']}: give it as --driver")
    if result["requests"]["failed"] or result["requests"]["unanswered"]:
        fail(f"requests failed or were not answered: {result['errors']}")
    return result | {"text": with_text.stdout}


def figure(name, unit, measured, expected=None, low=None, high=None):
    """One line of a result. It holds where `measured` is known and lies within [low, high]; None is no bound."""
    holds = measured is not None and (low is None or measured >= low) and (high is None or measured <= high)
    return {
        "name": name,
        "unit": unit,
        "measured": measured,
        "expected": expected,
        "low": low,
        "high": high,
        "holds": holds,
    }


def format_preemptions(result):
    """What the machine took from the generator while it spun."""
    preemptions = result["generator"]["preemptions"]
    if preemptions is None:
        return "preemptions are not known: the generator did not spin"
    return (
        f"the machine took the generator's CPU {preemptions['count']} times for 20 us or longer, "
        f"{preemptions['total_ns'] / 1e6:.3g} ms in all, "
        f"{preemptions['longest_ns'] / 1e6:.3g} ms at most"
    )


def report(kind, title, figures, notes, options):
    """Writes figures and notes to the file that --json names (see results/README.md), and prints them.

    Returns the exit code: 0 all of it holds, 1 something does not.
    """
    if options.json:
        document = {
            "schema": "fanin-validation",
            "schema_version": 2,
            "kind": kind,
            "title": title,
            "kernel": platform.release(),
            "driver": options.driver,
            "seconds": options.seconds,
            "figures": figures,
            "notes": notes,
        }
        paired.write(document, options.json)
    print(f"{title}\n{'':<52}{'measured':>12}{'expected':>12}{'at least':>12}{'at most':>12}")
    for each in figures:
        numbers = (each[key] for key in ("measured", "expected", "low", "high"))
        shown = "".join(f"{'-' if number is None else f'{number:.6g}':>12}" for number in numbers)
        print(f"{each['name'] + ', ' + each['unit']:<52}{shown}  {'holds' if each['holds'] else 'DOES NOT HOLD'}")
    for note in notes:
        print(note)
    return 0 if all(each["holds"] for each in figures) else 1
