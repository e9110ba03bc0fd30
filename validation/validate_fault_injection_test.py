"""Tests of what counts as a fault in an account of requests."""
import unittest

from validation import validate_fault_injection


class Amiss(unittest.TestCase):
    def of(self, code=1, kinds=("reset",), **changes):
        requests = {"sent": 9, "completed": 4, "failed": 3, "unanswered": 2} | changes.pop("requests", {})
        result = {"requests": requests, "errors": {"reset": 5}} | changes
        return validate_fault_injection.amiss(code, result, 1, set(kinds))

    def test_a_sound_account_has_no_fault(self):
        self.assertEqual(self.of(), 0)

    def test_requests_that_nobody_has_count_in_both_directions(self):
        self.assertEqual(self.of(requests={"completed": 2}), 2)
        self.assertEqual(self.of(requests={"completed": 5}), 1)

    def test_exit_code_and_kinds_of_errors_count(self):
        self.assertEqual(self.of(code=0), 1)
        self.assertEqual(self.of(errors={"reset": 1, "mismatch": 1}), 1)
        self.assertEqual(self.of(kinds=("timeout",)), 2)  # one too many, and the right one is missing
        self.assertEqual(self.of(errors={}), 1)
        self.assertEqual(self.of(errors={}, kinds=("timeout", None)), 0)


if __name__ == "__main__":
    unittest.main()
