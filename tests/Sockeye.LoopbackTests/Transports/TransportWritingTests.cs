using System.Net.Sockets;
using Sockeye.Transports;

namespace Sockeye.Tests;

public sealed class TransportWritingTests
{
    private const int Mebibyte = 1024 * 1024;

    // More than two loopback sockets, or a pipe, and TLS in between hold.
    private const int MoreThanFits = 32 * Mebibyte;

    [Theory]
    [EachTransport]
    public async Task Bytes_leave_whole_and_in_order(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair);
        byte[] bytes = Payloads.Bytes(MoreThanFits);

        bool isWritten = WriteAll(pair, bytes, sink);
        byte[] arrived = new byte[bytes.Length];
        await pair.Peer.ReadExactlyAsync(arrived).WithDeadline();
        await sink.WhenWritten(isWritten ? 0 : 1).WithDeadline();

        Assert.Equal(bytes.Length, arrived.Length);
        Assert.True(bytes.AsSpan().SequenceEqual(arrived));
        Assert.Equal(isWritten ? 0 : 1, sink.WrittenCalls);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task A_blocked_write_is_reported_once_when_it_has_drained(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair);
        byte[] bytes = Payloads.Bytes(MoreThanFits);

        bool isWritten = WriteAll(pair, bytes, sink);

        Assert.False(isWritten);
        Assert.Equal(0, sink.WrittenCalls);
        await pair.Peer.ReadExactlyAsync(new byte[bytes.Length]).WithDeadline();
        await sink.WhenWritten(1).WithDeadline();

        // The next write is reported separately, which shows that the first is not reported twice.
        Assert.False(WriteAll(pair, bytes, sink));
        await pair.Peer.ReadExactlyAsync(new byte[bytes.Length]).WithDeadline();
        await sink.WhenWritten(2).WithDeadline();
        pair.Transport.Close();
        await sink.WhenClosed().WithDeadline();
        Assert.Equal(2, sink.WrittenCalls);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task A_sink_may_write_from_the_drain_callback(TransportKind kind)
    {
        const int Pieces = 8;
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        var sink = new RecordingSink();
        byte[] piece = Payloads.Bytes(4 * Mebibyte);
        int written = 0;
        sink.Written = WriteOn;
        pair.Transport.Sink = sink;
        pair.Transport.Start();
        WriteOn();

        byte[] arrived = new byte[Pieces * piece.Length];
        await pair.Peer.ReadExactlyAsync(arrived).WithDeadline();

        for (int i = 0; i < Pieces; i++)
        {
            Assert.True(arrived.AsSpan(i * piece.Length, piece.Length).SequenceEqual(piece));
        }

        Assert.Empty(sink.Violations);

        void WriteOn()
        {
            while (written < Pieces)
            {
                written++;
                if (!sink.Down(() => pair.Transport.Write(piece)))
                {
                    return;
                }
            }
        }
    }

    // A pipe ends in both directions only.
    [Theory]
    [EachTransport(TransportKind.Pipe, TransportKind.ServerPipe)]
    public async Task Ending_the_output_comes_after_all_bytes_and_keeps_the_input_open(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair);
        byte[] bytes = Payloads.Bytes(100_000);
        if (!WriteAll(pair, bytes, sink))
        {
            await sink.WhenWritten(1).WithDeadline();
        }

        sink.Down(pair.Transport.ShutdownOutput);
        byte[] arrived = await pair.Peer.ReadToEndAsync();
        await pair.Peer.WriteAsync(new byte[10]);
        await sink.WhenReceived(10).WithDeadline();

        Assert.Equal(bytes, arrived);
        Assert.Equal(0, sink.ClosedCalls);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task Closing_completes_the_pending_write(TransportKind kind)
    {
        var pool = new CountingPool();
        using TransportPair pair = await TransportPair.CreateAsync(kind, pool);
        RecordingSink sink = Start(pair);
        byte[] bytes = Payloads.Bytes(MoreThanFits);
        Assert.False(WriteAll(pair, bytes, sink));

        sink.Down(pair.Transport.Close);
        byte[] arrived = await pair.Peer.ReadToEndAsync();
        await sink.WhenClosed().WithDeadline();

        Assert.Equal(bytes.Length, arrived.Length);
        Assert.True(bytes.AsSpan().SequenceEqual(arrived));
        Assert.Null(sink.Error);
        Assert.Equal(0, pool.OutCount);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task Writes_after_the_end_are_accepted_and_discarded(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair);
        sink.Down(pair.Transport.Close);
        await sink.WhenClosed().WithDeadline();

        int taken = sink.Down(() => pair.Transport.TryWrite(new byte[10]));
        bool isWritten = sink.Down(() => pair.Transport.Write(new byte[10]));
        sink.Down(pair.Transport.ShutdownOutput);
        sink.Down(pair.Transport.ResumeReading);
        sink.Down(pair.Transport.Close);
        sink.Down(() => pair.Transport.Abort(new IOException("too late")));

        Assert.Equal(10, taken);
        Assert.True(isWritten);
        Assert.Null(sink.Error);
        Assert.Equal(1, sink.ClosedCalls);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport(TransportKind.Stream, TransportKind.Tls, TransportKind.Pipe, TransportKind.EventLoopUnix)]
    public async Task A_reset_does_not_destroy_bytes_received_before_it(TransportKind kind)
    {
        // The peer replies and closes its socket with unread bytes, which is a reset. Our next write fails,
        // and the answer is still there to be read.
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        own.Send(new byte[100_000]);
        peer.Send(Payloads.Bytes(1000));
        peer.Close();
        Transport transport =
            kind == TransportKind.Socket ? new SocketTransport(own, new CountingPool()) : own.ToTransport();
        var sink = new RecordingSink();
        transport.Sink = sink;
        await Deadlines.UntilAsync(
            () =>
            {
                transport.TryWrite(new byte[1]);
                return sink.OutputFailedCalls > 0;
            },
            "a write has failed");

        transport.Start();
        await sink.WhenClosed().WithDeadline();

        Assert.Equal(Payloads.Bytes(1000), sink.ReceivedBytes);
        Assert.IsType<SocketException>(sink.Error);
        Assert.Equal(1, sink.OutputFailedCalls);
        Assert.Empty(sink.Violations);
    }

    /// <summary>Writes like a send queue: synchronously as much as possible, then the rest.</summary>
    /// <returns>Whether all of it is written.</returns>
    internal static bool WriteAll(TransportPair pair, byte[] bytes, RecordingSink? sink = null)
    {
        sink ??= new RecordingSink();
        int taken = sink.Down(() => pair.Transport.TryWrite(bytes));
        return taken == bytes.Length || sink.Down(() => pair.Transport.Write(bytes.AsMemory(taken)));
    }

    private static RecordingSink Start(TransportPair pair)
    {
        var sink = new RecordingSink();
        pair.Transport.Sink = sink;
        sink.Down(pair.Transport.Start);
        return sink;
    }
}
