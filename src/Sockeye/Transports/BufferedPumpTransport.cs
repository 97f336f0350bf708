using System.Buffers;

namespace Sockeye.Transports;

/// <summary>A pump that reads into buffers, which it rents for the length of a read only.</summary>
internal abstract class BufferedPumpTransport(ArrayPool<byte> pool) : PumpTransport
{
    // One system call should fetch all that a fast peer has sent; the buffer is rented for the length of a read only. A sink must
    // buffer what it cannot handle in one slice, so it gets less with the next read.
    private const int ReceiveBufferLength = 64 * 1024;
    private const int FirstReceiveLength = 16 * 1024;
    private const int LowestReceiveLength = 4 * 1024;

    // A large factor gives few different lengths: the pool keeps arrays of each.
    private const int ReadLengthFactor = 4;

    /// <summary>Returned by <see cref="ReadAsync"/> when there is nothing to read and it does not wait.</summary>
    protected const int Nothing = -1;

    // Used by the reading task only.
    private int _readLength = FirstReceiveLength;

    /// <summary>Waits without a buffer until there is something to read.</summary>
    protected abstract ValueTask WaitForInputAsync();

    /// <summary>Reads the available bytes.</summary>
    /// <returns>The number of bytes, 0 at the end of the input, or <see cref="Nothing"/>.</returns>
    protected abstract ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <inheritdoc/>
    protected sealed override async Task ReadToEndAsync()
    {
        int reads = 0;
        while (!IsReleased)
        {
            ValueTask waiting = WaitForInputAsync();
            reads = waiting.IsCompleted ? reads + 1 : 0;
            await AwaitInputAsync(waiting).ConfigureAwait(false);
            reads = await TakeTurnAsync(reads).ConfigureAwait(false);
            int wanted = _readLength > ITransportSink.ShortReadLength && Sink.IsShortOfMemory
                ? ITransportSink.ShortReadLength
                : _readLength;
            byte[] buffer = pool.Rent(wanted);
            try
            {
                int length = await AwaitInputAsync(ReadAsync(buffer.AsMemory(0, wanted))).ConfigureAwait(false);
                if (length == 0)
                {
                    return;
                }

                if (length != Nothing)
                {
                    await StackSpace.EnsureAsync().ConfigureAwait(false);
                    Deliver(buffer.AsSpan(0, length));
                    _readLength = length == wanted ? Math.Min(_readLength * ReadLengthFactor, ReceiveBufferLength) : _readLength;
                }
            }
            finally
            {
                pool.Return(buffer);
            }

            await EndPauseAsync().ConfigureAwait(false);
            _readLength = TakeYielded() ? LowestReceiveLength : _readLength;
        }
    }
}
