using System.Net;

namespace Sockeye;

/// <summary>What a <see cref="WebSocketAcceptor"/> should know of a stream and its request. Immutable.</summary>
public sealed record WebSocketHandshakeInput
{
    /// <summary>
    /// The bytes that were read from the stream already: the beginning of the request or, if <see cref="Request"/> is set, of what follows
    /// it. The default is empty. The buffer may be reused when the call returns its task.
    /// </summary>
    public ReadOnlyMemory<byte> Received { get; init; }

    /// <summary>The request, if it was parsed already; <see langword="null"/>, the default, to read it from the stream.</summary>
    public WebSocketParsedRequest? Request { get; init; }

    /// <summary>
    /// The values of the route's parameters, if another router has found them: <see cref="WebSocketUpgradeRequest.RouteValues"/> has them
    /// then. <see langword="null"/>, the default, to take them from the path. Only with <see cref="Request"/>. Copied when set.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>>? RouteValues
    {
        get;
        init => field = value is null ? null : [.. value];
    }

    /// <summary>The address of this end; <see langword="null"/>, the default, if it is unknown.</summary>
    public EndPoint? LocalEndPoint { get; init; }

    /// <summary>The address of the client; <see langword="null"/>, the default, if it is unknown.</summary>
    public EndPoint? RemoteEndPoint { get; init; }

    /// <summary>Whether the stream is over TLS, so that the server's own origin is an https origin. The default is <see langword="false"/>.</summary>
    public bool IsSecure { get; init; }

    /// <summary>What the HTTP server knows of the request, for the connection to keep.</summary>
    internal object? Origin { get; init; }
}
