"""Files of the command line are read once, whatever their kind and the number of runs."""

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

POST = ["--method", "POST", "--warmup", "0", "--requests", "20", "-c", "1"]


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
                    post = ["--target", url, "--target", url, "--duration", "200ms", *POST[:4], "-c", "1"]
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
