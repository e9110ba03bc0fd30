"""One thread, a coroutine for each connection over asyncio's streams. Argument: the port."""
import asyncio
import sys

from exchange import Exchange


async def serve(reader, writer):
    exchange = Exchange()
    while not exchange.closes and (data := await reader.read(65536)):
        writer.write(exchange.receive(data))
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


asyncio.run(main())
