namespace Sockeye.Tests;

/// <summary>The acknowledged bytes that the kernel reports. Linux only.</summary>
public sealed class TransportProgressTests
{
    private const int Length = 100_000;

    public TransportProgressTests() =>
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux is asked.");

    [Theory]
    [InlineData(TransportKind.EventLoop)]
    [InlineData(TransportKind.Socket)]
    [InlineData(TransportKind.Stream)]
    [InlineData(TransportKind.Tls)]
    public async Task Acknowledged_bytes_are_counted(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        var sink = new RecordingSink();
        pair.Transport.Sink = sink;
        pair.Transport.Start();
        uint before = pair.Transport.AcknowledgedLength!.Value;

        pair.Transport.Write(Payloads.Bytes(Length));
        await pair.Peer.ReadExactlyAsync(new byte[Length]).WithDeadline();
        await Deadlines.UntilAsync(() => pair.Transport.UnacknowledgedLength == 0, "all is acknowledged");

        // TLS adds a header and a tag to each record.
        Assert.InRange(
            pair.Transport.AcknowledgedLength!.Value - before, (uint)Length, Length + (kind == TransportKind.Tls ? 2_000u : 0u));
    }

    [Theory]
    [InlineData(TransportKind.EventLoop)]
    [InlineData(TransportKind.EventLoopUnix)]
    [InlineData(TransportKind.Socket)]
    [InlineData(TransportKind.Stream)]
    [InlineData(TransportKind.Tls)]
    public async Task Bytes_that_the_peer_does_not_read_stay_unacknowledged(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        pair.Transport.Sink = new RecordingSink();
        pair.Transport.Start();

        // More than the buffers of both ends hold.
        byte[] bytes = Payloads.Bytes(32 * 1024 * 1024);
        Assert.False(pair.Transport.Write(bytes));
        await Deadlines.UntilAsync(() => pair.Transport.UnacknowledgedLength > 0, "something is kept");

        _ = pair.Peer.ReadExactlyAsync(new byte[bytes.Length]).AsTask();
        await Deadlines.UntilAsync(() => pair.Transport.UnacknowledgedLength == 0, "all is acknowledged");
    }

    [Theory]
    [EachTransport]
    public async Task A_closed_transport_reports_no_progress(TransportKind kind)
    {
        using TransportPair pair = await TransportPair.CreateAsync(kind);
        var sink = new RecordingSink();
        pair.Transport.Sink = sink;
        pair.Transport.Start();

        pair.Transport.Abort(error: null);
        await sink.WhenClosed().WithDeadline();

        // A stream is disposed of on another thread.
        await Deadlines.UntilAsync(
            () => pair.Transport.AcknowledgedLength is null && pair.Transport.UnacknowledgedLength is null, "it is gone");
    }
}
