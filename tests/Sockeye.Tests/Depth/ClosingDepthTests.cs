using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Chains of connections that end each other use constant stack.</summary>
public sealed class ClosingDepthTests
{
    // Not a million, since each is a connection; one level of them takes more than a hundred bytes of stack.
    private const int Count = 50_000;

    private readonly ConcurrentQueue<Action> _mailbox = new();
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void A_chain_of_connections_that_abort_the_next_in_OnClosed_ends()
    {
        WebSocketConnection[] connections = [];
        int endedCount = 0;
        var handler = new EndingHandler(connection =>
        {
            int next = (int)connection.UserState! + 1;
            Interlocked.Increment(ref endedCount);
            if (next < Count)
            {
                connections[next].Abort();
            }
        });
        connections = Open(handler);

        EndAll(connections, () => Volatile.Read(ref endedCount) == Count);

        Assert.Equal(Count, endedCount);
    }

    [Fact]
    public void A_chain_of_aborts_in_continuations_of_Closed_ends()
    {
        WebSocketConnection[] connections = Open(handler: null);
        Task all = Task.WhenAll(connections.Select((connection, index) => EndTheNext(connection, index)));

        EndAll(connections, () => all.IsCompleted);

        Assert.True(all.IsCompletedSuccessfully);

        async Task EndTheNext(WebSocketConnection connection, int index)
        {
            await connection.Closed.ConfigureAwait(false);
            if (index + 1 < Count)
            {
                connections[index + 1].Abort();
            }
        }
    }

    [Fact]
    public void A_chain_of_aborts_after_failed_receives_ends()
    {
        WebSocketConnection[] connections = Open(
            handler: null, new WebSocketConnectionOptions { RunReceiveContinuationsInline = true });
        Task all = Task.WhenAll(connections.Select((connection, index) => EndTheNext(connection, index)));

        EndAll(connections, () => all.IsCompleted);

        Assert.True(all.IsCompletedSuccessfully);

        async Task EndTheNext(WebSocketConnection connection, int index)
        {
            try
            {
                await connection.ReceiveAsync().ConfigureAwait(false);
            }
            catch (WebSocketClosedException) when (index + 1 < Count)
            {
                connections[index + 1].Abort();
            }
            catch (WebSocketClosedException)
            {
                // The last.
            }
        }
    }

    [Fact]
    public void A_million_deadlines_that_expire_together_and_arm_others_use_constant_stack()
    {
        var wheel = new DeadlineWheel(_time);
        int calls = 0;
        SmallStack.Run(() =>
        {
            Deadline? previous = null;
            for (int i = 0; i < SmallStack.EntryCount; i++)
            {
                var deadline = new RepeatingDeadline(() => calls++, other: previous);
                wheel.Schedule(deadline, TimeSpan.FromSeconds(1));
                previous = deadline;
            }

            _time.Advance(TimeSpan.FromSeconds(2));
            _time.Advance(TimeSpan.FromSeconds(2));
        });

        Assert.Equal(2 * SmallStack.EntryCount, calls);
    }

    private WebSocketConnection[] Open(WebSocketHandler? handler, WebSocketConnectionOptions? options = null)
    {
        var settings = new ConnectionSettings(
            Role.Server, options ?? new WebSocketConnectionOptions(), new DeadlineWheel(_time), NullLogger.Instance);
        return [.. Enumerable.Range(0, Count).Select(index =>
        {
            var connection = new WebSocketConnection(new InMemoryTransport { KeepsOutput = false, Mailbox = _mailbox }, settings, handler) { UserState = index };
            connection.Core.Start();
            return connection;
        })];
    }

    // The thread of the mailbox is what a loop's is.
    private void EndAll(WebSocketConnection[] connections, Func<bool> areEnded) => SmallStack.Run(() =>
    {
        connections[0].Abort();
        long start = Environment.TickCount64;
        while (!areEnded() && Environment.TickCount64 - start < TimeSpan.FromMinutes(2).TotalMilliseconds)
        {
            if (_mailbox.TryDequeue(out Action? report))
            {
                report();
            }
        }
    });

    private sealed class EndingHandler(Action<WebSocketConnection> ended) : WebSocketHandler
    {
        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) => ended(connection);
    }

    private sealed class RepeatingDeadline(Action call, Deadline? other) : Deadline
    {
        private bool _isRepeated;

        public override void OnDue(DeadlineWheel wheel)
        {
            call();
            if (!_isRepeated)
            {
                _isRepeated = true;
                wheel.Schedule(this, TimeSpan.FromSeconds(1));
                if (other is not null)
                {
                    // Once more, in place of what it was scheduled for.
                    wheel.Schedule(other, TimeSpan.FromSeconds(1));
                }
            }
        }

        public override void OnFaulted(Exception exception) => throw exception;
    }
}
