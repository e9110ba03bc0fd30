"""Results of single runs: a run does what the options say, and the result shows it."""

import socket
import tempfile
import threading
from pathlib import Path

from programs import QUICK, Accounts, load, run_load, server, test
from plots.validate import findings


class Loops(Accounts):
    """How requests are made."""

    def test_closed_loop(self):
        with server() as (target, process):
            result = self.measure(target, *QUICK, "-c", "20", "--idle-connections", "5", "--server-pid", str(process.pid))
        self.assertEqual(result["workload"]["loop"], "closed")
        self.assertEqual(result["connections"]["served"], 20)
        self.assertEqual(result["connections"]["idle_established"], 5)
        self.assertIsNone(result["schedule"])
        self.assertGreater(result["generator"]["cpu_per_request_ns"], 0)

    def test_open_loop(self):
        with server() as (target, _):
            result, _ = run_load(target, *QUICK, "--rate", "2000", "--arrival", "uniform")
        # A busy machine may make the schedule late, which is for the verdict to say; the requests are all there.
        self.assertEqual(findings(result, "result"), [])
        self.assertEqual(result["requests"]["sent"], 400)
        self.assertEqual(result["schedule"]["lateness"]["count"], 400)
        self.assertEqual(result["schedule"]["queued"], result["schedule"]["queueing"]["count"])
        self.assertEqual(result["schedule"]["gaps"]["count"], 400)

    def test_kinds_of_schedules(self):
        """Each of them sends what it must over a window of 200 ms after a warm-up of 50 ms."""
        with server() as (target, _), tempfile.TemporaryDirectory() as folder:
            trace = Path(folder, "times.txt")
            trace.write_text("0\n1ms\n1ms\n3ms\n")
            for arguments, key, value, sent in (
                (["--rate", "2000", "--arrival", "bursts:50"], "burst_size", 50, 400),
                (["--ramp", "0..4000", "--arrival", "uniform"], "ramp", {"from_per_s": 0, "to_per_s": 4000}, 400),
                (["--rate", "2000", "--arrival", f"trace:{trace}"], "trace",
                 {"file": str(trace), "times": 4, "rate_per_s": 1000}, 400),
                (["--arrival", f"trace:{trace}"], "trace", {"file": str(trace), "times": 4, "rate_per_s": 1000}, 200),
            ):
                with self.subTest(arguments):
                    result, _ = run_load(target, *QUICK, *arguments)
                    self.assertEqual(findings(result, "result"), [])
                    self.assertEqual(result["workload"][key], value)
                    self.assertEqual(result["requests"]["sent"], sent)

    def test_mix_of_requests(self):
        mix = ["--mix", "3 name=light payload-bytes=64", "--mix", "1 payload-bytes=5000"]
        with server() as (target, _):
            result = self.measure(target, *mix, "--requests", "2000", "--warmup", "0", "-c", "1", "--pipeline", "4")
        self.assertEqual(result["workload"]["mix"], mix[1::2])
        self.assertEqual([each["name"] for each in result["classes"]], ["light", "payload-bytes=5000"])
        self.assertEqual(sum(each["completed"] for each in result["classes"]), 2000)
        self.assertAlmostEqual(result["classes"][1]["completed"], 500, delta=58)  # follows from the seed

    def test_by_count_with_threads_and_new_connections(self):
        with server("thread") as (target, _):
            result = self.measure(target, "--driver", "threads", "--think-time", "0", "--requests", "100", "--warmup", "0")
        self.assertEqual(result["requests"]["completed"], 100)
        self.assertEqual(result["workload"]["payload"], "hello")
        self.assertIsNone(result["workload"]["duration_ns"])


class Choices(Accounts):
    """Further options of a run."""

    def test_a_pool_starves_connections(self):
        """Would catch: a server that serves ten connections of a thousand, and a result that looks as if all were."""
        with server("thread-pool", "--workers", "10") as (target, _):
            result, code = run_load(target, *QUICK, "-c", "1000", "--timeout", "1s")
        self.assertEqual(result["connections"]["established"], 1000)
        self.assertEqual(result["connections"]["served"], 10)
        self.assertEqual(result["connections"]["replies_min"], 0)
        self.assertIn({"code": "unserved-connections", "text": "990 of 1,000 connections were never served: the figures "
                       "are those of the other 10"}, result["verdict"]["reasons"])
        self.assertEqual(code, 5)
        self.assertEqual((result["window"]["warmup_end"], result["connections"]["served_in_warmup"]), ("starved", 10))

    def test_the_window_waits_for_every_connection(self):
        """Would catch: a window that opens after its warm-up time, when the server has got round to some of them."""
        with server("thread") as (target, _):
            result = self.measure(target, "-c", "200", "--duration", "200ms", "--warmup", "1ms")
        self.assertEqual(result["connections"]["served_in_warmup"], 200)
        self.assertEqual(result["window"]["warmup_end"], "served")
        self.assertGreaterEqual(result["window"]["warmup_requests"], 200)

    def test_no_warm_up_sends_nothing_before_the_window(self):
        with server() as (target, _):
            result = self.measure(target, "--requests", "100", "--warmup", "0")
        self.assertEqual(result["window"]["warmup_requests"], 0)
        self.assertIsNone(result["connections"]["served_in_warmup"])

    def test_how_it_closes(self):
        """Would catch: a RST where a FIN was asked for, which leaves no TIME_WAIT behind and is no normal end."""
        for how, expected in (("fin", b""), ("rst", ConnectionResetError)):
            ends = []
            with socket.create_server(("127.0.0.1", 0)) as listener:

                def echo():
                    connection, _ = listener.accept()
                    with connection:
                        try:
                            while received := connection.recv(65536):
                                connection.sendall(received)
                            ends.append(b"")
                        except ConnectionResetError as error:
                            ends.append(type(error))

                thread = threading.Thread(target=echo)
                thread.start()
                target = f"127.0.0.1:{listener.getsockname()[1]}"
                self.measure(target, "-c", "1", "--requests", "10", "--warmup", "0", "--close", how)
                thread.join()
            self.assertEqual(ends, [expected], how)

    def test_timestamps(self):
        with server() as (target, _):
            result = self.measure(target, *QUICK, "--timestamps")
            refused = load(target, *QUICK, "--timestamps", "--driver", "io-uring")
        self.assertEqual(result["workload"]["driver"], "epoll")
        self.assertGreater(result["timestamps"]["service"]["count"], 0)
        self.assertEqual((refused.returncode, refused.stderr.count("\n")), (2, 1), refused.stderr)
        self.assertIn("--timestamps", refused.stderr)

    def test_warm_up_until_steady(self):
        with server() as (target, _):
            result, _ = run_load(target, "--duration", "200ms", "--warmup", "auto")
        self.assertEqual(findings(result, "result"), [])
        self.assertTrue(result["workload"]["warmup_until_steady"])
        self.assertIn(result["window"]["warmup_end"], ("steady", "limit"))
        self.assertGreaterEqual(result["window"]["warmup_ns"], 1e9)


if __name__ == "__main__":
    test()
