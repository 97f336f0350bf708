// What a hub does, asked for by the client of npm @microsoft/signalr, in Node and in a browser.
'use strict';

// eslint-disable-next-line no-unused-vars
async function runScenario(signalR, msgpack, address, protocol) {
  const report = { told: [], numbered: [] };
  let builder = new signalR.HubConnectionBuilder()
    .withUrl(address, { transport: signalR.HttpTransportType.WebSockets })
    .withStatefulReconnect()
    .configureLogging(signalR.LogLevel.None);
  if (protocol === 'messagepack') builder = builder.withHubProtocol(new msgpack.MessagePackHubProtocol());
  const connection = builder.build();
  let wake = () => {};
  connection.on('told', (text) => { report.told.push(text); wake(); });
  connection.on('numbered', (number) => { report.numbered.push(number); wake(); });
  const until = async (condition) => { while (!condition()) await new Promise((resolve) => { wake = resolve; }); };

  await connection.start();
  const id = connection.connectionId;
  report.echo = await connection.invoke('Echo', 'aé€漢😀');
  report.longLength = (await connection.invoke('Echo', 'x'.repeat(1 << 20))).length;
  if (protocol === 'messagepack') report.reversed = Array.from(await connection.invoke('Reverse', Uint8Array.of(1, 2, 3)));
  report.counted = await new Promise((resolve, reject) => {
    const numbers = [];
    connection.stream('Count', 100).subscribe({
      next: (number) => numbers.push(number), complete: () => resolve(numbers), error: reject,
    });
  });

  await connection.invoke('Join', 'room');
  await connection.invoke('ToGroup', 'room', 'to the room');
  await connection.invoke('ToGroup', 'another', 'to others');
  await until(() => report.told.length > 0);

  report.sameConnection = await connection.invoke('CutAndTell', 200) === id;
  await until(() => report.numbered.length >= 200);
  report.echoAfterCut = await connection.invoke('Echo', 'back');

  // Not before the cut: the server of ASP.NET Core ignores this client's calls after it if a stream of the client was not acknowledged.
  const numbers = new signalR.Subject();
  const sum = connection.invoke('Sum', numbers);
  for (let i = 1; i <= 100; i++) numbers.next(i);
  numbers.complete();
  report.sum = await sum;
  await connection.stop();
  return report;
}

if (typeof module !== 'undefined') module.exports = runScenario;
