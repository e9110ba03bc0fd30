"""One thread, a greenlet for each connection: the code of blocking calls, which gevent switches. Argument: the port."""
import socket
import sys

from exchange import Exchange
from gevent.server import StreamServer


def serve(connection, _):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    exchange = Exchange()
    while not exchange.closes and (data := connection.recv(65536)):
        connection.sendall(exchange.receive(data))


StreamServer(("127.0.0.1", int(sys.argv[1])), serve, backlog=4096).serve_forever()
