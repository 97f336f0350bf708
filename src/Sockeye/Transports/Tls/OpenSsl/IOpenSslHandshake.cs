using System.Net.Security;

namespace Sockeye.Transports.Tls.OpenSsl;

/// <summary>What a handshake of OpenSSL asks for while it runs. Called during a call to <see cref="OpenSslSession.Handshake"/>.</summary>
internal interface IOpenSslHandshake
{
    /// <summary>
    /// The protocols that the server speaks, in the order of its preference, each behind its length (RFC 7301 §3.1); empty if it does not
    /// select one.
    /// </summary>
    ReadOnlySpan<byte> ApplicationProtocols { get; }

    /// <summary>Notes the client's first message. Only with a context that asks for it.</summary>
    void OnHello(SslClientHelloInfo hello);

    /// <summary>Checks the certificate of a client.</summary>
    /// <param name="certificate">The certificate in DER.</param>
    /// <param name="others">What the client has sent besides, to complete the chain.</param>
    OpenSslVerdict Check(byte[] certificate, IReadOnlyList<byte[]> others);
}
