using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye;

/// <summary>An address on which a server listens, with its TLS options.</summary>
public sealed record WebSocketEndPoint
{
    /// <summary>Creates an address, without TLS unless that is set.</summary>
    /// <param name="endPoint">
    /// An <see cref="IPEndPoint"/>, whose port 0 lets the system choose a free one, or a
    /// <see cref="UnixDomainSocketEndPoint"/>. <see cref="IPAddress.IPv6Any"/> is all addresses, including those of IPv4.
    /// </param>
    /// <exception cref="ArgumentException">The value is neither of the two.</exception>
    public WebSocketEndPoint(EndPoint endPoint) => EndPoint = endPoint is IPEndPoint or UnixDomainSocketEndPoint
        ? endPoint
        : throw new ArgumentException("Must be an IPEndPoint or a UnixDomainSocketEndPoint.", nameof(endPoint));

    /// <summary>The address.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Whether <see cref="IPAddress.IPv6Any"/> accepts IPv4 connections too. The default is <see langword="true"/>.</summary>
    public bool DualStack { get; init; } = true;

    /// <summary>The certificate and other options of TLS; <see langword="null"/>, the default, for no TLS.</summary>
    /// <remarks>
    /// <para>
    /// A server does not start without a certificate, with one that lacks its private key, or if more than one of the certificate, the
    /// context and the callback is set. The options are read for each connection. The chain of a certificate is built once, when the server
    /// starts; set a context to build it without a download of what is missing.
    /// </para>
    /// <para>
    /// Handshakes run on the event loop, unless a client certificate is required or a callback is set: then on the thread pool. Renegotiation
    /// is never allowed (RFC 9325 §3.5).
    /// </para>
    /// </remarks>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>
    /// Selects the TLS options of each connection by the host that the client requests (RFC 6066 §3). Cannot be combined with
    /// <see cref="Tls"/>. <see langword="null"/> is the default.
    /// </summary>
    /// <remarks>
    /// Called for each connection, so that a certificate can be replaced without a restart: return the new one. If the callback throws,
    /// the client is disconnected.
    /// </remarks>
    public Func<SslClientHelloInfo, CancellationToken, ValueTask<SslServerAuthenticationOptions>>? SelectTls { get; init; }

    /// <summary>What does TLS; see the members for what they support. The default is <see cref="WebSocketTlsEngine.SslStream"/>.</summary>
    public WebSocketTlsEngine TlsEngine { get; init; }

    internal bool IsSecure => Tls is not null || SelectTls is not null;
}
