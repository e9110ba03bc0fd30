"""A thread for each connection, blocking calls. Argument: the port."""
import socket
import sys
import threading

from exchange import Exchange


def serve(connection):
    exchange = Exchange()
    with connection:
        while not exchange.closes and (data := connection.recv(65536)):
            connection.sendall(exchange.receive(data))


def main():
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096) as listener:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
