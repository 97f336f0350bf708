using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>What a connection says about itself: counts, times, and what the application keeps with it.</summary>
public sealed class ConnectionFactsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Messages_and_bytes_are_counted_in_both_directions(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        int received = 0;
        foreach (byte[] frame in new[]
        {
            test.FromPeer(Opcode.Text, "one"u8),
            test.FromPeer(Opcode.Binary, "tw"u8, fin: false),
            test.FromPeer(Opcode.Ping, "p"u8),
            test.FromPeer(Opcode.Continuation, "o"u8),
        })
        {
            test.Transport.Feed(frame);
            received += frame.Length;
        }

        Assert.Equal(WebSocketSendResult.Sent, test.Connection.TrySend("three"));
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Binary);
        Assert.True(writer.WriteAsync("fo"u8.ToArray()).IsCompletedSuccessfully);
        Assert.Equal(1, test.Connection.SentMessageCount);
        Assert.True(writer.CompleteAsync("ur"u8.ToArray()).IsCompletedSuccessfully);

        Assert.Equal(isServer, test.Connection.IsServer);
        Assert.Equal(2, test.Connection.ReceivedMessageCount);
        Assert.Equal(received, test.Connection.ReceivedLength);
        Assert.Equal(2, test.Connection.SentMessageCount);
        Assert.Equal(test.Transport.TakeOutput().Length, test.Connection.SentLength);
    }

    [Fact]
    public void A_message_is_counted_before_it_is_delivered()
    {
        List<long> counts = [];
        var handler = new RecordingHandler { Sync = (connection, _) => counts.Add(connection.ReceivedMessageCount) };
        var test = new TestConnection(handler: handler);

        test.Transport.Feed([.. test.FromPeer(Opcode.Text, "1"u8), .. test.FromPeer(Opcode.Text, "2"u8)]);

        Assert.Equal([1, 2], counts);
    }

    [Fact]
    public void Bytes_that_the_transport_has_not_taken_are_not_sent_yet()
    {
        var test = new TestConnection();
        test.Transport.Capacity = 10;
        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend(new byte[100]));

        Assert.Equal(1, test.Connection.SentMessageCount);
        Assert.Equal(102, test.Connection.SentLength + test.Connection.SendBufferLength);
        Assert.InRange(test.Connection.SentLength, 0, 10);

        test.Transport.Drain();
        Assert.Equal(102, test.Connection.SentLength);
    }

    [Fact]
    public void Messages_that_wait_for_room_are_counted_once_they_have_it()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { Limits = new LimitOptions { MaxSendBufferLength = 50 } });
        test.Transport.Capacity = 0;
        Assert.Equal(WebSocketSendResult.Queued, test.Connection.TrySend(new byte[100]));
        Task waits = test.Connection.SendAsync("waits").AsTask();
        Assert.Equal(1, test.Connection.SentMessageCount);

        test.Transport.Drain();

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.Equal(2, test.Connection.SentMessageCount);
    }

    [Fact]
    public void Messages_that_wait_for_the_application_are_in_the_inbox()
    {
        var test = new TestConnection();
        Assert.Equal(0, test.Connection.InboxLength);
        test.Receive("waits");
        Assert.InRange(test.Connection.InboxLength, 5, 200);
        Assert.Equal("waits", test.Connection.ReceiveAsync().GetAwaiter().GetResult()!.Value.GetText());
        Assert.Equal(0, test.Connection.InboxLength);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_times_of_the_start_and_of_the_last_activity_are_known(bool hasKeepAlive)
    {
        var time = new ManualTimeProvider();
        DateTimeOffset start = time.GetUtcNow();
        var options = new WebSocketConnectionOptions
        {
            KeepAlive = hasKeepAlive ? new KeepAliveOptions { PingInterval = TimeSpan.FromHours(1) } : KeepAliveOptions.Disabled,
        };
        var test = new TestConnection(time: time, options: options);
        time.Advance(TimeSpan.FromSeconds(7));
        test.Receive("activity");
        time.Advance(TimeSpan.FromSeconds(5));

        Near(start, test.Connection.OpenedAt);
        Near(start + TimeSpan.FromSeconds(7), test.Connection.LastActivityAt);
        time.Advance(TimeSpan.FromDays(1));
        Near(start, test.Connection.OpenedAt);

        static void Near(DateTimeOffset expected, DateTimeOffset actual) =>
            Assert.Equal(expected, actual, TimeSpan.FromSeconds(0.2));
    }

    [Fact]
    public void Items_are_kept_with_the_connection()
    {
        var test = new TestConnection();
        test.Connection.Items["room"] = "lobby";
        Assert.Equal("lobby", test.Connection.Items["room"]);
        Assert.Same(test.Connection.Items, test.Connection.Items);
        Assert.Null(test.Connection.Tls);
    }
}
