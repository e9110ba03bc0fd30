#!/usr/bin/env python3
"""`fanin claims` as a user runs it. Arguments: the folder of the binaries, the root of the source tree."""

import copy
import json
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from end_to_end import BINARIES, SOURCE, EndToEnd

# The number of threads does not depend on how busy the machine is.
CLAIM = {
    "schema": "fanin-claim", "schema_version": 1, "id": "threads", "claim": "a thread per connection takes more threads than epoll",
    "source": "arithmetic", "choice": {"confirmed": "epoll has fewer threads.", "refuted": "epoll has as many threads."},
    "tests": [{"name": "more-threads", "says": "with 8 connections it has at least 4 times the threads", "metric": "server_threads",
               "at_least": 4, "workload": {"protocol": "echo", "connections": 8}, "base": {"model": "epoll"}, "new": {"model": "thread"},
               "window": "60ms", "warmup": "10ms", "accept_invalid": True}],
}  # fmt: skip
FLIP = {"name": "flip", "says": "it has four times the threads", "metric": "server_threads", "at_least": 4, "workload": {"protocol": "echo"},
        "base": {"model": "epoll"}, "new": {"model": "thread"}, "window": "60ms", "warmup": "10ms", "accept_invalid": True,
        "parameter": "connections", "from": 1, "to": 16}  # fmt: skip


class Claims(EndToEnd):
    def write(self, name, change=lambda claim: None):
        claim = {**copy.deepcopy(CLAIM), "id": name}
        change(claim)
        path = Path(self.folder.name) / f"{name}.json"
        path.write_text(json.dumps(claim))
        return path

    def result(self):
        return json.loads((self.out / "claims.json").read_text())

    def check_valid(self):
        files = [self.out / name for name in ("claims.json", "plan.json", "units.jsonl")]
        done = subprocess.run([sys.executable, "-m", "plots.validate", *files], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for path in (self.out, self.out / "claims.json"):  # would catch: a directory that is taken for that of a run
            self.assertEqual(self.fanin("validate", path).returncode, 0)

    # Would catch: a verdict that does not come from the figures. The same claim with its sides swapped is refuted.
    def test_a_claim_turned_around_is_refuted(self):
        def swap(claim):
            test = claim["tests"][0]
            test["base"], test["new"] = test["new"], test["base"]

        true, swapped = self.write("true"), self.write("swapped", swap)
        done = self.fanin("claims", true, swapped, "--out", self.out, "--budget", "60s", "--json", Path(self.folder.name) / "copy.json")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.check_valid()
        result = self.result()
        self.assertEqual({claim["id"]: claim["verdict"] for claim in result["claims"]}, {"true": "confirmed", "swapped": "refuted"})
        self.assertEqual(json.loads((Path(self.folder.name) / "copy.json").read_text()), result)
        case = result["claims"][0]["tests"][0]["cases"][0]
        self.assertEqual((case["base"], case["new"], case["control"]["ratio"]), (1, 9, 1))
        self.assertIn("confirmed by more-threads", done.stdout)
        self.assertIn(CLAIM["choice"]["confirmed"], done.stdout)

    def test_options_turn_a_claim_around(self):
        """Would catch: --swap-sides or --replace that changes the text and measures the same."""
        true = self.write("true")
        for options, verdict, ratio in (
            (("--swap-sides",), "refuted", 1 / 9),
            (("--replace", "epoll=thread"), "refuted", 1),
            (("--replace", "epoll=thread", "--swap-sides"), "confirmed", 1),  # the opposite of a claim that is refuted
        ):
            out = Path(self.folder.name) / "-".join(options).replace("=", "-")
            done = self.fanin("claims", true, "--out", out, "--budget", "60s", *options)
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
            claim = json.loads((out / "claims.json").read_text())["claims"][0]
            self.assertEqual(claim["verdict"], verdict, options)
            self.assertAlmostEqual(claim["tests"][0]["cases"][0]["ratio"]["ratio"], ratio)

    def test_a_wrong_option_is_one_line(self):
        for options, said in (
            (("--budget", "0s"), "--budget 0s: must be at least 1s"),
            (("--replace", "epoll"), "--replace epoll: give a model and its replacement"),
            (("--replace", "sigio=epoll"), "--replace: none of these claims measures the model 'sigio'"),
            (("--replace", "epoll=epol"), "/tests/0/base/model: there is no model 'epol': did you mean epoll?"),
            (("--replace", "epoll=epoll --none"), "there is no option --none"),
        ):
            done = self.fanin("claims", self.write("true"), "--out", self.out, *options)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn(said, done.stderr)
        self.assertFalse(self.out.exists())

    # The bug: interleaved servers that take 10 ms to reply had a throughput of 0 in slices of 10 ms.
    def test_servers_that_reply_slowly_take_turns(self):
        def slow_down(claim):
            test = claim["tests"][0]
            test["workload"] = {"protocol": "work", "connections": 8}
            for side in "base", "new":
                test[side]["args"] = ["--work-loops", "2000000"]  # some 2 ms; 8 requests wait for one another

        slow = self.write("slow", slow_down)
        done = self.fanin("claims", self.write("quick"), slow, "--out", self.out, "--budget", "60s")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        cases = {claim["id"]: claim["tests"][0]["cases"][0] for claim in self.result()["claims"]}
        self.assertEqual({name: case["interleaved"] for name, case in cases.items()}, {"quick": True, "slow": False})
        self.assertEqual(cases["slow"]["verdict"], "confirmed")

    # Would catch: a verdict from fewer units than the plan has, and a reader who is left without advice.
    def test_a_budget_that_is_too_short_leaves_a_claim_undecided(self):
        path = self.write("long", lambda claim: claim["tests"][0].update(window="2s"))
        done = self.fanin("claims", path, "--out", self.out, "--budget", "10s")
        self.assertEqual(done.returncode, 4, done.stderr + done.stdout)
        self.assertEqual(self.result()["claims"][0]["verdict"], "undecided")
        self.assertIn("some cases will stay undecided", done.stderr)
        self.assertIn("measure longer: the same command with --only long --budget 10m", done.stdout)

    def test_a_condition_makes_a_claim_contested_and_a_flip_finds_it(self):
        def add_cases(claim):
            claim["tests"][0] |= {"axis": "connections", "cases": [
                {"name": f"{count} connections", "x": count, "workload": {"connections": count}} for count in (1, 8)]}  # fmt: skip
            claim["flips"] = [FLIP]

        done = self.fanin("claims", self.write("contested", add_cases), "--out", self.out, "--budget", "120s")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.check_valid()
        claim = self.result()["claims"][0]
        self.assertEqual(claim["verdict"], "contested")
        self.assertEqual(claim["tests"][0]["reason"], "confirmed by 8 connections; refuted by 1 connections")
        flip = claim["flips"][0]
        self.assertEqual((flip["low"], flip["high"]), (2, 3))  # epoll has one thread, the other one more than connections
        self.assertEqual([point["value"] for point in flip["points"]], [1, 2, 3, 4, 16])

    def test_wrong_files_get_one_line_each(self):
        def set_new(**side):
            return lambda claim: claim["tests"][0].update(new=side)

        wrong = {
            self.write("model", set_new(model="epol")): "/tests/0/new/model: there is no model 'epol': did you mean epoll?",
            self.write("server", set_new(server="no", servers_of="full")): "/tests/0/new/server: there is no server 'no'",
            self.write("metric", lambda claim: claim["tests"][0].update(metric="thread")): "/tests/0/metric: there is no metric 'thread'",
            self.write("threshold", lambda claim: claim["tests"][0].pop("at_least")): "/tests/0: needs a threshold",
            self.write("args", set_new(model="epoll", args=["--none"])): "there is no option --none",
            Path(self.folder.name) / "absent.json": "No such file",
        }
        done = self.fanin("claims", *wrong, self.write("good"), "--out", self.out)
        self.assertEqual(done.returncode, 2)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), len(wrong), done.stderr)
        for line, (path, words) in zip(lines, wrong.items()):
            self.assertTrue(line.startswith(f"fanin: {path}: "), line)
            self.assertIn(words, line)
        self.assertFalse(self.out.exists())

    def test_an_absent_program_is_unsupported_and_a_server_that_dies_is_invalid(self):
        suite = Path(self.folder.name) / "others.json"
        suite.write_text(json.dumps({
            "schema": "fanin-suite", "schema_version": 2, "name": "others", "repetitions": 1,
            "servers": [{"name": "absent", "command": ["fanin-no-such-program", "{port}"]}, {"name": "dies", "command": ["false", "{port}"]}],
            "experiments": [{"name": "x", "servers": ["*"], "workload": {"protocol": "echo"}, "sweep": {"parameter": "connections", "values": [1]}}],
        }))  # fmt: skip
        files = [self.write(name, lambda claim: claim["tests"][0].update(new={"server": name, "servers_of": str(suite)})) for name in ("absent", "dies")]
        done = self.fanin("claims", *files, self.write("good"), "--out", self.out, "--budget", "60s")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.check_valid()
        claims = {claim["id"]: claim for claim in self.result()["claims"]}
        self.assertEqual({name: claim["verdict"] for name, claim in claims.items()},
                         {"absent": "unsupported", "dies": "invalid", "good": "confirmed"})  # fmt: skip
        self.assertIn("'fanin-no-such-program' is not installed", claims["absent"]["reason"])
        self.assertIn("exit code 1", claims["dies"]["reason"])

    def test_a_server_that_replies_wrongly_is_invalid_and_the_rest_goes_on(self):
        suite = Path(self.folder.name) / "others.json"
        reply = ("import socket, sys\nlistener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
                 "while True:\n  one, _ = listener.accept()\n  while one.recv(9999):\n    one.sendall(b'x' * 64)")  # fmt: skip
        suite.write_text(json.dumps({
            "schema": "fanin-suite", "schema_version": 2, "name": "others", "repetitions": 1,
            "servers": [{"name": "wrong", "command": [sys.executable, "-c", reply, "{port}"]}],
            "experiments": [{"name": "x", "servers": ["*"], "workload": {"protocol": "echo"}, "sweep": {"parameter": "connections", "values": [1]}}],
        }))  # fmt: skip

        def use_wrong_server(claim):
            claim["tests"][0] |= {"new": {"server": "wrong", "servers_of": str(suite)}, "workload": {"protocol": "echo", "connections": 1}}
            for key in ("base", "accept_invalid"):  # base may be invalid on a busy machine
                del claim["tests"][0][key]

        done = self.fanin("claims", self.write("wrong", use_wrong_server), self.write("good"), "--out", self.out, "--budget", "60s")
        self.assertEqual(done.returncode, 5, done.stderr)
        claims = {claim["id"]: claim for claim in self.result()["claims"]}
        self.assertEqual({name: claim["verdict"] for name, claim in claims.items()}, {"wrong": "invalid", "good": "confirmed"})
        self.assertIn("replies were not what protocol and payload ask for", claims["wrong"]["reason"])

    def test_broken_files_of_a_run_are_refused_in_one_line(self):
        """Would catch: --resume that ends in a crash, or measures something else than before."""
        self.fanin("claims", self.write("one"), "--out", self.out, "--budget", "20s")
        (self.out / "claims.json").unlink()
        units, plan = (self.out / "units.jsonl"), (self.out / "plan.json")
        lines, whole = units.read_text().splitlines(keepends=True), json.loads(plan.read_text())
        first = json.loads(lines[0])

        def refuse(path, text, said):
            before = path.read_text()
            path.write_text(text)
            done = self.fanin("claims", "--resume", self.out)
            path.write_text(before)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertTrue(done.stderr.splitlines()[-1].startswith("fanin: "), done.stderr)
            self.assertIn(said, done.stderr.splitlines()[-1])
            self.assertFalse((self.out / "claims.json").exists())

        for change, said in (
            ({"arms": first["arms"][:2]}, "line 1: /arms: "),
            ({"arms": first["arms"][:1]}, "a unit of one/more-threads has 1 arm, but the case has 3: start a new run"),
            ({"unit": 3}, "line 1: /unit: must be 0, the next of its case: start a new run"),
            ({"colour": "red"}, "unknown key 'colour': known here are "),
        ):
            refuse(units, json.dumps(first | change) + "\n", said)
        refuse(units, "{\n", "units.jsonl: line 1")
        for change, said in (
            ({"schema": "fanin-run"}, "is no plan of fanin claims"),
            ({"budget_ns": -1}, "plan.json: /budget_ns: "),
            ({"plan": {"looks": [], "error_rate": 0.1}}, "plan.json: /plan/looks: "),
            ({"seed": "seven"}, "plan.json: /seed: "),
        ):
            refuse(plan, json.dumps(whole | change), said)
        # The bug: units of two builds, kernels or machines in one comparison.
        for part, key in (("kernel", "release"), ("cpu", "model"), ("binaries", "fanin-server_sha256"), ("binaries", "fanin-micro_sha256")):
            other = json.loads(json.dumps(whole))
            other["environment"][part][key] = "another"
            refuse(plan, json.dumps(other), f'cannot resume: {part}/{key} was "another", and is ')

    # Would catch: units that are measured again, or another order and other looks after --resume.
    def test_an_interrupted_run_keeps_its_units(self):
        names = ("one", "two")
        flip = FLIP | {"to": 3}
        process = subprocess.Popen([BINARIES / "fanin", "claims", *(self.write(name, lambda claim: claim.update(flips=[flip])) for name in names),
                                    "--out", self.out, "--budget", "120s"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
        for line in process.stderr:
            if "confirmed" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=250), 130, rest)
        self.assertIn(f"go on with: fanin claims --resume {self.out}", rest)
        self.assertFalse(self.result()["complete"])
        self.check_valid()
        before = (self.out / "units.jsonl").read_text()
        (self.out / "units.jsonl").write_text(before + '{"case":"one/more')  # what a crash leaves of a line
        done = self.fanin("claims", "--resume", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.out / "units.jsonl").read_text().startswith(before))
        units = [json.loads(line) for line in (self.out / "units.jsonl").read_text().splitlines()]
        self.assertEqual(len({(unit["case"], unit["unit"]) for unit in units}), len(units))
        self.assertTrue(self.result()["complete"])
        self.assertEqual([claim["verdict"] for claim in self.result()["claims"]], ["confirmed"] * 2)
        self.assertIn("is complete", self.fanin("claims", "--resume", self.out).stderr)

    def test_the_shipped_claims_are_valid_and_listed(self):
        shipped = sorted((SOURCE / "harness" / "claims").glob("*.json"))
        done = subprocess.run([sys.executable, "-m", "plots.validate", *shipped], cwd=SOURCE, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.fanin("claims", "--list", "--only", "K2", "--only", "K[15]")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^K2: select and poll")
        self.assertNotIn("K8", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
