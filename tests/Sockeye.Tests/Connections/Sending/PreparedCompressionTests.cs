using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Messages that are compressed once and sent to many connections (RFC 7692 §7.2).</summary>
public sealed class PreparedCompressionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_prepared_message_is_compressed_once_per_set_of_parameters()
    {
        DeflateSetup setup = DeflateSetup.Forgetting();
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text(DeflateSetup.TextOf(1));
        var frames = new RawFrame[10];
        for (int i = 0; i < frames.Length; i++)
        {
            var connection = new TestConnection(deflate: setup);
            connection.Connection.TrySend(message);
            frames[i] = Assert.Single(connection.Frames());
        }

        byte[] deflated = message.FrameFor(setup.Codecs.Deflaters(15)).Payload.ToArray();
        Assert.All(frames, frame => Assert.True(frame.IsCompressed));
        Assert.All(frames, frame => Assert.Equal(deflated, frame.Payload));
        Assert.Equal(DeflateSetup.TextOf(1), Encoding.UTF8.GetString(new PeerInflater().Inflate(frames[0].Payload)));
    }

    [Fact]
    public void Concurrent_threads_compress_a_prepared_message_once()
    {
        CodecPool<Deflater> codecs = DeflateSetup.Forgetting().Codecs.Deflaters(15);
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text(DeflateSetup.TextOf(1, length: 100_000));

        var frames = new byte[8][];
        Parallel.For(0, frames.Length, i => frames[i] = message.FrameFor(codecs).Shared!);

        Assert.All(frames, frame => Assert.Same(frames[0], frame));
        Assert.Equal(1, codecs.KeptCount);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(12)]
    [InlineData(15)]
    public void Each_window_size_has_its_own_frame(int windowBits)
    {
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text(DeflateSetup.TextOf(1, length: 50_000));
        MessageCodecs codecs = DeflateSetup.Forgetting().Codecs;
        OutgoingFrame other = message.FrameFor(codecs.Deflaters(windowBits == 15 ? 9 : 15));

        OutgoingFrame frame = message.FrameFor(codecs.Deflaters(windowBits));

        Assert.NotSame(other.Shared, frame.Shared);
        using var inflater = new Inflater(windowBits);
        byte[] inflated = new byte[message.Payload.Length];
        inflater.Inflate(frame.Payload.Span, endsMessage: true, inflated, out _, out int written);
        Assert.Equal(message.Payload.ToArray(), inflated[..written]);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Incompressible_messages_and_compress_false_are_sent_uncompressed(bool hasTakeover, bool compress)
    {
        DeflateSetup setup = hasTakeover ? DeflateSetup.Takeover() : DeflateSetup.Forgetting();
        WebSocketPreparedMessage message = compress
            ? WebSocketPreparedMessage.Binary(DeflateSetup.Noise(2_000))
            : WebSocketPreparedMessage.Text(DeflateSetup.TextOf(1), compress: false);
        var connection = new TestConnection(deflate: setup);

        connection.Connection.TrySend(message);

        RawFrame frame = Assert.Single(connection.Frames());
        Assert.False(frame.IsCompressed);
        Assert.Equal(message.Payload.ToArray(), frame.Payload);
    }

    [Theory]
    [InlineData(1_023, false)]
    [InlineData(1_024, true)]
    public void MinimumLength_applies_to_prepared_messages(int length, bool isCompressed)
    {
        var connection = new TestConnection(deflate: DeflateSetup.Takeover(PerMessageDeflateOptions.Default));

        connection.Connection.TrySend(WebSocketPreparedMessage.Binary(new byte[length]));

        Assert.Equal(isCompressed, Assert.Single(connection.Frames()).IsCompressed);
    }

    [Fact]
    public void A_message_after_a_prepared_one_refers_to_no_earlier_message()
    {
        // The peer's window holds it, and this end's does not: a reference would be found somewhere else.
        var connection = new TestConnection(deflate: DeflateSetup.Takeover());
        var peer = new MessagesOnTheWire(new PeerInflater());
        string text = DeflateSetup.TextOf(1);

        connection.Connection.TrySend(Encoding.UTF8.GetBytes(text));
        connection.Connection.TrySend(WebSocketPreparedMessage.Text(DeflateSetup.TextOf(2)));
        connection.Connection.TrySend(Encoding.UTF8.GetBytes(text));

        IReadOnlyList<RawFrame> frames = connection.Frames();
        Assert.All(frames, frame => Assert.True(frame.IsCompressed));
        Assert.Equal(frames[0].Payload, frames[2].Payload);
        Assert.Equal([text, DeflateSetup.TextOf(2), text], peer.Texts(frames));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Any_mix_of_prepared_and_other_messages_is_inflated_by_the_peer(bool isClient)
    {
        Role role = isClient ? Role.Client : Role.Server;
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            DeflateSetup setup = seed % 4 == 0 ? DeflateSetup.Forgetting() : DeflateSetup.Takeover();
            var connection = new TestConnection(role, deflate: setup);
            WebSocketPreparedMessage[] prepared =
                [.. Enumerable.Range(0, 4).Select(i => WebSocketPreparedMessage.Text(DeflateSetup.TextOf(i, random.Next(1, 5_000))))];
            var peer = new MessagesOnTheWire(new PeerInflater());
            List<string> sent = [];
            List<string> received = [];
            for (int i = 0; i < 50; i++)
            {
                connection.Transport.Capacity = random.Next(3) == 0 ? random.Next(200) : int.MaxValue;
                sent.Add(await SendOneAsync(connection.Connection, random, prepared));
                connection.Transport.Drain();
                received.AddRange(peer.Texts(connection.Frames()));
            }

            Assert.Equal(sent, received);
            Assert.Equal(0, connection.Pool.OutCount);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_prepared_message_that_must_wait_is_sent_uncompressed_by_TrySend(bool isClient)
    {
        var connection = new TestConnection(isClient ? Role.Client : Role.Server, deflate: DeflateSetup.Takeover());
        var peer = new MessagesOnTheWire(new PeerInflater());
        WebSocketMessageWriter writer = connection.Connection.BeginMessage(WebSocketMessageKind.Text);
        WebSocketPreparedMessageTests.Completed(writer.WriteAsync(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(1)), Cancellation));

        WebSocketSendResult result = connection.Connection.TrySend(WebSocketPreparedMessage.Text(DeflateSetup.TextOf(2)));
        WebSocketPreparedMessageTests.Completed(writer.CompleteAsync(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(1)), Cancellation));
        connection.Connection.TrySend(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(1)));

        Assert.Equal(WebSocketSendResult.Queued, result);
        IReadOnlyList<RawFrame> frames = connection.Frames();
        Assert.Equal([true, false, false, true], frames.Select(frame => frame.IsCompressed));
        Assert.Equal(
            [DeflateSetup.TextOf(1) + DeflateSetup.TextOf(1), DeflateSetup.TextOf(2), DeflateSetup.TextOf(1)],
            peer.Texts(frames));
    }

    [Fact]
    public async Task SendAsync_of_a_prepared_message_waits_and_compresses()
    {
        var connection = new TestConnection(deflate: DeflateSetup.Takeover());
        var peer = new MessagesOnTheWire(new PeerInflater());
        WebSocketMessageWriter writer = connection.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.WriteAsync(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(1)), Cancellation);

        ValueTask sending = connection.Connection.SendAsync(WebSocketPreparedMessage.Text(DeflateSetup.TextOf(2)), Cancellation);
        ValueTask behind = connection.Connection.SendAsync(DeflateSetup.TextOf(1), Cancellation);
        Assert.False(sending.IsCompleted);
        await writer.CompleteAsync(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(1)), Cancellation);
        await sending;
        await behind;

        IReadOnlyList<RawFrame> frames = connection.Frames();
        Assert.Equal([true, false, true, true], frames.Select(frame => frame.IsCompressed));
        Assert.Equal(
            [DeflateSetup.TextOf(1) + DeflateSetup.TextOf(1), DeflateSetup.TextOf(2), DeflateSetup.TextOf(1)],
            peer.Texts(frames));
    }

    [Fact]
    public async Task Threads_may_send_prepared_and_other_messages_concurrently()
    {
        var transport = new InMemoryTransport { Writes = WriteScript.Random(seed: 7) };
        var settings = new ConnectionSettings(
            Role.Server, new WebSocketConnectionOptions(), new DeadlineWheel(new ManualTimeProvider()),
            NullLogger.Instance)
        {
            Codecs = DeflateSetup.Takeover().Codecs,
        };
        var connection = new WebSocketConnection(transport, settings, handler: null, deflate: default(PerMessageDeflateParameters));
        connection.Core.Start();
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text(DeflateSetup.TextOf(0));

        await Task.WhenAll(Enumerable.Range(1, 8).Select(sender => Task.Run(
            async () =>
            {
                for (int i = 0; i < 100; i++)
                {
                    await connection.SendAsync(message, Cancellation);
                    await connection.SendAsync(DeflateSetup.TextOf((1_000 * sender) + i), Cancellation);
                }
            },
            Cancellation)));
        transport.WaitForPostedWrites();

        IReadOnlyList<string> texts = new MessagesOnTheWire(new PeerInflater()).Texts(RawFrame.ReadAll(transport.TakeOutput()));
        Assert.Equal(800, texts.Count(text => text == DeflateSetup.TextOf(0)));
        for (int sender = 1; sender <= 8; sender++)
        {
            IEnumerable<string> expected = Enumerable.Range(0, 100).Select(i => DeflateSetup.TextOf((1_000 * sender) + i));
            Assert.Equal(expected, texts.Where(text => text.StartsWith($"message {sender}", StringComparison.Ordinal)));
        }

        Assert.False(transport.WasShared);
    }

    private static async Task<string> SendOneAsync(
        WebSocketConnection connection, Random random, WebSocketPreparedMessage[] prepared)
    {
        WebSocketPreparedMessage message = prepared[random.Next(prepared.Length)];
        string text = DeflateSetup.TextOf(random.Next(10), random.Next(1, 3_000));
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        switch (random.Next(5))
        {
            case 0:
                Assert.NotEqual(WebSocketSendResult.Refused, connection.TrySend(message));
                return Encoding.UTF8.GetString(message.Payload.Span);
            case 1:
                await connection.SendAsync(message, Cancellation);
                return Encoding.UTF8.GetString(message.Payload.Span);
            case 2:
                await connection.SendAsync(text, compress: random.Next(3) != 0, Cancellation);
                return text;
            case 3:
                WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Text);
                await writer.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), Cancellation);
                await writer.CompleteAsync(bytes.AsMemory(bytes.Length / 2), Cancellation);
                return text;
            default:
                connection.TrySend(bytes, WebSocketMessageKind.Text);
                return text;
        }
    }
}
