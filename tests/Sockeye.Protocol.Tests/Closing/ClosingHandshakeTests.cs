namespace Sockeye.Protocol.Tests;

public sealed class ClosingHandshakeTests
{
    private static readonly CloseStatus Ours = new(WebSocketCloseCode.NormalClosure, "ours");
    private static readonly CloseStatus Theirs = new(WebSocketCloseCode.GoingAway, "theirs");

    [Fact]
    public void An_open_connection_has_no_close_status()
    {
        ClosingHandshake closing = default;

        Assert.True(closing.MaySendData);
        Assert.False(closing.IsComplete);
        Assert.False(closing.IsFailed);
        Assert.Null(closing.Sent);
        Assert.Null(closing.Received);
    }

    [Fact]
    public void The_peers_close_code_is_echoed() // §5.5.1
    {
        ClosingHandshake closing = default;

        Assert.True(closing.TryReceive(Theirs));
        Assert.True(closing.MaySendData); // what was asked before it may be answered first
        Assert.False(closing.IsComplete);
        Assert.True(closing.TryReply(out CloseStatus reply));

        Assert.Equal(Theirs, reply);
        Assert.Equal(Theirs, closing.Sent);
        Assert.True(closing.PeerClosedFirst);
        Assert.True(closing.IsComplete);
        Assert.False(closing.MaySendData);
    }

    [Fact]
    public void Our_close_is_complete_when_the_peer_responds()
    {
        ClosingHandshake closing = default;

        Assert.True(closing.TrySend(Ours));
        Assert.False(closing.MaySendData);
        Assert.False(closing.IsComplete);

        Assert.True(closing.TryReceive(Theirs));
        Assert.False(closing.TryReply(out _)); // whatever it says, ours has been sent
        Assert.True(closing.IsComplete);
        Assert.False(closing.PeerClosedFirst);
        Assert.Equal(Ours, closing.Sent);
        Assert.Equal(Theirs, closing.Received);
    }

    [Fact]
    public void Only_the_first_close_counts_in_each_direction()
    {
        ClosingHandshake closing = default;

        Assert.False(closing.TryReply(out _));
        Assert.True(closing.TryReceive(Theirs));
        Assert.False(closing.TryReceive(Ours));
        Assert.True(closing.TryReply(out _));
        Assert.False(closing.TryReply(out _));
        Assert.False(closing.TrySend(Ours));

        Assert.Equal(Theirs, closing.Received);
        Assert.Equal(Theirs, closing.Sent);
    }

    [Fact]
    public void A_failed_connection_is_never_closed_cleanly() // §7.1.7
    {
        ClosingHandshake closing = default;

        Assert.True(closing.TrySend(new CloseStatus(WebSocketCloseCode.ProtocolError, ""), failed: true));
        Assert.False(closing.TryReceive(Theirs));

        Assert.True(closing.IsFailed);
        Assert.False(closing.IsComplete);
        Assert.Null(closing.Received);
    }

    [Fact]
    public void Failing_after_a_close_was_sent_sends_no_second_one()
    {
        ClosingHandshake closing = default;
        Assert.True(closing.TrySend(Ours));

        Assert.False(closing.TrySend(new CloseStatus(WebSocketCloseCode.ProtocolError, ""), failed: true));

        Assert.True(closing.IsFailed);
        Assert.Equal(Ours, closing.Sent);
    }
}
