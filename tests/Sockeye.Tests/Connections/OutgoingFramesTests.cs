using Sockeye.Connections;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class OutgoingFramesTests
{
    private readonly CountingPool _pool = new();

    [Fact] // §5.7
    public void A_server_sends_the_frame_of_the_rfc()
    {
        var frames = new OutgoingFrames(Role.Server, _pool);

        frames.Append(Opcode.Text, fin: true, "Hello"u8);

        Assert.Equal("810548656C6C6F", Convert.ToHexString(Drain(ref frames)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public void A_client_masks_every_frame_with_a_fresh_key(int length) // §5.3, FR-50, FR-51
    {
        var frames = new OutgoingFrames(Role.Client, _pool);
        byte[] payload = RandomBytes(length);

        frames.Append(Opcode.Binary, fin: true, payload);
        frames.Append(Opcode.Binary, fin: true, payload);
        frames.Append(Opcode.Ping, fin: true, []);
        IReadOnlyList<SentFrame> sent = SentFrame.ReadAll(Drain(ref frames));

        Assert.Equal(3, sent.Count);
        Assert.All(sent, frame => Assert.NotNull(frame.Key));
        Assert.True(sent.Select(frame => frame.Key).Distinct().Count() >= 2);
        Assert.Equal(payload, sent[0].Payload);
        Assert.Equal(payload, sent[1].Payload);
    }

    [Fact] // ws, "frame writer" 1
    public void Read_only_input_is_not_modified_by_masking()
    {
        for (int length = 0; length < 300; length++)
        {
            var frames = new OutgoingFrames(Role.Client, _pool);
            byte[] payload = RandomBytes(length);
            byte[] before = [.. payload];

            frames.Append(Opcode.Binary, fin: true, payload);
            Drain(ref frames);

            Assert.Equal(before, payload);
        }
    }

    [Fact]
    public void Frames_share_segments_and_never_lie_across_two()
    {
        var frames = new OutgoingFrames(Role.Server, _pool);
        var random = new Random(6455);
        List<byte[]> payloads = [.. Enumerable.Range(0, 500).Select(_ => RandomBytes(random.Next(3_000)))];
        foreach (byte[] payload in payloads)
        {
            frames.Append(Opcode.Binary, fin: true, payload);
        }

        int segmentCount = 0;
        List<byte[]> sent = [];
        while (frames.TryTake(out OutgoingSegment segment))
        {
            segmentCount++;
            sent.AddRange(SentFrame.ReadAll(segment.Span).Select(frame => frame.Payload));
            _pool.Return(segment.Array);
        }

        Assert.Equal(payloads, sent);
        Assert.InRange(segmentCount, 40, 60);
        Assert.Equal(0, _pool.OutCount);
        Assert.True(frames.IsEmpty);
    }

    [Theory]
    [InlineData(0, Role.Server, 2)]
    [InlineData(125, Role.Client, 131)]
    [InlineData(126, Role.Server, 130)]
    [InlineData(65_535, Role.Client, 65_543)]
    [InlineData(65_536, Role.Server, 65_546)]
    internal void The_length_of_a_frame_is_what_it_takes(int payloadLength, Role role, long expected)
    {
        var frames = new OutgoingFrames(role, _pool);

        frames.Append(Opcode.Binary, fin: true, new byte[payloadLength]);

        Assert.Equal(expected, frames.FrameLength(payloadLength));
        Assert.Equal(expected, Drain(ref frames).Length);
    }

    [Fact]
    public void A_header_for_a_payload_elsewhere_ends_the_segment_that_is_taken_with_it()
    {
        for (int corked = 0; corked <= 16_384; corked += corked < 16_300 ? 815 : 1)
        {
            var frames = new OutgoingFrames(Role.Server, _pool);
            if (corked >= 4)
            {
                frames.Append(Opcode.Binary, fin: true, new byte[corked - 4]);
            }

            if (!frames.TryTakeWithHeader(Opcode.Text, fin: true, 70_000, out OutgoingSegment segment))
            {
                Assert.True(corked > 16_384 - FrameHeader.MaxLength);
                Assert.Equal(corked, Drain(ref frames).Length);
                continue;
            }

            Assert.Equal("817F0000000000011170", Convert.ToHexString(segment.Span[^10..]));
            Assert.True(frames.IsEmpty);
            _pool.Return(segment.Array);
        }

        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void A_frame_may_go_before_all_others_in_a_segment_of_its_own()
    {
        var frames = new OutgoingFrames(Role.Client, _pool);
        frames.Append(Opcode.Text, fin: true, "waiting"u8);

        OutgoingSegment single = frames.Single(Opcode.Pong, fin: true, "now"u8);

        Assert.Equal("Pong 'now'", Assert.Single(SentFrame.ReadAll(single.Span)).ToString());
        Assert.Equal("Text 'waiting'", Assert.Single(SentFrame.ReadAll(Drain(ref frames))).ToString());
    }

    [Fact]
    public void Bytes_that_are_no_frame_go_out_as_they_are()
    {
        var frames = new OutgoingFrames(Role.Client, _pool);

        frames.AppendBytes("HTTP/1.1 101"u8);

        Assert.Equal("HTTP/1.1 101"u8, Drain(ref frames));
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private byte[] Drain(ref OutgoingFrames frames)
    {
        List<byte> bytes = [];
        while (frames.TryTake(out OutgoingSegment segment))
        {
            bytes.AddRange(segment.Span);
            _pool.Return(segment.Array);
        }

        return [.. bytes];
    }
}
