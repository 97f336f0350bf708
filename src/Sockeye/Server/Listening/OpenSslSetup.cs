using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Tls;
using Sockeye.Transports.Tls.OpenSsl;

namespace Sockeye.Server.Listening;

/// <summary>Sets up TLS by OpenSSL.</summary>
/// <param name="options">The options of TLS.</param>
/// <param name="endPoint">The address with the options, which is the sender of their callbacks.</param>
/// <param name="time">Measures how long the context of a certificate is used.</param>
internal sealed class OpenSslSetup(SslServerAuthenticationOptions options, WebSocketEndPoint endPoint, TimeProvider time) : LoopTlsSetup
{
    private TlsOpening? _opening;

    /// <inheritdoc/>
    public override TlsOpening? Opening => _opening;

    /// <inheritdoc/>
    public override TlsEngine CreateEngine()
    {
        _opening = new TlsOpening();
        return new OpenSslEngine(OpenSslContexts.For(options, time), options, endPoint, _opening, mayLackCertificate: false);
    }

    /// <inheritdoc/>
    public override void OnHandshakeCompleted(WebSocketTlsInformation information)
    {
        // OpenSSL rejects a renegotiation by itself.
    }
}
