using System.Security.Authentication;
using System.Text;

namespace Sockeye.Transports;

/// <summary>
/// The stream below TLS during the handshake. Records how the peer began and ended, to explain a failed handshake; afterwards it
/// passes bytes on, and on request fails when the peer begins another handshake.
/// </summary>
internal sealed class TlsWitness(Stream below) : LayeredStream(below)
{
    private const byte MajorVersion = 3;

    private const int MaxKeptLength = 48;
    private const int MinMethodLength = 3;

    private static readonly TimeSpan MaxFirstWordTime = TimeSpan.FromSeconds(1);

    private readonly byte[] _first = new byte[MaxKeptLength];
    private int _firstLength;
    private TlsRecordScanner _received;
    private TlsRecordScanner _sent;
    private bool _isOver;
    private bool _forbidsRenegotiation;

    /// <summary>Whether the peer has sent anything.</summary>
    public bool HasReceived => _firstLength != 0;

    /// <summary>Whether the bytes received so far could be the start of HTTP, and more are needed to decide.</summary>
    public bool MayBecomeHttp => HasReceived && _firstLength < MaxKeptLength
        && !_first.AsSpan(0, _firstLength).ContainsAnyExceptInRange((byte)'A', (byte)'Z');

    /// <summary>Whether the peer's first bytes are not TLS.</summary>
    public bool IsNotTls =>
        HasReceived && (!TlsRecord.CanBeginWith(_first[0]) || (_firstLength > 1 && _first[1] != MajorVersion));

    /// <summary>Whether the peer's first bytes are an HTTP request or response.</summary>
    public bool IsHttp
    {
        get
        {
            ReadOnlySpan<byte> first = _first.AsSpan(0, _firstLength);
            int method = first.IndexOfAnyExceptInRange((byte)'A', (byte)'Z');
            return first.StartsWith("HTTP/"u8) || (method >= MinMethodLength && first[method] == ' ');
        }
    }

    /// <summary>The start of what the peer sent, limited to what may be shown: the first line, without a query.</summary>
    public string FirstText
    {
        get
        {
            string text = Encoding.Latin1.GetString(_first, 0, _firstLength);
            int end = text.AsSpan().IndexOfAny('\r', '\n', '?');
            return end < 0 ? text : text[..end];
        }
    }

    /// <summary>The alert that the peer sent unencrypted (RFC 8446 §6), if any.</summary>
    public byte? AlertReceived => _received.Alert;

    /// <summary>The alert that this end sent unencrypted, if any.</summary>
    public byte? AlertSent => _sent.Alert;

    /// <summary>Whether the peer has ended its direction.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The error of the underlying stream, if any.</summary>
    public Exception? Failure { get; private set; }

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
        _received.HasHandshake = false;
    }

    /// <summary>Whether a renegotiation has begun since then. It may not be over.</summary>
    public bool HasRenegotiated => _received.HasHandshake;

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
            return !_received.HasHandshake
                ? count
                : throw new IOException("The peer began a renegotiation of TLS, which an open connection does not support.");
        }

        if (IsNotTls)
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
        limit.CancelAfter(MaxFirstWordTime);
        byte[] more = new byte[MaxKeptLength];
        try
        {
            while (MayBecomeHttp && !HasEnded)
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
            Failure = exception;
            throw;
        }

        // TLS makes zero-byte reads to wait for input.
        HasEnded |= count == 0 && !buffer.IsEmpty;
        ReadOnlySpan<byte> piece = buffer.Span[..count];
        ReadOnlySpan<byte> kept = piece[..Math.Min(piece.Length, MaxKeptLength - _firstLength)];
        kept.CopyTo(_first.AsSpan(_firstLength));
        _firstLength += kept.Length;
        _received.Add(piece);
        return count;
    }

    private async ValueTask WatchWriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        _sent.Add(buffer.Span);
        try
        {
            await Below.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Failure = exception;
            throw;
        }
    }
}
