"""`fanin ab --count`: two builds and two lists of options in real guests, where QEMU is there and a kernel is in the cache.

It downloads nothing: run `fanin kernels --kernel debian:6.12 --only echo/epoll/1` once, and the tests are no longer skipped.
"""

import json
import re
import shutil
import struct
import subprocess
import sys
import unittest
from pathlib import Path

from end_to_end import BINARIES, EndToEnd
from kernels_test import cached_kernels

SUITE = {
    "schema": "fanin-suite", "schema_version": 2, "name": "counted", "repetitions": 1, "seed": 1, "warmup": "0s", "duration": "1s",
    "servers": [{"name": "epoll", "model": "epoll"}],
    "experiments": [{"name": protocol, "servers": ["*"], "workload": {"protocol": protocol, "driver": "epoll", "connections": 1, "payload_bytes": 64},
                     "sweep": {"parameter": "connections", "values": [1]}} for protocol in ("echo", "work")],
}


def lengthen_prologue(code):
    """Two instructions in the bytes of one that do the same, among the first of a function: (offset, bytes), or None.

    What is below its stack is free, and so are the flags."""
    at = 0
    while at < len(code) - 4:
        first, second, third = code[at:at + 3]
        if 0x50 <= first <= 0x57:  # push
            at += 1
        elif first == 0x41 and 0x50 <= second <= 0x57:
            at += 2
        elif code[at:at + 4] == b"\xf3\x0f\x1e\xfa":  # endbr64
            at += 4
        elif code[at:at + 4] == b"\x48\x83\xec\x08":  # sub $8, %rsp: push %rax and a nop
            return at, b"\x40\x50\x66\x90"
        elif first in (0x48, 0x49, 0x4c) and second == 0x89 and third >= 0xc0 and third & 7 != 4:  # mov between registers
            push = (b"\x41" if first & 4 else b"") + bytes([0x50 + (third >> 3 & 7)])
            pop = (b"\x41" if first & 1 else b"") + bytes([0x58 + (third & 7)])
            return at, (b"\x40" if first == 0x48 else b"") + push + pop
        else:
            return None
    return None


def add_an_instruction(program, function):
    """Makes a function of a program execute one instruction more. False: it does not begin as it must for that."""
    symbols = subprocess.run(["nm", "--defined-only", "-C", program], capture_output=True, text=True, check=True).stdout
    address, = {int(line.split()[0], 16) for line in symbols.splitlines() if re.search(function, line)}
    code = bytearray(program.read_bytes())
    table, size, count = struct.unpack_from("<Q", code, 32)[0], *struct.unpack_from("<HH", code, 54)
    for at in range(table, table + size * count, size):
        kind, _, offset, begin, _, length = struct.unpack_from("<IIQQQQ", code, at)
        if kind == 1 and begin <= address < begin + length:
            start = address - begin + offset
            if found := lengthen_prologue(bytes(code[start:start + 64])):
                code[start + found[0]:start + found[0] + len(found[1])] = found[1]
                program.write_bytes(code)
                return True
    return False


@unittest.skipUnless(shutil.which("qemu-system-x86_64") and cached_kernels() and (BINARIES / "fanin-ledger.so").exists(),
                     "no QEMU, no kernel in the cache, or no plugin")
class Count(EndToEnd):
    def setUp(self):
        super().setUp()
        self.suite.write_text(json.dumps(SUITE))

    def count(self, base, new, cells):
        """The exit code, the server's own instructions per request that each cell has more, and what was printed."""
        verdict = Path(self.folder.name) / "verdict.json"
        done = self.fanin("ab", "--count", "--kernel", cached_kernels()[-1], "--suite", self.suite, "--only", cells, "--json", verdict, "--", base, new)
        self.assertTrue(verdict.exists(), done.stderr)
        self.assertEqual(self.fanin("validate", verdict).returncode, 0)
        metrics = json.loads(verdict.read_text())["metrics"]
        differences = {each["cell"]: each["new"] - each["base"] for each in metrics if each["metric"].startswith("server_user")}
        return done.returncode, differences, done.stdout

    def copy(self):
        folder = Path(self.folder.name) / "a folder with another, longer name"
        folder.mkdir()
        shutil.copy(BINARIES / "fanin-server", folder)
        return folder

    # Would catch: a path, an environment or a time of this machine in a count.
    def test_a_copy_of_a_build_is_equal(self):
        code, differences, text = self.count(BINARIES, self.copy(), "*")
        self.assertEqual((code, differences), (0, {"echo/epoll/1": 0, "work/epoll/1": 0}), text)
        self.assertEqual(len(re.findall("(?m) equal$", text)), 4, text)

    # Would catch: a gate that lets the smallest change pass.
    def test_one_instruction_more_is_found(self):
        folder = self.copy()
        if not add_an_instruction(folder / "fanin-server", r"Echo\w*::consume\("):
            self.skipTest("this compiler begins the function in another way")
        code, differences, text = self.count(BINARIES, folder, "echo/*")
        self.assertEqual(code, 1, text)
        self.assertRegex(text, r"(?m)^ +\+1  .*Echo\w*::consume$")
        self.assertAlmostEqual(differences["echo/epoll/1"], 1, msg=text)

    # Would catch: instructions in the wrong function, or program, or not all of them.
    def test_steps_of_a_loop_have_their_size(self):
        def count_steps(more):
            code, differences, text = self.count("--work-loops 1000", f"--work-loops {1000 + more}", "work/*")
            self.assertEqual(code, 1, text)
            found = re.search(r"(?m)^ +\+([\d,.]+)  user code +.*(spin|burn)$", text)
            self.assertTrue(found, text)
            self.assertIn("server user", text)
            return float(found[1].replace(",", "")), differences["work/epoll/1"]
        thousand, total = count_steps(1000)
        self.assertEqual(thousand % 1000, 0)  # so many instructions a step, and nothing else
        self.assertIn(thousand // 1000, range(2, 21))
        self.assertAlmostEqual(total, thousand, delta=0.001 * thousand)
        self.assertAlmostEqual(count_steps(3000)[0], 3 * thousand, delta=0.001 * thousand)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
