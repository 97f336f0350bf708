namespace Sockeye.Tests;

/// <summary>An endpoint whose peer is the caller: all effects of a call are complete when it returns.</summary>
internal sealed class InMemoryEndpoint : ConnectedEndpoint
{
    private const long DefaultMaxMessageLength = 64 * 1024 * 1024;

    public InMemoryEndpoint(TestedRole role, long maxMessageLength = DefaultMaxMessageLength, AgreedCompression? compression = null)
        : base(TestedFace.Handler)
    {
        Transport = new InPlaceTransport(Inbox);
        Open(Transport, role, maxMessageLength, compression);
    }

    public override bool AnswersInPlace => true;

    public InPlaceTransport Transport { get; }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline)
    {
        Transport.Deliver(bytes);
        return ValueTask.CompletedTask;
    }

    public override ValueTask EndAsync()
    {
        Transport.EndInput();
        return ValueTask.CompletedTask;
    }

    public override void BeginClose(int closeCode, string reason)
    {
        base.BeginClose(closeCode, reason);
        Transport.Pump();
    }

    public override ValueTask DisposeAsync()
    {
        ValueTask disposed = base.DisposeAsync();
        Transport.Pump();
        return disposed;
    }
}
