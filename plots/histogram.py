"""Histograms of fanin-load: log-linear buckets with two significant digits, in nanoseconds.

The layout is that of HdrHistogram: width 1 up to 255, then 128 buckets per doubling, so a bucket is at most 1/128 of
its values wide. A percentile is the highest value of its bucket, but at most the exact maximum.
"""

from collections import Counter

# Percentiles in parts of 10,000: ranks are exact integers, unlike 0.999 * n.
PARTS = 10_000
PERCENTILES = {"p50": 5_000, "p90": 9_000, "p95": 9_500, "p99": 9_900, "p99.9": 9_990, "p99.99": 9_999}


def bucket_width(lowest):
    """Width in ns of the bucket that begins at `lowest` ns."""
    return 1 << max(0, lowest.bit_length() - 8)


def highest_value(lowest):
    """The largest value in ns that the bucket beginning at `lowest` holds."""
    return lowest + bucket_width(lowest) - 1


class Histogram:
    """Counts of latencies, which add when merged. `uncompleted` requests rank above every bucket."""

    def __init__(self, buckets=(), uncompleted=0, max_ns=None):
        """`buckets`: pairs (lowest value in ns, count), any order. `max_ns`: the exact maximum; None: unknown."""
        self._counts = Counter()
        self._max = max_ns
        for lowest, count in buckets:
            self._counts[lowest] += count
        self.uncompleted = uncompleted

    @classmethod
    def merged(cls, documents):
        """Adds HISTOGRAM objects of load results."""
        total = cls()
        for document in documents:
            total._counts.update(dict(document["buckets"]))
            total.uncompleted += document["uncompleted"]
            total._max = max(total._max or 0, document["max"] or 0)
        return total

    @property
    def count(self):
        """Number of finite values."""
        return sum(self._counts.values())

    @property
    def total(self):
        """Number of all values with the uncompleted ones, to which percentiles refer."""
        return self.count + self.uncompleted

    def buckets(self):
        """Pairs (lowest value in ns, count), ascending."""
        return sorted(self._counts.items())

    def _highest(self, lowest):
        """The highest value that the bucket can hold."""
        highest = highest_value(lowest)
        return highest if self._max is None else min(highest, self._max)

    def value_at_rank(self, rank):
        """Value in ns of the bucket with the rank-th smallest value (from 1); None if it is uncompleted."""
        seen = 0
        for lowest, count in self.buckets():
            seen += count
            if seen >= rank:
                return self._highest(lowest)
        return None

    def percentile(self, parts):
        """The value in ns at parts/10,000; None if it is uncompleted or there are fewer than 10/(1-p) values."""
        if not self.has_enough(parts):
            return None
        return self.value_at_rank(max(1, -(-parts * self.total // PARTS)))

    def has_enough(self, parts):
        """Whether there are at least 10/(1-p) values for the percentile parts/10,000."""
        return self.total * (PARTS - parts) >= 10 * PARTS

    def distribution(self):
        """Steps (share of values at or below, highest value of the bucket in ns).

        Ends where 10 values are higher (10/(1-p) values are needed), or where the uncompleted values begin. Empty with
        fewer than 20 values, too few for p50.
        """
        if not self.has_enough(PERCENTILES["p50"]):
            return []
        last = self.total - 10
        steps = []
        seen = 0
        for lowest, count in self.buckets():
            seen += count
            steps.append((min(seen, last) / self.total, self._highest(lowest)))
            if seen >= last:
                break
        return steps
