"""The programs under test, for the tests of whole runs: fanin-load with its result, and a fanin-server to load.

ctest runs each of those as `NAME_test.py FANIN_LOAD FANIN_SERVER`. They end with 77 (skipped) without jsonschema.
"""

import contextlib
import json
import re
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
try:
    from plots.validate import findings
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

LOAD, SERVER = sys.argv[1:3]
QUICK = ["--duration", "200ms", "--warmup", "50ms", "--allow-busy"]  # tests run while others do


def format_target(address):
    """What fanin-load takes, from an address of the READY line."""
    if "path" in address:
        return f"unix:{address['path']}"
    host, port = address["host"], address["port"]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def server(model="epoll", *options):
    """A fanin-server; yields its target as HOST:PORT and its process."""
    process = subprocess.Popen([SERVER, model, *options], stdout=subprocess.PIPE, text=True)
    try:
        address = json.loads(process.stdout.readline())["addresses"][0]
        yield format_target(address), process
    finally:
        process.kill()
        process.communicate()


def without_warning(text):
    """Standard error without the warnings about a debug build and a busy machine."""
    return re.sub(r"fanin-load: this (program was built|machine is busy)[^\n]*\n", "", text)


def load(*arguments, **options):
    """Runs fanin-load to its end; its standard error is without_warning()."""
    done = subprocess.run([LOAD, *arguments], capture_output=True, text=True, timeout=60, **options)
    done.stderr = without_warning(done.stderr)
    return done


def run_load(target, *arguments):
    busy = [] if "--allow-busy" in arguments else ["--allow-busy"]
    done = load(target, "--quiet", "--json", "-", *busy, *arguments)
    return json.loads(done.stdout), done.returncode


@contextlib.contextmanager
def generator(*arguments):
    """A fanin-load whose window is open; afterwards `process.result` is what it measured."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [LOAD, *arguments, "--warmup", "0", "--quiet", "--json", "-", "--control", str(theirs.fileno())],
        stdout=subprocess.PIPE, text=True, pass_fds=[theirs.fileno()])
    theirs.close()
    with ours, ours.makefile() as events:
        while "window_open" not in events.readline():
            pass
        yield process
        ours.shutdown(socket.SHUT_WR)
        process.result = json.loads(process.communicate(timeout=60)[0])


class Accounts(unittest.TestCase):
    """Whatever is asked for, the result is a document that validates and adds up."""

    def check(self, result):
        self.assertEqual(findings(result, "result"), [])
        requests = result["requests"]
        self.assertEqual(requests["sent"], requests["completed"] + requests["failed"] + requests["unanswered"])
        self.assertEqual(sum(each["completed"] for each in result["series"]), requests["completed"])

    def measure(self, target, *arguments, code=0):
        result, returned = run_load(target, *arguments)
        self.check(result)
        self.assertEqual(returned, code, result["verdict"])
        return result


def test():
    """Runs the tests of the program that calls it."""
    unittest.main(argv=sys.argv[:1])
