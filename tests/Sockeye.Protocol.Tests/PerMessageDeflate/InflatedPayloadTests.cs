namespace Sockeye.Protocol.Tests;

public sealed class InflatedPayloadTests
{
    private readonly CountingPool _pool = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_024)]
    [InlineData(8_192)]
    [InlineData(100_000)]
    public void The_inflaters_output_is_returned_unchanged(int length)
    {
        byte[] message = new byte[length];
        new Random(length).NextBytes(message);
        foreach (int pieceLength in new[] { 1, 1_000, int.MaxValue })
        {
            InflatedPayload payload = default;
            for (int start = 0; start < length; start += Math.Min(pieceLength, length))
            {
                Span<byte> piece = message.AsSpan(start, Math.Min(pieceLength, length - start));
                Assert.Equal(WebSocketProtocolError.None, payload.Append(new CopyingInflater(), _pool, length, piece, false));
            }

            Assert.Equal(WebSocketProtocolError.None, payload.Append(new CopyingInflater(), _pool, length, [], endsMessage: true));
            Assert.Equal(message, payload.Bytes.ToArray());
            payload.Release(_pool);
        }

        Assert.Equal(0, _pool.OutCount);
    }

    [Fact]
    public void Empty_input_rents_no_buffer()
    {
        InflatedPayload payload = default;

        Assert.Equal(WebSocketProtocolError.None, payload.Append(new CopyingInflater(), _pool, 100, [], endsMessage: false));

        Assert.Null(payload.Array);
        Assert.Equal(0, _pool.RentCount);
    }

    [Fact]
    public void Inflating_past_the_limit_fails()
    {
        InflatedPayload payload = default;

        Assert.Equal(WebSocketProtocolError.None, payload.Append(new CopyingInflater(), _pool, 100, new byte[100], false));
        Assert.Equal(
            WebSocketProtocolError.MessageTooLong, payload.Append(new CopyingInflater(), _pool, 100, new byte[1], false));
        payload.Release(_pool);
    }
}
