namespace Sockeye.Transports;

/// <summary>A stream over another one, which it owns. Derived classes override reads; writes pass through by default.</summary>
internal abstract class LayeredStream(Stream below) : AsyncStream
{
    /// <summary>The underlying stream.</summary>
    protected Stream Below { get; } = below;

    /// <inheritdoc/>
    public override ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        Below.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public sealed override Task FlushAsync(CancellationToken cancellationToken) => Below.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public sealed override void Write(byte[] buffer, int offset, int count) => Below.Write(buffer, offset, count);

    /// <inheritdoc/>
    public sealed override void Write(ReadOnlySpan<byte> buffer) => Below.Write(buffer);

    /// <inheritdoc/>
    public sealed override void Flush() => Below.Flush();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Below.Dispose();
        }

        base.Dispose(disposing);
    }
}
