#!/usr/bin/env python3
"""Compare the CPU time per request of fanin-load with that of its competitors, against the same server.

  python3 -m baselines.generator_cost echo                    with minimal C clients, one of which records latencies
  python3 -m baselines.generator_cost http                    with wrk, h2load, ab and hey: keep-alive, 128-byte file
  python3 -m baselines.generator_cost http --server nginx     the same against nginx

One server on CPU 0 serves them all. In a round, all generators keep their connections open and are interleaved on CPU 1 in
slices of 20 ms, in random order; the others are stopped meanwhile (SIGSTOP). Whatever the machine does then affects all of
them alike. At the start of its slice a generator finds replies on all its connections, since the server has gone on: most
requests of a slice follow such a backlog, and the figure is the cost of a generator that is busy. (Alone, against a server
that is no faster, a generator finds a few replies at a time and costs about as much as the server needs.)
Cost: the CPU time of the whole process, user and system, from start to end, divided by the requests that it reports as
completed. This includes set-up, which grows with the number of connections: raise --seconds to make its share small.
fanin-server counts the replies that it sent; the sum over all generators must agree.
The figures are the median of the ratios within rounds and its interval from order statistics, with its coverage.
Generators that are not installed are named and left out. Needs two CPUs.
Exit code: 0 measured, 2 bad input, a program that is missing, or a generator that failed."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

from baselines import generators
from baselines import paired
from baselines.paired import fail
from baselines.servers import Server, nginx_command, replies_sent

SLICE_S = 0.02


class Run:
    """One generator at work on CPU 1, which can be paused. It starts paused."""

    def __init__(self, generator, values):
        self.generator = generator
        self.output, self.errors = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        command = ["taskset", "-c", "1", *generator.argv(values)]
        self.process = subprocess.Popen(command, stdout=self.output, stderr=self.errors)
        self.usage = None
        self.pause()

    def pause(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def ended(self):
        if self.usage is None:
            # Of this process alone, with all its threads, those that the kernel runs for io_uring too.
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.usage, self.process.returncode = usage, os.waitstatus_to_exitcode(status)
        return self.usage is not None

    def kill(self):
        if not self.ended():
            self.process.kill()
            self.process.wait()

    def cost(self):
        """(microseconds of CPU per request, requests completed). It must have ended."""
        name = self.generator.name
        for file in (self.output, self.errors):
            file.seek(0)
        if self.process.returncode != 0:
            fail(f"{name} ended with {self.process.returncode}: {self.errors.read().strip()}")
        try:
            requests = self.generator.parse(self.output.read())
        except ValueError as error:
            fail(f"{name}: {error}")
        if requests == 0:
            fail(f"{name} completed nothing: give more --seconds")
        return (self.usage.ru_utime + self.usage.ru_stime) * 1e6 / requests, requests


def take_turns(runs):
    """Lets one of them run at a time, until all have ended: each once in every cycle, in an order by chance, and none
    twice in a row, which would spare it the refilling of the caches."""
    chance, last = random.Random(1), None
    while under_way := [run for run in runs if not run.ended()]:
        chance.shuffle(under_way)
        if under_way[0] is last:
            under_way.append(under_way.pop(0))
        for run in under_way:
            run.resume()
            time.sleep(SLICE_S)
            run.pause()
        last = under_way[-1]


def measure(members, values, options):
    """({name: microseconds by round}, requests completed in all)."""
    costs, completed = {each.name: [] for each in members}, 0
    for number in range(options.pairs):
        runs = [Run(each, values) for each in members]
        try:
            take_turns(runs)
        finally:
            for run in runs:
                run.kill()
        for run in runs:
            spent, requests = run.cost()
            costs[run.generator.name].append(spent)
            completed += requests
        print(
            f"round {number + 1}: " + ", ".join(f"{name} {spent[-1]:.2f} us" for name, spent in costs.items()),
            flush=True,
        )
    return costs, completed


def pairs_of(names):
    """Which ratios are of interest: each driver of fanin-load to every peer, and the minimal clients of one design to
    that of the other: how cheap a driver of that design is before it records anything, and when it does its least."""
    ours = [name for name in names if name.startswith("fanin-load")]
    pairs = [(mine, peer) for mine in ours for peer in names if peer not in ours]
    floors = [name for name in names if name.startswith("minimal-uring-client")]
    return pairs + [(floor, "minimal-epoll-client") for floor in floors if "minimal-epoll-client" in names]


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
    parser = paired.command_line(__doc__, 4, "that each has for itself in a round")
    parser.add_argument("kind", choices=("echo", "http"))
    parser.add_argument("--server", choices=("fanin-server", "nginx"), default="fanin-server", help="http: who serves")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=6, help="rounds, in each of which everyone has a turn")
    parser.add_argument("--trigger", choices=("lt", "et"), default="et", help="how the minimal client is notified")
    options = paired.parse(parser, ("fanin-server", "fanin-load"), {"connections": 1, "pairs": 1})
    if options.kind == "echo" and options.server == "nginx":
        fail("nginx serves no echo: use http")
    if options.server == "nginx" and not shutil.which("nginx"):
        fail("nginx is missing: install Debian's nginx-light")
    return options


def main():
    options = options_of_command_line()
    with tempfile.TemporaryDirectory(prefix="fanin-comparison-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        with Server(*server_command(options, folder)) as server:
            values = generators.values(options, server.port)
            members, skipped = generators.present(
                generators.ECHO if options.kind == "echo" else generators.HTTP, values
            )
            values = generators.values(options, server.port, len(members))
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
    kind = "nginx" if options.server == "nginx" else options.kind
    paired.report(f"generator-{kind}", title(options), costs, pairs_of(costs), options, skipped, served)


if __name__ == "__main__":
    paired.run(main)
