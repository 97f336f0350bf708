// An echo server in a process of its own, for tests that take the process its descriptors.
//
//   Sockeye.LimitedServer [--portable] [--tls]
//
// Writes a line with its port, and one for each warning or error that is logged: "log", the event's number, the text.
// Ends when its input does.

using System.Net;
using Sockeye;
using Sockeye.Tests;

await using WebSocketServer server = await WebSocketServer.StartAsync(
    new WebSocketServerOptions
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        EventLoop = args.Contains("--portable") ? EventLoopOptions.Disabled : EventLoopOptions.Default,
        Tls = args.Contains("--tls") ? TestCertificate.ForServer() : null,
        LoggerFactory = new LineLoggerFactory(),
    },
    async (connection, cancellation) =>
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
        {
            await connection.SendAsync(message, cancellation);
        }
    });

Console.WriteLine(server.Port);
await Console.In.ReadToEndAsync();
