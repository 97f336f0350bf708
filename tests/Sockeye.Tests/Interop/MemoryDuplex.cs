using System.Threading.Channels;

namespace Sockeye.Tests;

/// <summary>One end of a duplex stream in memory. Writes complete in place, and what is written to a disposed end is lost.</summary>
/// <param name="endsBehindClose">
/// Whether the output ends behind a Close frame. A client of the platform waits up to a second for that, once both Close frames are
/// through. Each of its writes is one frame.
/// </param>
internal sealed class MemoryDuplex(bool endsBehindClose) : Stream
{
    private const int OpcodeBits = 0x0F;
    private const int CloseOpcode = 8;

    private readonly Channel<byte[]> _input = Channel.CreateUnbounded<byte[]>();
    private MemoryDuplex? _peer;
    private ReadOnlyMemory<byte> _current;
    private volatile bool _isDisposed;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Makes both ends.</summary>
    public static (MemoryDuplex One, MemoryDuplex Other) Create(bool endsBehindClose)
    {
        MemoryDuplex one = new(endsBehindClose);
        MemoryDuplex other = new(endsBehindClose) { _peer = one };
        one._peer = other;
        return (one, other);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_current.IsEmpty)
        {
            bool isThere = await _input.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!isThere)
            {
                return 0;
            }

            if (buffer.IsEmpty)
            {
                return 0;
            }

            if (_input.Reader.TryRead(out byte[]? next))
            {
                _current = next;
            }
        }

        int count = Math.Min(buffer.Length, _current.Length);
        _current[..count].CopyTo(buffer);
        _current = _current[count..];
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _peer!._input.Writer.TryWrite(buffer.ToArray());
        if (endsBehindClose && (buffer.Span[0] & OpcodeBits) == CloseOpcode)
        {
            EndOutput();
        }

        return default;
    }

    /// <summary>Ends this end's direction.</summary>
    public void EndOutput() => _peer!._input.Writer.TryComplete();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        _input.Writer.TryComplete();
        EndOutput();
        base.Dispose(disposing);
    }
}
