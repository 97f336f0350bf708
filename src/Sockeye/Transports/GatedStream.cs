namespace Sockeye.Transports;

/// <summary>The stream below TLS. Releases a gate while a read waits, and acquires it again before the read returns.</summary>
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
            // On success and on failure alike, since the caller releases the gate. Other holders keep it only briefly.
            await gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
