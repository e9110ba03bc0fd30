"""For tests that run the real programs as a user does. Arguments: the folder of the binaries, the root of the source tree.

Ends with 77 (skipped) where the interpreter has no jsonschema, because then no result can be validated.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import jsonschema  # noqa: F401  needed by plots.validate
except ImportError:
    print("skipped: this Python has no jsonschema (FANIN_PYTHON chooses another)")
    sys.exit(77)

BINARIES = Path(sys.argv[1])
SOURCE = Path(sys.argv[2])

# Windows below 100 ms: fanin-load does not judge in them whether the machine is busy, as it is while tests run.
SUITE = {
    "schema": "fanin-suite", "schema_version": 2, "name": "tiny", "repetitions": 2, "seed": 7, "warmup": "20ms", "duration": "90ms",
    "servers": [{"name": "epoll", "model": "epoll"}, {"name": "select", "model": "select"}, {"name": "process", "model": "process"},
                {"name": "copies", "model": "epoll", "args": ["--processes", "2"]},
                {"name": "missing", "command": ["/no/such/program", "{port}"]}],
    "experiments": [
        {"name": "closed", "servers": ["*"], "workload": {"protocol": "echo", "payload_bytes": 64},
         "sweep": {"parameter": "connections", "values": [2]}, "aa": {"server": "epoll", "value": 2}},
        {"name": "idle", "servers": ["select", "epoll"], "workload": {"protocol": "echo", "connections": 2},
         "sweep": {"parameter": "idle_connections", "values": [0, 1500]}},
        # Options that both halves of a protocol must know: told to one alone, every reply would be wrong.
        {"name": "suffix", "servers": ["epoll"], "workload": {"protocol": "upper", "suffix": "!"},
         "sweep": {"parameter": "connections", "values": [2]}},
        {"name": "reply", "servers": ["epoll"], "workload": {"protocol": "goodbye", "reply": "so long"},
         "sweep": {"parameter": "connections", "values": [2]}},
        {"name": "reply-bytes", "servers": ["epoll"], "workload": {"protocol": "bulk"},
         "sweep": {"parameter": "reply_bytes", "values": [100]}}],
}


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="fanin-end-to-end-")
        self.addCleanup(self.folder.cleanup)
        self.out = Path(self.folder.name) / "run"
        self.suite = Path(self.folder.name) / "tiny.json"
        self.suite.write_text(json.dumps(SUITE))

    def fanin(self, *arguments, **options):
        return subprocess.run([BINARIES / "fanin", *map(str, arguments)], capture_output=True, text=True, timeout=250, **options)

    def run_json(self):
        return json.loads((self.out / "run.json").read_text())

    def check_exit_code(self, done):
        """0, or 5 if a busy machine made cells invalid. No cell may have failed."""
        status = {cell["id"]: cell["status"] for cell in self.run_json()["cells"]}
        self.assertLessEqual(set(status.values()), {"measured", "unsupported", "invalid"}, done.stderr)
        self.assertEqual(done.returncode, 5 if "invalid" in status.values() else 0, done.stderr + done.stdout)

    def check_valid(self):
        files = [self.out / name for name in ("run.json", "rounds.jsonl", "suite.json")]
        check = subprocess.run([sys.executable, "-m", "plots.validate", *files], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stderr)
