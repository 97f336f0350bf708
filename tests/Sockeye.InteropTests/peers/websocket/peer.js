// npm "websocket" (WebSocket-Node) as a peer: see ../README.md for what it is asked to do.
'use strict';
const http = require('http');
const { client: WebSocketClient, server: WebSocketServer } = require('websocket');
const { refusal, cookieFor } = require('../handshakes');
const { SUBPROTOCOLS, text, binary, describe, print } = require('../payloads');

// Its limits are on the receiving side too, and too small for the largest message of the scenarios.
const LARGEST_MESSAGE = 16 << 20;
const LIMITS = { maxReceivedFrameSize: LARGEST_MESSAGE, maxReceivedMessageSize: LARGEST_MESSAGE };

const bytesOf = (message) => (message.type === 'utf8' ? Buffer.from(message.utf8Data) : message.binaryData);

// It cuts messages at a threshold of bytes, which is a setting of the connection.
function send(connection, payload, isBinary, inThirds) {
  connection.config.fragmentationThreshold = inThirds ? Math.max(1, Math.ceil(payload.length / 3)) : LARGEST_MESSAGE;
  if (isBinary) connection.sendBytes(payload);
  else connection.sendUTF(payload.toString());
}

function serve() {
  const listener = http.createServer((_, response) => response.writeHead(404).end());
  const server = new WebSocketServer({ httpServer: listener, autoAcceptConnections: false, ...LIMITS });
  server.on('request', (request) => {
    const path = request.resource;
    const subprotocol = request.requestedProtocols.find((name) => SUBPROTOCOLS.includes(name)) ?? null;
    const connection = request.accept(subprotocol, request.origin);
    connection.on('error', (error) => print({ path, error: error.message }));
    connection.on('close', (code, reason) => print({ path, code, reason }));
    connection.on('pong', (payload) => { if (path === '/ping') connection.sendUTF(payload.toString()); });
    connection.on('message', (message) => {
      const isBinary = message.type === 'binary';
      const payload = bytesOf(message);
      if (path === '/ping') connection.ping(payload);
      else if (path === '/close') {
        const [code, ...reason] = payload.toString().split(' ');
        connection.close(Number(code), reason.join(' '));
      } else send(connection, payload, isBinary, path === '/fragments');
    });
    if (path === '/subprotocol') connection.sendUTF(subprotocol ?? '');
  });
  listener.listen(0, '127.0.0.1', () => print({ port: listener.address().port }));
}

function serveHandshakes() {
  const listener = http.createServer((_, response) => response.writeHead(404).end());
  const server = new WebSocketServer({ httpServer: listener, autoAcceptConnections: false });
  server.on('request', (request) => {
    const refused = refusal(request.httpRequest);
    if (refused) {
      request.reject(refused.status, refused.text, refused.headers);
      return;
    }
    const subprotocol = request.requestedProtocols.find((name) => SUBPROTOCOLS.includes(name)) ?? null;
    const cookie = cookieFor(request.httpRequest);
    const connection = request.accept(subprotocol, request.origin, cookie ? [{ ...cookie, httponly: true }] : []);
    connection.sendUTF(JSON.stringify({ path: request.resource, headers: request.httpRequest.headers }));
  });
  listener.listen(0, '127.0.0.1', () => print({ port: listener.address().port }));
}

function connect(url, scenario, args) {
  const report = { messages: [] };
  const client = new WebSocketClient(LIMITS);
  client.on('connectFailed', (error) => print({ error: error.message }));
  client.on('connect', (connection) => {
    let expected = 0;
    report.subprotocol = connection.protocol ?? '';
    connection.on('message', (message) => {
      report.messages.push(describe(bytesOf(message), message.type === 'binary'));
      if (report.messages.length === expected) connection.close(1000);
    });
    connection.on('ping', (_, payload) => { report.ping = payload.toString(); });
    connection.on('pong', (payload) => { report.pong = payload.toString(); connection.close(1000); });
    connection.on('error', (error) => { report.error = error.message; });
    connection.on('close', (code, reason) => {
      report.close = { code, reason };
      print(report);
    });
    switch (scenario) {
      case 'echo':
      case 'fragments':
        expected = 2 * args.length;
        for (const size of args.map(Number)) {
          send(connection, text(size), false, scenario === 'fragments');
          send(connection, binary(size), true, scenario === 'fragments');
        }
        break;
      case 'ping': connection.ping(args[0]); break;
      case 'pinged': expected = 1; connection.sendUTF(args[0]); break;
      case 'close': connection.close(Number(args[0]), args[1]); break;
      case 'closed': connection.sendUTF(args[0]); break;
      case 'subprotocol': expected = 1; break;
      default: throw new Error(`unknown scenario ${scenario}`);
    }
  });
  client.connect(url, scenario === 'subprotocol' ? args : []);
}

const [mode, url, scenario, ...args] = process.argv.slice(2);
if (mode === 'client') connect(url, scenario, args);
else {
  if (mode === 'server') serve();
  else serveHandshakes();
  process.stdin.on('end', () => process.exit()).resume();
}
