using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>A blocked write on a transport that ends meanwhile.</summary>
public sealed class BlockedWriteTests : IAsyncLifetime
{
    private readonly SendNotingSystemCalls _calls = new();
    private EventLoop? _loop;

    private EventLoop Loop => _loop!;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        _loop = EventLoop.Start("test", Timeout.InfiniteTimeSpan, TimeProvider.System, _calls);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (_loop is not null)
        {
            await _loop.StopAsync();
        }
    }

    // The memory goes back to its pool with OnClosed: what another connection puts there must not be sent here.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_blocked_write_does_not_touch_its_memory_after_the_transport_closed(bool aborts)
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        using Socket _ = peer;
        var sink = new RecordingSink();
        EventLoopTransport transport = own.ToTransport(Loop);
        transport.Sink = sink;
        transport.Start();
        await Loop.TurnAsync();
        bool isUsedAfterClose = false;
        _calls.Sending = _ =>
        {
            if (!Loop.IsCurrent)
            {
                // As a thread that is interrupted right before its system call.
                End(transport, aborts);
                Wait(Loop.TurnAsync());
            }

            isUsedAfterClose |= sink.ClosedCalls != 0;
        };

        transport.Write(new byte[1000]);
        End(transport, aborts);
        await sink.WhenClosed().WithDeadline();

        Assert.False(isUsedAfterClose);
        Assert.Empty(sink.Violations);
    }

    private static void End(EventLoopTransport transport, bool aborts)
    {
        if (aborts)
        {
            transport.Abort(error: null);
        }
        else
        {
            transport.Close();
        }
    }

    private static void Wait(Task task) => task.GetAwaiter().GetResult();
}
