using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Handshakes;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>
/// Opens connections on servers that have no bytes to upgrade, only a <see cref="WebSocket"/>: ASP.NET Core's TestServer. The connection
/// runs over pipes in memory, with real frames, and a client at their other end passes messages and closes on to that socket and back.
/// </summary>
internal static class InProcessBridge
{
    private const int BufferLength = 16 * 1024;

    // Whatever the server sends is passed on, piece by piece. Pings are between the two ends of the pipes.
    private static readonly WebSocketConnectionOptions Options = new()
    {
        DeliverFragments = true,
        KeepAlive = new() { PingInterval = Timeout.InfiniteTimeSpan },
        Limits = new() { MaxMessageLength = long.MaxValue },
    };

    /// <summary>Accepts the socket of a request, and opens the connection.</summary>
    /// <param name="context">The request.</param>
    /// <param name="sockets">The feature that has the socket.</param>
    /// <param name="upgrade">The accepted upgrade.</param>
    public static async Task<OpenedConnection> OpenAsync(
        HttpContext context, IHttpWebSocketFeature sockets, WebSocketPreparedUpgrade upgrade)
    {
        WebSocket far = await sockets.AcceptAsync(new WebSocketAcceptContext { SubProtocol = upgrade.Subprotocol }).ConfigureAwait(false);
        (DuplexPipe ofServer, DuplexPipe ofClient) = DuplexPipe.CreatePair();
        var transport = new PipeTransport(ofServer, upgrade.Pool);
        var clientTransport = new PipeTransport(ofClient, upgrade.Pool);
        WebSocketConnection connection;
        try
        {
            connection = upgrade.AttachTransport(transport);
        }
        catch
        {
            far.Abort();
            throw;
        }

        WebSocketConnection client = Connect(clientTransport, context.Request.IsHttps, upgrade.Subprotocol);
        Task requestMayEnd = Task.WhenAll(
            CompleteAsync(transport, ofServer), CompleteAsync(clientTransport, ofClient), RelayAsync(far, client));
        return new OpenedConnection(connection, requestMayEnd);
    }

    private static WebSocketConnection Connect(PipeTransport transport, bool isSecure, string? subprotocol)
    {
        var settings = new ConnectionSettings(
            Role.Client, Options, DeadlineWheel.For(TimeProvider.System), NullLogger.Instance)
        {
            Scope = UpgradeScope.OfClient(isSecure),
        };
        var connection = new WebSocketConnection(transport, settings, handler: null, subprotocol);
        connection.Core.Start(default);
        transport.Start();
        return connection;
    }

    // Its other end sees the end of a transport.
    private static async Task CompleteAsync(PipeTransport transport, DuplexPipe pipe)
    {
        await transport.Ended.ConfigureAwait(false);
        await pipe.Output.CompleteAsync().ConfigureAwait(false);
        await pipe.Input.CompleteAsync().ConfigureAwait(false);
    }

    private static async Task RelayAsync(WebSocket far, WebSocketConnection client)
    {
        using WebSocket near = client.AsWebSocket();
        await Task.WhenAll(RelayAsync(far, near), RelayAsync(near, far)).ConfigureAwait(false);
    }

    private static async Task RelayAsync(WebSocket source, WebSocket destination)
    {
        var buffer = new ArraySegment<byte>(new byte[BufferLength]);
        try
        {
            WebSocketReceiveResult received = await source.ReceiveAsync(buffer, CancellationToken.None).ConfigureAwait(false);
            while (received.MessageType != WebSocketMessageType.Close)
            {
                await destination.SendAsync(buffer[..received.Count], received.MessageType, received.EndOfMessage, CancellationToken.None)
                    .ConfigureAwait(false);
                received = await source.ReceiveAsync(buffer, CancellationToken.None).ConfigureAwait(false);
            }

            await destination.CloseOutputAsync(
                received.CloseStatus ?? WebSocketCloseStatus.Empty, received.CloseStatusDescription, CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException or ArgumentException)
        {
            // One end was aborted, or wants to close with a code that must not be sent: the other end sees an abort.
            source.Abort();
            destination.Abort();
        }
    }
}
