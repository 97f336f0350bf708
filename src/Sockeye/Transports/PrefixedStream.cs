namespace Sockeye.Transports;

/// <summary>A duplex stream that first returns bytes which were already read from the stream below.</summary>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream stream) : LayeredStream(stream)
{
    private ReadOnlyMemory<byte> _prefix = prefix;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_prefix.IsEmpty)
        {
            return Below.ReadAsync(buffer, cancellationToken);
        }

        // A zero-byte read waits for input, and there is some.
        int length = Math.Min(buffer.Length, _prefix.Length);
        _prefix[..length].CopyTo(buffer);
        _prefix = _prefix[length..];
        return new ValueTask<int>(length);
    }
}
