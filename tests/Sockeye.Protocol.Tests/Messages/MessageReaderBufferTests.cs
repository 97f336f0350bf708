namespace Sockeye.Protocol.Tests;

/// <summary>The memory of payloads: views without a copy, one pooled buffer, and every array returned once.</summary>
public sealed class MessageReaderBufferTests
{
    [Fact]
    public void A_whole_frame_is_delivered_as_a_view_of_the_input()
    {
        ReaderRun run = new(toServer: true);
        byte[] source = Wire.Bytes("81 85 37FA213D 7F9F4D5158 89 81 37FA213D 37");

        Assert.Equal(ReceivedKind.Message, run.Reader.Read(source, out int consumed, out Span<byte> payload));
        Assert.Equal(11, consumed);
        Assert.True(payload == source.AsSpan(6, 5));
        Assert.False(run.Reader.IsAssembled);

        Assert.Equal(ReceivedKind.Ping, run.Reader.Read(source.AsSpan(11), out _, out payload));
        Assert.True(payload == source.AsSpan(17, 1));
        Assert.Equal(0, run.Pool.RentCount);
    }

    [Fact]
    public void An_empty_first_fragment_needs_no_copy()
    {
        ReaderRun run = new(toServer: false);

        run.Feed(Wire.Bytes("01 00 80 05 48656C6C6F"));

        Assert.Equal(["text Hello"], run.Received);
        Assert.Equal(0, run.Pool.RentCount);
    }

    [Fact]
    public void Whole_frames_allocate_nothing()
    {
        MessageReader reader = new(new MessageReaderSettings(new FrameRules(Role.Server), 100, DeliverFragments: false, new CountingPool()));
        byte[] template = Wire.Masked(Wire.Bytes("81 05 48656C6C6F 89 01 2A 82 00 82 03 010203"));
        byte[] source = new byte[template.Length];
        int messages = ReadAll(reader, template, source);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            messages += ReadAll(reader, template, source);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4 * 1_001, messages);
    }

    [Fact]
    public void A_split_message_uses_one_buffer_and_no_buffer_is_kept_between_messages()
    {
        ReaderRun run = new(toServer: false);

        for (int i = 0; i < 10; i++)
        {
            run.Feed(Wire.Bytes("82 05 4865"));
            Assert.Equal(1, run.Pool.OutCount);
            Assert.True(run.Reader.IsInsideMessage);

            run.Feed(Wire.Bytes("6C6C6F"));
            Assert.Equal(0, run.Pool.OutCount);
            Assert.False(run.Reader.IsInsideMessage);
        }

        Assert.Equal(10, run.Pool.RentCount);
        Assert.Equal(10, run.Received.Count);
    }

    [Fact]
    public void A_split_ping_inside_a_split_message_has_its_own_buffer()
    {
        ReaderRun run = new(toServer: false);

        run.Feed(Wire.Bytes("02 02 0102 89 03 AA"));
        Assert.Equal(2, run.Pool.OutCount);
        run.Feed(Wire.Bytes("BBCC"));
        Assert.Equal(1, run.Pool.OutCount);
        run.Feed(Wire.Bytes("80 01 03"));

        Assert.Equal(["ping AABBCC", "binary 010203"], run.Received);
        Assert.Equal(0, run.Pool.OutCount);
    }

    [Fact]
    public void A_payload_that_was_not_released_stays_valid_until_the_next_frame()
    {
        ReaderRun run = new(toServer: false);
        run.Reader.Read(Wire.Bytes("02 02 0102"), out _, out _);
        byte[] last = Wire.Bytes("80 01 03");

        Assert.Equal(ReceivedKind.Message, run.Reader.Read(last, out _, out Span<byte> payload));
        Assert.True(run.Reader.IsAssembled);
        Assert.Equal([1, 2, 3], payload.ToArray());

        Assert.Equal(ReceivedKind.Ping, run.Reader.Read(Wire.Bytes("89 00"), out _, out _));
        Assert.Equal(0, run.Pool.OutCount);
        Assert.False(run.Reader.IsAssembled);
    }

    [Fact]
    public void A_detached_message_belongs_to_the_caller()
    {
        ReaderRun run = new(toServer: false);
        run.Reader.Read(Wire.Bytes("02 02 0102"), out _, out _);
        run.Reader.Read(Wire.Bytes("80 01 03"), out _, out Span<byte> payload);
        int length = payload.Length;

        byte[] array = run.Reader.DetachMessage();
        run.Reader.ReleaseDelivered();
        run.Feed(Wire.Bytes("02 02 AABB 80 01 CC"));

        Assert.Equal([1, 2, 3], array[..length]);
        Assert.Equal(["binary AABBCC"], run.Received);
        Assert.Equal(1, run.Pool.OutCount);
        run.Pool.Return(array);
        run.End();
    }

    [Theory]
    [InlineData("02 02 0102 83 00")] // a violation
    [InlineData("02 02 0102 89 03 AA")] // the end, in the middle of two frames
    [InlineData("02 02 0102 88 02 03E8")] // a Close frame
    [InlineData("01 03 6161 89")]
    [InlineData("01 04 6161 FF")]
    public void Release_returns_all_buffers_in_any_state(string hex)
    {
        foreach (Wire wire in Wire.Deliveries(Wire.Bytes(hex)))
        {
            ReaderRun run = new(toServer: false) { ReleasesDelivered = false };
            foreach (byte[] segment in wire.Segments)
            {
                run.Feed(segment);
            }

            run.Reader.Release();
            run.Reader.Release();
            Assert.Equal(0, run.Pool.OutCount);

            int before = run.Received.Count;
            run.Feed(Wire.Bytes("81 05 48656C6C6F"));
            Assert.Equal(before, run.Received.Count);
        }
    }

    private static int ReadAll(MessageReader reader, byte[] template, byte[] source)
    {
        template.CopyTo(source, 0);
        Span<byte> rest = source;
        int count = 0;
        while (reader.Read(rest, out int consumed, out _) != ReceivedKind.NeedMoreData)
        {
            rest = rest[consumed..];
            count++;
        }

        return count;
    }
}
