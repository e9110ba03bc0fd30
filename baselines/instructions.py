#!/usr/bin/env python3
"""Count the user-space instructions that fanin-load executes per request, with valgrind's callgrind.

  python3 -m baselines.instructions                       all cases below, both drivers
  python3 -m baselines.instructions --load OLD/fanin-load     the same for another build, to compare

Cases: 64-byte echo; HTTP keep-alive, 128-byte file, from fanin-server, from nginx, and from a server that sends the head
and the body of each reply in two segments. One event loop, 50 connections. Instructions outside the event loop's poll
are not counted. A run with 12,000 requests minus a run with 2,000, divided by 10,000, leaves set-up out. Two counts of
one build agree within 1 %: how many replies come at a time depends on the kernel. The clock does not matter, so other
programs may run meanwhile. Exit code: 0 counted, 2 bad input or a program that is missing."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from baselines import paired
from baselines.paired import fail
from baselines.servers import Server, nginx_command

POLLS = {"epoll": "fanin::load::Epoll*::poll_once*", "io-uring": "fanin::load::Uring*::poll_once*"}
FEW, MANY = 2_000, 12_000
FILE = "128.bin"


def count(load, target, driver, requests):
    """The instructions of a run within the event loop's poll."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--toggle-collect={POLLS[driver]}"]
    command += [str(load), *target, "--driver", driver, "--threads", "1", "-c", "50", "--warmup", "0", "--quiet"]
    done = subprocess.run([*command, "--requests", str(requests)], capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode not in (0, 1, 5) or not found:  # an invalid result is 5, of older builds 1
        fail(f"{load} under callgrind ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    if "invalid" in done.stdout:
        fail(f"the run against {target[0]} is invalid: {done.stdout.strip()}")
    return int(found.group(1))


def per_request(load, target, driver):
    return round((count(load, target, driver, MANY) - count(load, target, driver, FEW)) / (MANY - FEW))


def cases(options, folder):
    """(name, command of the server, its port or None, arguments of fanin-load with {port})."""
    server = str(options.build / "fanin-server")
    http = f"http://127.0.0.1:{{port}}/{FILE}"
    yield "echo", [server, "epoll", "--port", "{port}"], None, ["127.0.0.1:{port}", "--protocol", "echo"]
    yield "http", [server, "epoll", "--protocol", "http", "--root", str(folder), "--port", "{port}"], None, [http]
    if shutil.which("nginx"):
        yield "http, nginx", *nginx_command(folder, folder), [http]
    else:
        print("http, nginx: skipped: nginx is missing: install Debian's nginx-light")
    yield "http, two segments", [sys.executable, "-m", "baselines.servers", "{port}"], None, [http]


def main():
    parser = paired.command_line(__doc__, 1)
    parser.add_argument("--load", type=pathlib.Path, help="the fanin-load to count (default: that of --build)")
    options = paired.parse(parser, ("fanin-server", "fanin-load"))
    load = options.load or options.build / "fanin-load"
    if not load.exists():
        fail(f"--load: there is no {load}: name a fanin-load")
    if not shutil.which("valgrind"):
        fail("valgrind is missing: install Debian's valgrind")
    with tempfile.TemporaryDirectory(prefix="fanin-instructions-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / FILE).write_bytes(b"x" * 128)
        print(f"{'user instructions per request':<32}" + "".join(f"{driver:>12}" for driver in POLLS))
        for case, command, port, target in cases(options, folder):
            figures = []
            for driver in POLLS:
                with Server(command, port) as server:
                    figures.append(per_request(load, [word.replace("{port}", str(server.port)) for word in target], driver))
            print(f"{case:<32}" + "".join(f"{figure:>12}" for figure in figures), flush=True)


if __name__ == "__main__":
    paired.run(main)
