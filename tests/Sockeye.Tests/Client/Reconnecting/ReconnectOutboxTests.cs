using System.Globalization;
using Sockeye.Client.Reconnecting;

namespace Sockeye.Tests;

/// <summary>Sends without a connection, or of a lost one, are sent in call order.</summary>
public sealed class ReconnectOutboxTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(100_000)]
    public async Task Unawaited_sends_keep_their_order_without_a_connection(long maxQueueLength)
    {
        var outbox = new ReconnectOutbox(maxQueueLength);
        Task[] sends = [.. Enumerable.Range(0, 200).Select(i => Send(outbox, Text(i)))];
        var connection = new TestConnection();

        await outbox.AttachAsync(connection.Connection, Token).WaitAsync(Deadline, Token);
        await Task.WhenAll(sends).WaitAsync(Deadline, Token);

        Assert.Equal(Enumerable.Range(0, 200).Select(Text), Sent(connection));
        Assert.Equal(0, outbox.QueueLength);
        Assert.False(outbox.SendWaits.IsCompleted);
    }

    [Fact]
    public async Task A_small_message_does_not_overtake_a_large_one_that_waits()
    {
        var outbox = new ReconnectOutbox(maxQueueLength: 300);
        string large = new('1', 290);

        Task first = Send(outbox, "0");
        Task second = Send(outbox, large);
        Task third = Send(outbox, "2");

        Assert.True(first.IsCompletedSuccessfully);
        Assert.False(second.IsCompleted);
        Assert.False(third.IsCompleted);
        Assert.Equal(64 + 1, outbox.QueueLength);
        var connection = new TestConnection();
        await outbox.AttachAsync(connection.Connection, Token).WaitAsync(Deadline, Token);
        await Task.WhenAll(second, third).WaitAsync(Deadline, Token);
        Assert.Equal(["0", large, "2"], Sent(connection));
    }

    [Fact]
    public async Task Canceling_a_waiting_send_removes_it_and_frees_its_room()
    {
        var outbox = new ReconnectOutbox(maxQueueLength: 300);
        using var cancellation = new CancellationTokenSource();
        Task large = Send(outbox, new string('1', 290), cancellation.Token);
        Task small = Send(outbox, "2");
        Task other = Send(outbox, new string('3', 290));

        await cancellation.CancelAsync();

        OperationCanceledException thrown =
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large.WaitAsync(Deadline, Token));
        Assert.Equal(cancellation.Token, thrown.CancellationToken);
        await small.WaitAsync(Deadline, Token);
        Assert.False(other.IsCompleted);
        var connection = new TestConnection();
        await outbox.AttachAsync(connection.Connection, Token).WaitAsync(Deadline, Token);
        await other.WaitAsync(Deadline, Token);
        Assert.Equal(["2", new string('3', 290)], Sent(connection));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task Sends_of_a_lost_connection_are_resent_first_and_in_order(
        long maxQueueLength)
    {
        var outbox = new ReconnectOutbox(maxQueueLength);
        TestConnection first = Slow();
        await outbox.AttachAsync(first.Connection, Token).WaitAsync(Deadline, Token);
        Task[] sends = [.. Enumerable.Range(0, 100).Select(i => Send(outbox, Text(i)))];

        // The connection has accepted one, beyond which it has no room.
        Assert.Equal(1, sends.Count(send => send.IsCompleted));
        first.Transport.Break(new IOException("reset"));
        sends = [.. sends, .. Enumerable.Range(100, 100).Select(i => Send(outbox, Text(i)))];
        outbox.Detach(first.Connection);
        var second = new TestConnection();
        await outbox.AttachAsync(second.Connection, Token).WaitAsync(Deadline, Token);
        await Task.WhenAll(sends).WaitAsync(Deadline, Token);

        Assert.Equal(Enumerable.Range(1, 199).Select(Text), Sent(second));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task Messages_the_connection_did_not_accept_are_sent_on_the_next(long maxQueueLength)
    {
        var outbox = new ReconnectOutbox(maxQueueLength);
        Task[] sends = [.. Enumerable.Range(0, 50).Select(i => Send(outbox, Text(i)))];
        TestConnection first = Slow();
        Task attaching = outbox.AttachAsync(first.Connection, Token);
        Assert.False(attaching.IsCompleted);
        Task later = Send(outbox, Text(50));

        first.Transport.Break(new IOException("reset"));
        await attaching.WaitAsync(Deadline, Token);
        outbox.Detach(first.Connection);
        var second = new TestConnection();
        await outbox.AttachAsync(second.Connection, Token).WaitAsync(Deadline, Token);
        await Task.WhenAll([.. sends, later]).WaitAsync(Deadline, Token);

        Assert.Equal(Enumerable.Range(1, 50).Select(Text), Sent(second));
        Assert.Equal(0, outbox.QueueLength);
    }

    [Fact]
    public async Task Canceling_removes_a_send_that_the_connection_has_not_accepted()
    {
        var outbox = new ReconnectOutbox(maxQueueLength: 0);
        using var cancellation = new CancellationTokenSource();
        Task first = Send(outbox, "0");
        Task second = Send(outbox, "1", cancellation.Token);
        Task third = Send(outbox, "2");
        TestConnection connection = Slow();
        Task attaching = outbox.AttachAsync(connection.Connection, Token);
        await first.WaitAsync(Deadline, Token);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Deadline, Token));
        connection.Transport.Drain();
        await Task.WhenAll(attaching, third).WaitAsync(Deadline, Token);

        Assert.Equal(["0", "2"], Sent(connection));
    }

    [Fact]
    public async Task The_end_fails_waiting_sends()
    {
        var outbox = new ReconnectOutbox(maxQueueLength: 0);
        Task send = Send(outbox, "0");
        Assert.True(outbox.SendWaits.IsCompleted);
        var reason = new InvalidOperationException("over");

        outbox.End(reason);

        Assert.Same(reason, await Assert.ThrowsAsync<InvalidOperationException>(() => send.WaitAsync(Deadline, Token)));
        Assert.Same(reason, await Assert.ThrowsAsync<InvalidOperationException>(() => Send(outbox, "1").WaitAsync(Deadline, Token)));
        Assert.False(outbox.SendWaits.IsCompleted);
    }

    private static TestConnection Slow() => new(
        options: new WebSocketConnectionOptions { Limits = new LimitOptions { MaxSendBufferLength = 1 } },
        transport: new InMemoryTransport { Capacity = 0 });

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static Task Send(ReconnectOutbox outbox, string text, CancellationToken? cancellationToken = null) =>
        outbox.SendAsync(System.Text.Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text, cancellationToken ?? Token).AsTask();

    private static IEnumerable<string> Sent(TestConnection connection) =>
        from frame in RawFrame.ReadAll(connection.Transport.TakeOutput())
        where frame.Opcode == RawOpcode.Text
        select frame.PayloadText;
}
