using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Connections that end while compressed messages are received: ws, "Compression end to end" 4, 5, 7 and 15.</summary>
public sealed class CompressedEndsTests
{
    private const int MessageCount = 20;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Compressed_messages_before_a_reset_are_all_delivered(bool isPaused)
    {
        TestConnection test = Open(handler: null);
        if (isPaused)
        {
            test.Connection.PauseReceiving();
        }

        FeedAll(test);
        test.Transport.Break(new IOException("reset"));
        test.Connection.ResumeReceiving();

        for (int number = 0; number < MessageCount; number++)
        {
            WebSocketMessage message = await test.Connection.ReceiveMessageAsync().WithDeadline();
            Assert.Equal(DeflateSetup.TextOf(number), message.GetText());
        }

        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask());
        AssertAllReturned(test);
    }

    [Fact]
    public void A_close_in_the_handler_of_a_compressed_message_delivers_those_behind_it()
    {
        var handler = new RecordingHandler
        {
            Sync = static (connection, text) =>
            {
                if (text == DeflateSetup.TextOf(3))
                {
                    _ = connection.CloseAsync().AsTask();
                }
            },
        };
        TestConnection test = Open(handler);

        FeedAll(test);
        test.ReceiveClose();
        test.Transport.EndInput();

        handler.WaitFor("closed:1000");
        Assert.Equal(
            string.Join(' ', Enumerable.Range(0, MessageCount).Select(number => DeflateSetup.TextOf(number)).Append("closed:1000")),
            handler.Events);
        Assert.Equal("Close 1000", test.Wire());
        AssertAllReturned(test);
    }

    [Fact]
    public void An_abort_in_the_handler_of_a_compressed_message_drops_those_behind_it()
    {
        var handler = new RecordingHandler { Sync = static (connection, _) => connection.Abort() };
        TestConnection test = Open(handler);

        FeedAll(test);

        handler.WaitFor("closed:1006");
        Assert.Equal(DeflateSetup.TextOf(0) + " closed:1006", handler.Events);
        AssertAllReturned(test);
    }

    private static TestConnection Open(RecordingHandler? handler) => new(handler: handler, deflate: DeflateSetup.Takeover());

    // In one read, each message with a reference to the one before it.
    private static void FeedAll(TestConnection test)
    {
        var deflater = new PeerDeflater();
        test.Transport.Feed([.. Enumerable.Range(0, MessageCount).SelectMany(number => TestConnection.FrameOf(
            Role.Client, Opcode.Text, deflater.Deflate(System.Text.Encoding.UTF8.GetBytes(DeflateSetup.TextOf(number))),
            reservedBits: FrameHeader.Rsv1))]);
    }

    private static void AssertAllReturned(TestConnection test)
    {
        Assert.True(test.Connection.Closed.IsCompleted);
        test.Pool.AssertAllReturned();
    }
}
