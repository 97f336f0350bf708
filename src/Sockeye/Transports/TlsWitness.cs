using System.Security.Authentication;

namespace Sockeye.Transports;

/// <summary>
/// The stream below TLS during the handshake, which it records, to explain a failed one; afterwards it passes bytes on, and on request
/// fails when the peer begins another handshake.
/// </summary>
internal sealed class TlsWitness(Stream below) : LayeredStream(below)
{
    private const int FirstWordPiece = 48;

    private bool _isOver;
    private bool _forbidsRenegotiation;

    /// <summary>The record of the handshake.</summary>
    public TlsOpening Opening { get; } = new();

    /// <summary>Stops recording, because the handshake is over.</summary>
    public void StopRecording() => _isOver = true;

    /// <summary>
    /// Stops recording, unless the version has renegotiation: TLS 1.3 has none, and its later messages of the handshake look like data (RFC
    /// 8446 §5.2).
    /// </summary>
    /// <param name="protocol">The version that was negotiated.</param>
    public void StopRecording(SslProtocols protocol)
    {
        _isOver = protocol == SslProtocols.Tls13;
        Opening.HasHandshake = false;
    }

    /// <summary>Whether a renegotiation has begun since then. It may not be over.</summary>
    public bool HasRenegotiated => Opening.HasHandshake;

    /// <summary>
    /// From now on a renegotiation ends the stream: nothing in a WebSocket connection needs one (RFC 9325 §3.5). After the other method that
    /// stops recording, and between two reads.
    /// </summary>
    public void ForbidRenegotiation() => _forbidsRenegotiation = true;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _isOver ? Below.ReadAsync(buffer, cancellationToken) : WatchReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _isOver ? Below.WriteAsync(buffer, cancellationToken) : WatchWriteAsync(buffer, cancellationToken);

    private async ValueTask<int> WatchReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await ReadBelowAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (_forbidsRenegotiation)
        {
            return !Opening.HasHandshake
                ? count
                : throw new IOException("The peer began a renegotiation of TLS, which an open connection does not support.");
        }

        if (Opening.IsNotTls)
        {
            await ReadFirstWordAsync(cancellationToken).ConfigureAwait(false);

            // Thrown before TLS responds with an alert, or waits for a record whose length it read from the peer's text.
            throw new IOException("The peer does not speak TLS.");
        }

        return count;
    }

    // HTTP is recognized by its first word, however the network has split it.
    private async Task ReadFirstWordAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TlsOpening.MaxFirstWordTime);
        byte[] more = new byte[FirstWordPiece];
        try
        {
            while (Opening is { MayBecomeHttp: true, HasEnded: false })
            {
                await ReadBelowAsync(more, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The bytes received so far are not TLS, which is what the caller reports.
        }
    }

    private async ValueTask<int> ReadBelowAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count;
        try
        {
            count = await Below.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Opening.Failure = exception;
            throw;
        }

        // TLS makes zero-byte reads to wait for input.
        Opening.HasEnded |= count == 0 && !buffer.IsEmpty;
        Opening.AddReceived(buffer.Span[..count]);
        return count;
    }

    private async ValueTask WatchWriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        Opening.AddSent(buffer.Span);
        try
        {
            await Below.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Opening.Failure = exception;
            throw;
        }
    }
}
