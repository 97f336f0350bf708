using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>What a connection reports about the frame that broke a rule, independent of how the network splits the stream.</summary>
public sealed class ProtocolViolationTests
{
    private static readonly WebSocketConnectionOptions Options = new WebSocketConnectionOptions
    {
        Limits = new() { MaxMessageLength = BrokenFrame.MaxMessageLength },
    };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Longer streams are cut in two only.
    private const int MaxLengthCutInThree = 60;

    public static TheoryData<string, int> Cases { get; } = new(
        from role in new[] { "server", "client" }
        from index in Enumerable.Range(0, BrokenFrame.All.Count)
        select (role, index));

    [Fact]
    public void Every_rule_has_a_test_case()
    {
        // The role decides about the mask, and compression about its data: they have tests of their own below. Memory runs
        // out for all connections together, see MemoryLimitTests.
        WebSocketProtocolError[] others =
        [
            WebSocketProtocolError.None, WebSocketProtocolError.UnmaskedClientFrame, WebSocketProtocolError.MaskedServerFrame,
            WebSocketProtocolError.InvalidCompressedData, WebSocketProtocolError.MemoryExhausted,
        ];

        Assert.Equal(
            Enum.GetValues<WebSocketProtocolError>().Except(others).Order(),
            BrokenFrame.All.Select(frame => frame.Error).Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public Task The_exception_has_header_and_offset_however_the_stream_is_split(string role, int index)
    {
        Role receiver = RoleOf(role);
        (byte[] wire, ProtocolViolation expected) = BrokenFrame.All[index].For(receiver);

        return AssertToldAsync(expected, receiver, Options, deflate: null, wire);
    }

    [Theory]
    [InlineData("server", "81 02 41 42", "81 02", WebSocketProtocolError.UnmaskedClientFrame)]
    [InlineData("client", "82 81 37 FA 21 3D 00", "82 81", WebSocketProtocolError.MaskedServerFrame)]
    public Task A_frame_with_the_wrong_mask_is_reported(string role, string frame, string header, WebSocketProtocolError error)
    {
        Role receiver = RoleOf(role);
        byte[] before = FrameFor(receiver, "82 01 01");

        return AssertToldAsync(
            new ProtocolViolation(error, Wire.Bytes(header), before.Length), receiver, Options, deflate: null,
            [.. before, .. Wire.Bytes(frame)]);
    }

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public Task Non_minimal_headers_do_not_shift_the_offset(string role)
    {
        Role receiver = RoleOf(role);
        byte[] before = [.. FrameFor(receiver, "82 7E 00 01 01"), .. FrameFor(receiver, "81 7F 00 00 00 00 00 00 00 01 41")];
        byte[] frame = FrameFor(receiver, "81 7E 00 02 41 FF");
        int headerLength = receiver == Role.Server ? 8 : 4;

        return AssertToldAsync(
            new ProtocolViolation(WebSocketProtocolError.InvalidUtf8, frame[..headerLength], before.Length),
            receiver, Options with { AllowNonMinimalLengths = true }, deflate: null, [.. before, .. frame]);
    }

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public async Task Compressed_messages_are_reported_like_others(string role)
    {
        Role receiver = RoleOf(role);
        var peer = new PeerDeflater(forgets: true);
        byte[] legal = peer.Deflate("legal"u8);
        byte[] tooLong = peer.Deflate("aaaaaaaaaaaaaaaaaaaaa"u8);
        byte[] notText = peer.Deflate([0x41, 0xFF]);
        byte[] before = [.. Compressed(receiver, 0xC1, legal), .. FrameFor(receiver, "89 00"), .. Compressed(receiver, 0xC2, legal)];
        await AssertFrameAsync(Compressed(receiver, 0xC1, notText), WebSocketProtocolError.InvalidUtf8);
        await AssertFrameAsync(Compressed(receiver, 0xC2, [0x07, 0xFF]), WebSocketProtocolError.InvalidCompressedData);
        await AssertFrameAsync(Compressed(receiver, 0xC2, tooLong), WebSocketProtocolError.MessageTooLong, tooLong.Length);

        // Longer than compressed bytes may be, whatever they inflate to; and in two fragments, the second of which tells.
        await AssertFrameAsync(FrameFor(receiver, "C2 7F 00 00 00 00 00 01 00 15"), WebSocketProtocolError.MessageTooLong, 65_557, headerLength: 10);
        before = [.. before, .. Compressed(receiver, 0x42, tooLong[..2])];
        await AssertFrameAsync(Compressed(receiver, 0x80, tooLong[2..]), WebSocketProtocolError.MessageTooLong, tooLong.Length);

        Task AssertFrameAsync(byte[] frame, WebSocketProtocolError error, long? declared = null, int headerLength = 2)
        {
            int keyLength = receiver == Role.Server ? 4 : 0;
            var expected = new ProtocolViolation(error, frame[..(headerLength + keyLength)], before.Length)
            {
                MessageLength = declared,
                MaxMessageLength = declared is null ? null : BrokenFrame.MaxMessageLength,
            };
            return AssertToldAsync(expected, receiver, Options, DeflateSetup.Forgetting(), [.. before, .. frame]);
        }
    }

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public async Task Bytes_waiting_for_the_application_are_counted_once(string role)
    {
        Role receiver = RoleOf(role);
        var test = new TestConnection(
            receiver, options: Options with { Limits = Options.Limits with { MaxInboxLength = 1 } });
        byte[] before = FrameFor(receiver, string.Concat(Enumerable.Repeat("81 03 61 62 63", 50)));
        test.Transport.Feed([.. before, .. FrameFor(receiver, "80 00")]);
        Assert.False(test.Connection.Closed.IsCompleted);

        // The last of them may or may not be delivered before the end.
        try
        {
            while (true)
            {
                await test.Connection.ReceiveMessageAsync();
            }
        }
        catch (WebSocketClosedException closed)
        {
            var violation = Assert.IsType<WebSocketProtocolException>(closed.Result.Exception);
            Assert.Equal((WebSocketProtocolError.UnexpectedContinuation, before.Length), (violation.Error, violation.FrameOffset));
        }
    }

    [Fact]
    public async Task The_exception_message_has_rule_header_and_offset()
    {
        var test = new TestConnection(Role.Client, options: Options);

        test.Transport.Feed(Wire.Bytes("81 01 41 82 7E 01 00"));
        ReceiveAll(test);
        test.Transport.EndInput();
        WebSocketCloseResult result = await test.Connection.Closed.WaitAsync(Patience);

        Assert.Equal(
            "The peer broke the WebSocket protocol: a message is longer than MaxMessageLength (RFC 6455 §10.4): "
                + "256 bytes declared, 20 allowed, in the frame 82 7E 01 00 at byte 3.",
            result.Exception!.Message);
    }

    // What came before a violation can be answered first: the connection ends when the application has taken it.
    private static void ReceiveAll(TestConnection test)
    {
        bool isReceived = test.Connection.Core.Pull is not null;
        while (isReceived)
        {
            ValueTask<WebSocketMessage?> receive = test.Connection.ReceiveAsync();
            isReceived = receive.IsCompletedSuccessfully && receive.Result is not null;
            _ = receive.IsFaulted ? receive.AsTask().Exception : null;
        }
    }

    private static Role RoleOf(string role) => role == "server" ? Role.Server : Role.Client;

    private static byte[] FrameFor(Role receiver, string frames) =>
        receiver == Role.Server ? Wire.Masked(Wire.Bytes(frames)) : Wire.Bytes(frames);

    private static byte[] Compressed(Role receiver, byte first, byte[] payload) =>
        receiver == Role.Server ? Wire.Masked([first, (byte)payload.Length, .. payload]) : [first, (byte)payload.Length, .. payload];

    // Over both faces: whole, a byte at a time, cut in two and in three at every place.
    private static async Task AssertToldAsync(
        ProtocolViolation expected, Role receiver, WebSocketConnectionOptions options, DeflateSetup? deflate, byte[] wire)
    {
        foreach (bool isPulled in new[] { true, false })
        {
            foreach (Wire delivery in Wire.Deliveries(wire))
            {
                await AssertOneAsync(delivery.Segments, isPulled);
            }
        }

        foreach ((int first, int second) in
            from first in Enumerable.Range(1, wire.Length - 1)
            from second in Enumerable.Range(first + 1, wire.Length - first - 1)
            where wire.Length <= MaxLengthCutInThree
            select (first, second))
        {
            await AssertOneAsync([wire[..first], wire[first..second], wire[second..]], isPulled: (first + second) % 2 == 0);
        }

        async Task AssertOneAsync(byte[][] segments, bool isPulled)
        {
            var test = new TestConnection(receiver, isPulled ? null : new RecordingHandler(), options, deflate: deflate);
            foreach (byte[] segment in segments)
            {
                test.Transport.Feed([.. segment]);
            }

            ReceiveAll(test);
            test.Transport.EndInput();
            WebSocketCloseResult result = await test.Connection.Closed.WaitAsync(Patience);
            string cut = string.Join('|', segments.Select(Convert.ToHexString));
            var told = result.Exception as WebSocketProtocolException;
            Assert.True(told is not null, $"{cut}: {result}");
            Assert.True(
                expected.Error == told.Error
                    && expected.FrameOffset == told.FrameOffset
                    && told.FrameHeader.Span.SequenceEqual(expected.FrameHeader)
                    && expected.MessageLength == told.MessageLength
                    && expected.MaxMessageLength == told.MaxMessageLength,
                $"{cut}: {told.Message} Expected: {expected}");
            Assert.Equal(0, test.Pool.OutCount);
        }
    }
}
