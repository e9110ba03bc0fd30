"""A synthetic Google Benchmark document. NOT a measurement."""


def make_micro():
    """A Google Benchmark document."""
    benchmarks = []
    for n in (10, 100, 1000, 10000):
        for active in (1, 10):
            for call, slope in (("select", 51), ("poll", 52), ("epoll_wait", 0)):
                name = f"wait/{call}/n:{n}/active:{active}"
                if call == "select" and n > 1000:
                    benchmarks.append(
                        {
                            "name": name,
                            "run_name": name,
                            "run_type": "iteration",
                            "error_occurred": True,
                            "error_message": "an fd_set holds 1024 descriptors",
                        }
                    )
                    continue
                for repetition in range(3):
                    time = (470 + slope * n + 60 * active) * (1 + 0.03 * repetition)
                    benchmarks.append(
                        {
                            "name": name,
                            "run_name": name,
                            "run_type": "iteration",
                            "real_time": time,
                            "cpu_time": time,
                            "time_unit": "ns",
                            "n": n,
                            "active": active,
                        }
                    )
    for name, time in (
        ("epoll_ctl/add_del", 640.0),
        ("epoll_ctl/mod", 310.0),
        ("histogram/record", 4.2),
        ("parse/echo", 18.0),
    ):
        benchmarks.append(
            {"name": name, "run_name": name, "run_type": "iteration", "real_time": time / 1e3, "time_unit": "us"}
        )
    return {
        "context": {
            "date": "2026-11-20T19:00:00+00:00",
            "num_cpus": 2,
            "mhz_per_cpu": 2000,
            "library_build_type": "release",
        },
        "benchmarks": benchmarks,
    }
