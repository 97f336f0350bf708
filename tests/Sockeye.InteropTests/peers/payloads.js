// The payloads of the scenarios, and how received messages are reported.
'use strict';
const crypto = require('crypto');

const PATTERN = Buffer.from('aé€漢😀');
const LONGEST_REPORTED_TEXT = 125;

function text(size) {
  const whole = Math.floor(size / PATTERN.length);
  return Buffer.concat([Buffer.alloc(whole * PATTERN.length, PATTERN), Buffer.alloc(size % PATTERN.length, 'z')]);
}

function binary(size) {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => (31 * i + 7) % 251));
}

function thirds(payload) {
  const cut = Math.floor(payload.length / 3);
  return [payload.subarray(0, cut), payload.subarray(cut, 2 * cut), payload.subarray(2 * cut)];
}

function describe(payload, isBinary) {
  const message = {
    kind: isBinary ? 'binary' : 'text',
    length: payload.length,
    sha256: crypto.createHash('sha256').update(payload).digest('hex'),
  };
  if (!isBinary && payload.length <= LONGEST_REPORTED_TEXT) message.text = payload.toString();
  return message;
}

function print(value) {
  process.stdout.write(JSON.stringify(value) + '\n');
}

module.exports = { SUBPROTOCOLS: ['chat.v2', 'chat.v1'], text, binary, thirds, describe, print };
