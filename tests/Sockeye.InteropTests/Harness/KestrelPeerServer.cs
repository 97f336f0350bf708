using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>Kestrel with System.Net.WebSockets as a peer. On <c>/ping</c> it only echoes: its pings come by themselves.</summary>
internal sealed class KestrelPeerServer : PeerServer
{
    private static readonly string[] Subprotocols = ["chat.v2", "chat.v1"];

    private readonly WebApplication _application;
    private readonly Channel<PeerClose> _closes = Channel.CreateUnbounded<PeerClose>();

    private readonly PeerDeflate _deflate;

    private KestrelPeerServer(WebApplication application, PeerDeflate deflate)
    {
        _application = application;
        _deflate = deflate;
    }

    public override Uri Address => new(_application.Urls.Single().Replace("http://", "ws://", StringComparison.Ordinal));

    public static async Task<PeerServer> StartAsync(PeerDeflate deflate = PeerDeflate.AsUsual)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port: 0));
        KestrelPeerServer server = new(builder.Build(), deflate);
        server._application.UseWebSockets();
        server._application.Run(server.ServeAsync);
        await server._application.StartAsync(Deadline.Token());
        return server;
    }

    public override async Task<PeerClose> NextCloseAsync() => await _closes.Reader.ReadAsync(Deadline.Token());

    public override ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        string? subprotocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(Subprotocols.Contains);
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = subprotocol,
            DangerousEnableCompression = _deflate != PeerDeflate.AsUsual,
            DisableServerContextTakeover = _deflate == PeerDeflate.Forgetting,
            KeepAliveInterval = DotnetMessages.KeepAliveInterval,
            KeepAliveTimeout = Deadline.Length,
        });

        if (context.Request.Path == "/subprotocol")
        {
            await socket.SendTextAsync(subprotocol ?? "");
        }

        while (await socket.ReceiveMessageAsync() is { } message)
        {
            if (context.Request.Path == "/close")
            {
                await CloseAsync(socket, message.Text);
                break;
            }

            await socket.SendMessageAsync(message.Payload, message.Type, context.Request.Path == "/fragments");
        }

        await socket.AnswerCloseAsync();
        await _closes.Writer.WriteAsync(socket.ReceivedClose()!);
    }

    private static Task CloseAsync(WebSocket socket, string codeAndReason)
    {
        string[] parts = codeAndReason.Split(' ', 2);
        int code = int.Parse(parts[0], CultureInfo.InvariantCulture);
        return socket.CloseAsync((WebSocketCloseStatus)code, parts[1], Deadline.Token());
    }
}
