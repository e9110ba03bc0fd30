#!/usr/bin/env python3
"""CPU per request of fanin-load's epoll driver beside the smallest C client of the same design, in one interleaved run.

  harness/peers/generator_cost.py --build build/release [--connections 50] [--pairs 8] [--seconds 2]

One `fanin-server epoll` on CPU 0 serves both clients, which take turns on CPU 1, A B B A, so that drift falls on both alike. CPU is the client's
own, user and kernel, over its measured window. What counts is the ratio within a pair; printed are the median and the interval that
holds it with the probability given (order statistics). Needs two CPUs. Exit code: 0 measured, 2 bad input or a program is missing."""
import argparse
import json
import pathlib
import subprocess

import paired
from paired import fail


def output_of(command):
    done = subprocess.run(["taskset", "-c", "1", *command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"{command[0]} ended with {done.returncode}")
    return json.loads(done.stdout)


def minimal_cost(port, options):
    """Microseconds of CPU per request."""
    client = str(options.build / "minimal-epoll-client")
    result = output_of([client, str(port), str(options.connections), str(options.seconds), options.trigger])
    return result["cpu_ns"] / result["requests"] / 1e3


def fanin_cost(port, options):
    client = str(options.build / "fanin-load")
    result = output_of([client, f"127.0.0.1:{port}", "-c", str(options.connections), "--payload-size", "64", "--warmup",
                        "300ms", "--duration", f"{options.seconds}s", "--quiet", "--json", "-"])
    if result["requests"]["failed"] or result["requests"]["unanswered"]:
        fail("requests failed")
    return result["generator"]["cpu_per_request_ns"] / 1e3


def measure(port, options):
    minimal, fanin = [], []
    for pair in range(options.pairs):
        if pair % 2 == 0:
            minimal.append(minimal_cost(port, options))
            fanin.append(fanin_cost(port, options))
        else:
            fanin.append(fanin_cost(port, options))
            minimal.append(minimal_cost(port, options))
        print(f"pair {pair + 1}: minimal {minimal[-1]:.2f} us, fanin-load {fanin[-1]:.2f} us, "
              f"ratio {fanin[-1] / minimal[-1]:.3f}", flush=True)
    measured = paired.rows({"minimal-epoll-client": minimal, "fanin-load": fanin}, {"fanin-load": "minimal-epoll-client"})
    paired.report("generator-echo", f"64-byte echo, {options.connections} connections: the generator's own CPU", measured, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--trigger", choices=("lt", "et"), default="et", help="how the minimal client is notified")
    parser.add_argument("--json", type=pathlib.Path, help="write the result to this file, too")
    options = parser.parse_args()
    paired.need_two_cpus()
    for program in ("fanin-server", "fanin-load", "minimal-epoll-client"):
        if not (options.build / program).exists():
            fail(f"there is no {options.build / program}: build it (cmake --preset release) or give --build")
    server = subprocess.Popen(["taskset", "-c", "0", str(options.build / "fanin-server"), "epoll"],
                              stdout=subprocess.PIPE, text=True)
    try:
        measure(json.loads(server.stdout.readline())["addresses"][0]["port"], options)
    finally:
        server.terminate()
        server.communicate()


if __name__ == "__main__":
    main()
