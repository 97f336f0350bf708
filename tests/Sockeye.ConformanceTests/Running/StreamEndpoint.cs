using System.Buffers;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>An endpoint over a stream in memory, whose reads are the peer's writes.</summary>
internal sealed class StreamEndpoint : ConnectedEndpoint
{
    private readonly SegmentStream _stream;

    public StreamEndpoint(TestedRole role, TestedFace face, long maxMessageLength, AgreedCompression? compression)
        : base(face)
    {
        _stream = new SegmentStream(Inbox);

        // Not the checked pool: overwriting a receive buffer of 64 KiB for each read of a byte would take most of the time.
        Open(
            new StreamTransport(_stream, ArrayPool<byte>.Shared, endOutput: EndOutputAsync), role, maxMessageLength,
            compression);
    }

    public override bool AnswersInPlace => false;

    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline)
    {
        _stream.Deliver(bytes);
        return ValueTask.CompletedTask;
    }

    public override ValueTask EndAsync()
    {
        _stream.EndInput();
        return ValueTask.CompletedTask;
    }

    private ValueTask EndOutputAsync()
    {
        Inbox.End(error: null);
        return ValueTask.CompletedTask;
    }
}
