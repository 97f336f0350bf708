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

    private SocketPair(WebSocketConnection server, WebSocketConnection client, bool asPlatform)
        : this(
            asPlatform ? server.AsPlatformWebSocket() : server.AsWebSocket(),
            asPlatform ? client.AsPlatformWebSocket() : client.AsWebSocket()) => _connections = [server, client];

    public static SocketPair OfPlatform()
    {
        (MemoryDuplex server, MemoryDuplex client) = MemoryDuplex.Create(endsBehindClose: true);
        return new(Create(server, isServer: true), Create(client, isServer: false));

        static WebSocket Create(Stream stream, bool isServer) => WebSocket.CreateFromStream(
            stream, new WebSocketCreationOptions { IsServer = isServer, KeepAliveInterval = Timeout.InfiniteTimeSpan });
    }

    /// <summary>Connects two ends of Sockeye.</summary>
    /// <param name="deliverFragments">Whether messages are received in pieces.</param>
    /// <param name="asPlatform">Whether the sockets do in every respect what those of the platform do.</param>
    public static SocketPair OfSockeye(bool deliverFragments, bool asPlatform)
    {
        (MemoryDuplex server, MemoryDuplex client) = MemoryDuplex.Create(endsBehindClose: false);
        var options = new WebSocketConnectionOptions { DeliverFragments = deliverFragments };
        return new(Create(server, Role.Server), Create(client, Role.Client), asPlatform);

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

    /// <summary>Begins a receive and cancels it.</summary>
    public Task<string> CancelReceiveAsync(int end) => TellAsync(async () =>
    {
        using var canceled = new CancellationTokenSource();
        Task receiving = _sockets[end].ReceiveAsync(new byte[1].AsMemory(), canceled.Token).AsTask();
        await canceled.CancelAsync();
        await receiving;
    });

    /// <summary>Sends and closes with a token that was canceled before.</summary>
    public async Task<string> SendCanceledAsync(int end)
    {
        var canceled = new CancellationToken(canceled: true);
        string sent = await TellAsync(
            () => _sockets[end].SendAsync(new byte[1].AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, canceled).AsTask());
        string closed = await TellAsync(() => _sockets[end].CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", canceled));
        return $"{sent} {closed}";
    }

    /// <summary>Receives up to the end of a message, or to the Close frame, into buffers of random lengths.</summary>
    /// <param name="end">Which end.</param>
    /// <param name="seed">The seed of the lengths.</param>
    /// <param name="showsPieces">Whether to tell what each call received.</param>
    /// <returns>The type and the payload of all that was received, or how it ended.</returns>
    public async Task<string> ReceiveMessageAsync(int end, int seed, bool showsPieces)
    {
        Random random = new(seed);
        bool asSegment = random.Next(2) == 0;
        List<byte> payload = [];
        List<int> pieces = [];
        string told = await TellAsync(async () =>
        {
            while (true)
            {
                byte[] buffer = new byte[random.Next(12)];
                (int count, WebSocketMessageType type, bool isOver) = await ReceiveAsync(_sockets[end], buffer, asSegment);
                payload.AddRange(buffer[..count]);
                pieces.Add(count);
                if (isOver)
                {
                    return type.ToString();
                }
            }
        });

        // An empty receive of the platform does not notice yet that what has arrived breaks a rule.
        showsPieces &= !told.EndsWith(nameof(WebSocketError.Faulted), StringComparison.Ordinal);
        return $"{told} {Convert.ToHexString([.. payload])}{(showsPieces ? $" {string.Join('+', pieces)}" : "")}";
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
