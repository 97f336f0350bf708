using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>An endpoint over a stream in memory, whose reads are the peer's writes.</summary>
internal sealed class StreamEndpoint : ConnectedEndpoint
{
    private readonly SegmentStream _stream;

    public StreamEndpoint(TestedRole role, long maxMessageLength)
    {
        _stream = new SegmentStream(Inbox);
        Open(new StreamTransport(_stream), role, maxMessageLength);
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
}
