// What servers of every library do with an opening handshake: see README.md.
'use strict';

const ALICE = `Basic ${Buffer.from('alice:s3cret').toString('base64')}`;

// Nothing where the request is to be accepted.
function refusal(request) {
  const { pathname, searchParams } = new URL(request.url, 'ws://host');
  switch (pathname) {
    case '/to': {
      const status = Number(searchParams.get('status'));
      return { status, text: 'This way', headers: { Location: searchParams.get('location') } };
    }
    case '/circle':
      return { status: 307, text: 'Round and round', headers: { Location: '/circle' } };
    case '/secret':
      if (request.headers.authorization === ALICE) return undefined;
      return { status: 401, text: 'Say who you are', headers: { 'WWW-Authenticate': 'Basic realm="here"' } };
    case '/version':
      return { status: 426, text: 'Version 25, please', headers: { 'Sec-WebSocket-Version': '25' } };
    default:
      return undefined;
  }
}

function cookieFor(request) {
  return request.url === '/cookie' ? { name: 'session', value: 'abc', path: '/' } : undefined;
}

module.exports = { refusal, cookieFor };
