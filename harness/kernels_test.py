"""`fanin kernels`: bad input with programs that stand in for QEMU and apt, and real guests where a kernel is in the cache.

It downloads nothing: run `fanin kernels --kernel debian:6.12 --only echo/epoll/1` once, and the tests of guests are no longer skipped.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from end_to_end import BINARIES, SOURCE, EndToEnd

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fanin/kernels"
PACKAGE = "linux-image-6.12.117+deb12-cloud-amd64"
TOOLS = {
    "qemu-system-x86_64": "echo QEMU emulator version 7.2.22",
    "apt-cache": f"[ $1 = pkgnames ] && echo {PACKAGE} || echo '{PACKAGE} | 6.12.117-1 | http://deb.debian.org/debian b/main amd64 Packages'",
    "apt-get": "echo \"E: Failed to fetch: Could not resolve 'deb.debian.org'\" >&2; exit 100",
}


def cached_kernels():
    """The pinned names of the kernels that need no download."""
    names = (json.loads(file.read_text())["release"] for file in sorted(CACHE.glob("*/kernel.json")))
    return [f"debian:={name}" for name in names]


@unittest.skipUnless((BINARIES / "fanin-guest").exists(), "a build without guests")
class Kernels(EndToEnd):
    def setUp(self):
        super().setUp()
        self.tools = Path(self.folder.name) / "tools"
        self.tools.mkdir()
        for name, script in TOOLS.items():
            (self.tools / name).write_text(f"#!/bin/sh\n{script}\n")
            (self.tools / name).chmod(0o755)

    def kernels(self, *arguments, **environment):
        path = f"{self.tools}:{os.environ['PATH']}"
        return self.fanin("kernels", *arguments, "--out", self.out,
                          env={**os.environ, "PATH": path, "XDG_CACHE_HOME": self.folder.name, **environment})

    def check_refused(self, done, words):
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(words, done.stderr)
        self.assertFalse(self.out.exists())

    # Would catch: a message of QEMU, of apt or of the process layer, or results of a run that never began.
    def test_bad_input_is_one_line(self):
        other = Path(self.folder.name) / "Image"
        other.write_bytes(bytes(0x38) + b"ARM\x64" + bytes(0x1000))
        for arguments, words in {
            (): "--kernel is missing",
            ("--kernel", "debian:sid"): "'sid' is no series: give debian:SERIES",
            ("--kernel", "debian:5.10"): "apt offers no such cloud image for amd64: it has those of 6.12",
            ("--kernel", "debian:6.12"): f"cannot download {PACKAGE} 6.12.117-1: E: Failed to fetch: Could not resolve",
            ("--kernel", "/nowhere"): "/nowhere: there is no such kernel: give the path of a bzImage",
            ("--kernel", SOURCE / "README.md"): "README.md: is no kernel image: give a bzImage for x86-64",
            ("--kernel", other): "Image: is a kernel for arm64: give a bzImage for x86-64",
            ("--kernel", "debian:6.12", "--memory", "64"): "--memory 64 is out of range: give 128 to 65536",
            ("--kernel", "debian:6.12", "--memory", "65536"): "needs 66048 MiB of memory, and",
            ("--kernel", "debian:6.12", "--seed", "1", "--seed", "1"): "--seed is there twice with the same number: give each seed once",
            ("--kernel", "debian:6.12", "--sysctl", "../x=1"): "--sysctl ../x=1: must be NAME=VALUE",
            ("--kernel", "debian:6.12", "kernel"): "there is no suite 'kernel': did you mean kernels?",
        }.items():
            with self.subTest(arguments):
                self.check_refused(self.kernels(*arguments), words)

    def test_a_missing_emulator_is_named(self):
        done = self.kernels("--kernel", "debian:6.12", PATH="/nowhere")
        self.check_refused(done, "qemu-system-x86_64 is not installed: install qemu-system-x86, or run ./bootstrap.sh kernels")


@unittest.skipUnless(shutil.which("qemu-system-x86_64") and cached_kernels() and (BINARIES / "fanin-ledger.so").exists(),
                     "no QEMU, no kernel in the cache, or no plugin")
class Guests(EndToEnd):
    def count(self, *arguments):
        done = self.fanin("kernels", "--kernel", cached_kernels()[-1], "--only", "echo/epoll/1", "--out", self.out, *arguments)
        return done, json.loads((self.out / "ledger.json").read_text())

    # Would catch: anything of the host, of time or of chance in a count.
    def test_a_count_is_the_same_each_time(self):
        done, first = self.count()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(first["cells"][0]["requests"], 500)
        check = subprocess.run([sys.executable, "-m", "plots.validate", self.out / "suite.json"], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stderr)
        shutil.rmtree(self.out)
        done, second = self.count()
        self.assertEqual(second["cells"], first["cells"])
        self.assertEqual(second["kernels"], first["kernels"])

    # Would catch: further seeds that are not counted, or that replace the ledger's own.
    def test_further_seeds_leave_totals(self):
        done, document = self.count("--seed", "1", "--seed", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((document["seed"], document["cells"][0]["requests"]), (1, 500))
        self.assertEqual([(each["seed"], each["id"], each["requests"]) for each in document["other_seeds"]], [(2, "echo/epoll/1", 500)])
        self.assertIn("Seeds 1, 2: ", done.stdout)

    # Would catch: a guest that panics and leaves a hang, or a cell without a reason.
    def test_a_guest_that_panics_fails_its_cell(self):
        done, document = self.count("--append", "rdinit=/nowhere")
        self.assertEqual(done.returncode, 5, done.stderr)
        cell = document["cells"][0]
        self.assertEqual(cell["status"], "failed")
        self.assertIn("Kernel panic", cell["reason"])
        self.assertIsNone(cell["instructions"])
        self.assertIn("Kernel panic", next(self.out.glob("console-*.txt")).read_text())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
