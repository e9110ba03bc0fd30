"""Tests of the idle spinner."""
import os
import time
import unittest

from validation.idle_spinner import out_of_halt


class Awake(unittest.TestCase):
    def test_it_spins_on_that_cpu_behind_all_others_and_ends(self):
        # A spinner of the normal class would take half of the measured CPU; one that outlives it, of all to come.
        cpu = min(os.sched_getaffinity(0))
        with out_of_halt(cpu) as child:
            while os.sched_getscheduler(child) != os.SCHED_IDLE:
                time.sleep(0.001)
            self.assertEqual(os.sched_getaffinity(child), {cpu})
        with self.assertRaises(ProcessLookupError):
            os.kill(child, 0)


if __name__ == "__main__":
    unittest.main()
