using System.Net.Sockets;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>
/// No number of posts or flushes makes the stack of a loop deep, which is small in these tests (runtimeconfig.template.json).
/// </summary>
public sealed class LoopDepthTests : IAsyncLifetime
{
    private const int Count = SmallStack.EntryCount;

    private EventLoop? _loop;

    private EventLoop Loop => _loop!;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        _loop = EventLoop.Start("test", Timeout.InfiniteTimeSpan, TimeProvider.System);
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
    public async Task A_million_posts_made_by_one_post_are_served()
    {
        int count = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var counting = new LoopSource
        {
            Posted = () =>
            {
                if (++count == Count)
                {
                    all.SetResult();
                }
            },
        };

        await Loop.RunAsync(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                Loop.Post(counting);
            }
        });
        await all.Task.WithDeadline();

        Assert.Equal(Count, count);
    }

    [Fact]
    public async Task A_source_that_posts_itself_again_is_served_each_time()
    {
        // Each in a turn of its own, which takes a system call.
        const int Turns = Count / 10;
        int count = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = new LoopSource();
        source.Posted = () =>
        {
            if (++count == Turns)
            {
                all.SetResult();
            }
            else
            {
                Loop.Post(source);
            }
        };

        Loop.Post(source);
        await all.Task.WithDeadline();

        Assert.Equal(Turns, count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_million_flushes_are_made_at_the_end_of_a_turn(bool eachAsksForTheNext)
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        using Socket _ = peer;
        EventLoopTransport transport = own.ToTransport(Loop);
        int count = 0;
        transport.Sink = new FlushSink(() =>
        {
            if (++count < Count && eachAsksForTheNext)
            {
                transport.FlushLater();
            }
        });
        await Loop.RunAsync(() =>
        {
            for (int i = 0; i < (eachAsksForTheNext ? 1 : Count); i++)
            {
                transport.FlushLater();
            }
        });
        await Loop.TurnAsync();

        Assert.Equal(Count, count);
        transport.Abort(error: null);
    }

    private sealed class FlushSink(Action flush) : ITransportSink
    {
        public void OnFlush() => flush();

        public ReadVerdict OnReceived(Span<byte> bytes) => ReadVerdict.Continue;

        public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

        public void OnWritten()
        {
        }

        public void OnInputEnded()
        {
        }

        public void OnClosed(Exception? error)
        {
        }
    }
}
