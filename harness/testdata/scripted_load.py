#!/usr/bin/env python3
"""Stands in for fanin-load where a test needs one that misbehaves: --payload says how.

good: connects, tells all events, waits for its release, prints a result.   invalid: the same with that verdict.
refuses: exit code 2 and a word on standard error.                          garbage: prints no JSON.
waits: connects and waits until the connection breaks, which it reports.    hangs: waits for ever.
"""

import json
import socket
import sys
import time


def option(name):
    return sys.argv[sys.argv.index(name) + 1]


def result(status):
    return {"schema": "fanin-load", "requests": {"completed": 1000}, "throughput": {"completed_in_window": 500},
            "verdict": {"status": status, "reasons": [] if status == "valid" else
                        [{"code": "late-sends", "text": "late"}, {"code": "no-reply", "text": "very late"}]}}


def main():
    mode = option("--payload")
    if mode == "refuses":
        print("fanin-load: no such thing: do without", file=sys.stderr)
        sys.exit(2)
    if mode == "garbage":
        print("certainly {not json")
        return
    control = socket.socket(fileno=int(option("--control")))
    targets = [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == "--target"]
    connections = []
    for target in targets or [sys.argv[1]]:
        host, port = target.split(":")
        connections.append(socket.create_connection((host, int(port))))
    connection = connections[0]
    opened = time.monotonic_ns()
    for event in ({"event": "established", "connections": 1}, {"event": "window_open", "monotonic_ns": opened}):
        control.sendall(json.dumps(event).encode() + b"\n")
    if mode == "hangs":
        control.recv(1)
    if mode == "waits":
        try:
            connection.recv(1)
        except OSError:
            pass
        print("fanin-load: connection lost", file=sys.stderr)
        sys.exit(1)
    # A window of 100 s by its own word, so that however late the harness reads it is early within the window.
    control.sendall(json.dumps({"event": "window_close", "monotonic_ns": opened + 10**11}).encode() + b"\n")
    if control.recv(1) != b"\n":
        sys.exit("not released")
    if targets:
        # The last of several targets alone is invalid in that mode.
        status = ["valid"] * (len(targets) - 1) + ["invalid" if mode == "invalid" else "valid"]
        print(json.dumps({"schema": "fanin-load-interleaving", "targets": [{"server_cpu_per_request_ns": 4321.5, "result": result(one)} for one in status]}))
    else:
        print(json.dumps(result("invalid" if mode == "invalid" else "valid")))


main()
