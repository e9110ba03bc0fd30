#!/usr/bin/env python3
"""What a request costs the generator that makes it: fanin-load beside its peers, against the same server.

  harness/peers/generator_cost.py echo     fanin-load's drivers beside minimal C clients, which record nothing
  harness/peers/generator_cost.py http     beside wrk, h2load, ab and hey, HTTP keep-alive, a file of 128 bytes
  harness/peers/generator_cost.py http --server nginx     the same against nginx

One server on CPU 0 serves them all; they take turns on CPU 1, forwards in even rounds and backwards in odd ones, so
that drift falls on all alike. The cost is the same for all: what the kernel says the whole process used from its
start to its end, user and system, divided by the requests that it says it completed. Set-up is part of it, so windows
of 2 s and more are meant. fanin-server counts the replies that it sent, and the sum over all generators must agree.
What counts is the ratio within a round; printed are its median and the interval that holds it with the probability
given (order statistics). Generators that are absent are named and left out. Needs two CPUs. Exit code: 0 measured, 2
bad input, a program that is missing, or a generator that failed."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import generators
import paired
from paired import fail
from servers import Server, nginx_command, replies_sent


def cost(generator, values):
    """(microseconds of CPU per request, requests completed) of one run on CPU 1."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            ["taskset", "-c", "1", *generator.argv(values)], stdout=subprocess.PIPE, stderr=errors, text=True
        )
        output = process.stdout.read()
        # Of this process alone, with all its threads, those that the kernel runs for io_uring too.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            fail(f"{generator.name} ended with {process.returncode}: {errors.read().strip()}")
    try:
        requests = generator.parse(output)
    except ValueError as error:
        fail(f"{generator.name}: {error}")
    if requests == 0:
        fail(f"{generator.name} completed nothing: give more --seconds")
    return (usage.ru_utime + usage.ru_stime) * 1e6 / requests, requests


def measure(members, values, options):
    """({name: microseconds by round}, requests completed in all)."""
    costs, completed = {each.name: [] for each in members}, 0
    for number in range(options.pairs):
        for each in paired.turns(members, number):
            spent, requests = cost(each, values)
            costs[each.name].append(spent)
            completed += requests
        print(
            f"round {number + 1}: " + ", ".join(f"{name} {spent[-1]:.2f} us" for name, spent in costs.items()),
            flush=True,
        )
    return costs, completed


def pairs_of(names):
    """Which ratios are of interest: each driver of fanin-load to every peer, and one minimal client to the other: how
    cheap a driver of its design is before it records anything."""
    ours = [name for name in names if name.startswith("fanin-load")]
    pairs = [(mine, peer) for mine in ours for peer in names if peer not in ours]
    floor = ("minimal-uring-client", "minimal-epoll-client")
    return pairs + [floor] * all(name in names for name in floor)


def check_count(completed, sent, runs, options):
    """Requests that were under way when a generator ended are the server's alone; more than these must not be."""
    allowed = runs * (options.connections + 1)
    if not completed <= sent <= completed + allowed:
        fail(f"the generators report {completed} requests, and the server sent {sent} replies: one of them miscounts")


def server_command(options, folder):
    """(command, port or None)."""
    server = str(options.build / "fanin-server")
    if options.kind == "echo":
        return [server, "epoll", "--port", "{port}"], None
    (folder / generators.FILE.strip("/")).write_bytes(b"x" * 128)
    if options.server == "nginx":
        return nginx_command(folder, folder)
    return [server, "epoll", "--protocol", "http", "--root", str(folder), "--port", "{port}"], None


def title(options):
    what = "64-byte echo" if options.kind == "echo" else f"128-byte file over HTTP keep-alive from {options.server}"
    return f"{what}, {options.connections} connections: the generator's own CPU"


def options_of_command_line():
    parser = paired.command_line(__doc__, 2)
    parser.add_argument("kind", choices=("echo", "http"))
    parser.add_argument("--server", choices=("fanin-server", "nginx"), default="fanin-server", help="http: who serves")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=8, help="rounds, in each of which everyone has a turn")
    parser.add_argument("--trigger", choices=("lt", "et"), default="et", help="how the minimal client is notified")
    options = paired.parse(parser, ("fanin-server", "fanin-load"), {"connections": 1, "pairs": 1})
    if options.kind == "echo" and options.server == "nginx":
        fail("nginx serves no echo: use http")
    if options.server == "nginx" and not shutil.which("nginx"):
        fail("nginx is missing: install Debian's nginx-light")
    return options


def main():
    options = options_of_command_line()
    with tempfile.TemporaryDirectory(prefix="fanin-peers-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        with Server(*server_command(options, folder)) as server:
            values = generators.values(options, server.port)
            members, skipped = generators.present(
                generators.ECHO if options.kind == "echo" else generators.HTTP, values
            )
            costs, completed = measure(members, values, options)
            served = None
            if options.server != "nginx":
                served = {"by_generators": completed, "by_server": replies_sent(server.stop())}
                check_count(
                    served["by_generators"],
                    served["by_server"],
                    options.pairs * len(members) + len(members) + len(skipped),
                    options,
                )
    paired.report(f"generator-{options.kind}", title(options), costs, pairs_of(costs), options, skipped, served)


if __name__ == "__main__":
    main()
