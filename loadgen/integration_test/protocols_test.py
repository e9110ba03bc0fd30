"""Runs over every protocol and kind of address, and the exchange before the first request."""

import contextlib
import http.server
import os
import socket
import socketserver
import tempfile
import threading
from pathlib import Path

from programs import Accounts, format_target, load, run_load, server, test


class Protocols(Accounts):
    def test_protocols(self):
        for protocol in ("upper", "discard", "greet", "goodbye", "work", "bulk"):
            with self.subTest(protocol), server("epoll", "--protocol", protocol) as (target, _):
                result = self.measure(target, "--protocol", protocol, "--requests", "50", "--warmup", "0")
                self.assertEqual(result["requests"]["completed"], 50)

    def test_a_server_that_may_speak_unasked(self):
        """Lines of other members come while a connection pauses: they are no reply, and no fault of the server."""
        with server("epoll", "--protocol", "chat") as (target, _):
            for driver in ("epoll", "threads", "auto"):
                with self.subTest(driver):
                    result = self.measure(target, "--protocol", "chat", "--requests", "60", "--warmup", "0", "-c", "6",
                                          "--think-time", "5ms", "--requests-per-connection", "0", "--driver", driver)
                    self.assertEqual(result["requests"]["completed"], 60)
                    self.assertEqual(result["errors"], {})

    def test_another_protocol_than_the_server_speaks(self):
        with server("epoll", "--protocol", "upper") as (target, _):
            result = self.measure(target, "--requests", "10", "--warmup", "0", code=5)
        self.assertEqual(result["verdict"]["status"], "invalid")
        self.assertGreater(result["errors"]["mismatch"], 0)

    # Would catch: wrong replies of which the user learns their number, and not what came, in any driver; bytes of a
    # connection that idles, or of a greeting, that are not shown.
    def test_what_came_is_shown(self):
        with server("epoll", "--protocol", "goodbye") as (target, _):
            raw = ["--protocol", "raw", "--request", "hello\\n", "--reply-delimiter", "\\n", "--requests", "10",
                   "--warmup", "0"]
            wrong = {"reason": "wrong byte at offset 4", "offset": 4, "expected": "good luck\\n",
                     "received": "goodbye!\\n", "hint": None}
            for driver in ("epoll", "auto", "threads"):
                with self.subTest(driver):
                    common = [*raw, "--driver", driver, "--think-time", "0", "--requests-per-connection", "0"]
                    result = self.measure(target, *common, "--expect", "good luck", code=5)
                    self.assertEqual(result["first_mismatch"], wrong)
                    self.assertIsNone(self.measure(target, *common)["first_mismatch"])
            idle, _ = run_load(target, *raw, "--driver", "epoll", "--idle-connections", "1", "--verify-idle", "--expect", "good luck",
                                "-c", "1")
            self.check(idle)
            self.assertEqual(idle["first_mismatch"], wrong)
            text = load(target, *raw, "--expect", "good luck").stdout
            self.assertIn("mismatch      the first: wrong byte at offset 4\n", text)
            sweep = load(target, *raw, "--expect", "good luck", "--sweep", "connections=1,2").stdout
            self.assertIn('received    "goodbye!\\n"', sweep)

    def test_a_server_that_speaks_first(self):
        with server("epoll", "--protocol", "greet") as (target, _):
            for driver in ("epoll", "auto", "threads"):
                with self.subTest(driver):
                    result, code = run_load(target, "--duration", "200ms", "--warmup", "0", "-c", "1", "--driver", driver)
                    self.check(result)
                    self.assertEqual(code, 5)
                    self.assertNotEqual(result["first_mismatch"]["received"], "")

    def test_raw(self):
        with server() as (target, _):
            result = self.measure(target, "--protocol", "raw", "--request", "PING\\r\\n", "--reply-delimiter", "\\r\\n",
                                  "--expect", "PING", "--requests", "50", "--warmup", "0")
        self.assertEqual(result["workload"]["request"], "PING\\r\\n")
        self.assertEqual(result["workload"]["payload_bytes"], 6)

    def test_raw_ends_of_replies(self):
        with server() as (target, _):
            for end in (
                ["--reply-bytes", "6"],
                ["--reply-pattern", "P(I|O)NG\\r\\n"],
                ["--reply-pattern", "\\n", "--expect", "PING\\r\\n"],
            ):
                for driver in ("epoll", "threads"):
                    with self.subTest(end=end, driver=driver):
                        result = self.measure(target, "--protocol", "raw", "--request", "PING\\r\\n", *end,
                                              "--requests", "50", "--warmup", "0", "--driver", driver, "--think-time", "0")
                        self.assertEqual(result["requests"]["completed"], 50)
            result = self.measure(target, "--protocol", "raw", "--request", "PING", "--reply-pattern", "PONG",
                                  "--reply-limit-bytes", "3", "--requests", "5", "--warmup", "0", "--timeout", "300ms",
                                  code=5)
            self.assertEqual(set(result["errors"]), {"too_long"})

    def test_other_kinds_of_addresses(self):
        with tempfile.TemporaryDirectory() as folder:
            listens = [f"unix:{folder}/a \"quoted\" socket", f"unix:@fanin-program-test-{os.getpid()}"]
            if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):
                listens.append("[::1]:0")
            for listen in listens:
                for driver in ("epoll", "threads", "auto"):
                    with self.subTest(listen=listen, driver=driver), server("epoll", "--listen", listen) as (target, _):
                        result = self.measure(target, "--requests", "200", "--warmup", "0", "--driver", driver,
                                              "--think-time", "0", "--requests-per-connection", "10")
                        self.assertEqual(result["requests"]["completed"], 200)
                        self.assertEqual(target, format_target(result["target"]))


class Ready(Accounts):
    def test_the_ready_line_is_json_whatever_the_path(self):
        """Would catch: a READY line that is no JSON, because a path may hold any byte."""
        with tempfile.TemporaryDirectory() as folder:
            with server("epoll", "--listen", os.fsdecode(f"unix:{folder}/".encode() + b"\xff\x1b\n")) as (target, _):
                self.assertTrue(target.startswith(f"unix:{folder}/"))


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


class Http(Accounts):
    def test_http_statuses(self):
        with tempfile.TemporaryDirectory() as root:
            Path(root, "page").write_text("hello")
            with server("epoll", "--protocol", "http", "--root", root) as (target, _):
                result = self.measure(f"http://{target}/page", "--requests", "50", "--warmup", "0", "--pipeline", "4")
                self.assertEqual(result["http"], {"statuses": {"200": 50}})
                missing = self.measure(f"http://{target}/none", "--requests", "50", "--warmup", "0", code=5)
                self.assertEqual(missing["errors"], {"http_status": 50})
                self.assertEqual(missing["http"], {"statuses": {"404": 50}})
                self.assertEqual(missing["connections"]["reconnects"], 0)
                result = self.measure(f"http://{target}/none", "--requests", "50", "--warmup", "0", "--expect-status",
                                      "404")
                self.assertEqual(result["requests"]["completed"], 50)
                result = self.measure(f"http://{target}/page", "--requests", "50", "--warmup", "0", "--method", "HEAD",
                                      "--driver", "threads", "--think-time", "0")
                self.assertEqual(result["http"], {"statuses": {"200": 50}})

    def test_http_bodies(self):
        # Would catch: an error page of status 200 that counts as a success; a class of a mix that is not looked at.
        with tempfile.TemporaryDirectory() as root:
            Path(root, "page").write_text("hello")
            Path(root, "error").write_text("sorry, nothing works")
            with server("epoll", "--protocol", "http", "--root", root) as (target, _):
                for driver in ("epoll", "auto", "threads"):
                    common = ["--warmup", "0", "--requests", "50", "--driver", driver, "--think-time", "0",
                              "--requests-per-connection", "0"]
                    for expect in (["--expect-body", "hello"], ["--expect-body-pattern", "h.llo"]):
                        with self.subTest(driver=driver, expect=expect):
                            result = self.measure(f"http://{target}/page", *common, *expect)
                            self.assertEqual(result["requests"]["completed"], 50)
                            wrong = self.measure(f"http://{target}/error", *common, *expect, code=5)
                            self.assertEqual(wrong["errors"], {"mismatch": 50})
                            self.assertEqual(wrong["connections"]["reconnects"], 0)
                mixed = self.measure(f"http://{target}/page", "--warmup", "0", "--requests", "50", "--mix",
                                     "1 name=right expect-body=hello", "--mix", "1 name=wrong expect-body=hello path=/error",
                                     code=5)
                right, wrong = mixed["classes"]
                self.assertEqual((right["failed"], wrong["completed"]), (0, 0))
                self.assertEqual(mixed["errors"], {"mismatch": wrong["failed"]})

    def test_http_servers_that_close(self):
        """HTTP/1.0 and replies without a length end with the connection: no error, but a new connection."""
        for driver in ("epoll", "threads"):
            with self.subTest(driver), closing_http_server() as target:
                result = self.measure(target, "--protocol", "http", "--requests", "40", "--warmup", "0", "-c", "3",
                                      "--driver", driver, "--think-time", "0", "--requests-per-connection", "0")
                self.assertEqual(result["http"], {"statuses": {"200": 40}})
                self.assertEqual(result["errors"], {})
                self.assertEqual(result["connections"]["failed"], 0)
                self.assertGreaterEqual(result["connections"]["reconnects"], 37)

    def test_http_body_and_headers_arrive(self):
        with tempfile.NamedTemporaryFile() as body, closing_http_server() as target:
            body.write(b"x" * 100_000)
            body.flush()
            result = self.measure(target, "--protocol", "http", "--method", "POST", "--body-file", body.name,
                                  "--header", "X-Want: 100000", "--expect-status", "201", "--requests", "5", "--warmup",
                                  "0", "-c", "1")
        self.assertEqual(result["http"], {"statuses": {"201": 5}})


GREETING = ["--greeting-pattern", "(?m)^220 .*\\r\\n", "--setup-request", "HELO me\\r\\n", "--setup-reply-delimiter", "\\r\\n"]
RAW = ["--protocol", "raw", "--request", "PING\\r\\n", "--reply-delimiter", "\\r\\n", "--expect", "PONG", "--warmup", "0"]
DRIVERS = (
    ["--driver", "epoll"],
    ["--driver", "auto"],
    ["--driver", "threads", "--think-time", "0"],
)


class Mail(socketserver.StreamRequestHandler):
    """Greets, in two pieces; wants to be greeted once, and only then answers."""

    def handle(self):
        self.wfile.write(b"220-wel")
        self.wfile.write(b"come\r\n220 ready\r\n")
        said = self.rfile.readline()
        self.server.first_lines.append(said)
        self.wfile.write(self.server.answer_to(said))
        for line in self.rfile:
            self.wfile.write(b"PONG\r\n" if line == b"PING\r\n" else b"500 what?\r\n")


class Silent(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.first_lines.append(b"")
        self.request.recv(1)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Connections are reset at the end of a run."""


@contextlib.contextmanager
def serve(handler, answer_to=lambda said: b"250 hello\r\n"):
    """Yields its target and the first line that each connection said."""
    with Server(("127.0.0.1", 0), handler) as server:
        server.first_lines, server.answer_to = [], answer_to
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", server.first_lines
        finally:
            server.shutdown()
            thread.join()


class Setup(Accounts):
    # Would catch: a request that leaves before the greeting has come, a greeting that is taken for a reply, and
    # connections reopened without their set-up.
    def test_each_connection_is_set_up_once(self):
        for driver in DRIVERS:
            with self.subTest(driver=driver), serve(Mail) as (target, first_lines):
                idle = [] if "threads" in driver else ["--idle-connections", "2", "--verify-idle"]
                result = self.measure(target, *RAW, *GREETING, *driver, *idle, "-c", "3", "--requests", "60",
                                      "--requests-per-connection", "5")
                self.assertEqual(result["requests"], {"sent": 60, "completed": 60, "failed": 0, "unanswered": 0})
                self.assertEqual(result["errors"], {})
                # A connection that was reopened when the last reply came may be closed before it says anything.
                self.assertLessEqual(set(first_lines), {b"HELO me\r\n", b""})
                self.assertGreaterEqual(first_lines.count(b"HELO me\r\n"), 12 + len(idle) // 3 * 2)
                self.assertEqual(result["connections"]["established"], 3)
                self.assertEqual(result["workload"]["setup_request"], "HELO me\\r\\n")

    # Would catch: a connection that counts as up although the server has refused its password, or says nothing.
    def test_one_that_fails_is_a_connect_failure_with_a_name(self):
        refuses = lambda said: b"535 no\r\n"
        for driver in DRIVERS:
            for handler, answer_to in ((Mail, refuses), (Silent, None)):
                with self.subTest(driver=driver, handler=handler), serve(handler, answer_to) as (target, _):
                    result = self.measure(target, *RAW, *GREETING, "--setup-expect", "250 hello", *driver, "-c", "3",
                                          "--duration", "200ms", "--timeout", "300ms", code=5)
                    self.assertEqual(result["errors"], {"setup_failed": 3})
                    self.assertEqual(result["connections"]["established"], 0)
                    if handler is Mail:  # would catch: a refusal that is not shown
                        shown = result["first_mismatch"]
                        self.assertEqual((shown["expected"], shown["received"]), ("250 hello\\r\\n", "535 no\\r\\n"))
                    else:
                        self.assertIsNone(result["first_mismatch"])

    def test_one_that_fails_is_tried_again(self):
        for driver in DRIVERS:
            tried = []

            def refuses_the_second(said):
                tried.append(said)
                return b"535 no\r\n" if len(tried) == 2 else b"250 hello\r\n"

            with self.subTest(driver=driver), serve(Mail, refuses_the_second) as (target, _):
                result, _ = run_load(target, *RAW, *GREETING, "--setup-expect", "250 hello", *driver, "-c", "3",
                                      "--duration", "500ms")
                self.check(result)
                self.assertEqual(result["errors"], {"setup_failed": 1})
                self.assertEqual(result["connections"]["served"], 3)


if __name__ == "__main__":
    test()
