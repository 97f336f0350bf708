// node graphql/peer.js ADDRESS: queries and subscribes with npm graphql-ws, and prints a report.
'use strict';
const { createClient } = require('graphql-ws');
const WebSocket = require('ws');

async function run(address) {
  const report = {};
  const client = createClient({
    url: address, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0,
  });
  const all = async (query, variables) => {
    const results = [];
    for await (const result of client.iterate({ query, variables })) results.push(result);
    return results;
  };
  report.hello = (await all('query($name: String) { hello(name: $name) }', { name: 'aé€漢😀' }))[0].data.hello;
  const counts = await Promise.all([10, 100, 1000].map((to) => all(`subscription { count(to: ${to}) }`)));
  report.counts = counts.map((results) => results.map((result) => result.data.count));
  report.error = await all('query { nothing }').then(() => null, (errors) => errors[0].message);

  const endless = client.iterate({ query: 'subscription { count(to: 100000000) }' });
  report.first = (await endless.next()).value.data.count;
  await endless.return();
  report.helloAfter = (await all('{ hello(name: "again") }'))[0].data.hello;
  await client.dispose();
  return report;
}

run(process.argv[2])
  .catch((error) => ({ failure: String(error?.stack ?? error?.reason ?? error) }))
  .then((report) => { console.log(JSON.stringify(report)); process.exit(0); });
