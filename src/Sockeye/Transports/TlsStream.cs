using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// TLS over a socket, whose output can be ended while its input is read.
/// </summary>
/// <remarks>
/// <see cref="SslStream"/> lets a read and a write run at the same time; but <see cref="SslStream.ShutdownAsync"/> uses
/// what a read decrypts with, and does not look whether one does: the peer then gets bytes that are no TLS. Here whoever
/// decrypts or ends the output holds a gate: a read does, except while it waits for the socket.
/// </remarks>
internal sealed class TlsStream : AsyncStream
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Socket _socket;
    private readonly TlsWitness _witness;
    private readonly SslStream _tls;
    private bool _isReleased;

    /// <summary>Takes over a connected socket.</summary>
    public TlsStream(Socket socket)
    {
        _socket = socket;
        _witness = new TlsWitness(new GatedStream(new SocketStream(socket), _gate));
        _tls = new SslStream(_witness, leaveInnerStreamOpen: true);
    }

    /// <summary>What was agreed on, once <see cref="AuthenticateAsync"/> is done.</summary>
    public WebSocketTlsInformation? Information { get; private set; }

    /// <summary>What was seen of the handshake below TLS.</summary>
    public TlsWitness Witness => _witness;

    /// <summary>Lets go of the socket, which stays open when this is disposed of: there was no TLS on it.</summary>
    public void ReleaseSocket() => _isReleased = true;

    /// <summary>Does the handshake of TLS.</summary>
    /// <param name="handshake">Does it, as a server or as a client.</param>
    /// <param name="cancellationToken">Ends the wait to begin.</param>
    public async Task AuthenticateAsync(Func<SslStream, Task> handshake, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await handshake(_tls).ConfigureAwait(false);

            // Kept, since the stream does not tell any more once it is disposed of.
            Information = new WebSocketTlsInformation(_tls);
            _witness.Rest();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends the output: close_notify tells the peer that nothing was cut off (RFC 8446 §6.1).</summary>
    public async ValueTask EndOutputAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            await _tls.ShutdownAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }

        _socket.Shutdown(SocketShutdown.Send);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _tls.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _tls.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => _tls.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // The gate is left to the collector: a read that ends now still lets go of it.
            _tls.Dispose();
            if (!_isReleased)
            {
                _witness.Dispose();
            }
        }

        base.Dispose(disposing);
    }
}
