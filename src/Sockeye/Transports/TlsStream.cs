using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>TLS over a socket. Its output can be ended while its input is being read.</summary>
/// <remarks>
/// <see cref="SslStream"/> allows a concurrent read and write, but <see cref="SslStream.ShutdownAsync"/> shares state with
/// decryption and does not check whether a read is running: the peer would receive corrupt records. A gate therefore serializes
/// decryption and the end of the output. A read holds it, except while it waits for the socket.
/// </remarks>
internal sealed class TlsStream : AsyncStream
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Socket _socket;
    private readonly TlsWitness _witness;
    private readonly SslStream _tls;
    private bool _isReleased;

    /// <summary>Takes ownership of a connected socket.</summary>
    public TlsStream(Socket socket)
    {
        _socket = socket;
        _witness = new TlsWitness(new GatedStream(new SocketStream(socket), _gate));
        _tls = new SslStream(_witness, leaveInnerStreamOpen: true);
    }

    /// <summary>The negotiated parameters, available after <see cref="AuthenticateAsync"/>.</summary>
    public WebSocketTlsInformation? Information { get; private set; }

    /// <summary>The record of the handshake, for explaining a failure.</summary>
    public TlsWitness Witness => _witness;

    /// <summary>
    /// Gives up ownership of the socket, because the peer did not speak TLS: disposing of this stream leaves it open.
    /// </summary>
    public void ReleaseSocket() => _isReleased = true;

    /// <summary>Performs the TLS handshake.</summary>
    /// <param name="handshake">Performs it as a server or as a client.</param>
    /// <param name="cancellationToken">Cancels the wait for the gate; the handshake itself is not canceled by it.</param>
    public async Task AuthenticateAsync(Func<SslStream, Task> handshake, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await handshake(_tls).ConfigureAwait(false);

            // Stored here because a disposed SslStream no longer provides it.
            Information = new WebSocketTlsInformation(_tls);
            _witness.StopRecording();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends the output. The close_notify alert proves to the peer that nothing was truncated (RFC 8446 §6.1).</summary>
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
            // The gate is not disposed of: a read that ends now still releases it.
            _tls.Dispose();
            if (!_isReleased)
            {
                _witness.Dispose();
            }
        }

        base.Dispose(disposing);
    }
}
