"""One thread, a callback for each ready descriptor. Argument: the port."""
import selectors
import socket
import sys

from exchange import Exchange

selector = selectors.DefaultSelector()


class Connection:
    """A connection and the bytes that its socket has not taken yet."""

    def __init__(self, link):
        self.link = link
        self.exchange = Exchange()
        self.unsent = b""
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(link, selectors.EVENT_READ, self.on_readable)

    def on_readable(self):
        try:
            data = self.link.recv(65536)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self.close()
            return
        self.unsent = self.exchange.receive(data)
        self.send()

    def send(self):
        """Sends what the socket takes. Reads nothing until all is sent."""
        waits = self.unsent != b""
        try:
            sent = self.link.send(self.unsent) if waits else 0
        except BlockingIOError:
            sent = 0
        except ConnectionError:
            self.close()
            return
        self.unsent = self.unsent[sent:]
        if self.unsent:
            selector.modify(self.link, selectors.EVENT_WRITE, self.send)
        elif self.exchange.closes:
            self.close()
        elif selector.get_key(self.link).events != selectors.EVENT_READ:
            selector.modify(self.link, selectors.EVENT_READ, self.on_readable)

    def close(self):
        selector.unregister(self.link)
        self.link.close()


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    selector.register(listener, selectors.EVENT_READ, lambda: Connection(listener.accept()[0]))
    while True:
        for key, _ in selector.select():
            key.data()


main()
