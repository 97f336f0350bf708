using System.Text;
using Sockeye.Protocol;
using static Sockeye.Tests.DeflateSetup;

namespace Sockeye.Tests;

/// <summary>Messages that a connection compresses fragment by fragment (RFC 7692 §6.1).</summary>
public sealed class CompressedFragmentsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly MessagesOnTheWire _messages = new(new PeerInflater());

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(7, true)]
    public async Task RSV1_is_set_on_the_first_frame_only(int fragments, bool endsEmpty)
    {
        var test = new TestConnection(deflate: Takeover());
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);

        for (int number = 1; number < fragments; number++)
        {
            await writer.WriteAsync(Bytes(TextOf(number)));
            await writer.WriteAsync(default);
        }

        await (endsEmpty ? EndEmpty(writer, fragments) : writer.CompleteAsync(Bytes(TextOf(fragments))));
        IReadOnlyList<RawFrame> frames = test.Frames();

        Assert.Equal(fragments + (endsEmpty ? 1 : 0), frames.Count);
        Assert.True(frames[0].IsCompressed);
        Assert.DoesNotContain(frames.Skip(1), frame => frame.IsCompressed);
        Assert.Equal(
            [string.Concat(Enumerable.Range(1, fragments).Select(number => TextOf(number)))], _messages.Texts(frames));
        AssertNothingHeld(test);

        static async ValueTask EndEmpty(WebSocketMessageWriter writer, int number)
        {
            await writer.WriteAsync(Bytes(TextOf(number)));
            await writer.CompleteAsync();
        }
    }

    [Theory]
    [InlineData(99, 500, "Text…, Continuation 500 bytes")] // the first one decides, for the whole message
    [InlineData(100, 5, "compressed Text…, Continuation")]
    public async Task The_first_fragment_decides_about_compression(int firstLength, int secondLength, string expected)
    {
        var test = new TestConnection(deflate: Takeover(PerMessageDeflateOptions.Default with { MinimumLength = 100 }));
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);

        await writer.WriteAsync(Bytes(TextOf(1, firstLength)));
        await writer.CompleteAsync(Bytes(TextOf(2, secondLength)));
        IReadOnlyList<RawFrame> frames = test.Frames();

        Assert.Equal(expected.StartsWith('c'), frames[0].IsCompressed);
        Assert.Equal(secondLength == 500, frames[1].Payload.Length == 500);
        Assert.Equal([TextOf(1, firstLength) + TextOf(2, secondLength)], _messages.Texts(frames));
    }

    [Fact]
    public async Task A_message_with_compress_false_is_not_compressed()
    {
        var test = new TestConnection(deflate: Takeover());
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text, compress: false);

        await writer.WriteAsync(Bytes(TextOf(1)));
        await writer.CompleteAsync(Bytes(TextOf(2)));

        Assert.Equal("Text… 200 bytes, Continuation 200 bytes", test.Wire());
    }

    [Fact]
    public async Task A_message_without_payload_is_inflated_by_the_peer()
    {
        var test = new TestConnection(deflate: Takeover());

        await test.Connection.BeginMessage(WebSocketMessageKind.Text).CompleteAsync();
        await test.Connection.SendAsync(TextOf(1));

        Assert.Equal(["", TextOf(1)], _messages.Texts(test.Frames()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_after_a_fragmented_one_are_inflated_by_the_peer(bool forgets)
    {
        var test = new TestConnection(deflate: forgets ? Forgetting() : Takeover());
        var messages = new MessagesOnTheWire(new PeerInflater(forgets));
        for (int round = 0; round < 3; round++)
        {
            WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
            await writer.WriteAsync(Bytes(TextOf(round)));
            await writer.CompleteAsync(Bytes(TextOf(round)));
            await test.Connection.SendAsync(TextOf(round));

            Assert.Equal([TextOf(round) + TextOf(round), TextOf(round)], messages.Texts(test.Frames()));
        }
    }

    [Fact]
    public async Task Incompressible_fragments_are_inflated_by_the_peer()
    {
        var test = new TestConnection(Role.Client, deflate: Takeover());
        byte[] noise = Noise(100_000);
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Binary);

        foreach (byte[] fragment in noise.Chunk(30_000))
        {
            await writer.WriteAsync(fragment);
        }

        await writer.CompleteAsync();
        Assert.Equal([noise], _messages.Read(test.Frames()));
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task Pings_and_pongs_between_fragments_are_not_compressed()
    {
        var test = new TestConnection(deflate: Takeover());
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);

        await writer.WriteAsync(Bytes(TextOf(1)));
        test.Receive(Opcode.Ping, "1"u8);
        await writer.WriteAsync(Bytes(TextOf(2)));
        test.Receive(Opcode.Ping, "2"u8);
        await writer.CompleteAsync();
        IReadOnlyList<RawFrame> frames = test.Frames();

        Assert.Equal(
            [RawOpcode.Text, RawOpcode.Pong, RawOpcode.Continuation, RawOpcode.Pong, RawOpcode.Continuation],
            frames.Select(frame => frame.Opcode));
        Assert.Equal("Pong '1'", frames[1].ToString());
        Assert.Equal([TextOf(1) + TextOf(2)], _messages.Texts(frames));
    }

    [Fact]
    public async Task A_canceled_fragment_may_be_sent_again()
    {
        TestConnection test = Limited();
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.WriteAsync(Bytes(TextOf(1)));
        test.Transport.Capacity = 0;
        test.Connection.Core.Sends.SendPong(new byte[125]);
        using var cancellation = new CancellationTokenSource();

        Task given = writer.WriteAsync(Bytes(TextOf(2)), cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        Task again = writer.CompleteAsync(Bytes(TextOf(3))).AsTask();
        test.Transport.Drain();
        await again.WaitAsync(Patience);

        Assert.Equal([TextOf(1) + TextOf(3)], _messages.Texts(test.Frames()));
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task A_canceled_first_fragment_does_not_begin_a_message()
    {
        TestConnection test = Limited();
        test.Transport.Capacity = 0;
        test.Connection.TrySend(Noise(200));
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        using var cancellation = new CancellationTokenSource();

        Task given = writer.WriteAsync(Bytes(TextOf(1)), cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        await writer.DisposeAsync();
        test.Transport.Drain();
        await test.Connection.SendAsync(TextOf(2));

        Assert.Equal(TextOf(2), Encoding.UTF8.GetString(_messages.Read(test.Frames())[^1]));
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public async Task An_abandoned_message_fails_the_connection_and_returns_the_encoder()
    {
        DeflateSetup setup = Takeover();
        var test = new TestConnection(deflate: setup);
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.WriteAsync(Bytes(TextOf(1)));

        await writer.DisposeAsync();
        Assert.Equal("compressed Text…, Close 1011", test.Wire());
        test.Connection.Abort();

        Assert.Equal(1, setup.KeptCounts.Deflaters);
        AssertNothingHeld(test);

        // As good as new: what was begun is not in the way of the next connection's messages.
        var next = new TestConnection(deflate: setup);
        await next.Connection.SendAsync(TextOf(1));
        Assert.Equal([TextOf(1)], _messages.Texts(next.Frames()));
    }

    [Fact]
    public async Task A_close_frame_overtakes_an_open_message_and_its_writer_throws()
    {
        var test = new TestConnection(deflate: Takeover());
        WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.WriteAsync(Bytes(TextOf(1)));

        _ = test.Connection.CloseAsync().AsTask();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => writer.CompleteAsync().AsTask());
        Assert.Equal("compressed Text…, Close 1000", test.Wire());
    }

    private static TestConnection Limited() => new(
        options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = 100 },
        },
        deflate: Takeover());

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static void AssertNothingHeld(TestConnection test)
    {
        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
    }
}
