using System.Net;

namespace Sockeye;

/// <summary>What is known of a stream on which <see cref="WebSocketHandshake.AcceptAsync"/> is to open a connection.</summary>
public sealed record WebSocketHandshakeInput
{
    /// <summary>
    /// What has been read from the stream already: the beginning of the request; or, behind a request that has been parsed, the
    /// beginning of what follows it. The default is nothing.
    /// </summary>
    public ReadOnlyMemory<byte> Received { get; init; }

    /// <summary>The request, if somebody has parsed it; <see langword="null"/>, the default, if it is read from the stream.</summary>
    public WebSocketParsedRequest? Request { get; init; }

    /// <summary>The address of this end, if it is known.</summary>
    public EndPoint? LocalEndPoint { get; init; }

    /// <summary>The address of the client, if it is known.</summary>
    public EndPoint? RemoteEndPoint { get; init; }

    /// <summary>Whether the stream is over TLS, so that the same origin is an https one. The default is <see langword="false"/>.</summary>
    public bool IsSecure { get; init; }
}
