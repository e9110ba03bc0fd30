"""Descriptors and ports that run out, a server that is not there, or dies and returns: told apart, and accounted for.

Memory that runs out is in fault_injection_test.cc: the kernel has one limit on the memory of sockets (tcp_mem) for all network
namespaces, which is not a test's to lower.
"""

import ctypes
import fcntl
import json
import resource
import socket
import struct
import subprocess
import unittest
from pathlib import Path

from programs import LOAD, SERVER, Accounts, generator, load, server, test

CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 1


def start_server(bind="127.0.0.1", port=0):
    """A fanin-server that is ready, and its port."""
    process = subprocess.Popen([SERVER, "epoll", "--bind", bind, "--port", str(port)], stdout=subprocess.PIPE,
                               text=True)
    return process, json.loads(process.stdout.readline())["addresses"][0]["port"]


def stop(process):
    process.kill()
    process.communicate()


class Exhaustion(Accounts):
    def test_descriptors_run_out_and_come_back(self):
        """Would catch: EMFILE that ends the run or passes for another trouble; a wait for a CPU below zero, since
        /proc could be read at the beginning of the window and not at its end."""
        process, port = start_server()
        self.addCleanup(stop, process)
        for driver in "epoll", "threads":
            with self.subTest(driver=driver):
                with generator(f"127.0.0.1:{port}", "--driver", driver, "-c", "4", "--requests-per-connection", "1",
                               "--think-time", "0", "--duration", "800ms") as load:
                    before = resource.prlimit(load.pid, resource.RLIMIT_NOFILE, (3, 20000))
                result = load.result
                self.check(result)
                self.assertGreater(result["errors"]["no_descriptor"], 0)
                self.assertEqual(set(result["errors"]), {"no_descriptor"})
                self.assertGreater(before[0], 3)

    def test_what_cannot_fit_is_refused_beforehand(self):
        done = subprocess.run(
            [LOAD, "127.0.0.1:1", "-c", "100", "-t", "1"], capture_output=True, text=True, timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("may hold 40 descriptors", done.stderr)

    def test_a_server_without_descriptors_does_not_say_that_it_is_ready(self):
        """Would catch: a READY line of a server that then has no descriptor for its epoll set and ends, or for a
        connection and does not heed SIGTERM."""
        if "sanitizers thread" in subprocess.check_output([SERVER, "--version"], text=True, timeout=60):
            self.skipTest("ThreadSanitizer may lose a signal that comes while no call blocks")
        listing = json.loads(subprocess.check_output([SERVER, "list", "--json"], text=True, timeout=60))
        for model in (each["name"] for each in listing["models"] if each["supported"]):
            for limit in (4, 5, 6, 7, 8, 10, 13, 16):
                with self.subTest(model=model, limit=limit):
                    process = subprocess.Popen(
                        [SERVER, model, "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                        preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
                    self.addCleanup(stop, process)
                    if process.stdout.readline():
                        process.terminate()
                        _, said = process.communicate(timeout=60)
                        self.assertEqual((process.returncode, said), (0, ""))
                    else:
                        _, said = process.communicate(timeout=60)
                        self.assertEqual((process.returncode, said.count("\n")), (2, 1), said)
                        self.assertTrue(said.endswith(": raise the limit on descriptors (ulimit -n)\n"), said)
                    self.assertTrue(limit > 5 or process.returncode == 2)

    def test_a_server_that_dies_in_the_middle(self):
        with server() as (target, process):
            with generator(target, "--requests", "1000000000", "--timeout", "300ms") as load:
                process.kill()
        self.assertEqual(load.returncode, 5)
        self.check(load.result)
        # Whether any request was under way is for chance to say: nothing is, between the first two.
        self.assertGreater(load.result["errors"]["connect_refused"], 0)

    def test_a_target_that_nobody_listens_on(self):
        """Would catch: a run that is lost without a result, since nothing could be asked; one that goes on all the
        same."""
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))  # and does not listen
            target = f"127.0.0.1:{bound.getsockname()[1]}"
            for how in (["--duration", "3600s"], ["--duration", "3600s", "--rate", "1000"], ["--requests", "10"],
                        ["--duration", "3600s", "--driver", "threads"]):
                with self.subTest(how):
                    done = load(target, "-c", "3", "--json", "-", *how)
                    result = json.loads(done.stdout)
                    self.check(result)
                    self.assertEqual((done.returncode, result["requests"]["sent"]), (5, 0))
                    self.assertEqual(result["errors"], {"connect_refused": 3})
                    text = f"no connection to {target} came up: Connection refused"
                    self.assertEqual(result["verdict"]["reasons"], [{"code": "unreachable", "text": text}])
            done = load("--target", target, "--target", target, "--duration", "3600s", "--interleave", "20ms")
        self.assertEqual(done.returncode, 5)
        self.assertIn("Connection refused", done.stdout)

    def test_a_server_that_dies_and_returns(self):
        """Would catch: connections that are not reopened, requests that are not accounted for, unreported downtime."""
        for driver in "io-uring", "epoll", "threads":
            with self.subTest(driver=driver):
                process, port = start_server()
                if driver == "io-uring" and "io-uring:" in subprocess.run(
                        [LOAD, f"127.0.0.1:{port}", "--driver", driver, "--duration", "1ms", "--warmup", "0"],
                        capture_output=True, text=True, timeout=60).stderr:
                    stop(process)
                    continue
                with generator(f"127.0.0.1:{port}", "--driver", driver, "-c", "4", "--requests-per-connection", "0",
                               "--think-time", "0", "--duration", "2s") as load:
                    stop(process)
                    process, _ = start_server(port=port)
                    self.addCleanup(stop, process)
                result = load.result
                self.check(result)
                # What was lost is some 5 % of the window, above which it is invalid: that depends on the machine.
                self.assertEqual(load.returncode, 5 * int(result["verdict"]["status"] == "invalid"), result["verdict"])
                self.assertGreater(result["connections"]["lost_ns"], 0)
                self.assertFalse(result["connections"]["unreachable_at_end"])
                self.assertEqual(result["connections"]["failed"], 4)
                self.assertGreaterEqual(result["connections"]["reconnects"], 4)
                self.assertGreater(result["series"][-1]["completed"], 0)
                self.assertLessEqual(set(result["errors"]),
                                     {"connect_refused", "reset", "closed_early", "closed_idle", "connect_other"})


class Ports(Accounts):
    """In a network namespace of this process's own, with ten local ports."""

    @classmethod
    def setUpClass(cls):
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise unittest.SkipTest("a network namespace of its own is not permitted here")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40009")

    def test_ports_run_out(self):
        """Would catch: EADDRNOTAVAIL passing for a server that refuses. IPv6 has one loopback address."""
        try:
            process, port = start_server(bind="::1", port=50000)
        except json.JSONDecodeError:
            self.skipTest("no IPv6 here")
        self.addCleanup(stop, process)
        for driver in "epoll", "threads":
            with self.subTest(driver=driver):
                with generator(f"[::1]:{port}", "--driver", driver, "-c", "30", "--requests-per-connection", "0",
                               "--close", "rst", "--duration", "300ms") as load:
                    pass
                self.check(load.result)
                self.assertEqual(load.returncode, 5)
                self.assertEqual(load.result["connections"]["established"], 10)
                self.assertEqual(set(load.result["errors"]), {"no_port"})
                self.assertGreaterEqual(load.result["errors"]["no_port"], 20)


if __name__ == "__main__":
    test()
