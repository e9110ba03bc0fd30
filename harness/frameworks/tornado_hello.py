"""Tornado: one thread, coroutines. Argument: the port."""
import asyncio
import sys

from tornado.web import Application, RequestHandler


class Hello(RequestHandler):
    async def get(self):
        self.set_header("Content-Type", "text/plain")
        self.finish(b"Hello, world!")


async def main():
    application = Application([("/", Hello)], log_function=lambda _: None)
    application.listen(int(sys.argv[1]), "127.0.0.1", backlog=4096)
    await asyncio.Event().wait()


asyncio.run(main())
