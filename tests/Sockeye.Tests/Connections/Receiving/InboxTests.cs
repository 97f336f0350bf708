using Sockeye.Connections.Receiving;
using Sockeye.Memory;

namespace Sockeye.Tests;

public sealed class InboxTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public void Messages_are_taken_in_the_order_they_were_added()
    {
        var inbox = new Inbox(maxLength: 1_000, _pool);
        inbox.Add(Entry("first"u8));
        inbox.Add(Entry("second"u8));

        Assert.True(inbox.TryTake(out InboxEntry first));
        Assert.True(inbox.TryTake(out InboxEntry second));

        Assert.Equal("first"u8, first.Payload.Span);
        Assert.Equal("second"u8, second.Payload.Span);
        Assert.True(inbox.IsEmpty);
        Assert.False(inbox.TryTake(out InboxEntry end));
        Assert.True(end.IsEnd);
    }

    [Fact]
    public void An_inbox_that_is_not_full_takes_a_message_of_any_length()
    {
        var inbox = new Inbox(maxLength: 1_000, _pool);
        inbox.Add(Entry(new byte[100]));
        Assert.False(inbox.IsFull);

        inbox.Add(Entry(new byte[1_000_000]));
        Assert.True(inbox.IsFull);
        inbox.TryTake(out InboxEntry _);
        Assert.True(inbox.IsFull);
        inbox.TryTake(out InboxEntry _);

        Assert.False(inbox.IsFull);
    }

    [Fact]
    public void Empty_messages_fill_the_inbox()
    {
        var inbox = new Inbox(maxLength: 1_000, _pool);
        int count = 0;
        while (!inbox.IsFull)
        {
            inbox.Add(Entry([]));
            count++;
        }

        Assert.InRange(count, 10, 20);
    }

    [Fact]
    public void The_whole_array_counts_and_not_only_the_payload()
    {
        var inbox = new Inbox(maxLength: 100_000, _pool);
        byte[] inflated = _pool.Rent(70_000);
        Assert.True(inbox.Add(inflated.AsSpan(0, 40_000), inflated, WebSocketMessageKind.Text, endOfMessage: true));

        Assert.True(inbox.IsFull);
        inbox.Clear();
        Assert.False(inbox.IsFull);
    }

    [Fact]
    public void The_inbox_fills_early_while_the_process_is_at_its_memory_limit()
    {
        var budget = new MemoryBudget();
        var inbox = new Inbox(maxLength: 100_000, _pool, new MemoryAllowance(budget, limit: 1_000_000));
        inbox.Add(Entry(new byte[16_000]));
        Assert.False(inbox.IsFull);
        inbox.Add(Entry(new byte[16_000]));
        Assert.False(inbox.IsFull);

        budget.Add(1_000_000);
        Assert.True(inbox.IsFull);
        inbox.TryTake(out InboxEntry _);
        inbox.TryTake(out InboxEntry _);

        Assert.False(inbox.IsFull);
    }

    [Fact]
    public void Clearing_the_inbox_returns_the_memory()
    {
        var inbox = new Inbox(maxLength: 1_000, _pool);
        inbox.Add(Entry(new byte[100]));
        inbox.Add(Entry(new byte[900]));

        inbox.Clear();

        Assert.True(inbox.IsEmpty);
        Assert.False(inbox.IsFull);
        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void An_owned_array_is_not_copied()
    {
        byte[] array = _pool.Rent(10);
        "lent"u8.CopyTo(array);

        InboxEntry entry = InboxEntry.Of(array.AsSpan(0, 4), array, WebSocketMessageKind.Text, endOfMessage: true, _pool);

        Assert.Same(array, entry.Array);
        Assert.Equal("lent"u8, entry.Payload.Span);
        Assert.Equal(1, _pool.OutCount);
    }

    private InboxEntry Entry(ReadOnlySpan<byte> payload) =>
        InboxEntry.Of(payload, lender: null, WebSocketMessageKind.Binary, endOfMessage: true, _pool);
}
