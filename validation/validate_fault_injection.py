#!/usr/bin/env python3
"""Check the reports of fanin-load about servers that misbehave.

  python3 -m validation.validate_fault_injection [--build build/release] [--driver epoll] [--seconds 1]

Each case is a server on 127.0.0.1 with one fault. Eight connections send it echo requests. A case passes if sent =
completed + failed + unanswered; if the exit code is 5 when nothing succeeded, a reply was wrong or the server was down
for more than 5 % of the window, and 0 otherwise; and if the error kinds are those of the fault and no others.
Exit code: 0 all cases pass, 1 some do not, 2 bad input or a missing program."""
import contextlib
import json
import socket
import struct
import subprocess
import threading
import time

from baselines import paired
from validation import known_values
from baselines.paired import fail
from baselines.servers import free_port

CONNECTIONS = 8
SIZE = 64  # of request and reply
TIMEOUT = 0.3  # s, after which a request counts as unanswered


def reset(peer):
    peer.recv(SIZE)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def keep_silent(peer):
    while peer.recv(4096):
        pass


def half_close(peer):
    peer.recv(SIZE)
    peer.shutdown(socket.SHUT_WR)
    keep_silent(peer)


def drip(peer):
    """Correct replies, one byte per millisecond."""
    while request := peer.recv(SIZE, socket.MSG_WAITALL):
        for byte in request:
            time.sleep(0.001)
            peer.sendall(bytes([byte]))


def corrupt_reply(peer):
    while request := peer.recv(SIZE, socket.MSG_WAITALL):
        peer.sendall(request[:-1] + b"?")


def reply_twice(peer):
    while request := peer.recv(SIZE, socket.MSG_WAITALL):
        peer.sendall(request + request)


def never_end_a_reply(peer):
    with contextlib.suppress(OSError):
        while peer.recv(4096):
            peer.sendall(b"x" * 100_000)


class Misbehaving:
    """A server that runs one of the functions above for each connection, on a thread of its own."""

    def __init__(self, serve):
        self.serve = serve

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self.listener.getsockname()[1]

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # ends the accept
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with peer, contextlib.suppress(OSError):
            self.serve(peer)


@contextlib.contextmanager
def closed_port():
    yield free_port()


@contextlib.contextmanager
def black_hole():
    """Its accept queue stays full, so the kernel drops connection requests."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with contextlib.ExitStack() as filling:
            for _ in range(4):
                client = filling.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(listener.getsockname())
            yield listener.getsockname()[1]


class FaninServer:
    """fanin-server; with `dies` it is killed during the run and restarted on its port."""

    def __init__(self, build, seconds, dies):
        self.command = [str(build / "fanin-server"), "epoll"]
        self.seconds = seconds
        self.dies = dies

    def _start(self, port):
        self.process = subprocess.Popen([*self.command, "--port", str(port)], stdout=subprocess.PIPE, text=True)
        return json.loads(self.process.stdout.readline())["addresses"][0]["port"]

    def _die_and_return(self):
        self.process.kill()
        self.process.wait()
        time.sleep(self.seconds / 4)
        self._start(self.port)

    def __enter__(self):
        self.port = self._start(0)
        self.death = threading.Timer(self.seconds / 3, self._die_and_return)
        if self.dies:
            self.death.start()
        return self.port

    def __exit__(self, *_):
        self.death.cancel()
        if self.dies:
            self.death.join()
        self.process.kill()
        self.process.communicate()


def fault_cases(options):
    """[(name, server, further arguments, exit code, permitted error kinds, one of which must occur)]"""
    opened = ("--rate", "1000", "--arrival", "uniform")
    pattern = ("--protocol", "raw", "--request", "ping\\n", "--reply-pattern", "ping\\n")
    closed = {"closed_early", "reset", "closed_idle"}
    silent = {"timeout", "open_at_end", "not_sent"}
    surplus = {"unsolicited", "mismatch"}  # the latter if it arrives after the next request
    return [
        ("refuses", closed_port(), (), 5, {"connect_refused"}),
        ("refuses, open loop", closed_port(), opened, 5, {"connect_refused", "not_sent"}),
        ("drops connects", black_hole(), (), 5, {"connect_timeout"}),
        ("resets", Misbehaving(reset), (), 5, {"reset", "closed_idle", "open_at_end"}),
        ("half-closes", Misbehaving(half_close), (), 5, closed | {"open_at_end"}),
        ("keeps silent", Misbehaving(keep_silent), (), 5, silent),
        ("keeps silent, open loop", Misbehaving(keep_silent), opened, 5, silent),
        ("drips bytes", Misbehaving(drip), (), 0, silent | {None}),
        ("corrupts replies", Misbehaving(corrupt_reply), (), 5, {"mismatch", "open_at_end"}),
        ("replies twice", Misbehaving(reply_twice), (), 5, surplus | {"open_at_end", *closed}),
        ("never ends a reply", Misbehaving(never_end_a_reply), pattern, 5, {"too_long", "open_at_end", *closed}),
        ("is killed and restarted", FaninServer(options.build, options.seconds, True), (), 5, closed | {"connect_refused"}),
        ("works", FaninServer(options.build, options.seconds, False), (), 0, {None}),
    ]


def drive(options, port, arguments):
    """(exit code, result)"""
    command = [
        *(str(options.build / "fanin-load"), f"127.0.0.1:{port}", "--driver", options.driver),
        *("-c", str(CONNECTIONS), "--warmup", "0", "--duration", f"{options.seconds}s", "--timeout", f"{TIMEOUT}s"),
        *("--quiet", "--json", "-", "--allow-busy", *arguments),  # the exit code shows the fault alone
    ]
    if "--protocol" not in arguments:
        command += ["--payload-bytes", str(SIZE)]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout:
        fail(f"fanin-load ended with {done.returncode}: {done.stderr.strip()}")
    return done.returncode, json.loads(done.stdout)


def count_faults(code, result, expected_code, kinds):
    """The number of unaccounted requests, wrong exit codes, and wrong or missing error kinds."""
    requests, errors = result["requests"], set(result["errors"])
    unaccounted = abs(requests["sent"] - requests["completed"] - requests["failed"] - requests["unanswered"])
    named = bool(errors & kinds) or None in kinds
    return unaccounted + (code != expected_code) + len(errors - kinds) + (not named)


def describe_case(name, code, result):
    requests = result["requests"]
    errors = ", ".join(f"{kind} {count:,}" for kind, count in sorted(result["errors"].items())) or "none"
    return (
        f"{name}: {requests['sent']:,} sent = {requests['completed']:,} completed + {requests['failed']:,} failed + "
        f"{requests['unanswered']:,} unanswered; errors: {errors}; exit code {code}"
    )


def main():
    parser = known_values.command_line(__doc__, 1, "of each run")
    options = paired.parse(parser, ("fanin-server", "fanin-load"))
    found, notes = [], []
    for name, server, arguments, expected_code, kinds in fault_cases(options):
        with server as port:
            code, result = drive(options, port, arguments)
        faults = count_faults(code, result, expected_code, kinds)
        found.append(known_values.figure(f"a server that {name}", "faults", faults, 0, 0, 0))
        notes.append(describe_case(name, code, result))
    raise SystemExit(known_values.report("fault-injection", "Servers that misbehave", found, notes, options))


if __name__ == "__main__":
    paired.run(main)
