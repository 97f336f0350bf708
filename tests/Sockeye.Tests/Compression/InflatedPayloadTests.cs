using System.Buffers;
using Sockeye.Compression;
using Sockeye.Protocol;
using static Sockeye.Tests.Inflating;

namespace Sockeye.Tests;

public sealed class InflatedPayloadTests
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;

    private readonly CountingPool _pool = new();

    [Fact]
    public void Message_is_assembled_from_its_pieces()
    {
        byte[] message = new byte[300_000];
        new Random(1).NextBytes(message.AsSpan(0, 40_000));
        byte[] deflated = Deflate(message);
        foreach (int length in new[] { 1, 1_000, 40_000, deflated.Length })
        {
            using var inflater = new Inflater(15);
            InflatedPayload payload = default;

            Assert.Equal(WebSocketProtocolError.None, Append(ref payload, inflater, deflated, length, MiB));

            Assert.Equal(message, payload.Bytes.ToArray());
            payload.Release(_pool);
            Assert.Equal(0, _pool.OutCount);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_023)]
    [InlineData(1_024)]
    [InlineData(1_025)]
    [InlineData(64 * KiB)]
    [InlineData(MiB)]
    public void A_message_at_the_limit_is_accepted_and_one_byte_more_fails(int limit) // DF-03
    {
        Assert.Equal(WebSocketProtocolError.None, Inflate(new byte[limit], limit));
        Assert.Equal(WebSocketProtocolError.MessageTooLong, Inflate(new byte[limit + 1], limit));
        Assert.Equal(WebSocketProtocolError.MessageTooLong, Inflate(new byte[(2 * limit) + 1], limit));
        Assert.Equal(0, _pool.OutCount);
    }

    [Theory]
    [InlineData(MiB, int.MaxValue)] // a frame
    [InlineData(10 * MiB, int.MaxValue)]
    [InlineData(1_024 * MiB, int.MaxValue)] // of 1 MiB
    [InlineData(1_024 * MiB, 64 * KiB)] // as it comes from the transport
    [InlineData(1_024 * MiB, 1)] // in fragments of one byte; DF-02
    public void Bomb_uses_little_more_than_the_limit(int length, int pieceLength) // DF-01
    {
        const int limit = MiB;
        byte[] bomb = Zeros(length);
        Assert.InRange(bomb.Length, length / 1_100, (length / 900) + KiB);
        using var codec = new Inflater(15);
        var inflater = new CountingInflater(codec);
        InflatedPayload payload = default;

        WebSocketProtocolError error = Append(ref payload, inflater, bomb, pieceLength, limit);

        Assert.Equal(length <= limit ? WebSocketProtocolError.None : WebSocketProtocolError.MessageTooLong, error);
        Assert.InRange(inflater.Written, Math.Min(length, limit), limit + 1);
        Assert.InRange(_pool.MaxOutLength, 1, limit + (128 * KiB) - 1);
        payload.Release(_pool);
        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void Bomb_in_a_later_message_that_refers_to_an_earlier_one_fails() // DF-02
    {
        using var deflater = new Deflater(new DeflateSettings(15, 9, 8, default));
        using var inflater = new Inflater(15);
        byte[] first = Inflating.Deflate(deflater, new byte[KiB], MessagePart.End);
        byte[] second = Inflating.Deflate(deflater, new byte[2 * MiB], MessagePart.End);
        InflatedPayload payload = default;

        Assert.Equal(WebSocketProtocolError.None, Append(ref payload, inflater, first, int.MaxValue, MiB));
        payload.Release(_pool);
        Assert.Equal(WebSocketProtocolError.MessageTooLong, Append(ref payload, inflater, second, int.MaxValue, MiB));
        payload.Release(_pool);
    }

    [Fact]
    public void Empty_stored_blocks_produce_nothing_and_cost_little() // DF-04; what they weigh is counted by the reader
    {
        byte[] block = [0x00, 0x00, 0x00, 0xFF, 0xFF];
        byte[] message = [.. Enumerable.Repeat(block, MiB / block.Length).SelectMany(bytes => bytes), 0x00];

        AssertCheap(message, expected: WebSocketProtocolError.None);
    }

    [Fact]
    public void Repeated_unused_code_tables_cost_little() // DF-05
    {
        // Blocks with tables and hardly anything in them: what is dearest to read for its length.
        byte[] table = DynamicBlock();
        byte[] message = [.. Enumerable.Repeat(table, MiB / table.Length).SelectMany(bytes => bytes), 0x00];

        AssertCheap(message, expected: WebSocketProtocolError.None);
    }

    [Fact]
    public void Endless_streams_fail_early() => // DF-15
        AssertCheap(
            [.. Enumerable.Repeat<byte[]>([0x03, 0x00], 100_000).SelectMany(bytes => bytes)],
            WebSocketProtocolError.InvalidCompressedData);

    [Fact]
    public void Array_can_be_detached()
    {
        InflatedPayload payload = default;
        using var inflater = new Inflater(15);
        Append(ref payload, inflater, Wire.Bytes("f2 48 cd c9 c9 07 00"), int.MaxValue, MiB);

        byte[] array = payload.Detach();

        Assert.Equal("Hello"u8, array.AsSpan(0, 5));
        Assert.Equal(0, payload.Length);
        payload.Release(_pool);
        Assert.Equal(1, _pool.OutCount);
    }

    // The budget is 50 ns for each byte. Time of the processor, since a busy machine lets a thread wait, and ten times as much, since
    // it makes one slower too.
    private void AssertCheap(byte[] message, WebSocketProtocolError expected)
    {
        using var inflater = new Inflater(15);
        InflatedPayload payload = default;
        TimeSpan started = ThreadTime.Used;

        Assert.Equal(expected, Append(ref payload, inflater, message, int.MaxValue, 16 * MiB));

        Assert.InRange((ThreadTime.Used - started).TotalNanoseconds / message.Length, 0, 500);
        payload.Release(_pool);
    }

    private WebSocketProtocolError Inflate(byte[] message, int limit)
    {
        using var inflater = new Inflater(15);
        InflatedPayload payload = default;
        WebSocketProtocolError error = Append(ref payload, inflater, Deflate(message), int.MaxValue, limit);
        Assert.InRange(payload.Length, 0, limit);
        payload.Release(_pool);
        return error;
    }

    private WebSocketProtocolError Append(
        ref InflatedPayload payload, IMessageInflater inflater, byte[] deflated, int pieceLength, int limit)
    {
        for (int start = 0; start < deflated.Length; start += pieceLength)
        {
            int length = Math.Min(pieceLength, deflated.Length - start);
            WebSocketProtocolError error = payload.Append(
                inflater, _pool, limit, deflated.AsSpan(start, length), start + length == deflated.Length);
            if (error != WebSocketProtocolError.None || length == deflated.Length - start)
            {
                return error;
            }
        }

        return WebSocketProtocolError.None;
    }

    // A few MiB deflated once, and repeated: nothing in them refers to what is before.
    private static byte[] Zeros(int length)
    {
        const int repeated = 16 * MiB;
        if (length < repeated)
        {
            return Deflate(new byte[length]);
        }

        byte[] one = [.. Deflate(new byte[repeated]), 0x00, 0x00, 0xFF, 0xFF];
        return [.. Enumerable.Repeat(one, length / repeated).SelectMany(bytes => bytes), 0x00];
    }

    // The smallest message that zlib makes with tables of its own, brought to the end of a byte by an empty block.
    private static byte[] DynamicBlock()
    {
        var random = new Random(1);
        byte[] message = [.. Enumerable.Range(0, 100).Select(_ => (byte)(255 - (random.Next(8) * random.Next(8))))];
        byte[] deflated = Deflate(message);
        Assert.Equal(0b100, deflated[0] & 0b110);
        return [.. deflated, 0x00, 0x00, 0xFF, 0xFF];
    }

    private sealed class CountingInflater(IMessageInflater inflater) : IMessageInflater
    {
        public long Written { get; private set; }

        public OperationStatus Inflate(
            ReadOnlySpan<byte> source, bool endsMessage, Span<byte> destination, out int consumed, out int written)
        {
            OperationStatus status = inflater.Inflate(source, endsMessage, destination, out consumed, out written);
            Written += written;
            return status;
        }
    }
}
