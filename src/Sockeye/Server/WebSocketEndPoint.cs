using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye;

/// <summary>One of the addresses on which a server listens, and whether there is TLS.</summary>
public sealed record WebSocketEndPoint
{
    /// <summary>Listens on an address, without TLS unless that is set.</summary>
    /// <param name="endPoint">
    /// An <see cref="IPEndPoint"/>, whose port 0 lets the system choose a free one, or a
    /// <see cref="UnixDomainSocketEndPoint"/>. <see cref="IPAddress.IPv6Any"/> is all addresses, those of IPv4 included.
    /// </param>
    /// <exception cref="ArgumentException">The value is neither of the two.</exception>
    public WebSocketEndPoint(EndPoint endPoint) => EndPoint = endPoint is IPEndPoint or UnixDomainSocketEndPoint
        ? endPoint
        : throw new ArgumentException("Must be an IPEndPoint or a UnixDomainSocketEndPoint.", nameof(endPoint));

    /// <summary>The address.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Whether <see cref="IPAddress.IPv6Any"/> takes connections of IPv4 too. The default is <see langword="true"/>.</summary>
    public bool DualStack { get; init; } = true;

    /// <summary>The certificate and all else that TLS needs; <see langword="null"/>, the default, for none.</summary>
    /// <remarks>
    /// A server does not start without a certificate, with one that lacks its private key, or if more than one of certificate,
    /// context and callback is set.
    /// </remarks>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>
    /// Selects what TLS needs for each connection, by the host that the client asks for (RFC 6066 §3). Not together with
    /// <see cref="Tls"/>. <see langword="null"/> is the default.
    /// </summary>
    /// <remarks>
    /// Asked for each connection: who answers with a new certificate has replaced the old one without a restart. If it throws,
    /// the client is dropped.
    /// </remarks>
    public Func<SslClientHelloInfo, CancellationToken, ValueTask<SslServerAuthenticationOptions>>? SelectTls { get; init; }

    internal bool IsSecure => Tls is not null || SelectTls is not null;
}
