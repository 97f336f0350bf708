using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class OutgoingFramesTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public void Frames_share_segments_and_never_lie_across_two()
    {
        var frames = Frames();
        var random = new Random(6455);
        List<byte[]> payloads = [.. Enumerable.Range(0, 500).Select(_ => RandomBytes(random.Next(3_000)))];
        foreach (byte[] payload in payloads)
        {
            frames.Append(Opcode.Binary, payload);
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
        Assert.InRange(segmentCount, 11, 14);
        Assert.Equal(0, _pool.OutCount);
        Assert.True(frames.IsEmpty);
    }

    [Fact]
    public void A_header_for_a_payload_elsewhere_ends_the_segment_that_is_taken_with_it()
    {
        for (int corked = 0; corked <= 16_384; corked += corked < 16_300 ? 815 : 1)
        {
            var frames = Frames();
            if (corked >= 4)
            {
                frames.Append(Opcode.Binary, new byte[corked - 4]);
            }

            if (!frames.TryTakeWithHeader(Opcode.Text, 70_000, out OutgoingSegment segment))
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
    public void Nothing_is_held_before_a_frame_comes_or_after_the_last_has_gone()
    {
        var frames = Frames();
        Assert.Null(frames.Backlog);
        Assert.Equal(0, _pool.RentCount);
        for (int i = 0; i < 3; i++)
        {
            frames.Append(Opcode.Binary, new byte[40_000]);
        }

        Assert.Equal(2, frames.Backlog!.Full.Count);
        Assert.Equal(3 * 40_004, Drain(ref frames).Length);
        frames.ReleaseBacklog();

        Assert.Null(frames.Backlog);
        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void Bytes_that_are_no_frame_go_out_as_they_are()
    {
        var frames = Frames(Role.Client);

        frames.AppendBytes("HTTP/1.1 101"u8);

        Assert.Equal("HTTP/1.1 101"u8, Drain(ref frames));
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private OutgoingFrames Frames(Role role = Role.Server) => new(SendSettings.Of(role, _pool));

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
