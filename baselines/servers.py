"""The servers of the comparisons, pinned to CPU 0 and stopped at the end.

  python3 -m baselines.servers PORT     an HTTP server that sends each reply in two segments: head, then body"""
import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from baselines.paired import fail


def free_port():
    """Below the ports that the kernel gives to other programs while the server starts."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(1024, first) if first > 1024 else 0
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as probe:
            return probe.getsockname()[1]


def _wait_for(port):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    fail(f"nothing answers on port {port}")


class Server:
    """Owns a server process on CPU 0, which accepts connections inside a `with`. `command` may contain {port}."""

    def __init__(self, command, port=None):
        self.command = command
        self.port = port or free_port()

    def __enter__(self):
        command = [word.replace("{port}", str(self.port)) for word in self.command]
        self.process = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.PIPE, text=True)
        _wait_for(self.port)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends it and returns its output; "" if it has ended already."""
        if self.process.poll() is not None:
            return ""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.communicate(timeout=5)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[0]


def replies_sent(output):
    """The replies that a fanin-server counted, from its output: one send each without pipelining."""
    return json.loads(output.splitlines()[-1])["counters"]["syscalls"]["send"]


def nginx_command(folder, www):
    """(command, port) of an nginx with one worker and no log; its files go to `folder`."""
    configuration = folder / "nginx.conf"
    user = "user root; " if os.geteuid() == 0 else ""  # otherwise the worker cannot read the folder
    port = free_port()
    configuration.write_text(
        f"""{user}worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 20000; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100 inactive=60s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {www}; }} }}
"""
    )
    return ["nginx", "-c", str(configuration), "-p", str(folder)], port


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 128\r\n\r\n"
BODY = b"x" * 128


class TwoSegments(asyncio.Protocol):
    """One connection. Each write is a send of its own."""

    def connection_made(self, transport):
        self.transport, self.received = transport, b""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        *requests, self.received = (self.received + data).split(b"\r\n\r\n")
        for _ in requests:
            self.transport.write(HEAD)
            self.transport.write(BODY)


async def serve_two_segments(port):
    server = await asyncio.get_running_loop().create_server(TwoSegments, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve_two_segments(int(sys.argv[1])))
