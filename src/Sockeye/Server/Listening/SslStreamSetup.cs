using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Server.Listening;

/// <summary>Sets up TLS by <see cref="SslStream"/>.</summary>
/// <param name="options">The options of TLS.</param>
internal sealed class SslStreamSetup(SslServerAuthenticationOptions options) : LoopTlsSetup
{
    private TlsWitness? _witness;

    /// <inheritdoc/>
    public override TlsOpening? Opening => _witness?.Opening;

    /// <inheritdoc/>
    public override TlsEngine CreateEngine()
    {
        var ciphertext = new CiphertextStream();
        _witness = new TlsWitness(ciphertext);
        var stream = new SslStream(_witness);
        return new SslStreamEngine(ciphertext, stream, stream.AuthenticateAsServerAsync(options));
    }

    /// <inheritdoc/>
    public override void OnHandshakeCompleted(WebSocketTlsInformation information)
    {
        _witness!.StopRecording(information.Protocol);
        _witness.ForbidRenegotiation();
    }
}
