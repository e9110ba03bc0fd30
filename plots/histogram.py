"""Histograms as fanin-load writes them: log-linear buckets with two significant digits, in nanoseconds.

The layout is HdrHistogram's: width 1 up to 255, then 128 buckets per doubling, so that a bucket is never wider than
1/128 of its values. A percentile is the highest value of the bucket it falls in.
"""

from collections import Counter

# Percentiles are kept as parts of 10,000 so that ranks are exact whole numbers and not at the mercy of 0.999 * n.
PARTS = 10_000
PERCENTILES = {"p50": 5_000, "p90": 9_000, "p95": 9_500, "p99": 9_900, "p99.9": 9_990, "p99.99": 9_999}


def bucket_width(lowest):
    """Width in ns of the bucket that begins at `lowest` ns."""
    return 1 << max(0, lowest.bit_length() - 8)


def highest_value(lowest):
    """The largest value in ns that the bucket beginning at `lowest` holds."""
    return lowest + bucket_width(lowest) - 1


class Histogram:
    """Counts of latencies; merging adds counts, which is exact. `uncompleted` ranks above every bucket."""

    def __init__(self, buckets=(), uncompleted=0):
        """`buckets`: pairs (lowest value in ns, count), any order; `uncompleted`: requests that failed or were not answered."""
        self._counts = Counter()
        for lowest, count in buckets:
            self._counts[lowest] += count
        self.uncompleted = uncompleted

    @classmethod
    def merged(cls, documents):
        """Adds up HISTOGRAM objects as they stand in a load result."""
        total = cls()
        for document in documents:
            total._counts.update(dict(document["buckets"]))
            total.uncompleted += document["uncompleted"]
        return total

    @property
    def count(self):
        """Number of finite values."""
        return sum(self._counts.values())

    @property
    def total(self):
        """Number of all values, the uncompleted ones included: the number that percentiles refer to."""
        return self.count + self.uncompleted

    def buckets(self):
        """Pairs (lowest value in ns, count), ascending."""
        return sorted(self._counts.items())

    def value_at_rank(self, rank):
        """Highest value in ns of the bucket with the rank-th smallest value (from 1); None among the uncompleted."""
        seen = 0
        for lowest, count in self.buckets():
            seen += count
            if seen >= rank:
                return highest_value(lowest)
        return None

    def percentile(self, parts):
        """The value in ns at parts/10,000; None among the uncompleted or with fewer than 10/(1-p) values behind it."""
        if not self.carries(parts):
            return None
        return self.value_at_rank(max(1, -(-parts * self.total // PARTS)))

    def carries(self, parts):
        """Whether at least 10/(1-p) values stand behind the percentile parts/10,000."""
        return self.total * (PARTS - parts) >= 10 * PARTS

    def distribution(self):
        """Steps (share of values at or below, highest value of the bucket in ns), as far as the values carry it.

        Ends at the share that has 10 values beyond it, further out 10/(1-p) is more than there are, or where the
        uncompleted values begin. Empty with fewer than 20 values, which do not even carry p50.
        """
        if not self.carries(PERCENTILES["p50"]):
            return []
        last = self.total - 10
        steps = []
        seen = 0
        for lowest, count in self.buckets():
            seen += count
            steps.append((min(seen, last) / self.total, highest_value(lowest)))
            if seen >= last:
                break
        return steps
