// npm "ws" as a peer: see ../README.md for what it is asked to do.
'use strict';
const { WebSocket, WebSocketServer } = require('ws');
const { refusal, cookieFor } = require('../handshakes');
const { SUBPROTOCOLS, text, binary, thirds, describe, print } = require('../payloads');

// Of any length, so that short messages are compressed too.
const DEFLATE = {
  keep: { threshold: 0 },
  forget: { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
}[process.env.PEER_DEFLATE];

function sendInThirds(socket, payload, isBinary) {
  const parts = thirds(payload);
  parts.forEach((part, i) => socket.send(part, { binary: isBinary, fin: i === parts.length - 1 }));
}

function serve() {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: DEFLATE ?? false,
    handleProtocols: (offered) => [...offered].find((name) => SUBPROTOCOLS.includes(name)) ?? false,
  });
  server.on('listening', () => print({ port: server.address().port }));
  server.on('connection', (socket, request) => {
    const path = request.url;
    socket.on('error', (error) => print({ path, error: error.message }));
    socket.on('close', (code, reason) => print({ path, code, reason: reason.toString() }));
    socket.on('pong', (payload) => { if (path === '/ping') socket.send(payload, { binary: false }); });
    socket.on('message', (payload, isBinary) => {
      if (path === '/fragments') sendInThirds(socket, payload, isBinary);
      else if (path === '/ping') socket.ping(payload);
      else if (path === '/close') {
        const [code, ...reason] = payload.toString().split(' ');
        socket.close(Number(code), reason.join(' '));
      } else socket.send(payload, { binary: isBinary });
    });
    if (path === '/subprotocol') socket.send(socket.protocol);
  });
}

function serveHandshakes() {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) => [...offered].find((name) => SUBPROTOCOLS.includes(name)) ?? false,
    verifyClient: ({ req }, answer) => {
      const refused = refusal(req);
      if (refused) answer(false, refused.status, refused.text, refused.headers);
      else answer(true);
    },
  });
  server.on('listening', () => print({ port: server.address().port }));
  server.on('headers', (headers, request) => {
    const cookie = cookieFor(request);
    if (cookie) headers.push(`Set-Cookie: ${cookie.name}=${cookie.value}; Path=${cookie.path}; HttpOnly`);
  });
  server.on('connection', (socket, request) =>
    socket.send(JSON.stringify({ path: request.url, headers: request.headers })));
}

function connect(url, scenario, args) {
  const report = { messages: [] };
  const socket = new WebSocket(url, scenario === 'subprotocol' ? args : [], { perMessageDeflate: DEFLATE ?? true });
  let expected = 0;

  const send = (payload, isBinary) =>
    scenario === 'fragments' ? sendInThirds(socket, payload, isBinary) : socket.send(payload, { binary: isBinary });

  socket.on('open', () => {
    report.subprotocol = socket.protocol;
    switch (scenario) {
      case 'echo':
      case 'fragments':
        expected = 2 * args.length;
        for (const size of args.map(Number)) {
          send(text(size), false);
          send(binary(size), true);
        }
        break;
      case 'mirror': break;
      case 'ping': socket.ping(args[0]); break;
      case 'pinged': expected = 1; socket.send(args[0]); break;
      case 'close': socket.close(Number(args[0]), args[1]); break;
      case 'closed': socket.send(args[0]); break;
      case 'subprotocol': expected = 1; break;
      default: throw new Error(`unknown scenario ${scenario}`);
    }
  });
  let inThirds = false;
  socket.on('message', (payload, isBinary) => {
    if (scenario === 'mirror') {
      if (inThirds) sendInThirds(socket, payload, isBinary);
      else socket.send(payload, { binary: isBinary });
      inThirds = !inThirds;
      return;
    }
    report.messages.push(describe(payload, isBinary));
    if (report.messages.length === expected) socket.close(1000);
  });
  socket.on('ping', (payload) => { report.ping = payload.toString(); });
  socket.on('pong', (payload) => { report.pong = payload.toString(); socket.close(1000); });
  socket.on('error', (error) => { report.error = error.message; });
  socket.on('close', (code, reason) => {
    report.close = { code, reason: reason.toString() };
    print(report);
  });
}

const [mode, url, scenario, ...args] = process.argv.slice(2);
if (mode === 'client') connect(url, scenario, args);
else {
  if (mode === 'server') serve();
  else serveHandshakes();
  process.stdin.on('end', () => process.exit()).resume();
}
