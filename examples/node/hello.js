// An HTTP worker in plain Node: it takes its listener from supervise and drains without losing a connection.
'use strict';
const http = require('node:http');

const env = process.env;
const body = `hello from node: generation ${env.SUPERVISE_GENERATION ?? ''} worker ${env.SUPERVISE_WORKER ?? ''} pid ${process.pid}\n`;

const server = http.createServer((request, response) => {
  response.writeHead(200, {
    'Content-Type': 'text/plain',
    'Content-Length': Buffer.byteLength(body),
    'Connection': 'close',
  });
  response.end(body);
});

// Node calls listen(2) on the socket again and would set its backlog to 511 for every worker that holds
// it; the kernel cuts what is more than net.core.somaxconn. Run bare, it opens a port itself.
const given = env.LISTEN_PID === String(process.pid);
const where = given ? { fd: 3 } : { host: '127.0.0.1', port: 8082 };
server.listen({ ...where, backlog: 4096 }, () => {
  // Node cannot send the datagram of sd_notify(3); app.hcl waits for this line instead.
  console.log('listening');
});

function stop() {
  // Closes our copy of the listener and the connections that are idle after an answer. Connections whose first
  // request is still to come are not idle to Node: they are answered, and the process ends with the last one.
  server.close();
  console.log('draining');
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
