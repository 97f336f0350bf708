using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>An application that fails its connection: RFC 6455 §7.1.7.</summary>
public sealed class FailTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failed_connection_sends_a_close_frame_and_does_not_wait_for_the_peers(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);

        test.Connection.Fail(WebSocketCloseCode.PolicyViolation, "too much");

        Assert.Equal("Close 1008", test.Wire());
        Assert.True(test.Transport.IsOutputEnded);
        WebSocketCloseResult result = await test.Connection.Closed.WithDeadline();
        Assert.Equal(WebSocketCloseCode.PolicyViolation, result.Code);
        Assert.Equal("too much", result.Reason);
        Assert.Equal(WebSocketCloseInitiator.Local, result.Initiator);
        Assert.False(result.WasClean);
        Assert.Null(result.Exception);
    }

    [Fact]
    public async Task Messages_that_were_accepted_are_sent_and_messages_that_were_received_are_dropped()
    {
        var test = new TestConnection();
        test.Receive("not delivered");
        Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySend("last"));

        test.Connection.Fail(WebSocketCloseCode.TryAgainLater);

        Assert.Equal("Text 'last', Close 1013", test.Wire());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask().WithDeadline());
        Assert.Equal(WebSocketSendResult.Closed, test.Connection.TrySend("late"));
    }

    [Fact]
    public async Task A_connection_that_waits_for_the_peers_close_frame_can_still_be_failed()
    {
        var test = new TestConnection();
        _ = test.Connection.CloseAsync(WebSocketCloseCode.NormalClosure).AsTask();
        Assert.False(test.Connection.Closed.IsCompleted);

        test.Connection.Fail(WebSocketCloseCode.PolicyViolation);

        Assert.Equal("Close 1000", test.Wire());
        await test.Connection.Closed.WithDeadline();
        Assert.True(test.Transport.IsOutputEnded);
    }

    [Fact]
    public async Task A_failure_after_the_end_drops_nothing()
    {
        var test = new TestConnection();
        test.Receive("one");
        Task<WebSocketCloseResult> closing = test.Connection.CloseAsync().AsTask();
        test.ReceiveClose();
        Assert.True((await closing.WithDeadline()).WasClean);

        test.Connection.Fail(WebSocketCloseCode.PolicyViolation);

        Assert.Equal("one", (await test.Connection.ReceiveAsync().AsTask().WithDeadline())!.Value.GetText());
    }

    [Theory]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(999)]
    [InlineData(5000)]
    public void A_code_that_must_not_be_sent_is_rejected(int code)
    {
        var test = new TestConnection();
        Assert.Throws<ArgumentOutOfRangeException>(() => test.Connection.Fail((WebSocketCloseCode)code));
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }
}
