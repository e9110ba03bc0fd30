#!/usr/bin/env python3
"""Check that fanin-load opens a million connections on this machine, and how quickly.

  python3 -m validation.validate_scale [--build build/release] [--driver io-uring] [--connections 1000000] [--seconds 5]

fanin-server epoll and fanin-load share all CPUs. The server has as many processes as `fanin doctor` proposes, and
connections are steered to them by source address (--steer source-ip). fanin-load opens the connections, has each of them
served once, drives 100 of them for --seconds while the others idle, and closes them all. The check passes when all came
up, each was served, none was lost, at least 25,000 per second came up, and the generator's memory grew by at most 64
bytes per connection. A request for more connections than fit must fail with one line and exit code 2. Before and after,
minimal-connector opens as many connections and does nothing else, which shows how quickly this machine can open them.
Needs about 16 GiB of memory. As root, everything runs in a network namespace of its own whose connection table is large
enough (see `fanin doctor`), unless --here is given; the notes say which.
Exit code: 0 all figures hold, 1 some do not, 2 bad input, a program that is missing, or no room."""
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
UNDER_WAY = 256  # connects of an event loop at once, as minimal-connector has; with 64 it took a tenth longer
LEAST_RATE = 25_000  # new connections per second
MOST_BYTES = 64  # of the generator's memory for each connection
BUCKETS = "/proc/sys/net/ipv4/tcp_ehash_entries"
CHILD_BUCKETS = "/proc/sys/net/ipv4/tcp_child_ehash_entries"
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 0x1  # linux/sched.h, linux/sockios.h, linux/if.h
PAST_THE_LIMIT = 10_000_000  # the most that fanin-load takes


def move_to_own_network(connections):
    """From now on this process and what it starts have a network namespace of their own, whose table of connections
    has a bucket for every end. Raises OSError where that is not allowed or the kernel is older than 6.1."""
    buckets = 1 << (2 * connections - 1).bit_length()
    setting = os.open(CHILD_BUCKETS, os.O_RDWR | os.O_CLOEXEC)  # stays that of the namespace it was opened in
    try:
        before = os.pread(setting, 100, 0)
        os.pwrite(setting, f"{buckets}\n".encode(), 0)  # elsewhere than at 0 the kernel takes no number
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


def network_in_words(options):
    """Moves there unless --here says not to; what became of it."""
    if not options.here:
        try:
            move_to_own_network(options.connections)
        except OSError as error:
            return f"in the network namespace there was, for no other could be had: {error}; {buckets_in_words()}"
        return f"in a network namespace of its own; {buckets_in_words()}"
    return f"in the network namespace there was; {buckets_in_words()}"


def buckets_in_words():
    try:
        return f"its table of connections has {abs(int(open(BUCKETS).read())):,} buckets"
    except OSError:
        return "how many buckets its table of connections has is not known"


def doctor(options, connections):
    """(whether so many connections fit, what `fanin doctor` says of them)"""
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
        command += ["--idle-connections", str(idle), "--verify-idle", "--connect-concurrency", str(UNDER_WAY)]
    return subprocess.run(command, capture_output=True, text=True)


def result_of(done):
    if not done.stdout:
        fail(f"fanin-load ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def figures(result, alone, connections):
    """What a run with `connections` and one with the active ones `alone` come to."""
    found, requests = result["connections"], result["requests"]
    idle = connections - ACTIVE
    up = found["established"] + found["idle_established"]
    served = found["served"] + found["idle_served"]
    astray = requests["sent"] - requests["completed"]
    memory = result["generator"]["max_rss_bytes"] - alone["generator"]["max_rss_bytes"]
    return [
        known_values.figure("connections up", "count", up, connections, connections, connections),
        known_values.figure("connections served", "count", served, connections, connections, connections),
        known_values.figure("connections failed or lost", "count", found["failed"] + found["idle_lost"], 0, 0, 0),
        known_values.figure("requests without a reply", "count", astray, 0, 0, 0),
        known_values.figure("new connections per second", "1/s", up / (found["setup_ns"] / 1e9), low=LEAST_RATE),
        known_values.figure("generator's memory per connection", "bytes", memory / idle, high=MOST_BYTES),
    ]


def refused_in_one_line(done):
    return done.returncode == 2 and not done.stdout and len(done.stderr.splitlines()) == 1


def past_the_limit(options, address):
    """(figures, notes) of asking for more than there is room for."""
    fits, _ = doctor(options, PAST_THE_LIMIT)
    if fits:
        return [], [f"{PAST_THE_LIMIT:,} connections fit here: what happens past the limit was not tried"]
    done = load(options, address, PAST_THE_LIMIT - ACTIVE, "--duration", "1s")
    figure = known_values.figure("past the limit: refused in one line", "count", int(refused_in_one_line(done)), 1, 1, 1)
    return [figure], [f"asked for {PAST_THE_LIMIT:,}: {done.stderr.strip()}"]


def least(options):
    """New connections per second of minimal-connector."""
    command = [str(options.build / "minimal-connector"), str(options.connections)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"minimal-connector ended with {done.returncode}: {done.stderr.strip()}")
    return options.connections / json.loads(done.stdout)["seconds"]


def least_figure(rates):
    """The better one of them; it has no bound."""
    return known_values.figure("minimal-connector: new connections per second", "1/s", max(rates))


def told(result):
    found = result["connections"]
    percentiles = result["latency"]["response"]["percentiles"]
    p99 = percentiles["p99"]
    return (
        f"up after {found['setup_ns'] / 1e9:.1f} s, closed within {found['closing_ns'] / 1e9:.1f} s; the generator "
        f"held {result['generator']['max_rss_bytes'] / 1e6:.0f} MB; {ACTIVE} active ones at the same time: "
        f"{result['throughput']['requests_per_s']:,.0f}/s, p99 {'unknown' if p99 is None else f'{p99 / 1e6:.3g} ms'}"
    )


def main():
    parser = known_values.command_line(__doc__, 5, "of traffic on the active connections")
    parser.set_defaults(driver="io-uring")
    parser.add_argument("--connections", type=int, default=1_000_000, help="in all")
    parser.add_argument("--here", action="store_true", help="stay in the network namespace there is")
    programs = ("fanin", "fanin-server", "fanin-load", "minimal-connector")
    options = paired.parse(parser, programs, {"connections": 2 * ACTIVE})
    network = network_in_words(options)  # whose limits the doctor is to see
    fits, room = doctor(options, options.connections)
    if not fits:
        fail(f"{options.connections} connections do not fit on this machine: see fanin doctor")
    rates = [least(options)]
    with server(options, room["server_processes"] or 1) as (pid, address):
        traffic = ("--duration", f"{options.seconds}s", "--server-pid", str(pid))
        alone = result_of(load(options, address, 0, *traffic))
        result = result_of(load(options, address, options.connections - ACTIVE, *traffic))
        more, notes = past_the_limit(options, address)
    rates.append(least(options))
    found = figures(result, alone, options.connections) + [least_figure(rates)] + more
    title = f"{options.connections:,} connections, {ACTIVE} of them active"
    raise SystemExit(known_values.report("scale", title, found, [network, told(result), *notes], options))


if __name__ == "__main__":
    paired.run(main)
