namespace Sockeye.Transports;

/// <summary>What is below TLS: lets go of a gate while a read waits, and takes it again before it answers.</summary>
internal sealed class GatedStream(Stream stream, SemaphoreSlim gate) : LayeredStream(stream)
{
    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        gate.Release();
        try
        {
            return await Below.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Whatever came: the caller goes on with it, or lets go of the gate. Held by others only for a moment.
            await gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
