"""The program as a whole: results against the schema, exit codes, the control socket, signals.

Run by ctest as `program_test.py FANIN_LOAD FANIN_SERVER`; ends with 77 (skipped) where jsonschema is missing.
"""

import contextlib
import fcntl
import http.server
import json
import os
import pty
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
try:
    from plots.document import schema_findings
    from plots.validate import findings
except ImportError as missing:
    print(f"skipped: {missing}", file=sys.stderr)
    sys.exit(77)

LOAD, SERVER = "", ""
QUICK = ["--duration", "200ms", "--warmup", "50ms"]


def target_of(address):
    """What fanin-load takes, from an address of the READY line."""
    if "path" in address:
        return f"unix:{address['path']}"
    host, port = address["host"], address["port"]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def server(model="epoll", *options):
    """A fanin-server; yields its target as HOST:PORT and its process."""
    process = subprocess.Popen([SERVER, model, *options], stdout=subprocess.PIPE, text=True)
    try:
        address = json.loads(process.stdout.readline())["addresses"][0]
        yield target_of(address), process
    finally:
        process.kill()
        process.communicate()


class ClosingHandler(http.server.BaseHTTPRequestHandler):
    """Ends each reply with the connection; says 201 where the body is as long as the field X-Want says."""

    protocol_version = "HTTP/1.0"

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"until the end")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201 if len(body) == int(self.headers["X-Want"]) else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def closing_http_server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), ClosingHandler) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{listener.server_port}"
        finally:
            listener.shutdown()


def load(*arguments, **options):
    """Runs fanin-load to its end."""
    return subprocess.run([LOAD, *arguments], capture_output=True, text=True, timeout=60, **options)


def result_of(target, *arguments):
    done = load(target, "--quiet", "--json", "-", *arguments)
    return json.loads(done.stdout), done.returncode


class Results(unittest.TestCase):
    """Whatever is asked for, the result is a document that validates and adds up."""

    def check(self, target, *arguments, code=0):
        result, returned = result_of(target, *arguments)
        self.assertEqual(findings(result, "result"), [])
        self.assertEqual(returned, code, result["verdict"])
        requests = result["requests"]
        self.assertEqual(requests["sent"], requests["completed"] + requests["failed"] + requests["unanswered"])
        self.assertEqual(sum(each["completed"] for each in result["series"]), requests["completed"])
        return result

    def test_closed_loop(self):
        with server() as (target, process):
            result = self.check(target, *QUICK, "-c", "20", "--idle", "5", "--server-pid", str(process.pid))
        self.assertEqual(result["workload"]["loop"], "closed")
        self.assertEqual(result["connections"]["served"], 20)
        self.assertEqual(result["connections"]["idle_established"], 5)
        self.assertIsNone(result["schedule"])
        self.assertGreater(result["generator"]["cpu_per_request_ns"], 0)

    def test_mix_of_requests(self):
        mix = ["--mix", "3 name=light payload-size=64", "--mix", "1 payload-size=5000"]
        with server() as (target, _):
            result = self.check(target, *mix, "--requests", "2000", "--warmup", "0", "-c", "1", "--depth", "4")
        self.assertEqual(result["workload"]["mix"], mix[1::2])
        self.assertEqual([each["name"] for each in result["classes"]], ["light", "payload-size=5000"])
        self.assertEqual(sum(each["completed"] for each in result["classes"]), 2000)
        self.assertAlmostEqual(result["classes"][1]["completed"], 500, delta=58)  # follows from the seed

    def test_open_loop(self):
        with server() as (target, _):
            result, _ = result_of(target, *QUICK, "--rate", "2000", "--arrival", "uniform")
        # A busy machine may make the schedule late, which is for the verdict to say; the requests are all there.
        self.assertEqual(findings(result, "result"), [])
        self.assertEqual(result["requests"]["sent"], 400)
        self.assertEqual(result["schedule"]["lateness"]["count"], 400)
        self.assertEqual(result["schedule"]["queued"], result["schedule"]["queueing"]["count"])
        self.assertEqual(result["schedule"]["gaps"]["count"], 400)

    def test_calibration(self):
        with tempfile.TemporaryDirectory() as folder, server() as (target, _):
            path = f"{folder}/calibration.json"
            done = load("calibrate", "--quiet", "--json", path)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            calibration = json.loads(Path(path).read_text())
            self.assertEqual(findings(calibration, "calibration"), [])
            ceilings = {each["driver"]: each["requests_per_s"] for each in calibration["ceilings"]}
            self.assertEqual(ceilings.keys(), {"io-uring", "epoll", "threads"})
            self.assertGreater(ceilings["epoll"], 0)
            result, _ = result_of(target, *QUICK, "--driver", "epoll", "--calibration", path)
            self.assertEqual(findings(result, "result"), [])
            self.assertEqual(result["checks"]["ceiling_per_s"], ceilings["epoll"])
            refused = load(target, *QUICK, "--calibration", f"{folder}/none.json")
            wrong = load("calibrate", "--rate", "5")
        for done in (refused, wrong):
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)

    def test_a_pool_starves_connections(self):
        """Would catch: a server that serves ten connections of a thousand, and a result that looks as if all were."""
        with server("thread-pool", "--workers", "10") as (target, _):
            result, _ = result_of(target, *QUICK, "-c", "1000", "--timeout", "1s")
        self.assertEqual(result["connections"]["established"], 1000)
        self.assertEqual(result["connections"]["served"], 10)
        self.assertEqual(result["connections"]["replies_min"], 0)
        self.assertIn("990 of 1000 connections were never served", result["verdict"]["reasons"])

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
                self.check(target, "-c", "1", "--requests", "10", "--warmup", "0", "--close", how)
                thread.join()
            self.assertEqual(ends, [expected], how)

    def test_timestamps(self):
        with server() as (target, _):
            result = self.check(target, *QUICK, "--timestamps")
            refused = load(target, *QUICK, "--timestamps", "--driver", "io-uring")
        self.assertEqual(result["workload"]["driver"], "epoll")
        self.assertGreater(result["timestamps"]["service"]["count"], 0)
        self.assertEqual((refused.returncode, refused.stderr.count("\n")), (2, 1), refused.stderr)
        self.assertIn("--timestamps", refused.stderr)

    def test_warm_up_until_steady(self):
        with server() as (target, _):
            result, _ = result_of(target, "--duration", "200ms", "--warmup", "auto")
        self.assertEqual(findings(result, "result"), [])
        self.assertTrue(result["workload"]["warmup_until_steady"])
        self.assertIn(result["window"]["warmup_end"], ("steady", "limit"))
        self.assertGreaterEqual(result["window"]["warmup_ns"], 1e9)

    def test_kinds_of_schedules(self):
        """Each of them sends what it must over a window of 200 ms after a warm-up of 50 ms."""
        with server() as (target, _), tempfile.TemporaryDirectory() as folder:
            trace = Path(folder, "times.txt")
            trace.write_text("0\n1ms\n1ms\n3ms\n")
            for arguments, key, told, sent in (
                (["--rate", "2000", "--arrival", "bursts:50"], "burst_size", 50, 400),
                (["--ramp", "0..4000", "--arrival", "uniform"], "ramp", {"from_per_s": 0, "to_per_s": 4000}, 400),
                (["--rate", "2000", "--arrival", f"trace:{trace}"], "trace",
                 {"file": str(trace), "times": 4, "rate_per_s": 1000}, 400),
                (["--arrival", f"trace:{trace}"], "trace", {"file": str(trace), "times": 4, "rate_per_s": 1000}, 200),
            ):
                with self.subTest(arguments):
                    result, _ = result_of(target, *QUICK, *arguments)
                    self.assertEqual(findings(result, "result"), [])
                    self.assertEqual(result["workload"][key], told)
                    self.assertEqual(result["requests"]["sent"], sent)

    def test_by_count_with_threads_and_new_connections(self):
        with server("thread") as (target, _):
            result = self.check(target, "--driver", "threads", "--think", "0", "--requests", "100", "--warmup", "0")
        self.assertEqual(result["requests"]["completed"], 100)
        self.assertEqual(result["workload"]["payload"], "hello")
        self.assertIsNone(result["workload"]["duration_ns"])

    def test_protocols(self):
        for protocol in ("upper", "sink", "greet", "goodbye", "work", "large"):
            with self.subTest(protocol), server("epoll", "--protocol", protocol) as (target, _):
                result = self.check(target, "--protocol", protocol, "--requests", "50", "--warmup", "0")
                self.assertEqual(result["requests"]["completed"], 50)

    def test_raw(self):
        with server() as (target, _):
            result = self.check(target, "--protocol", "raw", "--request", "PING\\r\\n", "--reply-delimiter", "\\r\\n",
                                "--expect", "PING", "--requests", "50", "--warmup", "0")
        self.assertEqual(result["workload"]["request"], "PING\\r\\n")
        self.assertEqual(result["workload"]["payload_bytes"], 6)

    def test_other_kinds_of_addresses(self):
        with tempfile.TemporaryDirectory() as folder:
            listens = [f"unix:{folder}/a \"quoted\" socket", f"unix:@fanin-program-test-{os.getpid()}"]
            if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):
                listens.append("[::1]:0")
            for listen in listens:
                for driver in ("epoll", "threads", "auto"):
                    with self.subTest(listen=listen, driver=driver), server("epoll", "--listen", listen) as (target, _):
                        result = self.check(target, "--requests", "200", "--warmup", "0", "--driver", driver, "--think", "0",
                                            "--requests-per-connection", "10")
                        self.assertEqual(result["requests"]["completed"], 200)
                        self.assertEqual(target, target_of(result["target"]))

    def test_raw_ends_of_replies(self):
        with server() as (target, _):
            for end in (["--reply-size", "6"], ["--reply-pattern", "P(I|O)NG\\r\\n"], ["--reply-pattern", "\\n", "--expect",
                                                                                   "PING\\r\\n"]):
                for driver in ("epoll", "threads"):
                    with self.subTest(end=end, driver=driver):
                        result = self.check(target, "--protocol", "raw", "--request", "PING\\r\\n", *end, "--requests", "50",
                                            "--warmup", "0", "--driver", driver, "--think", "0")
                        self.assertEqual(result["requests"]["completed"], 50)
            result = self.check(target, "--protocol", "raw", "--request", "PING", "--reply-pattern", "PONG", "--reply-limit",
                                "3", "--requests", "5", "--warmup", "0", "--timeout", "300ms", code=1)
            self.assertEqual(set(result["errors"]), {"too_long"})

    def test_http_statuses(self):
        with tempfile.TemporaryDirectory() as root:
            Path(root, "page").write_text("hello")
            with server("epoll", "--protocol", "http", "--root", root) as (target, _):
                result = self.check(f"http://{target}/page", "--requests", "50", "--warmup", "0", "--depth", "4")
                self.assertEqual(result["http"], {"statuses": {"200": 50}})
                missing = self.check(f"http://{target}/none", "--requests", "50", "--warmup", "0", code=1)
                self.assertEqual(missing["errors"], {"http_status": 50})
                self.assertEqual(missing["http"], {"statuses": {"404": 50}})
                self.assertEqual(missing["connections"]["reconnects"], 0)
                result = self.check(f"http://{target}/none", "--requests", "50", "--warmup", "0", "--expect-status", "404")
                self.assertEqual(result["requests"]["completed"], 50)
                result = self.check(f"http://{target}/page", "--requests", "50", "--warmup", "0", "--method", "HEAD",
                                    "--driver", "threads", "--think", "0")
                self.assertEqual(result["http"], {"statuses": {"200": 50}})

    def test_http_servers_that_close(self):
        """HTTP/1.0 and replies without a length end with the connection: no error, but a new connection."""
        for driver in ("epoll", "threads"):
            with self.subTest(driver), closing_http_server() as target:
                result = self.check(target, "--protocol", "http", "--requests", "40", "--warmup", "0", "-c", "3", "--driver",
                                    driver, "--think", "0", "--requests-per-connection", "0")
                self.assertEqual(result["http"], {"statuses": {"200": 40}})
                self.assertEqual(result["errors"], {})
                self.assertEqual(result["connections"]["failed"], 0)
                self.assertGreaterEqual(result["connections"]["reconnects"], 37)

    def test_http_body_and_headers_arrive(self):
        with tempfile.NamedTemporaryFile() as body, closing_http_server() as target:
            body.write(b"x" * 100_000)
            body.flush()
            result = self.check(target, "--protocol", "http", "--method", "POST", "--body-file", body.name, "--header",
                                "X-Want: 100000", "--expect-status", "201", "--requests", "5", "--warmup", "0", "-c", "1")
        self.assertEqual(result["http"], {"statuses": {"201": 5}})

    def test_another_protocol_than_the_server_speaks(self):
        with server("epoll", "--protocol", "upper") as (target, _):
            result = self.check(target, "--requests", "10", "--warmup", "0", code=1)
        self.assertEqual(result["verdict"]["status"], "invalid")
        self.assertGreater(result["errors"]["mismatch"], 0)

    def test_a_server_that_dies_in_the_middle(self):
        with server() as (target, process):
            ours, theirs = socket.socketpair()
            generator = subprocess.Popen(
                [LOAD, target, "--requests", "1000000000", "--timeout", "300ms", "--warmup", "0", "--quiet", "--json",
                 "-", "--control", str(theirs.fileno())], stdout=subprocess.PIPE, text=True, pass_fds=[theirs.fileno()])
            theirs.close()
            with ours, ours.makefile() as events:
                while "window_open" not in events.readline():
                    pass
                process.kill()
                ours.shutdown(socket.SHUT_WR)
                output, _ = generator.communicate(timeout=60)
        result = json.loads(output)
        self.assertEqual(generator.returncode, 1)
        self.assertEqual(findings(result, "result"), [])
        self.assertGreater(result["requests"]["failed"], 0)
        self.assertGreater(result["errors"]["connect_refused"], 0)


class Experiments(unittest.TestCase):
    """Several runs in one command."""

    def run_one(self, *arguments):
        done = load(*arguments, "--json", "-")
        result = json.loads(done.stdout)
        self.assertEqual(findings(result, "result"), [], done.stderr)
        return result, done

    def test_a_sweep(self):
        with server() as (target, _):
            result, done = self.run_one(target, *QUICK, "--sweep", "connections=1,8")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([point["value"] for point in result["points"]], [1, 8])
        self.assertEqual([point["result"]["connections"]["served"] for point in result["points"]], [1, 8])
        self.assertEqual(len(done.stderr.splitlines()), 3, done.stderr)

    def test_the_latency_versus_load_curve(self):
        with server() as (target, _):
            result, done = self.run_one(target, *QUICK, "--sweep", "rate=auto", "--timeout", "1s")
        ceiling = result["ceiling"]["throughput"]["requests_per_s"]
        self.assertEqual(len(result["points"]), 9)
        self.assertAlmostEqual(result["points"][0]["value"] / ceiling, 0.1, delta=0.01)
        self.assertGreater(result["points"][-1]["value"], ceiling)

    def test_a_search_for_a_rate(self):
        # Whatever this machine can do, half of its requests come back within a second, and none within a nanosecond.
        with server() as (target, _):
            result, done = self.run_one(target, *QUICK, "--timeout", "1s", "--find-rate", "p50<=1ns")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIsNone(result["rate_per_s"])
            self.assertRegex(result["bound"], "p50 was|invalid")
            result, done = self.run_one(target, *QUICK, "--timeout", "1s", "--find-rate", "p50<1s", "--find-precision", "0.5")
        if done.returncode == 0:  # on a busy machine no schedule may be kept, which the result then says
            self.assertEqual(result["confirming"]["schedule"]["asked_rate_per_s"], result["rate_per_s"])
        else:
            self.assertIn("invalid", result["bound"])

    def test_experiments_refuse_what_contradicts_them(self):
        for arguments, said in (
            (["--sweep", "rate=auto", "--rate", "5"], "contradict"),
            (["--sweep", "colour=red"], "cannot vary 'colour'"),
            (["--find-rate", "p99<2ms", "--sweep", "depth=1"], "leave --rate, --ramp and --sweep out"),
            (["--find-rate", "fast"], "has no '<'"),
            (["--sweep", "depth=1,2", "--control", "0"], "--control goes with one run"),
        ):
            with self.subTest(arguments):
                done = load("127.0.0.1:1", *arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(said, done.stderr)


class Turns(unittest.TestCase):
    """Several targets in one run."""

    def test_an_a_a_run(self):
        with server() as (target, process):
            both = ["--target", target, "--target", target, "--server-pid", str(process.pid), "--server-pid", str(process.pid)]
            done = load(*both, "--slice", "5ms", "--duration", "300ms", "--warmup", "0", "--json", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(findings(result, "result"), [])
        numbers = [[each["number"] for each in one["slices"]] for one in result["targets"]]
        self.assertEqual({number % 4 for number in numbers[0]}, {0, 3})
        self.assertEqual({number % 4 for number in numbers[1]}, {1, 2})
        self.assertEqual(result["comparisons"][0]["blocks"], 15)
        for one in result["targets"]:
            self.assertGreater(one["throughput_per_s"], 0)
            self.assertGreater(one["server_cpu_per_request_ns"], 0)

    def test_what_does_not_go_together_is_refused(self):
        two = ["--target", "127.0.0.1:1", "--target", "127.0.0.1:2"]
        for arguments, said in (
            (["127.0.0.1:1", "--slice", "20ms"], "give each by --target"),
            (["127.0.0.1:1", *two], "give all targets by --target"),
            (two[:2], "give 2 to 16"),
            ([*two, "--rate", "100"], "closed loop"),
            ([*two, "--server-pid", "1"], "one for each"),
            ([*two, "--slice", "1ms"], "--slice is out of range"),
            ([*two, "--slice", "9s"], "--slice is out of range"),
            ([*two, "--driver", "threads"], "event loops"),
            ([*two, "--protocol", "greet"], "stay open"),
        ):
            with self.subTest(arguments):
                done = load(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(said, done.stderr)


class Control(unittest.TestCase):
    """The monitor is told of the borders of the window and finds the connections as they were."""

    def test_events_and_hold(self):
        with server() as (target, process):
            ours, theirs = socket.socketpair()
            generator = subprocess.Popen(
                [LOAD, target, *QUICK, "-c", "7", "--idle", "3", "--quiet", "--control", str(theirs.fileno())],
                pass_fds=[theirs.fileno()])
            theirs.close()
            with ours, ours.makefile() as events:
                lines = [json.loads(events.readline()) for _ in range(3)]
                self.assertEqual([line["event"] for line in lines], ["established", "window_open", "window_close"])
                self.assertEqual(lines[0]["connections"], 7)
                held = [name for name in Path(f"/proc/{process.pid}/fd").iterdir() if "socket" in os.readlink(name)]
                self.assertGreaterEqual(len(held), 10)
                self.assertIsNone(generator.poll())
                ours.sendall(b"\n")
                self.assertEqual(generator.wait(timeout=60), 0)


class Output(unittest.TestCase):
    def test_summary_and_json_do_not_mix(self):
        with server() as (target, _):
            done = load(target, *QUICK, "--json", "-")
            self.assertEqual(json.loads(done.stdout)["schema"], "fanin-load")
            self.assertIn("throughput", done.stderr)
            done = load(target, *QUICK)
        self.assertIn("throughput", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_a_line_for_every_second(self):
        """Lines come one by one, fit their schema and add up to the result; would catch a second that is lost."""
        for driver in ("auto", "epoll", "threads"):
            with self.subTest(driver), server() as (target, _), tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "live.jsonl")
                result = json.loads(load(target, "--duration", "2200ms", "--warmup", "1100ms", "--driver", driver, "--think", "0",
                                         "--quiet", "--live-json", str(path), "--json", "-").stdout)
                lines = [json.loads(line) for line in path.read_text().splitlines()]
            for line in lines:
                self.assertEqual(schema_findings(line, "fanin-load-live"), [])
            window = [line for line in lines if line["phase"] == "window"]
            self.assertEqual([line["second"] for line in window], [0, 1, 2])
            self.assertEqual([line["completed"] for line in window], [each["completed"] for each in result["series"]])
            self.assertEqual([line["p99_ns"] for line in window], [each["p99_ns"] for each in result["series"]])
            self.assertEqual(sum(line["completed"] for line in window), result["requests"]["completed"])
            self.assertEqual(window[0]["connections_up"], result["connections"]["established"])
            self.assertIn("warmup", {line["phase"] for line in lines})

    def test_live_lines_of_several_runs_and_on_standard_output(self):
        with server() as (target, _):
            done = load(target, *QUICK, "--sweep", "depth=1,2", "--live-json", "-")
            self.assertEqual([json.loads(line)["run"] for line in done.stdout.splitlines()], [1, 2])
            self.assertIn("depth", done.stderr)
        done = load("127.0.0.1:1", "--json", "-", "--live-json", "-")
        self.assertEqual(done.returncode, 2)
        self.assertIn("give one of them a file", done.stderr)
        done = load("127.0.0.1:1", "--live-json", "/nowhere/live")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("/nowhere/live", done.stderr)

    def test_live_lines_that_cannot_be_written_do_not_end_the_run(self):
        with server() as (target, _):
            done = load(target, *QUICK, "--live-json", "/dev/full")
        self.assertEqual(done.returncode, 0)
        self.assertIn("throughput", done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("No space left on device", done.stderr)

    def test_an_interrupt_gives_the_result_so_far(self):
        with server() as (target, _):
            ours, theirs = socket.socketpair()
            generator = subprocess.Popen(
                [LOAD, target, "--duration", "1000s", "--warmup", "0", "--quiet", "--json", "-", "--control",
                 str(theirs.fileno())], stdout=subprocess.PIPE, text=True, pass_fds=[theirs.fileno()])
            theirs.close()
            with ours, ours.makefile() as events:
                while "window_open" not in events.readline():
                    pass
                generator.send_signal(signal.SIGINT)
                ours.shutdown(socket.SHUT_WR)
                output, _ = generator.communicate(timeout=60)
        self.assertEqual(generator.returncode, 130)
        result = json.loads(output)
        self.assertEqual(findings(result, "result"), [])
        self.assertLess(result["window"]["duration_ns"], 100e9)

    def test_a_result_that_cannot_be_written(self):
        def no_file_may_grow():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        with server() as (target, _), tempfile.TemporaryDirectory() as folder:
            done = load(target, *QUICK, "--quiet", "--json", f"{folder}/none/result.json")
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr.count("\n"), 1)
            self.assertIn(f"{folder}/none/result.json: No such file or directory", done.stderr)
            path = Path(folder, "result.json")
            path.write_text("as before")
            done = load(target, *QUICK, "--quiet", "--json", str(path), preexec_fn=no_file_may_grow)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(path.read_text(), "as before")
            self.assertEqual(os.listdir(folder), ["result.json"])


def on_a_terminal(arguments, columns=100, **environment):
    """What fanin-load writes to a terminal of so many columns that is its standard error, and to its standard output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([LOAD, *arguments], stdout=subprocess.PIPE, stderr=theirs,
                               env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment})
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # the terminal is gone when the process is
        while piece := os.read(ours, 65536):
            written += piece
    os.close(ours)
    output, _ = process.communicate(timeout=60)
    return written.decode(), output.decode()


def left_on(written):
    """The lines that a terminal shows in the end, for the few sequences that are used."""
    lines, row = [""], 0
    for text, sequence in re.findall(r"([^\x1b\r\n]+)|(\x1b\[\d*[AJKm]|\r|\n)", written):
        if sequence == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif sequence.endswith("A"):
            row -= int(sequence[2:-1])
        elif sequence.endswith("J"):
            lines[row:] = [""]
        elif text:
            lines[row] = text
    return [line for line in lines if line]


class Terminal(unittest.TestCase):
    """The live view is there while a run goes on, and leaves nothing behind."""

    def test_a_view_that_leaves_nothing_but_the_summary(self):
        with server() as (target, _):
            written, output = on_a_terminal([target, "--duration", "1600ms", "--warmup", "300ms"])
        for part in ("warm-up", "window", "rate", "p99", "in the last second", "10 of 10 up", "\u2588"):
            self.assertIn(part, written)
        self.assertEqual(left_on(written), [])
        self.assertIn("throughput", output)
        self.assertNotIn("\x1b", output)

    def test_it_fits_a_narrow_terminal(self):
        with server() as (target, _):
            written, _ = on_a_terminal([target, "--duration", "700ms", "--warmup", "0"], columns=30, LC_ALL="C")
        lines = re.sub(r"\x1b\[\d*[AJKm]", "", written).replace("\r", "").split("\n")
        self.assertIn("window", written)
        self.assertLessEqual(max(map(len, lines)), 29)
        self.assertTrue(written.isascii())

    def test_where_there_is_none(self):
        with server() as (target, _):
            for options, environment in (["--quiet"], {}), ([], {"TERM": "dumb"}):
                with self.subTest(options=options, environment=environment):
                    written, _ = on_a_terminal([target, "--duration", "500ms", "--warmup", "0", *options], **environment)
                    self.assertEqual(written, "")

    def test_a_sweep_says_which_run_it_is(self):
        with server() as (target, _):
            written, output = on_a_terminal([target, "--duration", "500ms", "--warmup", "0", "--sweep", "depth=1,2"])
        self.assertIn("2 of 2: depth 2", written)
        self.assertEqual(left_on(written), [])
        self.assertEqual(len(output.splitlines()), 3)


class BadInput(unittest.TestCase):
    """One clear line on standard error and exit code 2, whatever is wrong."""

    def test_one_line_each(self):
        for arguments, said in (
            ([], "TARGET"),
            (["127.0.0.1"], "no port"),
            (["127.0.0.1:80", "--protocol", "none"], "unknown protocol 'none'"),
            (["127.0.0.1:80", "-c", "0"], "--connections 0 is out of range"),
            (["127.0.0.1:80", "-c", "x"], "--connections"),
            (["127.0.0.1:80", "--rate", "-5"], "--rate -5 is out of range"),
            (["127.0.0.1:80", "--duration", "soon"], "'soon' is not a duration"),
            (["127.0.0.1:80", "--cpus", "zero"], "'zero' is not a CPU list"),
            (["127.0.0.1:80", "--control", "77"], "--control 77 is no open descriptor"),
            (["192.0.2.1:80"], "--allow-remote"),
            (["127.0.0.1:80", "-c", "9999999"], "do not fit"),
            (["127.0.0.1:80", "--nonsense"], "--nonsense"),
            (["https://127.0.0.1/"], "TLS"),
            (["http://127.0.0.1/", "--header", "Name"], "--header 'Name' is none"),
            (["http://127.0.0.1/", "--expect-status", "2xx"], "'2xx' is no status"),
        ):
            with self.subTest(arguments):
                done = load(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertTrue(done.stderr.startswith("fanin-load: "), done.stderr)
                self.assertIn(said, done.stderr)

    def test_an_unreachable_target(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            done = load(f"127.0.0.1:{nobody.getsockname()[1]}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("Connection refused", done.stderr)


if __name__ == "__main__":
    LOAD, SERVER = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
