using System.Collections.Concurrent;

namespace Sockeye.Tests;

/// <summary>
/// An endpoint whose peer is the caller: everything that a call causes has happened when it returns. No call up is made from
/// inside a call down, as the contract of transports demands.
/// </summary>
internal sealed class InMemoryEndpoint : ConnectedEndpoint
{
    private const long DefaultMaxMessageLength = 64 * 1024 * 1024;

    private readonly ConcurrentQueue<Action> _mailbox = new();

    public InMemoryEndpoint(TestedRole role, long maxMessageLength = DefaultMaxMessageLength, AgreedCompression? compression = null)
        : base(TestedFace.Handler)
    {
        Transport = new InMemoryTransport
        {
            KeepsOutput = false,
            Taken = Inbox.Append,
            OutputEnded = Inbox.End,
            Mailbox = _mailbox,
        };
        Open(Transport, role, maxMessageLength, compression);
    }

    public override bool AnswersInPlace => true;

    public InMemoryTransport Transport { get; }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline)
    {
        Transport.Feed(bytes.Span);
        MakeCalls();
        return ValueTask.CompletedTask;
    }

    public override ValueTask EndAsync()
    {
        Transport.EndInput();
        MakeCalls();
        return ValueTask.CompletedTask;
    }

    public override void BeginClose(int closeCode, string reason)
    {
        base.BeginClose(closeCode, reason);
        MakeCalls();
    }

    public override ValueTask DisposeAsync()
    {
        ValueTask disposed = base.DisposeAsync();
        MakeCalls();
        return disposed;
    }

    /// <summary>The peer reads everything, and goes on reading.</summary>
    public void Drain()
    {
        Transport.Drain();
        MakeCalls();
    }

    private void MakeCalls()
    {
        while (_mailbox.TryDequeue(out Action? call))
        {
            call();
        }
    }
}
