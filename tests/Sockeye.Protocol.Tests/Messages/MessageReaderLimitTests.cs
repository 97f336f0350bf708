namespace Sockeye.Protocol.Tests;

/// <summary>RFC 6455 §10.4: the maximum length of a message, and the cost of receiving one.</summary>
public sealed class MessageReaderLimitTests
{
    private const int MaxEmptyFragmentsInARow = 64;

    [Theory]
    [Frames("82 05 0102030405", 5, "binary 0102030405")]
    [Frames("82 05", 4, "error MessageTooLong")] // FR-20: at the header, before any payload
    [Frames("81 7E 1000", 4_095, "error MessageTooLong")]
    [Frames("82 7F 4000000000000000", 1 << 20, "error MessageTooLong")] // 2^62
    [Frames("82 7F 7FFFFFFFFFFFFFFF", int.MaxValue, "error MessageTooLong")]
    [Frames("01 05 48656C6C6F 80 01", 5, "error MessageTooLong")] // FR-21: at the header that crosses
    [Frames("01 05 48656C6C6F 00 01", 5, "error MessageTooLong")]
    [Frames("02 04 01020304 80 7F 7FFFFFFFFFFFFFFF", 5, "error MessageTooLong")] // FR-12: the sum would overflow
    [Frames("02 04 01020304 80 01 05", 5, "binary 0102030405")]
    [Frames("82 00", 0, "binary ")]
    [Frames("82 01", 0, "error MessageTooLong")]
    public void The_limit_is_checked_at_the_header(Wire wire, int limit, string expected) =>
        Assert.Equal([expected], ReaderRun.All(wire, limit));

    [Theory]
    [Frames("82 04 01020304 82 04 01020304 82 05")] // an unfragmented message
    [Frames("02 02 0102 80 02 0304 02 04 01020304 80 00 82 05")] // a fragmented one
    [Frames("02 02 0102 89 05 0102030405 80 02 0304 82 04 01020304 82 05")] // a ping does not count
    public void The_length_is_counted_per_message(Wire wire)
    {
        string[] messages = [.. ReaderRun.All(wire, 4).Where(answer => !answer.StartsWith("ping", StringComparison.Ordinal))];

        Assert.Equal(["binary 01020304", "binary 01020304", "error MessageTooLong"], messages);
    }

    [Theory]
    [Frames("02 02 0102 89 00 80 03")]
    [Frames("02 02 0102 00 02 0304 80 01")]
    public void The_lengths_of_fragments_are_added(Wire wire) =>
        Assert.Equal("error MessageTooLong", ReaderRun.All(wire, 4)[^1]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fragments_of_a_message_that_no_array_could_hold_are_delivered(bool compressed)
    {
        const long length = (1L << 31) + 5;
        var settings = new MessageReaderSettings(
            new FrameRules(Role.Client, compressed ? FrameHeader.Rsv1 : (byte)0), long.MaxValue, DeliverFragments: true,
            System.Buffers.ArrayPool<byte>.Shared);
        var reader = new MessageReader(settings, new CopyingInflater());
        byte[] header = Wire.Bytes(compressed ? "C2 7F 0000000080000005" : "82 7F 0000000080000005");
        byte[] segment = new byte[1 << 20];
        long delivered = 0;

        Assert.Equal(ReceivedKind.NeedMoreData, reader.Read(header, out _, out _));
        for (long left = length; left > 0; left -= Math.Min(left, segment.Length))
        {
            Span<byte> rest = segment.AsSpan(0, (int)Math.Min(left, segment.Length));
            while (!rest.IsEmpty)
            {
                Assert.Equal(ReceivedKind.Message, reader.Read(rest, out int consumed, out Span<byte> payload));
                delivered += payload.Length;
                rest = rest[consumed..];
                reader.ReleaseDelivered();
            }
        }

        Assert.Equal(length, delivered);
        Assert.True(reader.EndsMessage);
    }

    [Fact]
    public void A_control_frame_does_not_count_towards_any_limit() =>
        Assert.Equal(["ping 0102"], ReaderRun.All(new Wire("whole", [Wire.Bytes("89 02 0102")]), maxMessageLength: 0));

    [Fact]
    public void A_message_of_65536_fragments_of_64_bytes_is_legal()
    {
        const int count = 65_536;
        const int length = 64;
        byte[] piece = [0x00, length, .. new byte[length]];
        ReaderRun run = new(toServer: false, maxMessageLength: count * length);

        run.Feed([0x02, .. piece[1..]]);
        for (int i = 1; i < count - 1; i++)
        {
            run.Feed(piece);
        }

        Assert.Empty(run.Received);
        run.Feed([0x80, .. piece[1..]]);

        Assert.Equal("binary ".Length + (2 * count * length), Assert.Single(run.Received).Length);
        run.End();
    }

    [Theory]
    [InlineData("01 00")] // the first frame is one of them
    [InlineData("02 01 FF 00 00")]
    public void Sixty_four_empty_fragments_in_a_row_are_accepted_and_one_more_is_not(string begin)
    {
        ReaderRun run = new(toServer: false);
        run.Feed(Wire.Bytes(begin));
        for (int i = 1; i < MaxEmptyFragmentsInARow; i++)
        {
            run.Feed(Wire.Bytes("00 00"));
        }

        Assert.Empty(run.Received);
        run.Feed(Wire.Bytes("00 00")); // FR-43

        Assert.Equal(["error TooManyEmptyFragments"], run.Received);
        run.End();
    }

    [Fact]
    public void Any_number_of_empty_fragments_between_others_is_accepted()
    {
        ReaderRun run = new(toServer: false);
        run.Feed(Wire.Bytes("02 00"));
        for (int i = 0; i < 1_000; i++)
        {
            run.Feed(Wire.Bytes("00 00 00 00 00 01 AA"));
        }

        run.Feed(Wire.Bytes("80 00"));

        Assert.Single(run.Received);
        run.End();
    }

    [Fact]
    public void Control_frames_do_not_reset_the_count_of_empty_fragments()
    {
        ReaderRun run = new(toServer: false);
        run.Feed(Wire.Bytes("02 00"));
        for (int i = 0; i < MaxEmptyFragmentsInARow; i++)
        {
            run.Feed(Wire.Bytes("8A 00 00 00"));
        }

        Assert.Equal("error TooManyEmptyFragments", run.Received[^1]);
        run.End();
    }

    [Fact]
    public void Empty_fragments_are_counted_per_message()
    {
        ReaderRun run = new(toServer: false);
        for (int message = 0; message < 3; message++)
        {
            run.Feed(Wire.Bytes("02 00"));
            for (int i = 1; i < MaxEmptyFragmentsInARow; i++)
            {
                run.Feed(Wire.Bytes("00 00"));
            }

            run.Feed(Wire.Bytes("80 00"));
        }

        Assert.Equal(["binary ", "binary ", "binary "], run.Received);
        run.End();
    }

    [Fact]
    public void Memory_grows_with_received_bytes_and_not_with_declared_ones()
    {
        const int limit = 1 << 30;
        ReaderRun run = new(toServer: false, maxMessageLength: limit);

        run.Feed(Wire.Bytes("82 7F 0000000040000000")); // 1 GiB
        Assert.Equal(0, run.Pool.OutLength);

        run.Feed(new byte[1]);
        Assert.InRange(run.Pool.OutLength, 1, 1_024);

        // Four times the received bytes, the next power of two, and the old array during the copy.
        for (int arrived = 1; arrived <= 300_000; arrived += 1_000)
        {
            Assert.InRange(run.Pool.OutLength, arrived, (8L * arrived) + 1_024);
            run.Feed(new byte[1_000]);
        }

        run.End();
    }

    [Fact]
    public void One_byte_fragments_hold_at_most_twice_their_payload()
    {
        ReaderRun run = new(toServer: false, maxMessageLength: 1 << 20);

        run.Feed(Wire.Bytes("02 01 00"));
        for (int arrived = 1; arrived < 100_000; arrived++) // FR-40
        {
            Assert.InRange(run.Pool.OutLength, arrived, (2L * arrived) + 1_024);
            run.Feed(Wire.Bytes("00 01 00"));
        }

        // While it grows, the old array and the new one.
        Assert.InRange(run.Pool.MaxOutLength, 0, 3L * 100_000);
        run.End();
    }

    [Fact]
    public void A_frame_received_in_pieces_holds_no_more_than_its_length()
    {
        ReaderRun run = new(toServer: false, maxMessageLength: 1 << 20);

        run.Feed(Wire.Bytes("82 7F 0000000000100000")); // 1 MiB
        for (int i = 0; i < 1 << 8; i++) // FR-41
        {
            run.Feed(new byte[1 << 12]);
            Assert.InRange(run.Pool.OutLength, 0, 1 << 20);
        }

        Assert.Single(run.Received);
        run.End();
    }
}
