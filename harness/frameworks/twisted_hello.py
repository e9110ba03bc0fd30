"""Twisted: one thread, callbacks (its epoll reactor). Argument: the port."""
import sys

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site


class Hello(Resource):
    isLeaf = False

    def render_GET(self, request):
        request.setHeader(b"Content-Type", b"text/plain")
        return b"Hello, world!"


class QuietSite(Site):
    def log(self, request):
        pass


root = Resource()
root.putChild(b"", Hello())
reactor.listenTCP(int(sys.argv[1]), QuietSite(root), backlog=4096, interface="127.0.0.1")
reactor.run()
