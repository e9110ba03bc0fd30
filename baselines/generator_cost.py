#!/usr/bin/env python3
"""Compare the CPU time per request of fanin-load with that of its competitors, on the same server.

  python3 -m baselines.generator_cost echo                    minimal C clients, one of which records latencies
  python3 -m baselines.generator_cost http                    wrk, h2load, ab and hey: keep-alive, 128-byte file
  python3 -m baselines.generator_cost http --server nginx     the same against nginx

One server on CPU 0 serves all generators. In a round they keep their connections open and are interleaved on CPU 1 in
slices of 20 ms, in random order; SIGSTOP stops the others meanwhile. Drift of the machine therefore affects all alike.
At the start of its slice a generator finds a backlog: the server has replied on all its connections. The figure is
therefore the cost of a busy generator. (Alone, on a server that is no faster, a generator finds a few replies at a time
and costs about as much as the server.)
Cost: CPU time of the whole process, user and system, divided by the requests that it reports as completed. It includes
set-up, which grows with the number of connections: a larger --seconds makes its share small. fanin-server counts its
replies; the sum over all generators must agree.
The figures are the median of the ratios within rounds and its interval from order statistics, with its coverage.
Missing generators are named and skipped. Needs two CPUs.
Exit code: 0 measured, 2 bad input, a missing program, or a generator that failed."""
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
    """One running generator on CPU 1, which can be paused. It starts paused."""

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
            # The usage of this process with all its threads, io_uring workers included.
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


def interleave(runs):
    """Runs one at a time until all have ended: each once per cycle, in random order, and none twice in a row, since the
    second slice would find warm caches."""
    chance, last = random.Random(1), None
    while active := [run for run in runs if not run.ended()]:
        chance.shuffle(active)
        if active[0] is last:
            active.append(active.pop(0))
        for run in active:
            run.resume()
            time.sleep(SLICE_S)
            run.pause()
        last = active[-1]


def measure(members, values, options):
    """({name: microseconds by round}, requests completed in all)."""
    costs, completed = {each.name: [] for each in members}, 0
    for number in range(options.pairs):
        runs = [Run(each, values) for each in members]
        try:
            interleave(runs)
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


def choose_pairs(names):
    """The ratios to report: each driver of fanin-load to every competitor, and the minimal io_uring clients to the
    minimal epoll client, which bound the cost of an io_uring driver from below."""
    ours = [name for name in names if name.startswith("fanin-load")]
    pairs = [(mine, other) for mine in ours for other in names if other not in ours]
    floors = [name for name in names if name.startswith("minimal-uring-client")]
    return pairs + [(floor, "minimal-epoll-client") for floor in floors if "minimal-epoll-client" in names]


def check_count(completed, sent, runs, options):
    """Only the server counts requests in flight when a generator ends; the difference may be no larger."""
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


def parse_options():
    parser = paired.command_line(__doc__, 4, "of CPU time for each in a round")
    parser.add_argument("kind", choices=("echo", "http"))
    parser.add_argument("--server", choices=("fanin-server", "nginx"), default="fanin-server", help="http: who serves")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=6, help="rounds; each generator runs in every round")
    parser.add_argument("--trigger", choices=("lt", "et"), default="et", help="how the minimal client is notified")
    options = paired.parse(parser, ("fanin-server", "fanin-load"), {"connections": 1, "pairs": 1})
    if options.kind == "echo" and options.server == "nginx":
        fail("nginx serves no echo: use http")
    if options.server == "nginx" and not shutil.which("nginx"):
        fail("nginx is missing: install Debian's nginx-light")
    return options


def main():
    options = parse_options()
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
    paired.report(f"generator-{kind}", title(options), costs, choose_pairs(costs), options, skipped, served)


if __name__ == "__main__":
    paired.run(main)
