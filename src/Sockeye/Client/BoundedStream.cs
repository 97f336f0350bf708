using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Client;

/// <summary>
/// Lets the HTTP client read no further than the end of a head from TLS: the rest belongs to the connection, which takes it with
/// <see cref="Detach"/>.
/// </summary>
/// <param name="below">The stream, which is owned until then. Reads are made one at a time.</param>
/// <param name="boundary">Limits what one read returns.</param>
internal sealed class BoundedStream(Stream below, IReadBoundary boundary) : LayeredStream(below)
{
    private byte[] _unread = [];
    private int _start;
    private bool _isDetached;

    /// <summary>Gives up the stream below, which is not disposed of any more.</summary>
    /// <returns>What was read from it, and not by the HTTP client.</returns>
    public ReadOnlySpan<byte> Detach()
    {
        _isDetached = true;
        return _unread.AsSpan(_start);
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _start < _unread.Length
            ? new ValueTask<int>(TakeUnread(buffer.Span))
            : ReadBelowAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!_isDetached)
        {
            base.Dispose(disposing);
        }
    }

    private async ValueTask<int> ReadBelowAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await Below.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        int length = boundary.LengthWithin(buffer.Span[..count]);
        if (length < count)
        {
            _unread = buffer.Span[length..count].ToArray();
            _start = 0;
        }

        return length;
    }

    private int TakeUnread(Span<byte> buffer)
    {
        ReadOnlySpan<byte> next = _unread.AsSpan(_start);
        next = next[..Math.Min(next.Length, buffer.Length)];
        int length = boundary.LengthWithin(next);
        next[..length].CopyTo(buffer);
        _start += length;
        return length;
    }
}
