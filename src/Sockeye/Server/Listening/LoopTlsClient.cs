using System.Buffers;
using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;

namespace Sockeye.Server.Listening;

/// <summary>A client on an event loop with whom <see cref="SslStream"/> performs the handshake.</summary>
internal sealed class LoopTlsClient : LoopClient
{
    private readonly CiphertextStream _ciphertext;
    private readonly TlsWitness _witness;
    private SslStream? _tls;

    /// <summary>Takes ownership of a transport, and begins to read.</summary>
    public LoopTlsClient(EventLoopTransport transport, ArrayPool<byte> pool)
        : base(transport, pool)
    {
        _ciphertext = new CiphertextStream(Stream);
        _witness = new TlsWitness(_ciphertext);
    }

    /// <inheritdoc/>
    public override TlsOpening? Opening => _tls is null ? null : _witness.Opening;

    /// <inheritdoc/>
    public override Task AuthenticateAsync(TlsSelection selection, CancellationToken cancellationToken)
    {
        _tls = new SslStream(_witness);
        return selection.AuthenticateAsync(_tls, cancellationToken);
    }

    /// <inheritdoc/>
    protected override TlsEngine CompleteEngine(out ReadOnlySpan<byte> rest)
    {
        rest = default;
        _witness.StopRecording(_tls!.SslProtocol);
        _witness.ForbidRenegotiation();
        return new SslStreamEngine(_ciphertext, _tls);
    }

    /// <inheritdoc/>
    protected override void DisposeTls() => _tls?.Dispose();
}
