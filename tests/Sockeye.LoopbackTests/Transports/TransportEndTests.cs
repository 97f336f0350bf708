using System.Net.Sockets;
using Sockeye.Transports;

namespace Sockeye.Tests;

public sealed class TransportEndTests
{
    // In each round other threads get in each other's way.
    private const int Rounds = 200;

    [Theory]
    [EachTransport]
    public async Task Aborting_ends_both_ends_with_the_given_exception(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair, out _);
        var reason = new TimeoutException("the reason");

        sink.Down(() => pair.Transport.Abort(reason));
        await sink.WhenClosed().WithDeadline();
        byte[] arrived = await pair.Peer.ReadToEndAsync();

        Assert.Empty(arrived);
        Assert.Same(reason, sink.Error);
        Assert.Equal(0, sink.InputEndedCalls);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task Aborting_ends_a_blocked_write(TransportKind kind)
    {
        var pool = new CountingPool();
        using TransportPair pair = await TransportPair.CreateAsync(kind, pool);
        RecordingSink sink = Start(pair, out _);
        Assert.False(TransportWritingTests.WriteAll(pair, new byte[32 * 1024 * 1024], sink));

        sink.Down(pair.Transport.Close);
        sink.Down(() => pair.Transport.Abort(error: null));
        await sink.WhenClosed().WithDeadline();

        Assert.Equal(0, sink.WrittenCalls);
        Assert.Equal(0, pool.OutCount);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task A_sink_that_throws_is_notified_before_its_transport_ends(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair, out _);
        var thrown = new InvalidOperationException("thrown on purpose");
        sink.Verdict = _ => throw thrown;

        await pair.Peer.WriteAsync(new byte[1]);
        await sink.WhenClosed().WithDeadline();

        Assert.Same(thrown, sink.Fault);
        Assert.Same(thrown, sink.Error);
        Assert.Equal(1, sink.ClosedCalls);
    }

    [Theory]
    [EachTransport]
    public async Task A_sink_that_throws_at_the_end_is_notified(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair, out _);
        sink.ThrownWhenClosed = new InvalidOperationException("thrown on purpose");

        sink.Down(pair.Transport.Close);
        await sink.WhenFaulted().WithDeadline();

        Assert.Same(sink.ThrownWhenClosed, sink.Fault);
        Assert.Equal(1, sink.ClosedCalls);
    }

    [Theory]
    [EachTransport]
    public async Task Aborting_ends_a_pause(TransportKind kind)
    {
        var pool = new CountingPool();
        using TransportPair pair = await TransportPair.CreateAsync(kind, pool);
        RecordingSink sink = Start(pair, out _);
        sink.Verdict = _ => ReadVerdict.Pause;
        await pair.Peer.WriteAsync(new byte[10]);
        await sink.WhenReceived(10).WithDeadline();

        sink.Down(() => pair.Transport.Abort(error: null));
        await sink.WhenClosed().WithDeadline();

        Assert.Equal(0, sink.ResumedCalls);
        Assert.Equal(0, pool.OutCount);
        Assert.Empty(sink.Violations);
    }

    // A pipe and a Unix socket know no reset, and TLS shows it as an end that was cut off.
    [Theory]
    [EachTransport(TransportKind.Stream, TransportKind.Tls, TransportKind.Pipe, TransportKind.EventLoopUnix)]
    public async Task Aborting_a_socket_resets_the_connection(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair, out _);

        sink.Down(() => pair.Transport.Abort(error: null));
        IOException thrown = await Assert.ThrowsAsync<IOException>(
            () => pair.Peer.ReadAsync(new byte[1]).WithDeadline());

        SocketException error = Assert.IsType<SocketException>(thrown.InnerException);
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Theory]
    [EachTransport]
    public async Task A_reset_by_the_peer_is_reported_once_as_an_end_or_an_error(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair, out _);

        pair.ResetPeer();
        await Task.WhenAny(sink.WhenClosed(), sink.WhenInputEnded()).WithDeadline();
        pair.Transport.Close();
        await sink.WhenClosed().WithDeadline();

        Assert.True(sink.InputEndedCalls == 1 || sink.Error is not null);
        Assert.Equal(1, sink.ClosedCalls);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task OnClosed_is_called_once_and_last_in_every_race(TransportKind kind)
    {
        for (int round = 0; round < Rounds; round++)
        {
            var pool = new CountingPool();
            using TransportPair pair = await TransportPair.CreateAsync(kind, pool);
            RecordingSink sink = Start(pair, out Transport transport);
            if (round % 3 == 0)
            {
                sink.Verdict = _ => ReadVerdict.Pause;
            }

            Action[] actions =
            [
                () => transport.Close(),
                () => transport.Abort(new IOException("raced")),
                () => Array.ForEach([1, 2, 3], _ => transport.ResumeReading()),
                () => WriteALot(transport, round),
                pair.ResetPeer,
            ];

            // Another pair of them begins each round.
            using var start = new Barrier(actions.Length);
            await Task.WhenAll(actions.Select((action, index) => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    if ((round + index) % actions.Length < 3)
                    {
                        Thread.SpinWait(round * 10);
                    }

                    sink.Down(action);
                },
                TaskCreationOptions.LongRunning))).WithDeadline();

            await sink.WhenClosed().WithDeadline();
            Assert.Equal(0, pool.OutCount);
            Assert.Equal(1, sink.ClosedCalls);
            Assert.Empty(sink.Violations);
        }
    }

    [Theory]
    [EachTransport]
    public async Task A_write_that_completes_during_a_close_is_reported_before_the_end_or_not_at_all(
        TransportKind kind)
    {
        byte[] bytes = new byte[6 * 1024 * 1024];
        for (int round = 0; round < Rounds / 4; round++)
        {
            using TransportPair pair = await TransportPair.CreateAsync(kind);
            RecordingSink sink = Start(pair, out Transport transport);
            TransportWritingTests.WriteAll(pair, bytes, sink);

            Task reading = pair.Peer.ReadToEndAsync();
            Thread.SpinWait(round * 100);
            sink.Down(transport.Close);
            await reading.WithDeadline();
            await sink.WhenClosed().WithDeadline();

            Assert.Empty(sink.Violations);
        }
    }

    private static void WriteALot(Transport transport, int round)
    {
        byte[] bytes = new byte[round * 1000];
        int taken = transport.TryWrite(bytes);
        if (taken < bytes.Length)
        {
            transport.Write(bytes.AsMemory(taken));
        }
    }

    private static RecordingSink Start(TransportPair pair, out Transport transport)
    {
        var sink = new RecordingSink();
        transport = pair.Transport;
        transport.Sink = sink;
        sink.Down(transport.Start);
        return sink;
    }
}
