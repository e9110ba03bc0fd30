"""The servers of the suite frameworks, those that are installed: each starts, passes the check, is measured and leaves nothing.

And what `fanin run` says of servers that are missing, die or reply wrongly. Go and Tomcat, which need a build and a JVM, are only
tested with FANIN_ALL_FRAMEWORKS=1.
"""

import json
import os
import re
import unittest
from pathlib import Path

from end_to_end import SOURCE, EndToEnd

FRAMEWORKS = json.loads((SOURCE / "harness" / "suites" / "frameworks.json").read_text())
HEAVY = () if os.environ.get("FANIN_ALL_FRAMEWORKS") else ("go", "tomcat")
HTTP = {"protocol": "http", "expect_status": "200", "expect_body": "Hello, world!", "connections": 4}

# Replies to one request with the text of argument 2, and closes.
ONE_REPLY = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    with connection:
        if connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: 13\\r\\n\\r\\n" + sys.argv[2].encode())
"""


# Accepts the harness's connection as a server does that is ready, and listens no longer.
GONE = """
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    listener.accept()
time.sleep(60)
"""


def requirements(name):
    return next(server for server in FRAMEWORKS["servers"] if server["name"] == name).get("requires", [])


class Frameworks(EndToEnd):
    def run_suite(self, servers, experiments, **options):
        scratch = Path(self.folder.name) / "scratch"
        scratch.mkdir()
        self.suite.write_text(json.dumps({
            "schema": "fanin-suite", "schema_version": 2, "name": "some", "repetitions": 1, "warmup": "20ms", "duration": "100ms",
            "servers": servers, "experiments": experiments, **options}))
        done = self.fanin("run", self.suite, "--out", self.out, env={**os.environ, "TMPDIR": str(scratch)})
        self.assertEqual(list(scratch.iterdir()), [], "temporary files stayed")
        self.check_valid()
        return done

    # Would catch: a server that a new version of its package, or of this project, no longer starts or measures as HTTP.
    def test_each_that_is_installed_conforms_and_is_measured(self):
        servers = [server for server in FRAMEWORKS["servers"] if server["name"] not in HEAVY]
        names = {server["name"] for server in servers}
        experiments = []
        for experiment in FRAMEWORKS["experiments"]:
            kept = [name for name in experiment["servers"] if name in names]
            if experiment["name"] == "new-connections":
                kept = ["django-sync"]  # the others are in the first experiment
            if experiment["name"] != "waiting":
                experiments.append({**experiment, "servers": kept})
        done = self.run_suite(servers, experiments, install=FRAMEWORKS["install"])
        run = self.run_json()
        missing = {cell["server"]: cell["reason"] for cell in run["cells"] if cell["status"] == "unsupported"}
        for name, reason in missing.items():
            packages = [each["package"] for each in requirements(name)]
            self.assertTrue(any(f"install {package}, or run ./bootstrap.sh frameworks" in reason for package in packages), reason)
        checked = {each["server"]: each["status"] for each in run["conformance"]}
        self.assertEqual(checked, {name: "passed" for name in names if name not in missing}, done.stderr)
        self.check_exit_code(done)
        print(f"{len(checked)} servers; not installed: {', '.join(missing) or 'none'}; not tested: {', '.join(HEAVY) or 'none'}")

    # Would catch: one server's trouble that ends the run, and figures of a server that does not do what the workload says.
    def test_trouble_with_one_server_is_one_line(self):
        python = ["/usr/bin/python3", "-c"]
        servers = [
            {"name": "good", "model": "epoll", "args": ["--root", "{share}/frameworks/www"]},
            {"name": "missing", "command": ["/usr/bin/python3", "{port}"], "requires": [{"module": "no_such", "package": "python3-no-such"}]},
            {"name": "dies", "command": [*python, "import sys; sys.exit('no such option')", "{port}"]},
            {"name": "unbuilt", "build": ["sh", "-c", "echo no compiler >&2; exit 1"], "command": ["{build}/x", "{port}"]},
            {"name": "wrong", "command": [*python, ONE_REPLY, "{port}", "Hello, World!"]},
            {"name": "gone", "command": [*python, GONE, "{port}"]},
            {"name": "closes", "command": [*python, ONE_REPLY, "{port}", "Hello, world!"]},
        ]
        experiment = {"name": "http", "servers": ["*"], "workload": HTTP, "sweep": {"parameter": "connections", "values": [4]}}
        done = self.run_suite(servers, [experiment], install="./install.sh")
        cells = {cell["server"]: (cell["status"], cell["reason"]) for cell in self.run_json()["cells"]}
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn(cells.pop("good")[0], ("measured", "invalid"))
        self.assertEqual(cells.pop("missing"), ("unsupported", "needs the Python module no_such: install python3-no-such, or run ./install.sh"))
        expected = {
            "dies": "the server ended by itself: exit code 1: no such option",
            "unbuilt": "its build command ended with exit code 1: no compiler",
            "gone": "no request was answered: no connection to .* came up: Connection refused",  # it said nothing after "answered"
            "wrong": "50 of 50 requests failed: .*mismatch",
            "closes": 'closed [0-9]+ of its connections, and the workload keeps them: give it "requests_per_connection": 1',
        }
        for name, reason in expected.items():
            self.assertEqual(cells[name][0], "failed", name)
            self.assertRegex(cells[name][1], f"^conformance: {reason}")
            self.assertEqual(len(re.findall(f"^conformance of {name} ", done.stderr, re.MULTILINE)), 1, done.stderr)

    # Would catch: a framework that ./bootstrap.sh frameworks forgets.
    def test_bootstrap_installs_every_package(self):
        script = (SOURCE / "bootstrap.sh").read_text()
        needs = re.search(r"kFrameworkNeeds=\((.*?)\n\)", script, re.DOTALL)[1].split()
        packages = {each["package"] for server in FRAMEWORKS["servers"] for each in server.get("requires", [])}
        self.assertEqual({need.partition(":")[0] for need in needs}, packages - {"python3"})


if __name__ == "__main__":
    unittest.main(argv=["frameworks_test"], verbosity=2)
