'use strict';
const http = require('node:http');

const server = http.createServer((request, response) => response.end('hello from node\n'));
server.listen({ fd: Number(process.argv[2]) }, () => console.log('listening'));
process.once('SIGTERM', () => server.close());
