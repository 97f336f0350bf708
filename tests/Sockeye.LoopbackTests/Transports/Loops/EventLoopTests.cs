using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

public sealed class EventLoopTests : IAsyncLifetime
{
    private static readonly TimeSpan Threshold = TimeSpan.FromMilliseconds(100);

    private readonly ManualTimeProvider _time = new();
    private EventLoop? _loop;

    private EventLoop Loop => _loop!;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        _loop = EventLoop.Start("test", Threshold, _time);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (_loop is not null)
        {
            await _loop.StopAsync();
        }
    }

    [Fact]
    public async Task Posts_of_many_threads_are_never_lost()
    {
        const int Threads = 8;
        const int Posts = 20_000;
        int count = 0;
        var all = new TaskCompletionSource();
        var source = new LoopSource
        {
            Posted = () =>
            {
                // On one thread: a plain count.
                if (++count == Threads * Posts)
                {
                    all.SetResult();
                }
            },
        };

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < Posts; i++)
            {
                Loop.Post(source);
            }
        }))).WithDeadline();
        await all.Task.WithDeadline();

        Assert.Equal(Threads * Posts, count);
    }

    [Fact]
    public void Each_post_wakes_a_sleeping_loop()
    {
        // Each post comes just when the loop has nothing left to do.
        using var posted = new SemaphoreSlim(0);
        var source = new LoopSource { Posted = () => posted.Release() };
        for (int i = 0; i < 20_000; i++)
        {
            Loop.Post(source);
            Assert.True(posted.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken), $"post {i} is lost");
            Thread.SpinWait(i % 500);
        }
    }

    [Fact]
    public async Task A_source_that_posts_itself_forever_does_not_starve_the_loop()
    {
        bool isOver = false;
        var source = new LoopSource();
        source.Posted = () =>
        {
            if (!isOver)
            {
                Loop.Post(source);
            }
        };
        Loop.Post(source);

        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        {
            EventLoopTransport transport = own.ToTransport(Loop);
            var sink = new RecordingSink();
            transport.Sink = sink;
            transport.Start();
            peer.Send(new byte[10]);
            await sink.WhenReceived(10).WithDeadline();
            transport.Close();
        }

        await Loop.RunAsync(() => isOver = true);
    }

    [Fact]
    public async Task A_source_that_throws_is_notified_and_others_continue()
    {
        var throwing = new LoopSource
        {
            Posted = () => throw new InvalidOperationException("posted"),
            Happened = _ => throw new InvalidOperationException("happened"),
        };
        int descriptor = Descriptors.Counter(1);
        ulong number = 0;

        await Loop.RunAsync(() =>
            Assert.Equal(0, Loop.Add(descriptor, EpollEvents.In | EpollEvents.EdgeTriggered, throwing, out number)));
        Loop.Post(throwing);
        await Loop.TurnAsync();

        Assert.Equal(
            ["happened", "posted"],
            throwing.Faults.Select(fault => fault.Message).Order(StringComparer.Ordinal));
        await Loop.RunAsync(() => Loop.Remove(number));
        Assert.Equal(0, LibC.Close(descriptor));
    }

    [Fact]
    public async Task No_exception_of_a_source_ends_its_loop()
    {
        var source = new LoopSource
        {
            Posted = () =>
            {
                _time.Slip(Threshold);
                throw new InvalidOperationException("posted");
            },
            HeldUp = () => throw new InvalidOperationException("held up"),
            Faulted = () => throw new InvalidOperationException("faulted"),
        };

        Loop.Post(source);
        Loop.Post(source);
        await Loop.TurnAsync();

        Assert.Equal(
            ["posted", "held up", "posted", "held up"], source.Faults.Select(fault => fault.Message));
        Assert.False(Loop.Ended.IsCompleted);
    }

    [Fact]
    public async Task A_slow_source_is_notified_of_its_duration()
    {
        var slow = new LoopSource { Posted = () => _time.Slip(Threshold) };
        var quick = new LoopSource { Posted = () => _time.Slip(Threshold - TimeSpan.FromMilliseconds(1)) };

        Loop.Post(quick);
        Loop.Post(slow);
        Loop.Post(quick);
        await Loop.TurnAsync();

        Assert.Equal([Threshold], slow.HoldUps);
        Assert.Empty(quick.HoldUps);
    }

    [Fact]
    public async Task The_time_a_loop_sleeps_counts_for_no_source()
    {
        var source = new LoopSource();
        for (int i = 0; i < 10; i++)
        {
            Loop.Post(source);
            await Loop.TurnAsync();
            _time.Slip(Threshold);
        }

        Assert.Empty(source.HoldUps);
    }

    [Fact]
    public async Task An_event_of_a_closed_descriptor_does_not_reach_its_reuse()
    {
        int[] descriptors = [Descriptors.Counter(1), Descriptors.Counter(1)];
        ulong[] numbers = new ulong[2];
        ulong successor = 0;
        int told = 0;
        int toldSuccessor = 0;

        // Both can be read from, so that both events come in one turn; whoever is told first closes the other, and its
        // number goes to a descriptor to which nothing happens.
        void Replace(int index)
        {
            told++;
            int other = 1 - index;
            Loop.Remove(numbers[other]);
            Descriptors.Replace(descriptors[other], by: Descriptors.Counter(0));
            var idle = new LoopSource { Happened = _ => toldSuccessor++ };
            Assert.Equal(0, Loop.Add(descriptors[other], EpollEvents.In, idle, out successor));
            Loop.Remove(numbers[index]);
        }

        await Loop.RunAsync(() =>
        {
            for (int index = 0; index <= 1; index++)
            {
                int own = index;
                var source = new LoopSource { Happened = _ => Replace(own) };
                Assert.Equal(0, Loop.Add(
                    descriptors[index], EpollEvents.In | EpollEvents.EdgeTriggered, source, out numbers[index]));
            }
        });
        await Loop.TurnAsync();

        await Loop.RunAsync(() => Loop.Remove(successor));
        Assert.Equal(1, told);
        Assert.Equal(0, toldSuccessor);
        Assert.All(descriptors, descriptor => Assert.Equal(0, LibC.Close(descriptor)));
    }

    [Fact]
    public async Task A_stopping_loop_serves_pending_posts_and_ends()
    {
        EventLoop loop = EventLoop.Start("test", Timeout.InfiniteTimeSpan, TimeProvider.System);
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        {
            EventLoopTransport transport = own.ToTransport(loop);
            var sink = new RecordingSink();
            transport.Sink = sink;
            transport.Start();
            peer.Send(new byte[1]);
            await sink.WhenReceived(1).WithDeadline();

            loop.StopWhenEmpty();
            peer.Send(new byte[1]);
            await sink.WhenReceived(2).WithDeadline();
            Assert.False(loop.Ended.IsCompleted);
            transport.Close();
            await loop.Ended.WithDeadline();

            Assert.Equal(1, sink.ClosedCalls);
            loop.Post(new LoopSource());
            loop.StopWhenEmpty();
        }
    }
}
