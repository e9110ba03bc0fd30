"""Runs against servers that want more than a connection: a greeting is waited for, a first message goes before requests."""

import contextlib
import socketserver
import threading

from programs import Accounts, run_load, test

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
                                          "--duration", "200ms", "--timeout", "300ms", code=1)
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
