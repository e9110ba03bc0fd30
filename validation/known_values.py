"""Shared by the validations of the load generator: one run of it, an idle spinner, the result as table and file."""
import contextlib
import json
import os
import platform
import signal
import subprocess

from baselines import paired
from baselines.paired import fail


def command_line(description, seconds, what):
    """The parser of a validation's options."""
    parser = paired.command_line(description, seconds, what)
    parser.add_argument("--driver", choices=("epoll", "io-uring"), default="epoll")
    return parser


def drive(options, port, *more):
    """The result of one fanin-load run on CPU 1, with its report for people under "text".

    A result that fanin-load calls invalid (exit code 5) counts too: the validation looks for the fault.
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
    if with_text.returncode not in (0, 5):
        fail(f"fanin-load ended with {with_text.returncode}: {with_text.stderr.strip()}")
    with open(options.scratch) as file:
        result = json.load(file)
    if result["workload"]["driver"] != options.driver:
        fail(f"fanin-load ran with the driver {result['workload']['driver']}: give it as --driver")
    if result["requests"]["failed"] or result["requests"]["unanswered"]:
        fail(f"requests failed or stayed unanswered: {result['errors']}")
    return result | {"text": with_text.stdout}


@contextlib.contextmanager
def out_of_halt(cpu):
    """Inside a `with`, a process of the lowest class (SCHED_IDLE) spins on the CPU and keeps it out of HLT.

    On a virtual machine a halted CPU goes back to the host. An event for it then waits until the host schedules it
    again, which takes milliseconds on a busy host. This delay belongs neither to the server nor to the generator, and
    no analytic value contains it.
    """
    parent, child = os.getpid(), os.fork()
    if child == 0:
        _spin(cpu, parent)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _spin(cpu, parent):
    """Ends with its parent."""
    try:
        os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while os.getppid() == parent:
            for _ in range(10_000):
                pass
    finally:
        os._exit(0)


def figure(name, unit, measured, expected=None, low=None, high=None):
    """One line of a result. It holds if `measured` is known and within [low, high]; None is no bound."""
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
    """The preemptions of the generator while it spun."""
    preemptions = result["generator"]["preemptions"]
    if preemptions is None:
        return "preemptions unknown: the generator did not spin"
    return (
        f"{preemptions['count']} preemptions of 20 us or longer, {preemptions['total_ns'] / 1e6:.3g} ms in total, "
        f"{preemptions['longest_ns'] / 1e6:.3g} ms at most"
    )


def describe_machine(options):
    """CPU and kernel."""
    done = subprocess.run([str(options.build / "fanin"), "env", "--json"], capture_output=True, text=True, check=True)
    return f"{json.loads(done.stdout)['cpu']['model']}, Linux {platform.release()}"


def report(kind, title, figures, notes, options):
    """Writes figures and notes to the file that --json names (see results/README.md), and prints them.

    Returns the exit code: 0 all figures hold, 1 some do not.
    """
    if options.json:
        document = {
            "schema": "fanin-validation",
            "schema_version": 3,
            "kind": kind,
            "title": title,
            **paired.origin(options.build),
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
        print(f"{each['name'] + ', ' + each['unit']:<52}{shown}  {'pass' if each['holds'] else 'FAIL'}")
    for note in notes:
        print(note)
    return 0 if all(each["holds"] for each in figures) else 1
