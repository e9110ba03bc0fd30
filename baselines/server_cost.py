#!/usr/bin/env python3
"""Compare the CPU time per request of fanin-server with minimal servers and nginx.

  python3 -m baselines.server_cost echo     epoll and io-uring-multishot with minimal C servers, driven by fanin-load
  python3 -m baselines.server_cost http     epoll and multi-reactor with nginx (one worker, no access log), driven by wrk

All servers run at the same time on CPU 0, the generator on CPU 1. A round drives each server once, forwards in even and
backwards in odd rounds, so that drift affects all alike. Cost: user and system CPU time of the server's processes during
the run of the generator, divided by the requests that were answered. The figures are the median of the ratios within
rounds and its interval from order statistics, with its coverage. Needs two CPUs.
Exit code: 0 measured, 2 bad input or a missing program."""
import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from baselines import paired
from baselines.paired import fail
from baselines.servers import Server, nginx_command

kScheduler = 2  # low bits of a process clock's number, see clock_getcpuclockid(3)


def children(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def cpu_seconds(pid):
    return sum(time.clock_gettime((~process << 3) | kScheduler) for process in [pid, *children(pid)])


class Contestant(Server):
    def __init__(self, name, command, baseline=None, port=None):
        super().__init__(command, port)
        self.name, self.baseline = name, baseline
        self.cost = []  # microseconds of CPU per request, by round


def drive_echo(port, options):
    command = [
        str(options.build / "fanin-load"),
        f"127.0.0.1:{port}",
        "-c",
        str(options.connections),
        "--payload-bytes",
        "64",
        "--warmup",
        "0",
        "--duration",
        f"{options.seconds}s",
        "--json",
        "-",
        "--quiet",
    ]
    result = json.loads(subprocess.run(["taskset", "-c", "1", *command], check=True, capture_output=True).stdout)
    if result["requests"]["failed"] or result["requests"]["unanswered"]:
        fail(f"requests failed: {result['errors']}")
    return result["requests"]["completed"]


def drive_http(port, options):
    command = [
        "wrk",
        "-t",
        "1",
        "-c",
        str(options.connections),
        "-d",
        f"{options.seconds}s",
        f"http://127.0.0.1:{port}/file.bin",
    ]
    output = subprocess.run(["taskset", "-c", "1", *command], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        fail(f"wrk reports errors: {output}")
    return int(re.search(r"(\d+) requests in", output).group(1))


def contestants(options, folder):
    server = str(options.build / "fanin-server")
    if options.kind == "echo":
        return [
            Contestant("minimal-epoll", [str(options.build / "minimal-epoll-server"), "{port}"]),
            Contestant("epoll", [server, "epoll", "--port", "{port}"], "minimal-epoll"),
            Contestant("minimal-uring", [str(options.build / "minimal-uring-server"), "{port}"]),
            Contestant("io-uring-multishot", [server, "io-uring-multishot", "--port", "{port}"], "minimal-uring"),
        ]
    www = folder / "www"
    www.mkdir()
    (www / "file.bin").write_bytes(bytes(range(256)) * 16)
    command, port = nginx_command(folder, www)
    nginx = Contestant("nginx", command, port=port)
    http = ["--protocol", "http", "--root", str(www), "--port", "{port}"]
    return [
        nginx,
        Contestant("epoll", [server, "epoll", *http], "nginx"),
        Contestant("multi-reactor", [server, "multi-reactor", *http], "nginx"),
    ]


def measure(options, racers):
    drive = drive_echo if options.kind == "echo" else drive_http
    for number in range(options.rounds):
        for racer in paired.order_round(racers, number):
            before = cpu_seconds(racer.process.pid)
            requests = drive(racer.port, options)
            racer.cost.append((cpu_seconds(racer.process.pid) - before) / requests * 1e6)
        print(
            f"round {number + 1}/{options.rounds}: " + ", ".join(f"{r.name} {r.cost[-1]:.3f} us" for r in racers),
            file=sys.stderr,
        )


TITLES = {"echo": "64-byte echo, driven by fanin-load", "http": "4 KiB file over HTTP keep-alive, driven by wrk"}


def main():
    parser = paired.command_line(__doc__, 2)
    parser.add_argument("kind", choices=["echo", "http"])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=50)
    options = paired.parse(parser, ("fanin-server", "fanin-load"), {"rounds": 1, "connections": 1})
    for program in ["taskset"] + (["wrk", "nginx"] if options.kind == "http" else []):
        if not shutil.which(program):
            fail(f"{program} is missing: install Debian's package of that name")
    with tempfile.TemporaryDirectory(prefix="fanin-comparison-") as name, contextlib.ExitStack() as running:
        racers = contestants(options, pathlib.Path(name))
        for racer in racers:
            running.enter_context(racer)
        measure(options, racers)
    title = f"{TITLES[options.kind]}, {options.connections} connections"
    pairs = [(racer.name, racer.baseline) for racer in racers if racer.baseline]
    paired.report(f"server-{options.kind}", title, {racer.name: racer.cost for racer in racers}, pairs, options)


if __name__ == "__main__":
    paired.run(main)
