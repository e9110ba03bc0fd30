"""`fanin kernels`: bad input with programs that stand in for QEMU and apt, and real guests where a kernel is in the cache.

It downloads nothing: run `fanin kernels --kernel debian:6.12 --only echo/epoll/1` once, and the tests of guests are no longer skipped.
"""

import json
import os
import re
import shutil
import signal
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


# QEMU whose emulator takes the place of KVM: the times are worth nothing, all else is as with KVM.
WITHOUT_KVM = """#!/bin/sh
for word; do
  shift
  case $word in kvm) word=tcg ;; host) word=max ;; esac
  set -- "$@" "$word"
done
exec {} "$@"
"""

TIMED = {
    "schema": "fanin-suite", "schema_version": 2, "name": "timed", "repetitions": 2, "seed": 1, "warmup": "20ms", "duration": "90ms",
    "servers": [{"name": "epoll", "model": "epoll"}],
    "experiments": [{"name": "echo", "servers": ["*"], "workload": {"protocol": "echo"}, "sweep": {"parameter": "connections", "values": [1]}}],
}


CROWDED = {
    "schema": "fanin-suite", "schema_version": 2, "name": "crowded", "repetitions": 1, "seed": 1, "warmup": "0s", "duration": "1s",
    "servers": [{"name": "process", "model": "process"}],
    "experiments": [{"name": "idle", "servers": ["*"], "workload": {"protocol": "echo", "driver": "epoll", "connections": 1, "requests": 750},
                     "sweep": {"parameter": "idle_connections", "values": [3000]}}],
}


def make_image(release):
    """The header of a bzImage: no kernel, but one that names its release."""
    image = bytearray(0x1000)
    image[0x202:0x210] = b"HdrS\x0f\x02" + bytes(6) + b"\x00\x06"  # protocol 2.15; the version is at 0x600 + 0x200
    image[0x236] = 1  # 64 bits
    image[0x800:0x800 + len(release) + 1] = release.encode() + b" "
    return bytes(image)


def cached_kernels():
    """The pinned names of the kernels that need no download."""
    names = [json.loads(file.read_text())["release"] for file in CACHE.glob("*/kernel.json")]
    names.sort(key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
    return [f"debian:={name}" for name in names]


def newest_release():
    """Of the kernel that the guests boot, the first two numbers."""
    pinned = cached_kernels()[-1:] or ["debian:=0.0"]
    return tuple(int(number) for number in pinned[0].removeprefix("debian:=").split(".")[:2])


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
            ("--kernel", "debian:6.12", "--seed", "1", "--seed", "1"): "--seed 1 is given twice: give each seed once",
            ("--kernel", "debian:6.1", "--kernel", "debian:6.1"): "--kernel debian:6.1 is given twice: give each kernel once",
            ("--kernel", "debian:6.12", "--sysctl", "../x=1"): "--sysctl ../x=1: must be NAME=VALUE",
            ("--kernel", "debian:6.12", "kernel"): "there is no suite 'kernel': did you mean kernels?",
            ("--kernel", "debian:6.12", "--boots", "2"): "--boots needs --time",
            ("--kernel", "debian:6.12", "--time", "--seed", "1", "--seed", "2"): "--seed: --time takes one",
            ("--kernel", "debian:6.12", "--time", "--boots", "0"): "--boots 0 is out of range: give 1 to 1000",
            ("--kernel", "debian:6.12", "--time", "frameworks"): "this server is a command line, and guests run models alone",
        }.items():
            with self.subTest(arguments):
                self.check_refused(self.kernels(*arguments), words)

    # Would catch: QEMU's own message, a hang or results, where KVM boots nothing.
    def test_without_kvm_nothing_is_timed(self):
        (self.tools / "qemu-system-x86_64").write_text(
            "#!/bin/sh\n[ $1 = --version ] && echo QEMU emulator version 7.2.22 && exit\n"
            "echo 'qemu-system-x86_64: failed to initialize kvm: Permission denied' >&2; exit 1\n")
        image = Path(self.folder.name) / "bzImage"
        image.write_bytes(make_image("6.12.0-test"))
        done = self.kernels("--time", "--kernel", image)
        self.check_refused(done, "--time: 6.12.0-test does not boot under KVM here: QEMU ended with exit code 1: "
                                 "qemu-system-x86_64: failed to initialize kvm: Permission denied: use a machine with KVM")

    # The bug: a gzipped ledger was taken for a run, which needs a second side.
    def test_the_kernels_of_a_gzipped_ledger_are_compared(self):
        done = self.fanin("compare", SOURCE / "results/reference/ledger")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("\ncells that changed: ", done.stdout)
        self.assertNotIn("regression", done.stdout)

    def test_a_missing_emulator_is_named(self):
        done = self.kernels("--kernel", "debian:6.12", PATH="/nowhere")
        self.check_refused(done, "qemu-system-x86_64 is not installed: install qemu-system-x86, or run ./bootstrap.sh kernels")


@unittest.skipUnless(shutil.which("qemu-system-x86_64") and cached_kernels() and (BINARIES / "fanin-ledger.so").exists(),
                     "no QEMU, no kernel in the cache, or no plugin")
class Guests(EndToEnd):
    def count(self, *arguments, cells="echo/epoll/1"):
        done = self.fanin("kernels", "--kernel", cached_kernels()[-1], "--only", cells, "--out", self.out, *arguments)
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

    # Would catch: a server that the kernel kills for want of memory, measured with the connections that are left. Linux 6.1
    # lets it no longer fork instead, after 524 processes, and the other idle connections wait in the accept queue.
    @unittest.skipUnless(newest_release() >= (6, 6), "the kernel in the cache limits processes before memory is out")
    def test_a_guest_that_is_out_of_memory_fails_its_cell(self):
        self.suite.write_text(json.dumps(CROWDED))
        done, document = self.count("--memory", "192", self.suite, cells="idle/process/3000")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(document["cells"][0]["status"], "failed")
        self.assertIn("Kernel panic - not syncing: Out of memory", document["cells"][0]["reason"])
        self.assertIn("Out of memory", next(self.out.glob("console-*.txt")).read_text())

    # Would catch: a model that a kernel lacks, counted as failed.
    @unittest.skipUnless(newest_release() >= (6, 6), "no kernel in the cache has the sysctl io_uring_disabled")
    def test_a_model_that_a_kernel_lacks_is_unsupported(self):
        done, document = self.count("--sysctl", "kernel.io_uring_disabled=2", cells="echo/io-uring/1")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(document["cells"][0]["status"], "unsupported")
        self.assertIn("io_uring", document["cells"][0]["reason"])

    # Would catch: a hang, cells that failed, or QEMU's own message, where QEMU does not take the plugin.
    def test_a_refused_plugin_is_named(self):
        programs = Path(self.folder.name) / "bin"
        programs.mkdir()
        for name in ("fanin", "fanin-server", "fanin-load", "fanin-guest"):
            shutil.copy(BINARIES / name, programs)
        (programs / "share").symlink_to(BINARIES / "share")
        plugin = programs / "fanin-ledger.so"
        plugin.write_text("no plugin")
        compiler = shutil.which("cc")
        another = [compiler, "-shared", "-x", "c", "-", "-o", plugin]
        for command in (["true"], another) if compiler else (["true"],):
            subprocess.run(command, input="int qemu_plugin_version = 99; void qemu_plugin_install(void) {}", text=True, check=True)
            done = subprocess.run([programs / "fanin", "kernels", "--kernel", cached_kernels()[-1], "--only", "echo/epoll/1", "--out", self.out],
                                  capture_output=True, text=True, timeout=250)
            self.assertEqual(done.returncode, 4, done.stderr)
            cell, = json.loads((self.out / "ledger.json").read_text())["cells"]
            self.assertEqual(cell["status"], "unsupported")
            self.assertRegex(cell["reason"], r"^no ledger: QEMU \S+ refuses fanin-ledger.so: install QEMU 7.2, or 9.1 or later")
            self.assertIn("no ledger: QEMU", done.stdout)
            shutil.rmtree(self.out)

    # The bug: SIGINT threw away the cells that were counted, and a guest booted for servers that no guest runs.
    def test_an_interrupted_run_keeps_what_it_counted(self):
        servers = [{"name": "other", "command": ["other", "{port}"]}, *({"name": model, "model": model} for model in ("epoll", "poll", "select", "thread"))]
        self.suite.write_text(json.dumps({
            "schema": "fanin-suite", "schema_version": 2, "name": "some", "repetitions": 1, "servers": servers,
            "experiments": [{"name": "echo", "servers": ["*"], "workload": {"protocol": "echo", "requests": 750},
                             "sweep": {"parameter": "connections", "values": [1]}}]}))
        command = [BINARIES / "fanin", "kernels", "--kernel", cached_kernels()[-1], "--out", self.out, self.suite]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            first = next(line for line in process.stderr if line.startswith("1/"))
            process.send_signal(signal.SIGINT)
            _, rest = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, rest)
        self.assertTrue(first.startswith("1/4 "), first)
        self.assertIn("interrupted: the ledger holds what was counted", rest)
        cells = {cell["id"]: cell for cell in json.loads((self.out / "ledger.json").read_text())["cells"]}
        self.assertEqual(cells["echo/other/1"]["reason"], "only models run in a guest")
        self.assertEqual(cells[first.split()[2]]["status"], "ok")
        self.assertIn("interrupted before it was counted", [cell["reason"] for cell in cells.values()])
        self.assertEqual(self.fanin("validate", self.out / "ledger.json").returncode, 0)

    def time(self, *arguments):
        tools = Path(self.folder.name) / "tools"
        tools.mkdir()
        (tools / "qemu-system-x86_64").write_text(WITHOUT_KVM.format(shutil.which("qemu-system-x86_64")))
        (tools / "qemu-system-x86_64").chmod(0o755)
        self.suite.write_text(json.dumps(TIMED))
        return self.fanin("kernels", "--time", *arguments, "--boots", "1", "--out", self.out, self.suite,
                          env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})

    # Would catch: a guest that lacks a program or library of `fanin run`; runs that other commands refuse.
    def test_a_timed_boot_leaves_an_ordinary_run(self):
        done = self.time("--kernel", cached_kernels()[-1])
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        file, = self.out.glob("*/boot-1/run.json")
        run = json.loads(file.read_text())
        self.assertEqual(file.parts[-3], run["environment"]["start"]["kernel"]["release"])
        self.assertNotIn("nokaslr", run["environment"]["start"]["kernel"]["command_line"])
        self.assertEqual([cell["status"] for cell in run["cells"]], ["measured"])
        self.assertEqual(len(run["rounds"]), 2)
        check = subprocess.run([sys.executable, "-m", "plots.validate", file], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stderr)
        other = Path(self.folder.name) / "other.json"
        other.write_text(json.dumps({**run, "run_id": f"{run['run_id']}-other"}))
        compared = self.fanin("compare", file.parent.parent, other, "--vary", "kernel")
        self.assertEqual(compared.returncode, 4, compared.stderr)  # one boot a side decides nothing
        drawn = self.fanin("plot", file.parent)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)

    # Would catch: a boot without a result that counts as done, or without its console.
    def test_a_timed_boot_that_panics_is_refused(self):
        done = self.time("--kernel", cached_kernels()[-1], "--append", "rdinit=/nowhere")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("does not boot under KVM here: Kernel panic", done.stderr)
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
