'use strict';
const http = require('node:http');

const server = http.createServer((request, response) => response.end('hello from node\n'));
server.listen(Number(process.argv[2]), '127.0.0.1');
