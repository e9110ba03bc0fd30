"""The line that says what a chart's workload was."""

import unittest

from plots import facts
from plots.tests.fixture_parts import load


class Words(unittest.TestCase):
    def words(self, varied="connections", **keys):
        return facts.words_of({**self.asked, **keys}, varied)

    def setUp(self):
        self.asked = load([50_000] * 1000, rate=2000.0)["workload"]

    def test_an_open_loop_says_how_its_requests_come(self):
        # Bursts of 100 under a caption that says as much as one of single requests would be taken for them.
        self.assertIn("poisson arrivals at 2k requests/s", self.words())
        self.assertIn("bursts of 20 at 2k requests/s", self.words(arrival="bursts", burst_size=20))
        self.assertIn("bursts at 2k requests/s", self.words("burst_size", arrival="bursts", burst_size=20))
        self.assertIn("arrivals as recorded at 2k requests/s", self.words(arrival="trace"))
        ramp = {"from_per_s": 100, "to_per_s": 3000}
        self.assertIn("uniform arrivals at 100 to 3k requests/s", self.words(arrival="uniform", ramp=ramp))

    def test_a_swept_rate_is_left_out_but_bursts_are_not(self):
        self.assertNotIn("arrivals", self.words("rate"))
        self.assertIn(", bursts of 20, ", self.words("rate", arrival="bursts", burst_size=20))

    def test_a_mix_has_no_payload_of_its_own(self):
        words = self.words(mix=["1 name=a", "2 name=b"])
        self.assertIn("a mix of 2 classes of requests", words)
        self.assertNotIn("payload", words)


if __name__ == "__main__":
    unittest.main()
