using System.Text;
using Sockeye.Protocol;
using static Sockeye.Tests.DeflateSetup;

namespace Sockeye.Tests;

/// <summary>Compressed messages that a connection receives, and how it fails for those that break a rule (RFC 7692 §6.2).</summary>
public sealed class CompressedReceivesTests
{
    private const int MaxMessageLength = 64 * 1024;

    private readonly RecordingHandler _handler = new();

    [Theory] // DF-11, DF-14, DF-16; ws 4.6, 31
    [InlineData("06")] // block type 3
    [InlineData("00 05 00 fb ff 48 65 6c 6c 6f 00")] // a stored block whose length is not confirmed
    [InlineData("f2 48 cd")] // the end is missing
    [InlineData("f3 48 cd c9 c9 07 00 ff ff ff ff")] // data after BFINAL that is not a stream
    [InlineData("02 7f 00 00")] // a reference before the beginning
    public void Invalid_compressed_data_fails_the_connection_with_1007(string payload)
    {
        TestConnection test = Open();

        test.ReceiveCompressed(Opcode.Text, Wire.Bytes(payload));
        test.ReceiveCompressed(Opcode.Text, new PeerDeflater().Deflate("late"u8));

        Assert.Equal("Close 1007", test.Wire());
        Assert.Equal(WebSocketProtocolError.InvalidCompressedData, ErrorOf(test));
        Assert.DoesNotContain("late", _handler.Events, StringComparison.Ordinal);
        AssertAllGivenBack(test);
    }

    [Fact] // ws 4.7, 40
    public void Compressed_text_that_is_not_UTF8_fails_the_connection_with_1007()
    {
        TestConnection test = Open();

        test.ReceiveCompressed(Opcode.Text, new PeerDeflater().Deflate([.. "fine"u8, 0xFF]));

        Assert.Equal("Close 1007", test.Wire());
        Assert.Equal(WebSocketProtocolError.InvalidUtf8, ErrorOf(test));
        AssertAllGivenBack(test);
    }

    [Theory] // DF-01 to DF-03; ws 4.6, 32 and 33; ws 4.7, 43 and 44
    [InlineData(MaxMessageLength, 1, true)]
    [InlineData(MaxMessageLength, 5, true)]
    [InlineData(MaxMessageLength + 1, 1, false)]
    [InlineData(MaxMessageLength + 1, 5, false)]
    [InlineData(16 * 1024 * 1024, 1, false)]
    [InlineData(16 * 1024 * 1024, 300, false)]
    public void An_inflated_message_above_the_limit_fails_the_connection_with_1009(
        int length, int fragments, bool isLegal)
    {
        TestConnection test = Open();
        byte[] deflated = new PeerDeflater().Deflate(new byte[length]);
        byte[][] parts = [.. deflated.Chunk((deflated.Length / fragments) + 1)];

        for (int index = 0; index < parts.Length; index++)
        {
            bool fin = index == parts.Length - 1;
            test.Transport.Feed(TestConnection.FrameOf(
                Role.Client, index == 0 ? Opcode.Binary : Opcode.Continuation, parts[index], fin,
                index == 0 ? FrameHeader.Rsv1 : (byte)0));
        }

        Assert.Equal(isLegal ? "" : "Close 1009", test.Wire());
        Assert.Equal(isLegal ? length : "closed:1009".Length, _handler.Events.Length);
        Assert.InRange(test.Pool.MaxOutLength, 0, MaxMessageLength + (192 * 1024));
        if (!isLegal)
        {
            Assert.Equal(WebSocketProtocolError.MessageTooLong, ErrorOf(test));
            AssertAllGivenBack(test);
        }
    }

    [Fact] // DF-02: what it refers to has come before
    public void A_bomb_in_a_later_message_fails_the_connection_with_1009()
    {
        TestConnection test = Open();
        var peer = new PeerDeflater();

        test.ReceiveCompressed(Opcode.Binary, peer.Deflate(new byte[MaxMessageLength]));
        test.ReceiveCompressed(Opcode.Binary, peer.Deflate(new byte[4 * MaxMessageLength]));

        Assert.Equal("Close 1009", test.Wire());
        AssertAllGivenBack(test);
    }

    [Fact] // DF-04: blocks with nothing in them, which no limit on what is inflated can see
    public void A_compressed_message_far_above_the_limit_on_the_wire_fails_with_1009()
    {
        TestConnection test = Open();
        byte[] nothing = [.. Enumerable.Repeat(Wire.Bytes("00 00 00 ff ff"), 40_000).SelectMany(bytes => bytes)];

        test.ReceiveCompressed(Opcode.Binary, nothing);

        Assert.Equal("Close 1009", test.Wire());
        AssertAllGivenBack(test);
    }

    [Fact] // DF-15
    public void Too_many_streams_in_one_message_fail_the_connection_with_1007()
    {
        TestConnection test = Open();
        byte[] streams = [.. Enumerable.Repeat(Wire.Bytes("03 00"), 20_000).SelectMany(bytes => bytes)];

        test.ReceiveCompressed(Opcode.Binary, streams);

        Assert.Equal("Close 1007", test.Wire());
        AssertAllGivenBack(test);
    }

    [Fact] // DF-12; ws 4.6, 35
    public void Messages_after_one_with_BFINAL_are_read()
    {
        TestConnection test = Open();

        test.ReceiveCompressed(Opcode.Text, Wire.Bytes("f3 48 cd c9 c9 07 00 00"));
        test.ReceiveCompressed(Opcode.Text, new PeerDeflater().Deflate("next"u8));

        Assert.Equal("Hello next", _handler.Events);
    }

    [Fact] // DF-17
    public void A_reference_to_an_earlier_message_fails_without_context_takeover()
    {
        var test = new TestConnection(handler: _handler, deflate: Forgetting());
        var peer = new PeerDeflater();
        byte[] text = Encoding.UTF8.GetBytes(TextOf(1));

        test.ReceiveCompressed(Opcode.Text, peer.Deflate(text));
        test.ReceiveCompressed(Opcode.Text, peer.Deflate(text));

        Assert.Equal("Close 1007", test.Wire());
        Assert.Equal(WebSocketProtocolError.InvalidCompressedData, ErrorOf(test));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Compressed_messages_are_received_with_ReceiveAsync(bool forgets)
    {
        DeflateSetup setup = forgets ? Forgetting() : Takeover();
        var test = new TestConnection(Role.Client, deflate: setup);
        var peer = new PeerDeflater(forgets: forgets);
        for (int number = 0; number < 5; number++)
        {
            test.ReceiveCompressed(Opcode.Text, peer.Deflate(Encoding.UTF8.GetBytes(TextOf(number))));
        }

        for (int number = 0; number < 5; number++)
        {
            Assert.Equal(TextOf(number), (await test.Connection.ReceiveMessageAsync()).GetText());
        }

        test.Connection.Abort();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.ReceiveAsync().AsTask());
        Assert.Equal(0, test.Pool.OutCount);
    }

    [Theory]
    [InlineData(1)] // as short as can be
    [InlineData(8 * 1024)] // with blocks behind it in which there is nothing
    public void Short_queued_messages_hold_no_long_arrays(int wireLength)
    {
        var test = new TestConnection(deflate: Takeover());
        var peer = new PeerDeflater();
        byte[] nothing = [.. Enumerable.Repeat(Wire.Bytes("00 00 00 ff ff"), wireLength / 5).SelectMany(bytes => bytes)];

        for (int count = 0; count < 2_000; count++)
        {
            test.ReceiveCompressed(Opcode.Binary, [.. nothing, .. peer.Deflate("x"u8)]);
        }

        Assert.True(test.Connection.Core.IsReadingPaused);
        Assert.InRange(test.Pool.OutLength, 1, 2 * new LimitOptions().MaxInboxLength);
        AssertAllGivenBack(test);
    }

    [Theory] // DF-30
    [InlineData(false)]
    [InlineData(true)]
    public void Idle_connections_hold_only_the_negotiated_codecs_after_a_long_message(bool forgets)
    {
        const int ConnectionCount = 100;
        const int MiB = 1024 * 1024;
        DeflateSetup setup = forgets ? Forgetting() : Takeover();
        byte[] message = new PeerDeflater(forgets: forgets).Deflate(new byte[MiB]);
        TestConnection[] tests = [.. Enumerable.Range(0, ConnectionCount).Select(_ => new TestConnection(
            handler: new RecordingHandler { Sync = static (connection, _) => connection.TrySend(new byte[MiB]) },
            options: new WebSocketConnectionOptions { KeepAlive = KeepAliveOptions.Disabled },
            deflate: setup))];

        foreach (TestConnection test in tests)
        {
            test.ReceiveCompressed(Opcode.Binary, message);
            test.Transport.TakeOutput();
        }

        Assert.All(tests, test => Assert.Equal(0, test.Pool.OutCount));
        Assert.Equal(forgets ? (1, 1) : (0, 0), setup.KeptCounts);
        foreach (TestConnection test in tests)
        {
            test.Time.Advance(PerMessageDeflateOptions.Default.EncoderIdleTimeout * 1.1);
        }

        // Encoders are given back by all of them, and enough are kept for others.
        Assert.Equal(forgets ? (1, 1) : (2 * Environment.ProcessorCount, 0), setup.KeptCounts);
    }

    private TestConnection Open() => new(
        handler: _handler,
        options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxMessageLength = MaxMessageLength },
        },
        deflate: Takeover());

    private static WebSocketProtocolError ErrorOf(TestConnection test)
    {
        test.Transport.EndInput();
        return Assert.IsType<WebSocketProtocolException>(test.Result.Exception).Error;
    }

    private static void AssertAllGivenBack(TestConnection test)
    {
        test.Connection.Abort();
        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
    }
}
