using System.Collections.Concurrent;
using System.Net;
using Sockeye.Handshakes;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// What the properties of a connection return that has to be made: its request, addresses and extensions. Made when one of
/// them is first read, so that reading again is cheap, and a connection whose properties are never read keeps nothing.
/// </summary>
/// <param name="opening">What opened the connection: a server's request, packed or not, a client's response, or nothing.</param>
/// <param name="transport">The transport, which has the addresses.</param>
/// <param name="scope">What a server knows about the request.</param>
/// <param name="extensions">The extensions that were agreed on, as the header has them.</param>
internal sealed class ConnectionDetails(object? opening, Transport transport, UpgradeScope scope, string extensions)
{
    private WebSocketControlFrameHandler? _controlFrames;
    private ConcurrentDictionary<object, object?>? _items;
    private EndPoint? _localEndPoint;
    private EndPoint? _remoteEndPoint;

    /// <summary>The request that opened the connection; <see langword="null"/> on a client.</summary>
    public WebSocketUpgradeRequest? Request { get; } =
        opening is byte[] packed ? new WebSocketUpgradeRequest(packed, transport, scope) : opening as WebSocketUpgradeRequest;

    /// <summary>The response that opened the connection; <see langword="null"/> on a server.</summary>
    public WebSocketUpgradeResponse? Response { get; } = opening as WebSocketUpgradeResponse;

    /// <summary>The extensions that were agreed on, as the header has them.</summary>
    public string Extensions { get; } = extensions;

    /// <summary>What handles the control frames.</summary>
    public WebSocketControlFrameHandler? ControlFrames
    {
        get => Volatile.Read(ref _controlFrames);
        set => Volatile.Write(ref _controlFrames, value);
    }

    /// <summary>What the application keeps with the connection.</summary>
    public IDictionary<object, object?> Items => _items
        ?? Interlocked.CompareExchange(ref _items, new ConcurrentDictionary<object, object?>(), null)
        ?? _items;

    /// <summary>The address of this end, if the transport has one.</summary>
    public EndPoint? LocalEndPoint => _localEndPoint ??= transport.LocalEndPoint;

    /// <summary>The address of the peer, if the transport has one.</summary>
    public EndPoint? RemoteEndPoint => _remoteEndPoint ??= transport.RemoteEndPoint;
}
