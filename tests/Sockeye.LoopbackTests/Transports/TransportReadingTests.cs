using Sockeye.Transports;

namespace Sockeye.Tests;

public sealed class TransportReadingTests
{
    private const int Mebibyte = 1024 * 1024;

    [Theory]
    [EachTransport]
    public async Task Bytes_arrive_whole_and_in_order(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair);
        byte[] sent = Payloads.Bytes((3 * Mebibyte) + 17);

        Task sending = pair.Peer.WriteAsync(sent).AsTask();
        await sink.WhenReceived(sent.Length).WithDeadline();
        await sending.WithDeadline();

        Assert.Equal(sent, sink.ReceivedBytes);
        Assert.Empty(sink.Violations);
    }

    // Whatever length it had come to before.
    [Theory]
    [EachTransport]
    public async Task A_sink_short_of_memory_gets_small_reads(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair);
        byte[] sent = Payloads.Bytes(3 * Mebibyte);
        Task sending = pair.Peer.WriteAsync(sent).AsTask();
        await sink.WhenReceived(sent.Length).WithDeadline();
        await sending.WithDeadline();
        sink.IsShortOfMemory = true;
        await pair.Peer.WriteAsync(new byte[1]);
        await sink.WhenReceived(sent.Length + 1).WithDeadline();
        sink.LongestRead = 0;

        sending = pair.Peer.WriteAsync(sent).AsTask();
        await sink.WhenReceived((2 * sent.Length) + 1).WithDeadline();
        await sending.WithDeadline();

        Assert.InRange(sink.LongestRead, 1, ITransportSink.ShortReadLength);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task A_pause_delivers_nothing_and_loses_nothing(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair, total => total < 2 * Mebibyte ? ReadVerdict.Pause : ReadVerdict.Continue);
        byte[] sent = Payloads.Bytes(2 * Mebibyte);
        Task sending = pair.Peer.WriteAsync(sent).AsTask();

        int pauses = 0;
        long received = 0;
        while (received < sent.Length)
        {
            await sink.WhenReceived(received + 1).WithDeadline();
            received = sink.ReceivedLength;

            // Every call so far was answered with a pause that one resumption has ended.
            Assert.Equal(++pauses, sink.ReceivedCalls);
            sink.Down(pair.Transport.ResumeReading);
        }

        await sending.WithDeadline();
        Assert.Equal(sent, sink.ReceivedBytes);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task A_resume_before_the_pause_verdict_is_returned_takes_effect(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair, _ => ReadVerdict.Pause);
        sink.Received = () => sink.Down(pair.Transport.ResumeReading);
        byte[] sent = Payloads.Bytes(Mebibyte);

        Task sending = pair.Peer.WriteAsync(sent).AsTask();
        await sink.WhenReceived(sent.Length).WithDeadline();
        await sending.WithDeadline();

        Assert.Equal(sent, sink.ReceivedBytes);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task A_sink_may_stay_paused_when_reading_is_resumed(TransportKind kind)
    {
        const int Resumptions = 5;
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair, total => total == 1 ? ReadVerdict.Pause : ReadVerdict.Continue);
        sink.ResumedVerdict = calls =>
        {
            pair.Transport.ResumeReading();
            return calls < Resumptions ? ReadVerdict.Pause : ReadVerdict.Continue;
        };
        await pair.Peer.WriteAsync(new byte[1]);
        await sink.WhenReceived(1).WithDeadline();

        pair.Transport.ResumeReading();
        await pair.Peer.WriteAsync(new byte[1]);
        await sink.WhenReceived(2).WithDeadline();

        Assert.Equal(Resumptions, sink.ResumedCalls);
        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport]
    public async Task The_end_of_the_input_comes_after_all_bytes_and_keeps_the_output_open(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        RecordingSink sink = Start(pair);
        byte[] sent = Payloads.Bytes(100_000);
        sink.Received = () => Assert.Equal(0, sink.InputEndedCalls);

        await pair.Peer.WriteAsync(sent);
        await pair.EndPeerOutputAsync();
        await sink.WhenInputEnded().WithDeadline();

        Assert.Equal(sent, sink.ReceivedBytes);
        Assert.Equal(0, sink.ClosedCalls);
        if (pair.CanEndOneDirection)
        {
            TransportWritingTests.WriteAll(pair, [1, 2, 3]);
            byte[] answer = new byte[3];
            await pair.Peer.ReadExactlyAsync(answer).WithDeadline();
            Assert.Equal([1, 2, 3], answer);
        }

        sink.Down(pair.Transport.Close);
        await sink.WhenClosed().WithDeadline();
        Assert.Null(sink.Error);
        Assert.Equal(1, sink.InputEndedCalls);
        Assert.Empty(sink.Violations);
    }

    // A pipe stream does not know reads of no bytes.
    [Theory]
    [EachTransport(TransportKind.Pipe)]
    public async Task An_idle_transport_holds_no_buffer(TransportKind kind)
    {
        var pool = new CountingPool();
        using TransportPair pair = await TransportPair.CreateAsync(kind, pool);
        RecordingSink sink = Start(pair);

        for (int length = 1; length <= 3; length++)
        {
            await pair.Peer.WriteAsync(new byte[1]);
            await sink.WhenReceived(length).WithDeadline();
            await Deadlines.UntilAsync(() => pool.OutCount == 0, "the receive buffer is back");
        }
    }

    // The kernel may report bytes that were already read together with earlier ones.
    [Theory]
    [EachTransport(TransportKind.Pipe)]
    public async Task A_transport_holds_no_buffer_after_a_spurious_wake_up(TransportKind kind)
    {
        const int Rounds = 300;
        var pool = new CountingPool();
        using TransportPair pair = await TransportPair.CreateAsync(kind, pool);
        RecordingSink sink = Start(pair);

        for (int round = 1; round <= Rounds; round++)
        {
            for (int count = 0; count < 4; count++)
            {
                await pair.Peer.WriteAsync(new byte[1]);
            }

            await sink.WhenReceived(round * 4).WithDeadline();
            await Deadlines.UntilAsync(() => pool.OutCount == 0, "the receive buffer is back");
        }

        Assert.Empty(sink.Violations);
    }

    [Theory]
    [EachTransport(TransportKind.Pipe)]
    public async Task An_idle_transport_holds_no_buffer_after_a_full_read(TransportKind kind)
    {
        var pool = new CountingPool();
        using TransportPair pair = await TransportPair.CreateAsync(kind, pool);
        byte[] sent = Payloads.Bytes(64 * 1024);
        Task sending = pair.Peer.WriteAsync(sent).AsTask();

        RecordingSink sink = Start(pair);
        await sink.WhenReceived(sent.Length).WithDeadline();
        await sending.WithDeadline();

        await Deadlines.UntilAsync(() => pool.OutCount == 0, "the receive buffer is back");
        Assert.Equal(sent, sink.ReceivedBytes);
        Assert.Empty(sink.Violations);
    }

    private static RecordingSink Start(TransportPair pair, Func<long, ReadVerdict>? verdict = null)
    {
        var sink = new RecordingSink();
        sink.Verdict = verdict ?? sink.Verdict;
        pair.Transport.Sink = sink;
        sink.Down(pair.Transport.Start);
        return sink;
    }
}
