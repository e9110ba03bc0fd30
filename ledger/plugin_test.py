"""The plugin counts what a guest of known instructions executes. Arguments: fanin-ledger.so.

The guest is a few bytes of machine code that QEMU loads by the multiboot protocol. Exit code 77: there is no QEMU."""

import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PLUGIN = Path(sys.argv.pop(1)).resolve()
QEMU = shutil.which("qemu-system-x86_64")
LOAD_ADDRESS = 0x100000
STEPS = 1000
REPLIES = 5
SKIP, COUNT = 1, 2


def marker(kind):
    return b"\x0f\x1f\x84\x00" + struct.pack("<I", 0x0FA41700 + kind)


def loop(steps):
    """mov $steps,%ecx; 1: dec %ecx; jnz 1b. Executes 1 + 2 * steps instructions."""
    return b"\xb9" + struct.pack("<I", steps) + b"\x49\x75\xfd"


def guest():
    code = marker(4) + loop(STEPS) + marker(5)
    code += marker(2) + (loop(STEPS) + marker(1)) * REPLIES + marker(3)
    code += b"\x31\xc0\xe7\xf4"  # xor %eax,%eax; out %eax,$0xf4, which ends QEMU with exit code 2 * %eax + 1
    header = 32
    size = header + len(code)
    magic, flags = 0x1BADB002, 1 << 16  # the addresses below are valid
    end = LOAD_ADDRESS + size
    return struct.pack("<8I", magic, flags, -(magic + flags) % 2**32, LOAD_ADDRESS, LOAD_ADDRESS, end, end,
                       LOAD_ADDRESS + header) + code


class Plugin(unittest.TestCase):
    def setUp(self):
        self.scratch = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fanin-ledger-")))
        (self.scratch / "guest").write_bytes(guest())
        (self.scratch / "symbols").write_text("ffffffff81000000 __switch_to_asm\n")

    def run_qemu(self, **arguments):
        options = {"symbols": "symbols", "server": PLUGIN, "generator": PLUGIN, "out": "raw", "skip": SKIP, "count": COUNT}
        text = "".join(f",{key}={value}" for key, value in (options | arguments).items())
        command = [QEMU, "-accel", "tcg", "-icount", "shift=0,sleep=off", "-nodefaults", "-display", "none", "-m", "16",
                   "-device", "isa-debug-exit,iobase=0xf4", "-kernel", "guest", "-plugin", f"{PLUGIN}{text}"]
        return subprocess.run(command, cwd=self.scratch, capture_output=True, text=True, timeout=60)

    # Would catch: a marker counted on the wrong side, instructions counted twice or not at all, and a version of the
    # plugin interface that works otherwise than the declarations say. Expected: each reply follows the one before by its
    # loop and one marker.
    def test_it_counts_every_instruction(self):
        done = self.run_qemu()
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        lines = (self.scratch / "raw").read_text().splitlines()
        each = 1 + 2 * STEPS + 1
        self.assertEqual(lines[:3], ["fanin-ledger-raw 1", f"check {each}", f"cell 0 {COUNT} {COUNT * each}"])
        self.assertEqual(lines[-1], "end")
        nodes = [line.split() for line in lines if line.startswith("node ")]
        self.assertEqual({(parent, program, kind) for _, _, parent, program, kind, _, _ in nodes}, {("-", "init", "u")})
        self.assertEqual(sum(int(node[-1]) for node in nodes), COUNT * each)
        addresses = [int(node[-2], 16) for node in nodes]
        self.assertTrue(all(LOAD_ADDRESS < each < LOAD_ADDRESS + 200 for each in addresses), addresses)

    # Would catch: a mistake in the arguments that QEMU reports as no more than an error code.
    def test_it_says_what_is_wrong_with_its_arguments(self):
        for arguments, message in (
            ({"symbols": "missing"}, "fanin-ledger: missing: cannot be read: No such file or directory"),
            ({"symbols": "guest"}, "fanin-ledger: guest: line 1 is not a hexadecimal address and a name"),
            ({"server": "symbols"}, "fanin-ledger: symbols: not an ELF file"),
            ({"count": "0"}, "fanin-ledger: count=0: give a number from 1 to 1000000000000"),
            ({"out": "no/raw"}, "fanin-ledger: no/raw: cannot be written: No such file or directory"),
        ):
            done = self.run_qemu(**arguments)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr.splitlines()[0], message)


if __name__ == "__main__":
    if not QEMU:
        print("skipped: qemu-system-x86_64 is not installed")
        sys.exit(77)
    unittest.main()
