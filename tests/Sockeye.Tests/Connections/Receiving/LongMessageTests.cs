using System.Buffers.Binary;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Messages longer than an array: they are not assembled, so only the option limits them.</summary>
public sealed class LongMessageTests
{
    private const long Length = (2L * 1024 * 1024 * 1024) + 1;
    private const int SegmentLength = 4 * 1024 * 1024;

    private static readonly WebSocketConnectionOptions Unbounded = new WebSocketConnectionOptions
    {
        DeliverFragments = true,
        Limits = new() { MaxMessageLength = long.MaxValue },
    };

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 3)]
    [InlineData(true, 1)]
    public void A_handler_receives_more_than_two_gibibytes_in_fragments(bool isClient, int frameCount)
    {
        var counter = new Counter();
        var connection = new TestConnection(isClient ? Role.Client : Role.Server, counter, Unbounded);

        Feed(connection, frameCount, () => { });

        Assert.Equal(Length, counter.Length);
        Assert.Equal(1, counter.MessageCount);
        Assert.Equal(WebSocketConnectionState.Open, connection.Connection.State);
        Assert.Equal(0, connection.Pool.OutCount);
    }

    [Fact]
    public void An_application_receives_more_than_two_gibibytes_in_fragments()
    {
        var connection = new TestConnection(Role.Client, options: Unbounded);
        long length = 0;
        int messageCount = 0;

        Feed(connection, frameCount: 1, () =>
        {
            ValueTask<WebSocketFragment?> receiving = connection.Connection.ReceiveFragmentAsync(TestContext.Current.CancellationToken);
            Assert.True(receiving.IsCompletedSuccessfully);
            WebSocketFragment fragment = Assert.NotNull(receiving.Result);
            length += fragment.Payload.Length;
            messageCount += fragment.EndOfMessage ? 1 : 0;
        });

        Assert.Equal(Length, length);
        Assert.Equal(1, messageCount);
    }

    [Fact]
    public void A_limit_above_the_maximum_array_length_is_enforced()
    {
        var counter = new Counter();
        var connection = new TestConnection(
            Role.Client, counter, Unbounded with { Limits = new() { MaxMessageLength = Length - 1 } });

        connection.Transport.Feed(Header(masked: false, first: true, fin: true, Length - 1));
        Assert.Equal(WebSocketConnectionState.Open, connection.Connection.State);

        connection = new TestConnection(
            Role.Client, counter, Unbounded with { Limits = new() { MaxMessageLength = Length - 1 } });
        connection.Transport.Feed(Header(masked: false, first: true, fin: true, Length));
        Assert.StartsWith("Close 1009", connection.Wire(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fragments_of_a_long_compressed_message_are_short()
    {
        DeflateSetup setup = DeflateSetup.Forgetting();
        var counter = new Counter();
        var connection = new TestConnection(Role.Server, counter, Unbounded, deflate: setup);
        byte[] zeros = new byte[100 * 1024 * 1024];
        byte[] deflated = Inflating.Deflate(zeros);
        Assert.InRange(deflated.Length, 64 * 1024, 256 * 1024);

        connection.ReceiveCompressed(Opcode.Binary, deflated);

        Assert.Equal(zeros.Length, counter.Length);
        Assert.Equal(1, counter.MessageCount);
        Assert.InRange(counter.MaxFragmentLength, 1, 17 * 1024 * 1024);
    }

    [Fact]
    public void The_limit_of_assembled_messages_is_the_maximum_array_length()
    {
        LimitOptions limits = new LimitOptions { MaxMessageLength = Array.MaxLength + 1L };
        WebSocketConnectionOptions wrong = new WebSocketConnectionOptions { Limits = limits };

        ArgumentException[] refusals =
        [
            Assert.Throws<ArgumentException>(() => new WebSocketServerOptions { Connection = wrong }),
            Assert.Throws<ArgumentException>(() => new WebSocketClientOptions { Connection = wrong }),
            Assert.Throws<ArgumentException>(() => new WebSocketRouteOptions { Connection = wrong }),
            Assert.Throws<ArgumentException>(() => new TestConnection(options: wrong)),
        ];

        Assert.All(refusals, refusal => Assert.Contains("MaxMessageLength", refusal.Message, StringComparison.Ordinal));
        Assert.All(refusals, refusal => Assert.Contains("DeliverFragments", refusal.Message, StringComparison.Ordinal));
        Assert.NotNull(new WebSocketServerOptions { Connection = wrong with { DeliverFragments = true } });
        Assert.NotNull(new WebSocketServerOptions
        {
            Connection = wrong with { Limits = limits with { MaxMessageLength = Array.MaxLength } },
        });
        Assert.Throws<ArgumentOutOfRangeException>(() => limits with { MaxMessageLength = -1 });
    }

    // The peer's message, in so many frames of equal length or so; of segments that are all the same memory.
    private static void Feed(TestConnection connection, int frameCount, Action afterSegment)
    {
        byte[] segment = new byte[SegmentLength];
        bool masked = connection.Role == Role.Server;
        long left = Length;
        for (int frame = 1; frame <= frameCount; frame++)
        {
            long length = frame == frameCount ? left : Length / frameCount;
            left -= length;
            connection.Transport.Feed(Header(masked, first: frame == 1, fin: frame == frameCount, length));
            for (; length > 0; length -= Math.Min(length, SegmentLength))
            {
                connection.Transport.Feed(segment.AsSpan(0, (int)Math.Min(length, SegmentLength)));
                afterSegment();
            }
        }
    }

    private static byte[] Header(bool masked, bool first, bool fin, long length)
    {
        byte[] header = new byte[masked ? 14 : 10];
        header[0] = (byte)((fin ? 0x80 : 0) | (first ? 2 : 0));
        header[1] = (byte)((masked ? 0x80 : 0) | 127);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(2), length);
        header.AsSpan(10).Fill(0x5A);
        return header;
    }

    private sealed class Counter : WebSocketHandler
    {
        public long Length { get; private set; }

        public int MaxFragmentLength { get; private set; }

        public int MessageCount { get; private set; }

        public override void OnFragment(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
        {
            Length += payload.Length;
            MaxFragmentLength = Math.Max(MaxFragmentLength, payload.Length);
            MessageCount += endOfMessage ? 1 : 0;
        }
    }
}
