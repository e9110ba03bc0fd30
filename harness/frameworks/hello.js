// Node's http module: one thread, callbacks. Argument: the port.
"use strict";
const http = require("http");

const body = Buffer.from("Hello, world!");
const server = http.createServer((request, response) => {
  const found = request.url === "/";
  response.writeHead(found ? 200 : 404, { "Content-Type": "text/plain", "Content-Length": found ? body.length : 0 });
  response.end(found ? body : undefined);
});
server.keepAliveTimeout = 60000; // ms
server.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
