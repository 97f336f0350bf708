using System.Buffers;

namespace Sockeye.Protocol.Tests;

public sealed class HeadReaderTests
{
    private const int KiB = 1024;

    [Fact]
    public void Head_ends_after_its_empty_line()
    {
        byte[] head = HeadText.Bytes(HeadText.Request());
        byte[] received = [.. head, 0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];
        var reader = new HeadReader(HeadLimits.Default);

        OperationStatus status = reader.Read(received, out int headLength, out HttpError error);

        Assert.Equal(OperationStatus.Done, status);
        Assert.Equal(head.Length, headLength); // HS-40: what is behind belongs to the frame layer
        Assert.Equal(HttpError.None, error);
    }

    [Fact]
    public void Every_proper_prefix_of_a_head_needs_more_data()
    {
        byte[] head = HeadText.Bytes(HeadText.Request());

        for (int length = 0; length < head.Length; length++)
        {
            var reader = new HeadReader(HeadLimits.Default);

            OperationStatus status = reader.Read(head.AsSpan(0, length), out int headLength, out _);

            Assert.Equal(OperationStatus.NeedMoreData, status);
            Assert.Equal(0, headLength);
        }
    }

    [Fact]
    public void No_byte_is_examined_twice() // HS-03: linear however the bytes are cut
    {
        string text = HeadText.Request($"+X: {new('a', 8_000)}", $"+X: {new('a', 8_000)}");
        byte[] head = HeadText.Bytes(text);
        byte[] received = [.. head];
        var reader = new HeadReader(HeadLimits.Default);

        // Bytes that were read become NUL, which is invalid everywhere: reading them again would fail.
        OperationStatus status = OperationStatus.NeedMoreData;
        int length = 0;
        while (status == OperationStatus.NeedMoreData)
        {
            length++;
            received[length - 1] = head[length - 1];
            status = reader.Read(received.AsSpan(0, length), out _, out _);
            received[length - 1] = 0;
        }

        Assert.Equal(OperationStatus.Done, status);
        Assert.Equal(head.Length, length);
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        byte[] head = HeadText.Bytes(HeadText.Request());
        ReadByteByByte(head);

        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadByteByByte(head);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Error_and_end_are_repeated_by_later_calls()
    {
        byte[] bad = "GET / HTTP/1.1\n\r\n\r\n"u8.ToArray();
        byte[] good = "GET / HTTP/1.1\r\n\r\nmore"u8.ToArray();
        var failed = new HeadReader(HeadLimits.Default);
        var done = new HeadReader(HeadLimits.Default);

        for (int call = 0; call < 3; call++)
        {
            Assert.Equal(OperationStatus.InvalidData, failed.Read(bad, out _, out HttpError error));
            Assert.Equal(HttpError.InvalidLineTerminator, error);
            Assert.Equal(OperationStatus.Done, done.Read(good, out int headLength, out _));
            Assert.Equal(18, headLength);
        }
    }

    [Fact]
    public void Head_that_breaks_a_rule_is_rejected_before_it_ends()
    {
        var reader = new HeadReader(HeadLimits.Default);

        OperationStatus status = reader.Read("\u0016\u0003"u8, out _, out HttpError error); // the first bytes of TLS

        Assert.Equal(OperationStatus.InvalidData, status);
        Assert.Equal(HttpError.UnexpectedTls, error);
    }

    [Theory]
    [InlineData(8 * KiB, true)]
    [InlineData((8 * KiB) + 1, false)]
    public void Limits_of_lines_are_exact(int lineLength, bool fits) // HS-02
    {
        string start = new string('a', lineLength) + "\r\n\r\n";
        string value = "GET / HTTP/1.1\r\nX:" + new string('a', lineLength - 2) + "\r\n\r\n";
        string name = "GET / HTTP/1.1\r\n" + new string('X', lineLength - 1) + ":\r\n\r\n";

        AssertRead(start, fits ? HttpError.None : HttpError.StartLineTooLong);
        AssertRead(value, fits ? HttpError.None : HttpError.HeaderLineTooLong);
        AssertRead(name, fits ? HttpError.None : HttpError.HeaderLineTooLong);
    }

    [Theory]
    [InlineData(16 * KiB, true)]
    [InlineData((16 * KiB) + 1, false)]
    public void Limit_of_the_head_is_exact(int headLength, bool fits) // HS-02
    {
        string line = "X:" + new string('a', 8_000) + "\r\n";
        string head = "GET / HTTP/1.1\r\n" + line + line + "X:";
        head += new string('a', headLength - head.Length - 4) + "\r\n\r\n";

        AssertRead(head, fits ? HttpError.None : HttpError.HeadTooLong);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Header_limit_counts_lines(int count, bool fits) // HS-04
    {
        string head = "GET / HTTP/1.1\r\n" + string.Concat(Enumerable.Repeat("X: a\r\n", count)) + "\r\n";

        AssertRead(head, fits ? HttpError.None : HttpError.TooManyHeaders);
    }

    [Fact]
    public void The_caller_sets_the_limits()
    {
        var reader = new HeadReader(new HeadLimits(14, 10, 100, 1));

        Assert.Equal(OperationStatus.Done, reader.Read("GET / HTTP/1.1\r\nX: 4567890\r\n\r\n"u8, out _, out _));
    }

    [Fact]
    public void Mutated_heads_get_the_same_result_whole_and_byte_by_byte()
    {
        const int iterations = 20_000;
        byte[][] seeds =
        [
            HeadText.Bytes(HeadText.Request("Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Extensions: a; b=\"c\"")),
            HeadText.Bytes(HeadText.RequestLine("GET http://server.example.com/a?b HTTP/1.1",
                "Origin: http://server.example.com")),
        ];
        byte[] interesting = [.. "\r\n\t :;,=\"\\/?#%.\0\u007F"u8, 0x80, 0xFF, (byte)'a', (byte)'1'];
        var random = new Random(6455);
        int accepted = 0;

        for (int iteration = 0; iteration < iterations; iteration++)
        {
            byte[] bytes = Mutate(seeds[iteration % seeds.Length], interesting, random);

            WebSocketHandshakeError? whole = Verdicts.OfServer(bytes, [bytes.Length], ServerHandshakeRules.Default);
            WebSocketHandshakeError? single = Verdicts.OfServer(
                bytes, [.. Enumerable.Range(1, bytes.Length)], ServerHandshakeRules.Default);

            Assert.True(whole == single, $"iteration {iteration}: {whole} whole, {single} byte by byte");
            accepted += whole == WebSocketHandshakeError.None ? 1 : 0;
        }

        // Some mutations are harmless and some are not, so that both results are compared.
        Assert.InRange(accepted, iterations / 100, iterations - (iterations / 100));
    }

    private static byte[] Mutate(byte[] seed, byte[] interesting, Random random)
    {
        List<byte> bytes = [.. seed];
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            int index = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[index] = interesting[random.Next(interesting.Length)];
                    break;
                case 1:
                    bytes.Insert(index, interesting[random.Next(interesting.Length)]);
                    break;
                case 2:
                    bytes.RemoveAt(index);
                    break;
                default:
                    int length = random.Next(Math.Min(40, bytes.Count - index));
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(index, length));
                    break;
            }
        }

        return [.. bytes];
    }

    private static void ReadByteByByte(byte[] head)
    {
        var reader = new HeadReader(HeadLimits.Default);
        for (int length = 1; length <= head.Length; length++)
        {
            reader.Read(head.AsSpan(0, length), out _, out _);
        }
    }

    private static void AssertRead(string head, HttpError expected)
    {
        byte[] bytes = HeadText.Bytes(head);
        foreach (int[] delivery in HeadText.Deliveries(bytes.Length))
        {
            var reader = new HeadReader(HeadLimits.Default);
            OperationStatus status = OperationStatus.NeedMoreData;
            HttpError error = HttpError.None;
            int headLength = 0;
            foreach (int received in delivery)
            {
                status = reader.Read(bytes.AsSpan(0, received), out headLength, out error);
            }

            Assert.Equal(expected, error);
            Assert.Equal(expected == HttpError.None ? OperationStatus.Done : OperationStatus.InvalidData, status);
            Assert.Equal(expected == HttpError.None ? bytes.Length : 0, headLength);
        }
    }
}
