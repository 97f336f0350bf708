using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Whether another message is buffered behind the one that was received.</summary>
public sealed class HasMoreTests
{
    [Fact]
    public void The_last_of_several_received_messages_has_no_more()
    {
        var test = new TestConnection();
        test.Receive("one");
        test.Receive("two");

        WebSocketMessage first = Now(test);
        Assert.True(first.HasMore);
        WebSocketMessage second = Now(test);
        Assert.False(second.HasMore);
        test.Receive("three");

        Assert.True(second.HasMore);
        Assert.False(first.HasMore);
    }

    [Fact]
    public void A_ping_or_a_part_of_a_message_is_no_further_message()
    {
        var test = new TestConnection();
        byte[] part = test.FromPeer(Opcode.Text, "cut"u8)[..^1];
        test.Transport.Feed([.. test.FromPeer(Opcode.Text, "one"u8), .. test.FromPeer(Opcode.Ping, []), .. part]);

        Assert.False(Now(test).HasMore);
    }

    [Fact]
    public void A_message_that_was_detached_or_never_received_has_no_more()
    {
        var test = new TestConnection();
        test.Receive("one");
        test.Receive("two");
        WebSocketMessage message = Now(test);

        message.Detach().Dispose();

        Assert.False(message.HasMore);
        Assert.False(default(WebSocketMessage).HasMore);
    }

    [Fact]
    public void The_messages_that_are_left_at_the_end_of_the_connection_count()
    {
        var test = new TestConnection();
        test.Receive("one");
        test.Receive("two");
        test.Transport.EndInput();

        Assert.True(Now(test).HasMore);
        Assert.False(Now(test).HasMore);
    }

    [Theory]
    [InlineData("01 02 6F 6E, 80 01 65", true)] // two fragments: a whole message
    [InlineData("01 02 6F 6E, 89 00, 80 01 65", true)] // a ping in between
    [InlineData("89 00, 82 01 FF", true)]
    [InlineData("82 7E 00 7E", false)] // a header
    [InlineData("01 02 6F 6E, 00 01 65", false)]
    [InlineData("88 02 03 E8, 81 00", false)] // nothing comes after a Close frame
    [InlineData("80 01 65", false)] // continues nothing
    [InlineData("83 00", false)]
    [InlineData("", false)]
    public void A_handler_sees_what_follows_in_the_same_read(string frames, bool hasMore)
    {
        List<bool> seen = [];
        var test = new TestConnection(Role.Client, new Conflating(seen));

        test.Transport.Feed([.. Wire.Bytes("81 03 6F 6E 65"), .. Wire.Bytes(frames.Replace(",", "", StringComparison.Ordinal))]);

        Assert.Equal(hasMore, seen[0]);
    }

    [Fact]
    public void A_compressed_message_that_follows_in_the_same_read_counts()
    {
        List<bool> seen = [];
        var test = new TestConnection(handler: new Conflating(seen), deflate: DeflateSetup.Takeover());

        // RFC 7692 §7.2.3.1: "Hello" in one compressed block.
        test.Transport.Feed(
        [
            .. test.FromPeer(Opcode.Text, "one"u8),
            .. TestConnection.FrameOf(Role.Client, Opcode.Text, [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], reservedBits: FrameHeader.Rsv1),
        ]);

        Assert.Equal([true, false], seen);
    }

    [Fact]
    public void A_receive_that_continues_in_place_sees_what_follows_in_the_same_read()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { RunReceiveContinuationsInline = true });
        List<string> seen = [];
        Task reading = ReadAsync();

        test.Transport.Feed(
            [.. test.FromPeer(Opcode.Text, "one"u8), .. test.FromPeer(Opcode.Text, "two"u8), .. test.FromPeer(Opcode.Text, "three"u8)]);

        Assert.Equal(["one True", "two True", "three False"], seen);
        Assert.False(reading.IsCompleted);
        test.Connection.Abort();

        async Task ReadAsync()
        {
            while (await test.Connection.ReceiveAsync() is { } message)
            {
                seen.Add($"{message.GetText()} {message.HasMore}");
            }
        }
    }

    [Fact]
    public async Task A_pending_handler_sees_what_has_arrived_meanwhile_and_nothing_after_its_loan()
    {
        var release = new TaskCompletionSource();
        var first = new TaskCompletionSource<WebSocketMessage>();
        var second = new TaskCompletionSource<WebSocketMessage>();
        var test = new TestConnection(handler: new CallingHandler(async message =>
        {
            if (first.TrySetResult(message))
            {
                await release.Task;
                return;
            }

            second.SetResult(message);
        }));
        test.Receive("one");
        WebSocketMessage pending = await first.Task.WithDeadline();
        Assert.False(pending.HasMore);

        test.Receive("two");

        Assert.True(pending.HasMore);
        release.SetResult();
        await second.Task.WithDeadline();
        Assert.False(pending.HasMore);
    }

    private static WebSocketMessage Now(TestConnection test)
    {
        ValueTask<WebSocketMessage> receive = test.Connection.ReceiveMessageAsync();
        Assert.True(receive.IsCompleted);
        return receive.GetAwaiter().GetResult();
    }

    private sealed class Conflating(List<bool> seen) : WebSocketHandler
    {
        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            seen.Add(message.HasMore);
            return default;
        }
    }

    private sealed class CallingHandler(Func<WebSocketMessage, Task> call) : WebSocketHandler
    {
        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            new(call(message));
    }
}
