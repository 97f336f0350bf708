namespace Sockeye.Tests;

/// <summary>The token that announces the end of a connection.</summary>
public sealed class ClosingTokenTests
{
    public static TheoryData<string, Action<object>> Ends => new()
    {
        { "close", static test => _ = ((TestConnection)test).Connection.CloseAsync().AsTask() },
        { "fail", static test => ((TestConnection)test).Connection.Fail(WebSocketCloseCode.PolicyViolation) },
        { "abort", static test => ((TestConnection)test).Connection.Abort() },
        { "the peer's close", static test => ((TestConnection)test).ReceiveClose() },
        { "a violation", static test => ((TestConnection)test).Transport.Feed(Wire.Masked([0x83, 0x00])) },
        { "the end of the input", static test => ((TestConnection)test).Transport.EndInput() },
        { "the end of the transport", static test => ((TestConnection)test).Transport.Break(new IOException("reset")) },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task The_token_is_canceled_when_the_end_begins(string end, Action<object> happen)
    {
        Assert.NotEmpty(end);
        var test = new TestConnection();
        CancellationToken closing = test.Connection.Closing;
        Assert.False(closing.IsCancellationRequested);
        Assert.Equal(closing, test.Connection.Closing);
        var canceled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = closing.Register(canceled.SetResult);

        happen(test);

        Assert.True(closing.IsCancellationRequested);
        await canceled.Task.WithDeadline();
        Assert.True(test.Connection.Closing.IsCancellationRequested);
    }

    [Fact]
    public void The_token_of_a_connection_that_has_begun_to_end_is_canceled()
    {
        var test = new TestConnection();
        test.ReceiveClose();
        Assert.True(test.Connection.Closing.IsCancellationRequested);
    }

    [Fact]
    public void The_token_is_canceled_before_the_messages_that_came_before_the_end_are_received()
    {
        var test = new TestConnection();
        CancellationToken closing = test.Connection.Closing;

        test.Receive("one");
        test.ReceiveClose();

        Assert.True(closing.IsCancellationRequested);
        Assert.False(test.Connection.Closed.IsCompleted);
        Assert.Equal("one", test.Connection.ReceiveAsync().GetAwaiter().GetResult()!.Value.GetText());
    }

    [Fact]
    public async Task A_registration_that_throws_does_not_disturb_the_end()
    {
        var test = new TestConnection();
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(test.Connection.Closing);
        await using CancellationTokenRegistration registration = test.Connection.Closing.Register(() =>
        {
            // Registrations are called in the reverse order: this one is the first.
            throw new InvalidOperationException("from a registration");
        });
        linked.Token.Register(ran.SetResult);
        test.Receive("one");

        _ = test.Connection.CloseAsync().AsTask();
        await ran.Task.WithDeadline();
        Assert.Equal("Close 1000", test.Wire());
        test.ReceiveClose();

        Assert.Equal("one", (await test.Connection.ReceiveAsync().AsTask().WithDeadline())!.Value.GetText());
        WebSocketCloseResult result = await test.Connection.Closed.WithDeadline();
        Assert.Equal((WebSocketCloseCode.NormalClosure, true), (result.Code, result.WasClean));
    }
}
