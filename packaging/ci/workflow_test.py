"""The workflows of .github/workflows and packaging/ci run: their shell steps are executed in a fresh clone.

Argument: a build directory with the programs, whose fanin-server stands for that of base and of head. GitHub's part is
done here: expressions, files of the environment, `if`, and the actions that the workflows use; an expression or action
that is not known here fails the test. A comparison of a build with itself may end undecided on a busy machine; one with
a slowed server must fail.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

BUILD = Path(sys.argv.pop(1)).resolve()
SOURCE = Path(__file__).resolve().parents[2]
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]  # what GitHub makes of `shell: bash`
# Windows below 100 ms: fanin-load does not judge in them whether the machine is busy.
SUITE = """{"schema": "fanin-suite", "schema_version": 2, "name": "one-cell", "repetitions": 2, "warmup": "50ms",
"duration": "90ms", "servers": [{"name": "epoll", "model": "epoll"}], "experiments": [{"name": "echo-closed",
"servers": ["*"], "workload": {"protocol": "echo", "connections": 10}, "sweep": {"parameter": "connections", "values": [10]}}]}"""
# Reads half a request at a time, so each takes two reads and two writes: about twice the CPU time.
SLOW_SERVER = """#!/bin/sh
case $1 in list | --*) exec "$0.real" "$@" ;; esac
exec "$0.real" "$@" --read-cap 32
"""


# One of its models does not serve.
BROKEN_SERVER = """#!/bin/sh
[ "$1" != poll ] || { echo "broken" >&2; exit 1; }
exec "$0.real" "$@"
"""


def find_counting_kernel():
    """A kernel of the cache, if `fanin ab --count` can count here without a download; else nothing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fanin/kernels"
    kernels = sorted(cache.glob("*/kernel.json"))
    if not kernels or not shutil.which("qemu-system-x86_64") or not (BUILD / "fanin-ledger.so").exists():
        return None
    return "debian:=" + json.loads(kernels[-1].read_text())["release"]


COUNTING = find_counting_kernel()


def tail(text):
    return "\n".join(text.splitlines()[-40:])


class Workflow:
    """A job of a workflow, executed in a new directory below `scratch`. `variables` are those of the repository."""

    def __init__(self, file, scratch, variables, job=None):
        self.job = job  # None: the only one
        self.document = yaml.safe_load((SOURCE / ".github/workflows" / file).read_text())
        self.scratch = Path(tempfile.mkdtemp(dir=scratch))
        self.directory = self.scratch / "work"
        self.directory.mkdir()
        self.cache = scratch / "cache"
        self.values = {"github.event.pull_request.base.sha": "HEAD", "github.run_id": "1"}
        self.variables = variables
        self.cached = None
        self.outputs = []

    def expand(self, text):
        def value(match):
            expression = match.group(1).strip()
            variable = re.fullmatch(r"vars\.(\w+) \|\| '([^']*)'", expression)
            return self.variables.get(*variable.groups()) if variable else self.values[expression]
        return re.sub(r"\$\{\{(.*?)\}\}", value, str(text))

    def wanted(self, step, failed):
        condition = step.get("if", "")
        if condition not in ("", "${{ !cancelled() }}"):
            raise AssertionError(f"the test does not know `if: {condition}`")
        return bool(condition) or not failed

    def use(self, step):
        name, version = step["uses"].split("@")
        assert re.fullmatch(r"v\d+\.\d+\.\d+", version), step["uses"]
        options = {key: self.expand(value) for key, value in step.get("with", {}).items()}
        if name == "actions/checkout":
            clone(self.directory / options.get("path", "."))
        elif name == "actions/upload-artifact":
            assert (self.directory / options["path"]).is_dir(), options
        elif name == "actions/cache":
            self.cached = self.directory / options["path"]
            if self.cache.exists():
                shutil.move(self.cache, self.cached)
        else:
            raise AssertionError(f"the test does not know {name}")

    def run(self, step, environment):
        files = {name: self.scratch / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        environment = os.environ | environment | {name: str(file) for name, file in files.items()}
        environment |= {"CI": "true", "RUNNER_TEMP": str(self.scratch), "FANIN_PREBUILT": str(BUILD)}
        done = subprocess.run([*BASH, "-c", self.expand(step["run"])], cwd=self.directory, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.outputs.append(done.stdout)
        return done.returncode

    def execute(self, after=lambda name: None):
        """Executes the steps, calls `after` with the name of each, and returns the exit codes of those that ran."""
        assert self.document["defaults"] == {"run": {"shell": "bash"}}
        environment = {name: self.expand(value) for name, value in self.document["env"].items()}
        jobs = self.document["jobs"]
        job, = [jobs[self.job]] if self.job else jobs.values()
        codes = {}
        for step in job["steps"]:
            if not self.wanted(step, any(codes.values())):
                continue
            if "uses" in step:
                self.use(step)
                continue
            codes[step["name"]] = self.run(step, environment)
            for line in (self.scratch / "GITHUB_ENV").read_text().splitlines():
                environment.update([line.split("=", 1)])
            after(step["name"])
        if self.cached:
            shutil.move(self.cached, self.cache)
        return codes

    def read_summary(self):
        return (self.scratch / "GITHUB_STEP_SUMMARY").read_text()


def replace_server(server, script):
    server.rename(f"{server}.real")
    server.write_text(script)
    server.chmod(0o755)


def clone(directory):
    subprocess.run(["git", "clone", "--quiet", "--local", SOURCE, directory], check=True)


class Workflows(unittest.TestCase):

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="fanin-workflow.")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def skip_if_too_busy(self, code, text):
        said = " ".join(text.split())  # reasons are wrapped
        if code == 5 and ("busy-machine" in said or "other programs used" in said):
            self.skipTest("other programs used the CPUs, so that cells are invalid")

    def compare(self, after=lambda workflow, step: None):
        workflow = Workflow("fanin.yml", self.scratch, {"FANIN_BUDGET": "15s", "FANIN_SUITE": "ab"}, "compare")
        codes = workflow.execute(lambda step: after(workflow, step))
        for name, code in codes.items():
            self.assertTrue(code == 0 or name == "Compare", f"step {name} ended with {code}:\n{tail(workflow.outputs[-1])}")
        self.assertEqual(list(codes), ["Build base", "Build head", "Compare", "Report"])
        # First, since a verdict of invalid cells alone has no chart. The bug: on a busy machine the test failed for its lack.
        self.skip_if_too_busy(codes["Compare"], "".join(workflow.outputs))
        for file in "verdict.json", "verdict.txt", "verdict-verdict.png", "junit.xml":
            self.assertGreater((workflow.directory / "report" / file).stat().st_size, 0)
        return codes["Compare"], workflow

    def test_a_pull_request_that_changes_nothing_passes(self):
        code, workflow = self.compare()
        self.assertIn(code, (0, 4), tail("".join(workflow.outputs)))  # 4: too busy a machine to decide
        self.assertRegex(workflow.read_summary(), r"## fanin ab: (no regression|nothing could be decided)")
        self.assertRegex(workflow.outputs[-1], r"(?m)^::notice title=fanin ab::")
        self.assertNotIn("::error", workflow.outputs[-1])

    def test_a_slower_server_fails(self):
        def slow_down(workflow, step):
            if step == "Build head":
                replace_server(workflow.directory / "head/build/release/fanin-server", SLOW_SERVER)
        code, workflow = self.compare(slow_down)
        self.assertEqual(code, 1, tail("".join(workflow.outputs)))
        self.assertIn("## fanin ab: regression", workflow.read_summary())
        self.assertRegex(workflow.outputs[-1], r"(?m)^::error title=echo-closed/epoll/50::worse: server_cpu_per_request_ns: ")
        self.assertIn("<failure ", (workflow.directory / "report/junit.xml").read_text())

    # Would catch: a report step that hides why the comparison could not start.
    def test_without_verdicts_only_the_comparison_fails(self):
        codes = Workflow("fanin.yml", self.scratch, {"FANIN_BUDGET": "soon", "FANIN_SUITE": "ab"}, "compare").execute()
        self.assertEqual((codes["Compare"], codes["Report"]), (2, 0))

    # Would catch: a second gate whose steps do not run, or that is red although nothing has changed.
    @unittest.skipUnless(COUNTING, "no QEMU, no kernel in the cache, or no plugin")
    def test_counting_a_build_with_itself_passes(self):
        suite = self.scratch / "suite.json"
        suite.write_text(SUITE.replace('"connections": 10', '"connections": 1').replace("[10]", "[1]"))
        variables = {"FANIN_COUNT_SUITE": str(suite), "FANIN_KERNEL": COUNTING}
        same = Workflow("fanin.yml", self.scratch, variables, "count")
        self.assertEqual(set(same.execute().values()), {0}, tail("".join(same.outputs)))
        self.assertIn("## fanin ab: no regression", same.read_summary())

    def run_gitlab(self, name, **variables):
        job = yaml.safe_load((SOURCE / "packaging/ci/gitlab-ci.yml").read_text())[name]
        directory = self.scratch / "clone"
        clone(directory)
        environment = os.environ | job["variables"] | variables | {"FANIN_PREBUILT": str(BUILD), "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD"}
        done = subprocess.run([*BASH, "-c", "\n".join(job["script"])], cwd=directory, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        return job, directory, done

    @unittest.skipUnless(COUNTING, "no QEMU, no kernel in the cache, or no plugin")
    def test_gitlab_counts(self):
        job, directory, done = self.run_gitlab("fanin-count", FANIN_COUNT_SUITE="ab", FANIN_KERNEL=COUNTING)
        self.assertEqual(done.returncode, 0, tail(done.stdout))
        for file in [*job["artifacts"]["reports"].values(), "report/summary.md", "report/count.json"]:
            self.assertTrue((directory / file).exists(), file)

    def test_gitlab(self):
        job, directory, done = self.run_gitlab("fanin", FANIN_BUDGET="15s", FANIN_SUITE="ab")
        self.skip_if_too_busy(done.returncode, done.stdout)
        self.assertIn(done.returncode, (0, 4), tail(done.stdout))
        for file in [*job["artifacts"]["reports"].values(), "report/summary.md", "report/verdict-verdict.png"]:
            self.assertTrue((directory / file).exists(), file)

    # Two nights, one a side: too few to decide, but the steps run, and the history is kept from night to night.
    def test_nightly(self):
        suite = self.scratch / "suite.json"
        suite.write_text(SUITE)
        nights = [Workflow("fanin-nightly.yml", self.scratch, {"FANIN_NIGHTLY_SUITE": str(suite), "FANIN_NIGHTS": "1"})
                  for _ in range(2)]
        for night in nights:
            self.assertEqual(set(night.execute().values()), {0}, tail("".join(night.outputs)))
        self.assertIn("too few to compare", nights[0].read_summary())
        self.assertIn("## fanin compare: ", nights[1].read_summary())

    # Would catch: a nightly workflow that is green whatever happens.
    def test_nightly_is_red_if_a_server_fails(self):
        def break_server(workflow, step):
            if step == "Build":
                replace_server(workflow.directory / "build/release/fanin-server", BROKEN_SERVER)
        suite = self.scratch / "suite.json"
        suite.write_text(SUITE.replace('"servers": [', '"servers": [{"name": "poll", "model": "poll"}, ', 1))
        good, bad = (Workflow("fanin-nightly.yml", self.scratch, {"FANIN_NIGHTLY_SUITE": str(suite), "FANIN_NIGHTS": "1"})
                     for _ in range(2))
        self.assertEqual(set(good.execute().values()), {0}, tail("".join(good.outputs)))
        codes = bad.execute(lambda step: break_server(bad, step))
        self.assertEqual(codes, {"Build": 0, "Measure": 0, "Compare": 5, "Report": 0}, tail("".join(bad.outputs)))
        self.assertIn("## fanin compare: failed: 1 cell without a usable result", bad.read_summary())


# The cells that a pull request waits for: with more the default budget decides nothing.
class Gate(unittest.TestCase):

    def test_gate_has_five_cells(self):
        done = subprocess.run([BUILD / "fanin", "list", "gate"], capture_output=True, text=True, check=True)
        self.assertIn("5 cells", done.stdout)


if __name__ == "__main__":
    if not (SOURCE / ".git").exists():
        sys.exit("workflow_test.py: no git repository to clone here")
    unittest.main()
