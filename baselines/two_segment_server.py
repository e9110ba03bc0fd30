#!/usr/bin/env python3
"""HTTP server that sends each reply in two segments: the head, then the body. For instructions.py.

  python3 baselines/two_segment_server.py PORT"""
import asyncio
import socket
import sys

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 128\r\n\r\n"
BODY = b"x" * 128


class TwoSegments(asyncio.Protocol):
    """One connection. The socket is not buffered: each write is a send of its own."""

    def connection_made(self, transport):
        self.transport, self.received = transport, b""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        *requests, self.received = (self.received + data).split(b"\r\n\r\n")
        for _ in requests:
            self.transport.write(HEAD)
            self.transport.write(BODY)


async def main(port):
    server = await asyncio.get_running_loop().create_server(TwoSegments, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
