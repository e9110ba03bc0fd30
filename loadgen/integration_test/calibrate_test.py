"""fanin-load calibrate, and runs with --calibration."""

import json
import tempfile
import unittest
from pathlib import Path

from programs import QUICK, load, run_load, server, test
from plots.validate import findings


class Calibration(unittest.TestCase):
    def test_calibration(self):
        with tempfile.TemporaryDirectory() as folder, server() as (target, _):
            path = f"{folder}/calibration.json"
            done = load("calibrate", "--quiet", "--json", path)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            calibration = json.loads(Path(path).read_text())
            self.assertEqual(findings(calibration, "calibration"), [])
            ceilings = {each["driver"]: each for each in calibration["ceilings"]}
            self.assertEqual(ceilings.keys(), {"io-uring", "epoll", "threads"})
            epoll = ceilings["epoll"]
            self.assertGreater(epoll["measured_per_s"], 0)
            self.assertEqual(epoll["requests_per_s"] is None, epoll["generator_utilisation"] < 0.9)
            result, _ = run_load(target, *QUICK, "--driver", "epoll", "--calibration", path)
            self.assertEqual(findings(result, "result"), [])
            self.assertEqual(result["checks"]["ceiling_per_s"], epoll["requests_per_s"])
            self.assertEqual(result["checks"]["ceiling_reason"], epoll["reason"])
            refused = load(target, *QUICK, "--calibration", f"{folder}/none.json")
            wrong = load("calibrate", "--rate", "5")
        for done in (refused, wrong):
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)


if __name__ == "__main__":
    test()
