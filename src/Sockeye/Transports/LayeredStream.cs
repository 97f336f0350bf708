namespace Sockeye.Transports;

/// <summary>A stream over another, which it owns: it has something to say about reads, and hands on what is written.</summary>
internal abstract class LayeredStream(Stream below) : AsyncStream
{
    /// <summary>The stream below.</summary>
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
