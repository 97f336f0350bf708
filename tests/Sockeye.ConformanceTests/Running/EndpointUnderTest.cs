namespace Sockeye.Tests;

/// <summary>An open connection over some transport whose application echoes, and the peer's end of that transport.</summary>
internal abstract class EndpointUnderTest : IAsyncDisposable
{
    /// <summary>Whether all effects of a call are complete when it returns.</summary>
    public abstract bool AnswersInPlace { get; }

    public PeerInbox Inbox { get; } = new();

    /// <summary>The messages that the application received, in order.</summary>
    public abstract IReadOnlyList<PeerEvent> Delivered { get; }

    /// <summary>Writes bytes as the peer.</summary>
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline);

    /// <summary>Ends the peer's direction.</summary>
    public abstract ValueTask EndAsync();

    /// <summary>Makes the application begin the closing handshake.</summary>
    public abstract void BeginClose(int closeCode, string reason);

    /// <summary>The result that is reported to the application at the end.</summary>
    public abstract Task<ExpectedResult> GetResultAsync(CancellationToken deadline);

    /// <summary>Called when the connection has ended: fails if it has not returned all of its buffers.</summary>
    public abstract void AssertAllReturned();

    public abstract ValueTask DisposeAsync();
}
