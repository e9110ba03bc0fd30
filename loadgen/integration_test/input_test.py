"""Bad command lines, and input files."""

import contextlib
import http.server
import json
import os
import signal
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from programs import LOAD, load, server, test


class BadInput(unittest.TestCase):
    def test_one_line_each(self):
        for arguments, said in (
            (["-d", "1s"], "TARGET"),
            (["127.0.0.1:80", "-d", "soon"], "--duration: 'soon'"),
            (["127.0.0.1:80", "--duraton", "1s"], "did you mean --duration?"),
            (["127.0.0.1"], "no port"),
            (["127.0.0.1:80", "--protocol", "none"], "unknown protocol 'none'"),
            (["127.0.0.1:80", "-c", "0"], "--connections 0 is out of range"),
            (["127.0.0.1:80", "-c", "x"], "--connections"),
            (["127.0.0.1:80", "--seed", "-1"], "--seed -1 is out of range"),
            (["127.0.0.1:80", "--rate", "-5"], "--rate -5 is out of range"),
            (["127.0.0.1:80", "--duration", "soon"], "'soon' is not a duration"),
            (["127.0.0.1:80", "--find-rate", "p99<soon"], "--find-rate: 'soon' is not a duration"),
            (["127.0.0.1:80", "--sweep", "think-time=soon"], "--sweep: 'soon' is not a duration"),
            (["127.0.0.1:80", "--rate"], "--rate has no value: give one, or leave --rate out"),
            (["127.0.0.1:80", "--rate", "5", "--rate", "6"], "--rate is given more than once: give it once"),
            (["127.0.0.1:80", "--quiet=x"], "--quiet does not take 'x'"),
            (["127.0.0.1:80", "--cpus", "zero"], "'zero' is not a CPU list"),
            (["127.0.0.1:80", "--control", "77"], "--control 77 is not an open descriptor"),
            (["192.0.2.1:80"], "--allow-remote"),
            (["127.0.0.1:80", "-c", "9999999"], "do not fit"),
            (["127.0.0.1:80", "--nonsense"], "--nonsense"),
            (["https://127.0.0.1/"], "TLS"),
            (["http://127.0.0.1/", "--header", "Name"], "--header 'Name' is no header"),
            (["http://127.0.0.1/", "--expect-status", "2xx"], "'2xx' is no status"),
        ):
            with self.subTest(arguments):
                done = load(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertTrue(done.stderr.startswith("fanin-load: "), done.stderr)
                self.assertIn(said, done.stderr)

    def test_options_are_checked_without_a_server(self):
        """Would catch: a check that connects, or that lets pass what a run refuses."""
        two = ["--target", "127.0.0.1:1", "--target", "127.0.0.1:1"]
        for arguments in (["127.0.0.1:1"], two, ["127.0.0.1:1", "--sweep", "pipeline=1,2"]):
            done = load(*arguments, "--check")
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        for arguments in (["127.0.0.1:1", "-t", "11"], [*two, "--ramp", "1..5"], ["127.0.0.1:1", "--sweep", "pipeline=0"]):
            self.assertEqual(load(*arguments, "--check").returncode, 2)

    def test_an_empty_path_is_refused(self):
        """Would catch: `--json ''` taken for no --json, so that a script's result is lost."""
        for arguments, option in (
            (["127.0.0.1:80", "--json", ""], "--json"),
            (["127.0.0.1:80", "--live-json", ""], "--live-json"),
            (["127.0.0.1:80", "--calibration", ""], "--calibration"),
            (["127.0.0.1:80", "--cpus", ""], "--cpus"),
            (["calibrate", "--json", ""], "--json"),
        ):
            with self.subTest(arguments):
                done = load(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr, f"^fanin-load: {option} is empty: .*, or leave it out\n$")

    def test_two_names_of_standard_output_are_one(self):
        """Would catch: a result between its live lines."""
        done = load("127.0.0.1:80", "--json", "-", "--live-json", "/dev/stdout")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(
            done.stderr, "fanin-load: --json - and --live-json /dev/stdout are one file: give each its own\n")

    def test_without_arguments_it_shows_its_usage(self):
        """Would catch: a help text without `calibrate` and without examples."""
        done = load()
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        for said in ("Usage: fanin-load TARGET", "fanin-load calibrate", "Examples:", "--help"):
            self.assertIn(said, done.stderr)
        done = load("--help")
        self.assertEqual(done.returncode, 0)
        for said in ("Examples:", "Exit codes:", "calibrate", "Connections:", "-d,--duration", "-r,--rate"):
            self.assertIn(said, done.stdout)

    def test_help_and_options_are_commands(self):
        """The bug: `help` was a target without a port, `options` was refused, and nothing said what `-d 3` means."""
        done = load("help")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, load("--help").stdout, ""))
        self.assertIn("Durations: 3 (seconds), 500ms", done.stdout)
        done = load("options")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("\n  --duration D ", done.stdout)
        done = load("options", "--jso")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)

    def test_experiments_refuse_what_contradicts_them(self):
        for arguments, said in (
            (["--sweep", "rate=auto", "--rate", "5"], "contradict"),
            (["--sweep", "colour=red"], "cannot vary 'colour'"),
            (["--find-rate", "p99<2ms", "--sweep", "pipeline=1"], "leave --rate, --ramp and --sweep out"),
            (["--find-rate", "fast"], "has no '<'"),
            (["--find-rate", "p99<2ms", "--assert", "rate>1"], "--assert and --find-rate contradict each other"),
            (["--assert", "p99<2ms,rate"], "--assert p99<2ms,rate: 'rate' has no '<' or '>': give one such as"),
            (["--sweep", "pipeline=1,2", "--control", "0"], "--control goes with one run"),
        ):
            with self.subTest(arguments):
                done = load("127.0.0.1:1", *arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(said, done.stderr)

    def test_what_does_not_go_together_is_refused(self):
        two = ["--target", "127.0.0.1:1", "--target", "127.0.0.1:2"]
        for arguments, said in (
            (["127.0.0.1:1", "--interleave", "20ms"], "--interleave needs --target"),
            (["127.0.0.1:1", *two], "give all targets by --target"),
            (two[:2], "give two or more"),
            ([*two, "--ramp", "1..100"], "constant rate"),
            ([*two, "--server-pid", "1"], "one for each"),
            ([*two, "--interleave", "1ms"], "--interleave is out of range"),
            ([*two, "--interleave", "9s"], "--interleave is out of range"),
            ([*two, "--driver", "threads"], "event loops"),
            ([*two, "--protocol", "greet"], "stay open"),
            ([*two, "--sweep", "pipeline=1,2"], "leave --sweep and --find-rate out"),
            ([*two, "--find-rate", "p99<2ms"], "leave --sweep and --find-rate out"),
            (["127.0.0.1:1", "--find-precision", "0.1"], "give --find-rate"),
        ):
            with self.subTest(arguments):
                done = load(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(said, done.stderr)


POST = ["--method", "POST", "--warmup", "0", "--requests", "20", "-c", "1", "--allow-busy"]


class RecordingHandler(http.server.BaseHTTPRequestHandler):
    """Keeps every body in `bodies`, after which it calls `on_body`."""

    protocol_version = "HTTP/1.1"
    bodies = set()
    on_body = staticmethod(lambda: None)

    def do_POST(self):
        self.bodies.add(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.on_body()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def recording_server(on_body=lambda: None):
    """A web server; yields its URL and the set of bodies that it gets."""
    handler = type("Handler", (RecordingHandler,), {"bodies": set(), "on_body": staticmethod(on_body)})
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_address[1]}/", handler.bodies
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


@contextlib.contextmanager
def pipe_with(content):
    """What the shell makes of <(command): the name of a pipe, and its descriptor."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    try:
        yield f"/dev/fd/{reader}", reader
    finally:
        os.close(reader)


class ReadOnce(unittest.TestCase):
    def test_a_pipe_gives_its_bytes_to_every_run(self):
        """Would catch: empty bodies in every point of a sweep, all of them `valid`."""
        mix = ["--mix", "1 name=a body-file={}", "--mix", "1 name=b body-file={} path=/b"]
        for several in (["--sweep", "connections=1,2"], ["--target"], mix, [*mix, "--sweep", "pipeline=1,2"], []):
            with self.subTest(several), recording_server() as (url, bodies), pipe_with(b"hello") as (name, reader):
                body = [] if "--mix" in several else ["--body-file", name]
                if several == ["--target"]:
                    post = ["--target", url, "--target", url, "--duration", "200ms", *POST[:4], "-c", "1", "--allow-busy"]
                else:
                    post = [url, *POST, *(text.format(name) for text in several)]
                done = load(*post, *body, pass_fds=[reader])
                self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
                self.assertEqual(bodies, {b"hello"})

    def test_a_file_that_changes_is_sent_as_it_was(self):
        """Would catch: a sweep whose points send different bodies."""
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(b"first")
            with recording_server(lambda: Path(file.name).write_bytes(b"second")) as (url, bodies):
                done = load(url, *POST, "--body-file", file.name, "--sweep", "connections=1,2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(bodies, {b"first"})

    def test_a_trace_may_be_a_pipe(self):
        with server() as (target, _), pipe_with(b"0\n0.01\n0.02\n") as (name, reader):
            done = load(target, "--arrival", f"trace:{name}", "--sweep", "connections=1,2", "--requests", "5",
                        "--warmup", "0", "--quiet", "--json", "-", pass_fds=[reader])
        points = json.loads(done.stdout)["points"]
        self.assertEqual([each["result"]["workload"]["trace"]["times"] for each in points], [3, 3])

    def test_waiting_for_a_writer_can_be_interrupted(self):
        """Would catch: a named pipe at which fanin-load waits without hearing SIGINT and SIGTERM."""
        with tempfile.TemporaryDirectory() as folder:
            fifo = f"{folder}/fifo"
            os.mkfifo(fifo)
            for option in (["http://127.0.0.1:1/", "--body-file", fifo], ["127.0.0.1:1", "--calibration", fifo],
                           ["127.0.0.1:1", "--arrival", f"trace:{fifo}"],
                           ["http://127.0.0.1:1/", "--mix", f"1 body-file={fifo}", "--mix", "1"]):
                with self.subTest(option), subprocess.Popen([LOAD, *option]) as process:
                    writer = os.open(fifo, os.O_WRONLY)  # returns when the program has opened its end
                    process.send_signal(signal.SIGINT)
                    try:
                        self.assertEqual(process.wait(timeout=20), -signal.SIGINT)
                    finally:
                        process.kill()
                        os.close(writer)

    def test_what_is_no_input_is_refused(self):
        """Would catch: /dev/zero read until the memory is full."""
        for option in (["--body-file", "/dev/zero"], ["--calibration", "/dev/zero"], ["--arrival", "trace:/dev/zero"],
                       ["--body-file", "/dev/null"], ["--body-file", "/"], ["--mix", "1 body-file=/dev/zero"]):
            with self.subTest(option):
                done = load("http://127.0.0.1:1/", *option)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertRegex(done.stderr, "it is a (device|directory): name a file")


if __name__ == "__main__":
    test()
