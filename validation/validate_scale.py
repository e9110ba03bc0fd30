#!/usr/bin/env python3
"""Check that fanin-load opens a million connections on this machine, and at which rate.

  python3 -m validation.validate_scale [--build build/release] [--driver io-uring] [--connections 1000000] [--seconds 5]

fanin-server epoll and fanin-load share all CPUs. The server has as many processes as `fanin doctor` proposes, and
connections are steered to them by source address (--steer source-ip). fanin-load establishes the connections, has each
served once, drives 100 of them for --seconds while the others idle, and closes them. The check passes if all were
established and served, none was lost, the rate was at least 25,000 per second, and the generator's memory grew by at
most 64 bytes per connection. More connections than fit must fail with one line and exit code 2. minimal-connector opens
as many connections before and after, which shows the rate that this machine can reach.
Needs about 16 GiB of memory. As root, everything runs in a network namespace of its own with a large enough connection
table (see `fanin doctor`), unless --here is given; a note says which.
Exit code: 0 all figures hold, 1 some do not, 2 bad input, a missing program, or too many connections."""
import contextlib
import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess

from baselines import paired
from validation import known_values
from baselines.paired import fail

ACTIVE = 100
CONCURRENCY = 256  # connects in progress per event loop, as in minimal-connector; 64 takes a tenth longer
MIN_RATE = 25_000  # new connections per second
MAX_BYTES = 64  # of the generator's memory per connection
BUCKETS = "/proc/sys/net/ipv4/tcp_ehash_entries"
CHILD_BUCKETS = "/proc/sys/net/ipv4/tcp_child_ehash_entries"
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 0x1  # linux/sched.h, linux/sockios.h, linux/if.h
OVER_CAPACITY = 10_000_000  # the largest number that fanin-load accepts


def move_to_own_network(connections):
    """Moves this process to a network namespace of its own, whose connection table has a bucket for every end.

    Raises OSError if that is not allowed or the kernel is older than 6.1.
    """
    buckets = 1 << (2 * connections - 1).bit_length()
    setting = os.open(CHILD_BUCKETS, os.O_RDWR | os.O_CLOEXEC)  # still that of the old namespace after unshare
    try:
        before = os.pread(setting, 100, 0)
        os.pwrite(setting, f"{buckets}\n".encode(), 0)  # the kernel accepts a number only at offset 0
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
        finally:
            os.pwrite(setting, before, 0)
    finally:
        os.close(setting)
    with socket.socket() as any_socket:  # the loopback interface of a new namespace is down
        interface = struct.pack("16sh14x", b"lo", IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, interface)


def choose_network(options):
    """Moves to a network namespace of its own, unless --here is given. Returns a note."""
    if not options.here:
        try:
            move_to_own_network(options.connections)
        except OSError as error:
            return f"in the present network namespace, since no other was possible: {error}; {describe_buckets()}"
        return f"in a network namespace of its own; {describe_buckets()}"
    return f"in the present network namespace; {describe_buckets()}"


def describe_buckets():
    try:
        return f"its connection table has {abs(int(open(BUCKETS).read())):,} buckets"
    except OSError:
        return "the size of its connection table is unknown"


def doctor(options, connections):
    """(whether so many connections fit, the report of `fanin doctor`)"""
    command = [str(options.build / "fanin"), "doctor", "--connections", str(connections), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout:
        fail(f"fanin doctor ended with {done.returncode}: {done.stderr.strip()}")
    return done.returncode == 0, json.loads(done.stdout)


@contextlib.contextmanager
def server(options, processes):
    """A running fanin-server, as (its pid, its address)."""
    command = [str(options.build / "fanin-server"), "epoll", "--processes", str(processes), "--steer", "source-ip"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            first = process.stdout.readline()
            if not first:
                fail("fanin-server did not start")
            yield process.pid, f"127.0.0.1:{json.loads(first)['addresses'][0]['port']}"
        finally:
            process.terminate()
            process.communicate()


def load(options, address, idle, *more):
    """The finished process of one fanin-load run."""
    command = [
        *(str(options.build / "fanin-load"), address, "--driver", options.driver, "-c", str(ACTIVE)),
        *("--warmup", "1s", "--quiet", "--json", "-", *more),
    ]
    if idle:
        command += ["--idle-connections", str(idle), "--verify-idle", "--connect-concurrency", str(CONCURRENCY)]
    return subprocess.run(command, capture_output=True, text=True)


def parse_result(done):
    if not done.stdout:
        fail(f"fanin-load ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def figures(result, alone, connections):
    """The figures of a run with `connections`; `alone`: of a run with the active ones only."""
    found, requests = result["connections"], result["requests"]
    idle = connections - ACTIVE
    up = found["established"] + found["idle_established"]
    served = found["served"] + found["idle_served"]
    unanswered = requests["sent"] - requests["completed"]
    memory = result["generator"]["max_rss_bytes"] - alone["generator"]["max_rss_bytes"]
    return [
        known_values.figure("connections established", "count", up, connections, connections, connections),
        known_values.figure("connections served", "count", served, connections, connections, connections),
        known_values.figure("connections failed or lost", "count", found["failed"] + found["idle_lost"], 0, 0, 0),
        known_values.figure("requests without a reply", "count", unanswered, 0, 0, 0),
        known_values.figure("new connections per second", "1/s", up / (found["setup_ns"] / 1e9), low=MIN_RATE),
        known_values.figure("generator memory per connection", "bytes", memory / idle, high=MAX_BYTES),
    ]


def fails_fast(done):
    return done.returncode == 2 and not done.stdout and len(done.stderr.splitlines()) == 1


def request_too_many(options, address):
    """(figures, notes) of a request for more connections than fit."""
    fits, _ = doctor(options, OVER_CAPACITY)
    if fits:
        return [], [f"{OVER_CAPACITY:,} connections fit here: over-capacity requests were not tested"]
    done = load(options, address, OVER_CAPACITY - ACTIVE, "--duration", "1s")
    figure = known_values.figure("over-capacity request fails with one line", "count", int(fails_fast(done)), 1, 1, 1)
    return [figure], [f"{OVER_CAPACITY:,} connections requested: {done.stderr.strip()}"]


def measure_minimal(options):
    """New connections per second of minimal-connector."""
    command = [str(options.build / "minimal-connector"), str(options.connections)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"minimal-connector ended with {done.returncode}: {done.stderr.strip()}")
    return options.connections / json.loads(done.stdout)["seconds"]


def minimal_figure(rates):
    """The higher of the rates; it has no bound."""
    return known_values.figure("minimal-connector: new connections per second", "1/s", max(rates))


def describe_result(result):
    found = result["connections"]
    percentiles = result["latency"]["response"]["percentiles"]
    p99 = percentiles["p99"]
    return (
        f"established in {found['setup_ns'] / 1e9:.1f} s, closed in {found['closing_ns'] / 1e9:.1f} s; generator memory "
        f"{result['generator']['max_rss_bytes'] / 1e6:.0f} MB; {ACTIVE} active connections: "
        f"{result['throughput']['requests_per_s']:,.0f}/s, p99 {'unknown' if p99 is None else f'{p99 / 1e6:.3g} ms'}"
    )


def main():
    parser = known_values.command_line(__doc__, 5, "of traffic on the active connections")
    parser.set_defaults(driver="io-uring")
    parser.add_argument("--connections", type=int, default=1_000_000, help="active and idle")
    parser.add_argument("--here", action="store_true", help="stay in the present network namespace")
    programs = ("fanin", "fanin-server", "fanin-load", "minimal-connector")
    options = paired.parse(parser, programs, {"connections": 2 * ACTIVE})
    network = choose_network(options)  # before the doctor reads the limits
    fits, room = doctor(options, options.connections)
    if not fits:
        fail(f"{options.connections} connections do not fit on this machine: see fanin doctor")
    rates = [measure_minimal(options)]
    with server(options, room["server_processes"] or 1) as (pid, address):
        traffic = ("--duration", f"{options.seconds}s", "--server-pid", str(pid))
        alone = parse_result(load(options, address, 0, *traffic))
        result = parse_result(load(options, address, options.connections - ACTIVE, *traffic))
        more, notes = request_too_many(options, address)
    rates.append(measure_minimal(options))
    found = figures(result, alone, options.connections) + [minimal_figure(rates)] + more
    title = f"{options.connections:,} connections, {ACTIVE} of them active"
    raise SystemExit(known_values.report("scale", title, found, [network, describe_result(result), *notes], options))


if __name__ == "__main__":
    paired.run(main)
