// Exports the metrics and the traces of a server and a client to the console, with OpenTelemetry.
//
//   dotnet run --project samples/Telemetry
//
// prints, with much in between,
//
//   …
//   Activity.DisplayName:        GET /rooms/{room}
//   …
//   Activity.DisplayName:        GET
//   …
//   Activity.DisplayName:        Sockeye.Connection
//   …
//   Metric Name: sockeye.connection.count, …
//   …
//   Metric Name: sockeye.handshake.duration, …
//   …
//   Metric Name: sockeye.messages, …
//   …

using System.Net;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Sockeye;

// When they are disposed of, at the end, they export what they have collected.
using MeterProvider meters = Sdk.CreateMeterProviderBuilder().AddMeter("Sockeye").AddConsoleExporter().Build();
using TracerProvider traces = Sdk.CreateTracerProviderBuilder().AddSource("Sockeye").AddConsoleExporter().Build();

WebSocketRoutes routes = new WebSocketRoutes().Map("/rooms/{room}", async (connection, cancellation) =>
{
    // Activity.Current is that of the connection here, so what the method calls becomes part of its trace.
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        await connection.SendAsync(message, cancellation);
    }
});
var options = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
    Connection = new() { TraceConnection = true },
};
await using var server = new WebSocketServer(options, routes);
await server.StartAsync();

await using WebSocketConnection client = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/rooms/1");
await client.SendAsync("hello");
await client.ReceiveAsync();
await client.CloseAsync();
await server.StopAsync();
