using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Connections.Receiving;
using Sockeye.Memory;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Messages that the application takes off their connection with their memory.</summary>
public sealed class DetachTests
{
    private const int KiB = 1024;

    private readonly MemoryBudget _budget = new();

    [Fact]
    public void A_detached_message_stays_as_it_was_while_others_are_received()
    {
        TestConnection test = Open();
        test.Receive("kept");
        WebSocketOwnedMessage kept = Receive(test).Detach();

        for (int i = 0; i < 3; i++)
        {
            test.Receive("next");
            Assert.Equal("next", Receive(test).GetText());
        }

        Assert.Equal("kept", kept.GetText());
        Assert.Equal("kept", kept.ToString());
        Assert.Equal("kept"u8, kept.Payload.Span);
        Assert.Equal(WebSocketMessageKind.Text, kept.Kind);
        kept.Dispose();
    }

    [Fact]
    public void Detaching_copies_nothing()
    {
        TestConnection test = Open();
        test.Receive(Opcode.Binary, new byte[10 * KiB]);
        WebSocketMessage message = Receive(test);
        int rentCount = test.Pool.RentCount;

        WebSocketOwnedMessage detached = message.Detach();

        Assert.Equal(rentCount, test.Pool.RentCount);
        Assert.Same(ArrayOf(message.Payload), ArrayOf(detached.Payload));
        Assert.Equal(10 * KiB, detached.Payload.Length);
    }

    [Fact]
    public void Disposing_returns_the_memory_once()
    {
        TestConnection test = Open();
        test.Receive("kept");
        WebSocketOwnedMessage detached = Receive(test).Detach();
        _ = test.Connection.ReceiveAsync();
        Assert.Equal(1, test.Pool.OutCount);

        detached.Dispose();
        detached.Dispose();

        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
        Assert.Throws<ObjectDisposedException>(() => detached.Payload);
        Assert.Throws<ObjectDisposedException>(() => detached.Memory);
        Assert.Throws<ObjectDisposedException>(detached.GetText);
        Assert.Throws<ObjectDisposedException>(detached.ToString);
    }

    [Fact]
    public void Detached_memory_is_the_applications_to_change()
    {
        TestConnection test = Open();
        test.Receive("kept");
        using WebSocketOwnedMessage detached = Receive(test).Detach();

        detached.Memory.Span[0] = (byte)'w';

        Assert.Equal("wept", detached.GetText());
    }

    [Fact]
    public void A_message_is_detached_only_once_and_only_while_it_is_on_loan()
    {
        TestConnection test = Open();
        test.Receive("first");
        test.Receive("second");
        WebSocketMessage first = Receive(test);
        WebSocketMessage second = Receive(test);

        Assert.Throws<InvalidOperationException>(first.Detach);
        second.Detach().Dispose();
        Assert.Throws<InvalidOperationException>(second.Detach);
        Assert.Throws<InvalidOperationException>(default(WebSocketMessage).Detach);
        Assert.False(test.Pool.HasFault);
    }

    [Fact]
    public void A_message_whose_loan_has_ended_does_not_detach_the_one_that_came_in_its_array()
    {
        // The same array at the same place: only the number of the loan tells both apart.
        byte[] array = new byte[16];
        HandlerCall call = HandlerCall.Begin(array);
        Connections.ConnectionSettings settings = Open().Connection.Core.Settings;
        ReadOnlyMemory<byte> first = call.Lend(array.AsSpan(0, 4), settings);
        var stale = new WebSocketMessage(first, WebSocketMessageKind.Text, call, call.Loan);
        Assert.NotNull(call.TryDetach(call.Loan, first, out _));
        call.End();
        call = HandlerCall.Begin(array);
        ReadOnlyMemory<byte> second = call.Lend(array.AsSpan(0, 4), settings);
        Assert.Equal(first, second);

        Assert.Throws<InvalidOperationException>(stale.Detach);

        new WebSocketMessage(second, WebSocketMessageKind.Text, call, call.Loan).Detach();
        call.End();
    }

    [Fact]
    public void An_empty_message_can_be_detached()
    {
        TestConnection test = Open();
        test.Receive("");
        WebSocketMessage message = Receive(test);

        using WebSocketOwnedMessage detached = message.Detach();

        Assert.Equal("", detached.GetText());
        Assert.Throws<InvalidOperationException>(message.Detach);
    }

    [Fact]
    public void What_is_detached_counts_neither_towards_the_memory_limit_nor_the_inbox()
    {
        TestConnection test = Open(options: new() { Limits = new() { MaxInboxLength = 100 * KiB } });
        List<WebSocketOwnedMessage> kept = [];
        for (int i = 0; i < 20; i++)
        {
            test.Receive(Opcode.Binary, new byte[60 * KiB]);
            test.Receive(Opcode.Binary, new byte[60 * KiB]);
            Assert.InRange(_budget.ExactHeld, 120 * KiB, 140 * KiB);
            kept.Add(Receive(test).Detach());
            kept.Add(Receive(test).Detach());
            Assert.False(test.Transport.IsPaused);
            Assert.Equal(0, _budget.ExactHeld);
        }

        Assert.Equal(40, test.Pool.OutCount);
        kept.ForEach(message => message.Dispose());
        Assert.Equal(0, _budget.ExactHeld);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [InlineData("peer closes")]
    [InlineData("abort")]
    [InlineData("dispose")]
    public void A_detached_message_outlives_its_connection(string end)
    {
        TestConnection test = Open();
        test.Receive(Opcode.Binary, new byte[60 * KiB]);
        WebSocketOwnedMessage detached = Receive(test).Detach();

        switch (end)
        {
            case "abort":
                test.Connection.Abort();
                break;
            case "dispose":
                _ = test.Connection.DisposeAsync().AsTask();
                test.ReceiveClose();
                break;
            default:
                test.ReceiveClose();
                break;
        }

        test.Transport.EndInput();
        test.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(test.Connection.Closed.IsCompleted);

        Assert.Equal(0, _budget.ExactHeld);
        Assert.Equal(new byte[60 * KiB], detached.Payload.ToArray());
        detached.Dispose();
        Assert.Equal(0, _budget.ExactHeld);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void A_message_that_is_left_when_the_connection_ends_can_still_be_detached()
    {
        TestConnection test = Open();
        test.Receive("held");
        test.Receive("left");
        WebSocketMessage held = Receive(test);
        test.Transport.Break(new IOException("reset"));

        using WebSocketOwnedMessage first = held.Detach();
        using WebSocketOwnedMessage second = Receive(test).Detach();

        Assert.Equal(("held", "left"), (first.GetText(), second.GetText()));
        Assert.Equal(0, _budget.ExactHeld);
    }

    [Fact]
    public void A_detached_message_is_still_in_hand_when_the_peer_closes()
    {
        TestConnection test = Open();
        test.Receive("question");
        using WebSocketOwnedMessage question = Receive(test).Detach();

        test.ReceiveClose();
        Assert.Equal("", test.Wire());
        test.Connection.TrySend("answer"u8, WebSocketMessageKind.Text);
        _ = test.Connection.ReceiveAsync();

        Assert.Equal("Text 'answer', Close 1000", test.Wire());
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_handler_may_detach_its_message(bool waits, bool isFragmented)
    {
        var handler = new DetachingHandler { Waits = waits };
        TestConnection test = Open(handler);
        if (isFragmented)
        {
            test.Receive(Opcode.Text, "ke"u8, fin: false);
            test.Receive(Opcode.Continuation, "pt"u8);
        }
        else
        {
            test.Receive("kept");
        }

        handler.Next.TrySetResult();
        await handler.Done;

        WebSocketOwnedMessage detached = Assert.Single(handler.Detached);
        Assert.Equal("kept", detached.GetText());
        Assert.Equal(0, _budget.ExactHeld);
        Assert.Equal(1, test.Pool.OutCount);
        detached.Dispose();
        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
    }

    [Fact]
    public void A_handlers_message_is_not_detached_when_its_task_has_completed()
    {
        var handler = new DetachingHandler { Detaches = false };
        TestConnection test = Open(handler);

        test.Receive("first");

        Assert.Throws<InvalidOperationException>(handler.Last.Detach);
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Fact]
    public void A_message_in_an_array_of_far_more_than_its_length_is_copied()
    {
        var handler = new DetachingHandler();
        TestConnection test = Open(handler);

        // The first frame announces 64 KiB, for which the connection makes room; of them a message of 10 bytes is passed on.
        handler.PassedOnLength = 10;
        test.Receive(Opcode.Binary, new byte[60 * KiB], fin: false);
        test.Receive(Opcode.Continuation, new byte[1]);

        using WebSocketOwnedMessage detached = Assert.Single(handler.Detached);
        Assert.Equal(10, detached.Payload.Length);
        Assert.InRange(ArrayOf(detached.Payload).Length, 10, 64);
        Assert.Equal(1, test.Pool.OutCount);
        Assert.Equal(0, _budget.ExactHeld);
    }

    [Fact]
    public async Task A_detach_that_races_with_the_end_of_the_loan_takes_the_memory_or_fails()
    {
        TestConnection test = Open();
        for (int i = 0; i < 1_000; i++)
        {
            HandlerCall call = HandlerCall.Begin(lender: null);
            ReadOnlyMemory<byte> lent = call.Lend("message"u8, test.Connection.Core.Settings);
            var message = new WebSocketMessage(lent, WebSocketMessageKind.Text, call, call.Loan);
            using var start = new Barrier(2);
            Task detaching = Task.Run(() =>
            {
                start.SignalAndWait(TestContext.Current.CancellationToken);
                try
                {
                    message.Detach().Dispose();
                }
                catch (InvalidOperationException)
                {
                    // The loan ended first.
                }
            });
            start.SignalAndWait(TestContext.Current.CancellationToken);
            call.End();
            await detaching;

            Assert.Equal(0, test.Pool.OutCount);
        }

        Assert.False(test.Pool.HasFault);
        Assert.Equal(0, _budget.ExactHeld);
    }

    [Fact]
    public void A_detach_that_comes_during_a_later_loan_of_the_same_array_fails()
    {
        ConnectionSettings settings = SettingsOf(new ReturnCounter());
        byte[] array = new byte[16];
        HandlerCall call = HandlerCall.Begin(array);
        var late = new WebSocketMessage(call.Lend(array.AsSpan(0, 4), settings), WebSocketMessageKind.Text, call, call.Loan);
        call.End();

        HandlerCall next = HandlerCall.Begin(array);
        next.Lend(array.AsSpan(0, 4), settings);

        Assert.Same(call, next);
        Assert.Throws<InvalidOperationException>(() => late.Detach());
        next.End();
    }

    [Fact]
    public async Task Detaches_that_race_with_ends_and_new_loans_never_take_an_array_that_was_returned()
    {
        const int Loans = 1_000_000;
        var pool = new ReturnCounter();
        ConnectionSettings settings = SettingsOf(pool);
        byte[] array = new byte[16];
        HandlerCall call = HandlerCall.Begin(array);
        ReadOnlyMemory<byte> payload = call.Lend(array.AsSpan(0, 4), settings);
        int first = call.Loan;
        bool[] detached = new bool[Loans];
        bool[] returned = new bool[Loans];
        int published = -1;
        Task detaching = Task.Run(() =>
        {
            int last = -1;
            while (last < Loans - 1)
            {
                int index = Volatile.Read(ref published);
                if (index != last)
                {
                    detached[index] = call.TryDetach(first + index, payload, out _) is not null;
                    last = index;
                }
            }
        });
        for (int i = 0; i < Loans; i++)
        {
            Volatile.Write(ref published, i);
            for (int pause = 0; pause < i % 40; pause++)
            {
                // The end comes at another moment of the detach each time.
                Volatile.Read(ref published);
            }

            int before = pool.Returned;
            call.End();
            returned[i] = pool.Returned != before;
            Assert.Same(call, HandlerCall.Begin(array));
            call.Lend(array.AsSpan(0, 4), settings);
        }

        await detaching.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        // Each array is taken once: by the detach, or by the end that returns it.
        Assert.DoesNotContain(Enumerable.Range(0, Loans), index => detached[index] == returned[index]);
    }

    private static ConnectionSettings SettingsOf(ArrayPool<byte> pool) => new(
        Role.Server, new WebSocketConnectionOptions(), new DeadlineWheel(new ManualTimeProvider()), NullLogger.Instance, pool, new MemoryBudget());

    private static WebSocketMessage Receive(TestConnection test) =>
        test.Connection.ReceiveAsync().GetAwaiter().GetResult() ?? throw new InvalidOperationException("The connection is closed.");

    private static byte[] ArrayOf(ReadOnlyMemory<byte> memory)
    {
        Assert.True(MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> segment));
        return segment.Array!;
    }

    private TestConnection Open(WebSocketHandler? handler = null, WebSocketConnectionOptions? options = null) =>
        new(handler: handler, options: options, budget: _budget);

    private sealed class ReturnCounter : ArrayPool<byte>
    {
        public int Returned { get; private set; }

        public override byte[] Rent(int minimumLength) => new byte[minimumLength];

        public override void Return(byte[] array, bool clearArray = false) => Returned++;
    }

    private sealed class DetachingHandler : WebSocketHandler
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Waits { get; init; }

        public bool Detaches { get; init; } = true;

        public int? PassedOnLength { get; set; }

        public TaskCompletionSource Next { get; } = new();

        public List<WebSocketOwnedMessage> Detached { get; } = [];

        public WebSocketMessage Last { get; private set; }

        public Task Done => _done.Task;

        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            base.OnMessage(connection, payload[..(PassedOnLength ?? payload.Length)], kind);

        public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            Last = message;
            if (Waits)
            {
                await Next.Task.ConfigureAwait(false);
            }

            if (Detaches)
            {
                Detached.Add(message.Detach());
            }

            _done.TrySetResult();
        }
    }
}
