using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class SendBufferTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public void Frames_share_segments_and_never_span_two()
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
        while (frames.TryTakeNext(out OutgoingSegment segment))
        {
            segmentCount++;
            sent.AddRange(RawFrame.ReadAll(segment.Span).Select(frame => frame.Payload));
            segment.Release(_pool);
        }

        Assert.Equal(payloads, sent);
        Assert.InRange(segmentCount, 11, 14);
        Assert.Equal(0, _pool.OutCount);
        Assert.True(frames.IsEmpty);
    }

    [Fact]
    public void A_header_of_a_separate_payload_is_at_the_end_of_the_taken_segment()
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
            segment.Release(_pool);
        }

        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void No_segment_is_held_without_frames()
    {
        var frames = Frames();
        Assert.True(frames.IsEmpty);
        Assert.Equal(0, _pool.RentCount);
        for (int i = 0; i < 3; i++)
        {
            frames.Append(Opcode.Binary, new byte[40_000]);
        }

        Assert.Equal(3, _pool.OutCount);
        Assert.Equal(3 * 40_004, Drain(ref frames).Length);

        Assert.True(frames.IsEmpty);
        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void Raw_bytes_are_written_unchanged()
    {
        var frames = Frames(Role.Client);

        frames.Append(OutgoingFrame.Raw, "HTTP/1.1 101"u8);

        Assert.Equal("HTTP/1.1 101"u8, Drain(ref frames));
    }

    [Fact]
    public void Below_the_limit_there_is_room_for_a_message_of_any_length()
    {
        var buffer = Frames(limit: 1_000);
        buffer.Count(999);
        Assert.True(buffer.HasRoom);

        buffer.Count(5_000_000_000);

        Assert.False(buffer.HasRoom);
        Assert.Equal(5_000_000_999, buffer.Length);
    }

    [Fact]
    public void At_the_limit_the_buffer_is_congested_until_it_drains_to_half()
    {
        var buffer = Frames(limit: 1_000);
        buffer.Count(999);
        Assert.False(buffer.IsCongested);
        buffer.Count(1);
        Assert.True(buffer.IsCongested);
        Assert.False(buffer.HasRoom);

        Assert.False(buffer.Uncount(499));
        Assert.True(buffer.HasRoom);
        Assert.True(buffer.IsCongested);
        Assert.True(buffer.Uncount(1));
        Assert.False(buffer.Uncount(100));

        Assert.False(buffer.IsCongested);
        Assert.Equal(400, buffer.Length);
    }

    [Fact]
    public void Control_frames_have_bounded_room_beyond_the_limit()
    {
        var buffer = Frames(limit: 1_000);
        buffer.Count(1_000);
        Assert.True(buffer.HasRoomFor(Opcode.Ping));
        Assert.False(buffer.HasRoomFor(Opcode.Text));

        buffer.Count(4_096);

        Assert.False(buffer.HasRoomFor(Opcode.Ping));
    }

    [Fact]
    public void The_smallest_limit_is_usable()
    {
        var buffer = Frames(limit: 1);
        Assert.True(buffer.HasRoom);
        buffer.Count(100);
        Assert.False(buffer.HasRoom);

        Assert.False(buffer.Uncount(99));
        Assert.True(buffer.Uncount(1));

        Assert.True(buffer.HasRoom);
    }

    [Fact]
    public void Clearing_the_buffer_resets_its_count()
    {
        var buffer = Frames(limit: 10);
        buffer.Count(100);

        buffer.Clear(new SendQueueBench());

        Assert.Equal(0, buffer.Length);
        Assert.False(buffer.IsCongested);
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private SendBuffer Frames(Role role = Role.Server, int limit = 1024) => new(SendSettings.Of(role, _pool, limit));

    private byte[] Drain(ref SendBuffer frames)
    {
        List<byte> bytes = [];
        while (frames.TryTakeNext(out OutgoingSegment segment))
        {
            bytes.AddRange(segment.Span);
            segment.Release(_pool);
        }

        return [.. bytes];
    }
}
