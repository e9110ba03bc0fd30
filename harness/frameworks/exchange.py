"""The HTTP of the servers in plain Python, without I/O: they differ in how they wait, and in nothing else."""

BODY = b"Hello, world!"
REPLIES = {
    status: b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
    for status, body in {
        b"200 OK": BODY,
        b"400 Bad Request": b"",
        b"404 Not Found": b"",
        b"501 Not Implemented": b"",
    }.items()
}
LONGEST_HEAD = 65536  # bytes


class Exchange:
    """The requests of one connection. `closes`: no further one is answered."""

    def __init__(self):
        self.received = b""
        self.closes = False

    def receive(self, data):
        """Takes bytes and returns the replies to the requests that are complete."""
        *heads, self.received = (self.received + data).split(b"\r\n\r\n")
        replies = []
        for head in heads:
            if not self.closes:
                replies.append(REPLIES[self._answer(head)])
        if len(self.received) > LONGEST_HEAD:
            self.closes = True
        return b"".join(replies)

    def _answer(self, head):
        line, *fields = head.split(b"\r\n")
        words = line.split(b" ")
        names = {}
        for field in fields:
            name, _, value = field.partition(b":")
            names[name.lower()] = value.strip().lower()
        self.closes = names.get(b"connection") == b"close"
        if len(words) != 3 or words[2] != b"HTTP/1.1" or b"host" not in names:
            self.closes = True
            return b"400 Bad Request"
        if words[0] != b"GET" or b"content-length" in names or b"transfer-encoding" in names:
            self.closes = True
            return b"501 Not Implemented"
        return b"200 OK" if words[1] == b"/" else b"404 Not Found"
