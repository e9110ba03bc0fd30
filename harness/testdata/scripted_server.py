#!/usr/bin/env python3
"""Stands in for fanin-server where a test needs one that misbehaves: the model's name says how.

steady: READY, accepts, counters on SIGTERM.   dies: ends with code 7 at the first connection.
silent: ends with code 1 before READY.         garbage: its first line is no READY line.
crashes: ends with code 9 on SIGTERM.          odd, nested: its last line holds no counters of ours.
"""

import json
import os
import signal
import socket
import sys


def stop(code, line):
    if line:
        print(line, flush=True)
    os._exit(code)


def main():
    model = sys.argv[1]
    if model == "silent":
        sys.exit("scripted: cannot bind")
    listener = socket.create_server(("127.0.0.1", 0))
    counters = json.dumps({"counters": {"connections": {"accepted": 1}, "bytes": {}, "syscalls": {}}})
    if model == "odd":
        counters = json.dumps({"counters": {"connections": "many", "bytes": {}, "syscalls": {}}})
    if model == "nested":
        counters = '{"counters": {"connections": ' + "[" * 30000 + "]" * 30000 + "}}"
    if model == "crashes":
        signal.signal(signal.SIGTERM, lambda *_: stop(9, ""))
    else:
        signal.signal(signal.SIGTERM, lambda *_: stop(0, counters))
    if model == "garbage":
        print("hello, I am no server", flush=True)
    else:
        port = listener.getsockname()[1]
        print(json.dumps({"ready": True, "addresses": [{"host": "127.0.0.1", "port": port}]}), flush=True)
    connections = []
    while True:
        connections.append(listener.accept()[0])
        if model == "dies":
            print("scripted: something terrible", file=sys.stderr, flush=True)
            os._exit(7)


main()
