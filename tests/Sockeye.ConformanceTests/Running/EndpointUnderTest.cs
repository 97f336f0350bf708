namespace Sockeye.Tests;

/// <summary>
/// An open connection whose application echoes, over some transport; and the peer's end of that transport.
/// </summary>
internal abstract class EndpointUnderTest : IAsyncDisposable
{
    /// <summary>Whether all that a call causes has happened when it returns.</summary>
    public abstract bool AnswersInPlace { get; }

    public PeerInbox Inbox { get; } = new();

    /// <summary>The messages that the application was given, in order.</summary>
    public abstract IReadOnlyList<PeerEvent> Delivered { get; }

    /// <summary>The peer writes.</summary>
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline);

    /// <summary>The peer ends its direction.</summary>
    public abstract ValueTask EndAsync();

    /// <summary>The application begins the closing handshake.</summary>
    public abstract void BeginClose(int closeCode, string reason);

    /// <summary>What the application is told at the end.</summary>
    public abstract Task<ExpectedResult> GetResultAsync(CancellationToken deadline);

    /// <summary>Once the connection is over: fails if it has kept anything that it should have given back.</summary>
    public abstract void AssertAllReturned();

    public abstract ValueTask DisposeAsync();
}
