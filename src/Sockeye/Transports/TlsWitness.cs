using System.Text;

namespace Sockeye.Transports;

/// <summary>
/// What is below TLS during its handshake: remembers how the peer began and ended, to explain why the handshake failed.
/// After the handshake it only passes bytes on.
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

    /// <summary>Whether the peer has sent anything.</summary>
    public bool HasReceived => _firstLength != 0;

    /// <summary>Whether what the peer has sent so far may be the beginning of HTTP, of which more has to come to tell.</summary>
    public bool MayBecomeHttp => HasReceived && _firstLength < MaxKeptLength
        && !_first.AsSpan(0, _firstLength).ContainsAnyExceptInRange((byte)'A', (byte)'Z');

    /// <summary>Whether the peer has begun with something that is not TLS.</summary>
    public bool IsNotTls =>
        HasReceived && (!TlsRecord.CanBeginWith(_first[0]) || (_firstLength > 1 && _first[1] != MajorVersion));

    /// <summary>Whether that is HTTP: a request or a response.</summary>
    public bool IsHttp
    {
        get
        {
            ReadOnlySpan<byte> first = _first.AsSpan(0, _firstLength);
            int method = first.IndexOfAnyExceptInRange((byte)'A', (byte)'Z');
            return first.StartsWith("HTTP/"u8) || (method >= MinMethodLength && first[method] == ' ');
        }
    }

    /// <summary>The beginning of what the peer sent, as far as it can be shown: neither a second line nor a query.</summary>
    public string FirstText
    {
        get
        {
            string text = Encoding.Latin1.GetString(_first, 0, _firstLength);
            int end = text.AsSpan().IndexOfAny('\r', '\n', '?');
            return end < 0 ? text : text[..end];
        }
    }

    /// <summary>The alert that the peer sent before there was encryption (§6), if it did.</summary>
    public byte? AlertReceived => _received.Alert;

    /// <summary>The alert that this end sent before there was encryption, if it did.</summary>
    public byte? AlertSent => _sent.Alert;

    /// <summary>Whether the peer has ended the transport.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>How the transport failed, if it did.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The handshake is over: looks at nothing any more.</summary>
    public void Rest() => _isOver = true;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _isOver ? Below.ReadAsync(buffer, cancellationToken) : WatchReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _isOver ? Below.WriteAsync(buffer, cancellationToken) : WatchWriteAsync(buffer, cancellationToken);

    private async ValueTask<int> WatchReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await ReadBelowAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (IsNotTls)
        {
            await ReadFirstWordAsync(cancellationToken).ConfigureAwait(false);

            // Before TLS answers with an alert, or waits for a record whose length it took from the peer's text.
            throw new IOException("The peer does not speak TLS.");
        }

        return count;
    }

    // HTTP is told apart by its first word, however the network has cut it.
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
            // What has come is not TLS, and that is told.
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

        // TLS may ask for no bytes, to wait until there are some.
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
