// node signalr/peer.js ADDRESS PROTOCOL: runs the scenario and prints its report.
'use strict';
const signalR = require('@microsoft/signalr');
const msgpack = require('@microsoft/signalr-protocol-msgpack');
const runScenario = require('./scenario.js');

const [address, protocol] = process.argv.slice(2);
runScenario(signalR, msgpack, address, protocol)
  .catch((error) => ({ error: String(error?.stack ?? error) }))
  .then((report) => { console.log(JSON.stringify(report)); process.exit(0); });
