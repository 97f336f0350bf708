using System.Net.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Memory;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>A server and a client, connected in memory: of the platform, or of Sockeye. What calls do is told in words.</summary>
internal sealed class SocketPair
{
    private readonly WebSocket[] _sockets;
    private readonly WebSocketConnection[] _connections = [];

    private SocketPair(WebSocket server, WebSocket client) => _sockets = [server, client];

    private SocketPair(WebSocketConnection server, WebSocketConnection client)
        : this(server.AsWebSocket(), client.AsWebSocket()) => _connections = [server, client];

    public static SocketPair OfPlatform()
    {
        (MemoryDuplex server, MemoryDuplex client) = MemoryDuplex.Create(endsBehindClose: true);
        return new(Create(server, isServer: true), Create(client, isServer: false));

        static WebSocket Create(Stream stream, bool isServer) => WebSocket.CreateFromStream(
            stream, new WebSocketCreationOptions { IsServer = isServer, KeepAliveInterval = Timeout.InfiniteTimeSpan });
    }

    public static SocketPair OfSockeye(bool deliverFragments)
    {
        (MemoryDuplex server, MemoryDuplex client) = MemoryDuplex.Create(endsBehindClose: false);
        var options = new WebSocketConnectionOptions { DeliverFragments = deliverFragments };
        return new(Create(server, Role.Server), Create(client, Role.Client));

        WebSocketConnection Create(MemoryDuplex stream, Role role)
        {
            var pool = new CountingPool();
            var transport = new StreamTransport(stream, pool, endOutput: () =>
            {
                stream.EndOutput();
                return default;
            });

            // The clock stands still: no deadline passes.
            var settings = new ConnectionSettings(
                role, options, new DeadlineWheel(new ManualTimeProvider()), NullLogger.Instance, pool, new MemoryBudget());
            var connection = new WebSocketConnection(transport, settings, handler: null);
            connection.Core.Start();
            transport.Start();
            return connection;
        }
    }

    public WebSocketState StateOf(int end) => _sockets[end].State;

    /// <summary>What both ends show of themselves.</summary>
    public string Describe() => string.Join(
        " | ", _sockets.Select(socket => $"{socket.State} {socket.CloseStatus} {socket.CloseStatusDescription}"));

    public Task<string> SendAsync(int end, byte[] payload, WebSocketMessageType type, bool endOfMessage, bool asSegment) =>
        TellAsync(() => asSegment
            ? _sockets[end].SendAsync(new ArraySegment<byte>(payload), type, endOfMessage, CancellationToken.None)
            : _sockets[end].SendAsync(payload.AsMemory(), type, endOfMessage, CancellationToken.None).AsTask());

    public Task<string> CloseOutputAsync(int end, WebSocketCloseStatus status, string? description) =>
        TellAsync(() => _sockets[end].CloseOutputAsync(status, description, CancellationToken.None));

    public Task<string> CloseAsync(int end, WebSocketCloseStatus status, string? description) =>
        TellAsync(() => _sockets[end].CloseAsync(status, description, CancellationToken.None));

    public Task<string> AbortAsync(int end)
    {
        CheckFlushed(end);
        return TellAsync(() =>
        {
            _sockets[end].Abort();
            return Task.CompletedTask;
        });
    }

    public Task<string> DisposeAsync(int end)
    {
        CheckFlushed(end);
        return TellAsync(() =>
        {
            _sockets[end].Dispose();
            return Task.CompletedTask;
        });
    }

    /// <summary>Receives up to the end of a message, or to the Close frame, into buffers of random lengths.</summary>
    /// <returns>The type and the payload of all that was received, or how it ended.</returns>
    public async Task<string> ReceiveMessageAsync(int end, int seed)
    {
        Random random = new(seed);
        bool asSegment = random.Next(2) == 0;
        List<byte> payload = [];
        string told = await TellAsync(async () =>
        {
            while (true)
            {
                byte[] buffer = new byte[random.Next(12)];
                (int count, WebSocketMessageType type, bool isOver) = await ReceiveAsync(_sockets[end], buffer, asSegment);
                payload.AddRange(buffer[..count]);
                if (isOver)
                {
                    return type.ToString();
                }
            }
        });
        return $"{told} {Convert.ToHexString([.. payload])}";
    }

    /// <summary>Ends everything, so that nothing is left waiting.</summary>
    public void End()
    {
        foreach (WebSocket socket in _sockets)
        {
            socket.Abort();
            socket.Dispose();
        }
    }

    private static async Task<(int Count, WebSocketMessageType Type, bool IsOver)> ReceiveAsync(
        WebSocket socket, byte[] buffer, bool asSegment)
    {
        if (asSegment)
        {
            WebSocketReceiveResult result = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), CancellationToken.None);
            return (result.Count, result.MessageType, result.EndOfMessage);
        }

        ValueWebSocketReceiveResult value = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        return (value.Count, value.MessageType, value.EndOfMessage);
    }

    private static Task<string> TellAsync(Func<Task> act) => TellAsync(async () =>
    {
        await act();
        return "done";
    });

    private static async Task<string> TellAsync(Func<Task<string>> act)
    {
        try
        {
            return await act();
        }
        catch (WebSocketException exception)
        {
            return $"WebSocketException {exception.WebSocketErrorCode}";
        }
        catch (OperationCanceledException)
        {
            return nameof(OperationCanceledException);
        }
        catch (ArgumentException exception)
        {
            return $"{exception.GetType().Name} {exception.ParamName}";
        }
    }

    // An abort drops what has not been written: this keeps it from depending on time.
    private void CheckFlushed(int end) =>
        Assert.True(_connections.Length == 0 || _connections[end].SendBufferLength == 0, "A write has not completed in place.");
}
