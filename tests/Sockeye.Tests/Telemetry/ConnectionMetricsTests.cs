using System.Globalization;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>What the metrics say of connections, compared with what is on the wire.</summary>
[CollectionDefinition(nameof(ConnectionMetricsTests), DisableParallelization = true)] // The metrics are those of the whole process.
[Collection(nameof(ConnectionMetricsTests))]
public sealed class ConnectionMetricsTests : IDisposable
{
    private readonly RecordedMetrics _metrics = new();

    public static TheoryData<bool> Roles => [true, false];

    public void Dispose() => _metrics.Dispose();

    [Theory]
    [MemberData(nameof(Roles))]
    public void Messages_and_payloads_are_counted_by_direction_and_kind(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        string role = isServer ? "sockeye.role=server" : "sockeye.role=client";

        test.Transport.Feed(
        [
            .. test.FromPeer(Opcode.Text, "one"u8),
            .. test.FromPeer(Opcode.Text, "tw"u8, fin: false),
            .. test.FromPeer(Opcode.Ping, "ping"u8),
            .. test.FromPeer(Opcode.Continuation, "o"u8),
            .. test.FromPeer(Opcode.Binary, "four"u8),
        ]);
        test.Connection.TrySend("three");
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        Assert.True(writer.WriteAsync("se"u8.ToArray()).IsCompletedSuccessfully);
        Assert.True(writer.CompleteAsync("ven"u8.ToArray()).IsCompletedSuccessfully);
        test.Connection.TrySend("12"u8);

        Assert.Equal(2, _metrics.Change("sockeye.messages", role, "network.io.direction=receive", "sockeye.message.kind=text"));
        Assert.Equal(6, _metrics.Change("sockeye.message.io", role, "network.io.direction=receive", "sockeye.message.kind=text"));
        Assert.Equal(1, _metrics.Change("sockeye.messages", role, "network.io.direction=receive", "sockeye.message.kind=binary"));
        Assert.Equal(4, _metrics.Change("sockeye.message.io", role, "network.io.direction=receive", "sockeye.message.kind=binary"));
        Assert.Equal(2, _metrics.Change("sockeye.messages", role, "network.io.direction=transmit", "sockeye.message.kind=text"));
        Assert.Equal(10, _metrics.Change("sockeye.message.io", role, "network.io.direction=transmit", "sockeye.message.kind=text"));
        Assert.Equal(1, _metrics.Change("sockeye.messages", role, "network.io.direction=transmit", "sockeye.message.kind=binary"));
        Assert.Equal(2, _metrics.Change("sockeye.message.io", role, "network.io.direction=transmit", "sockeye.message.kind=binary"));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Bytes_are_those_on_the_wire(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        byte[] received = [.. test.FromPeer(Opcode.Text, "one"u8), .. test.FromPeer(Opcode.Ping, "p"u8)];

        test.Transport.Feed(received);
        test.Connection.TrySend("three");

        Assert.Equal(received.Length, _metrics.Change("sockeye.network.io", "network.io.direction=receive"));
        Assert.Equal(
            test.Transport.TakeOutput().Length, _metrics.Change("sockeye.network.io", "network.io.direction=transmit"));
    }

    [Fact]
    public void A_message_is_counted_before_it_is_delivered()
    {
        List<long> counts = [];
        var handler = new RecordingHandler
        {
            Sync = (_, _) => counts.Add(_metrics.Change("sockeye.messages", "network.io.direction=receive")),
        };
        var test = new TestConnection(handler: handler);

        test.Transport.Feed([.. test.FromPeer(Opcode.Text, "1"u8), .. test.FromPeer(Opcode.Text, "2"u8)]);

        Assert.Equal([1, 2], counts);
    }

    [Fact]
    public void Messages_that_wait_for_room_are_counted_once_they_have_it()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions { Limits = new LimitOptions { MaxSendBufferLength = 50 } });
        test.Transport.Capacity = 0;
        test.Connection.TrySend(new byte[100]);
        Task waits = test.Connection.SendAsync("waits").AsTask();
        Assert.Equal(0, _metrics.Change("sockeye.messages", "sockeye.message.kind=text"));

        test.Transport.Drain();

        Assert.True(waits.IsCompletedSuccessfully);
        Assert.Equal(1, _metrics.Change("sockeye.messages", "sockeye.message.kind=text"));
        Assert.Equal(5, _metrics.Change("sockeye.message.io", "sockeye.message.kind=text"));
    }

    [Fact]
    public void Nothing_is_counted_while_nothing_listens()
    {
        var test = new TestConnection();
        _metrics.Dispose();
        test.Receive("unseen");
        test.Connection.TrySend("unseen");

        using var metrics = new RecordedMetrics();
        test.Receive("seen");

        Assert.Equal(1, metrics.Change("sockeye.messages"));
        Assert.Equal(0, metrics.Change("sockeye.messages", "network.io.direction=transmit"));
        Assert.Equal(test.FromPeer(Opcode.Text, "seen"u8).Length, metrics.Change("sockeye.network.io"));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Open_connections_are_counted_whether_or_not_anything_listens(bool isServer)
    {
        string role = isServer ? "sockeye.role=server" : "sockeye.role=client";
        _metrics.Dispose();
        var before = new TestConnection(isServer ? Role.Server : Role.Client);

        using var metrics = new RecordedMetrics();
        Assert.Equal(0, metrics.Change("sockeye.connection.count", role));
        var after = new TestConnection(isServer ? Role.Server : Role.Client);
        Assert.Equal(1, metrics.Change("sockeye.connection.count", role, "url.scheme=ws"));
        before.Connection.Abort();
        after.Connection.Abort();

        Assert.Equal(-1, metrics.Change("sockeye.connection.count", role));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Send_buffers_are_summed_up_and_congested_connections_are_counted(bool isServer)
    {
        var options = new WebSocketConnectionOptions { Limits = new LimitOptions { MaxSendBufferLength = 50 } };
        var one = new TestConnection(isServer ? Role.Server : Role.Client, options: options);
        var other = new TestConnection(isServer ? Role.Server : Role.Client, options: options);
        one.Transport.Capacity = 0;
        other.Transport.Capacity = 0;
        one.Connection.TrySend(new byte[100]);
        other.Connection.TrySend(new byte[10]);

        Assert.Equal(
            one.Connection.SendBufferLength + other.Connection.SendBufferLength, _metrics.Change("sockeye.send_buffer.usage"));
        Assert.Equal(1, _metrics.Change("sockeye.connection.congested"));

        one.Transport.Drain();
        Assert.Equal(other.Connection.SendBufferLength, _metrics.Change("sockeye.send_buffer.usage"));
        Assert.Equal(0, _metrics.Change("sockeye.connection.congested"));

        other.Connection.Abort();
        Assert.Equal(0, _metrics.Change("sockeye.send_buffer.usage"));
    }

    [Theory]
    [InlineData(WebSocketSlowConsumerPolicy.DropNewest, "newest")]
    [InlineData(WebSocketSlowConsumerPolicy.DropOldest, "oldest")]
    [InlineData(WebSocketSlowConsumerPolicy.LatestPerKey, "replaced")]
    public void Dropped_messages_are_counted_by_reason(WebSocketSlowConsumerPolicy policy, string reason)
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            Limits = new LimitOptions { MaxSendBufferLength = 50 },
            SlowConsumer = new SlowConsumerOptions { Policy = policy },
        });
        test.Transport.Capacity = 0;
        for (int i = 0; i < 4; i++)
        {
            test.Connection.TrySend(new byte[40], WebSocketMessageKind.Binary, new WebSocketSendOptions { Key = "key" });
        }

        long dropped = test.Connection.DropCounts.Total;
        Assert.NotEqual(0, dropped);
        Assert.Equal(dropped, _metrics.Change("sockeye.message.drops", $"sockeye.drop.reason={reason}"));
        Assert.Equal(dropped, _metrics.Change("sockeye.message.drops"));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Compressed_payloads_are_counted_before_and_after(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client, deflate: DeflateSetup.Forgetting());
        string text = new('a', 1_000);

        test.Connection.TrySend(text);
        RawFrame sent = Assert.Single(test.Frames());
        test.ReceiveCompressed(Opcode.Text, Wire.Bytes("4a 4c 1c 05 a3 60 14 0c 77 00 00"));
        test.Connection.TrySend(DeflateSetup.Noise(100));

        Assert.Equal(1_000, _metrics.Change("sockeye.compression.uncompressed", "network.io.direction=transmit"));
        Assert.Equal(sent.Payload.Length, _metrics.Change("sockeye.compression.compressed", "network.io.direction=transmit"));
        Assert.Equal(1_000, _metrics.Change("sockeye.message.io", "network.io.direction=transmit", "sockeye.message.kind=text"));
        Assert.Equal(11, _metrics.Change("sockeye.compression.compressed", "network.io.direction=receive"));
        Assert.Equal(1_000, _metrics.Change("sockeye.compression.uncompressed", "network.io.direction=receive"));
        Assert.Equal(1_000, _metrics.Change("sockeye.message.io", "network.io.direction=receive"));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task The_round_trip_of_each_answered_ping_is_recorded(bool isServer)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        ValueTask<TimeSpan> ping = test.Connection.PingAsync();
        RawFrame sent = Assert.Single(test.Frames());
        test.Time.Advance(TimeSpan.FromMilliseconds(30));
        test.Receive(Opcode.Pong, sent.Payload);
        test.Receive(Opcode.Pong, "unasked"u8);

        Assert.Equal(TimeSpan.FromMilliseconds(30), await ping);
        Assert.Equal([0.03], _metrics.Values("sockeye.ping.duration", isServer ? "sockeye.role=server" : "sockeye.role=client"));
    }

    [Theory]
    [InlineData(true, 1000, "1000")]
    [InlineData(true, 4001, "4xxx")]
    [InlineData(true, 3000, "3xxx")]
    [InlineData(false, 4001, "4001")]
    [InlineData(false, 3000, "3000")]
    public void A_close_by_the_peer_is_recorded_with_its_code(bool isServer, int code, string shown)
    {
        var test = new TestConnection(isServer ? Role.Server : Role.Client);
        test.Time.Advance(TimeSpan.FromSeconds(15));

        test.ReceiveClose(code);
        test.Transport.EndInput();

        Assert.Equal(code, (int)test.Result.Code);
        Assert.Equal([$"sockeye.close.code={shown}, sockeye.close.initiator=peer"], _metrics.Results("sockeye.connection.duration"));
        Assert.Equal([15], _metrics.Values("sockeye.connection.duration"));
    }

    [Fact]
    public void A_close_by_this_end_is_recorded_with_its_code()
    {
        var test = new TestConnection();

        _ = test.Connection.CloseAsync((WebSocketCloseCode)4321);
        test.ReceiveClose(4321);
        test.Transport.EndInput();

        Assert.Equal(
            ["sockeye.close.code=4321, sockeye.close.initiator=local"], _metrics.Results("sockeye.connection.duration"));
    }

    [Fact]
    public void A_violation_is_recorded_with_the_rule()
    {
        var test = new TestConnection();

        test.Transport.Feed(Wire.Bytes("c1 80 00 00 00 00"));
        test.Transport.EndInput();

        Assert.Equal(
            [$"sockeye.close.code={(int)WebSocketCloseCode.ProtocolError}, sockeye.close.initiator=local, error.type=reserved_bit_set"],
            _metrics.Results("sockeye.connection.duration"));
    }

    [Fact]
    public void A_peer_that_sends_too_much_is_recorded()
    {
        var test = new TestConnection(options: new WebSocketConnectionOptions
        {
            Limits = new LimitOptions { ReceiveRate = new ReceiveRateOptions { PingsPerSecond = 1 } },
        });
        for (int i = 0; i < 10; i++)
        {
            test.Receive(Opcode.Ping, []);
        }

        test.Transport.EndInput();

        string code = ((int)WebSocketCloseCode.PolicyViolation).ToString(CultureInfo.InvariantCulture);
        Assert.Equal(
            [$"sockeye.close.code={code}, sockeye.close.initiator=local, error.type=rate_exceeded"],
            _metrics.Results("sockeye.connection.duration"));
    }
}
