// The echo server of the comparisons in ASP.NET Core: dotnet run -c Release --project benchmarks/AspNetEchoServer PORT [options]
//
//   /            echoes every message: in a handler mapped with MapWebSocket, or as the options say
//   /plain       answers a GET, for the cost of ordinary HTTP
//
//   --transport  Kestrel listens through Sockeye's transport, and sockets are handed over
//   --drop-in    echoes through AcceptWebSocketAsync on UseSockeyeWebSockets, with the code of the peer on System.Net.WebSockets

using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sockeye.Benchmarks;

// The same limits as the peers and the echo server without ASP.NET Core in the comparison.
const int MessageLimit = 100 * 1024 * 1024;
const int BufferLength = 16 * 1024;

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture)));
if (!args.Contains("--drop-in"))
{
    builder.Services.AddSockeye(static options => options with
    {
        Connection = options.Connection with { Limits = options.Connection.Limits with { MaxMessageLength = MessageLimit } },
    });
}

if (args.Contains("--transport"))
{
    builder.WebHost.UseSockeyeTransport();
}

WebApplication app = builder.Build();
if (args.Contains("--drop-in"))
{
    // The program of the peer, without routing, and one line changed.
    app.UseSockeyeWebSockets();
    app.Run(EchoAsync);
}
else
{
    app.MapGet("/plain", static () => "Hello, World!");
    app.MapWebSocket("/", new EchoHandler());
}

await app.RunAsync();

static async Task EchoAsync(HttpContext context)
{
    using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
    byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
    try
    {
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                return;
            }

            await socket.SendAsync(
                buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }
    }
    finally
    {
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
