using System.Text;
using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using static Sockeye.Tests.DeflateSetup;

namespace Sockeye.Tests;

/// <summary>The compression of a connection without the connection: over a send queue alone.</summary>
public sealed class MessageEncoderTests
{
    private readonly SendQueueBench _bench = new();
    private readonly MessagesOnTheWire _messages = new(new PeerInflater());

    [Fact]
    public void Messages_above_MinimumLength_are_compressed_in_wire_order()
    {
        MessageCompression compression = Compression(minimumLength: 100);
        Send(compression, TextOf(1));
        Send(compression, "short");
        Send(compression, TextOf(1));

        IReadOnlyList<RawFrame> frames = _bench.Frames();

        Assert.Equal([true, false, true], frames.Select(frame => frame.IsCompressed));
        Assert.True(frames[2].Payload.Length < frames[0].Payload.Length);
        Assert.Equal([TextOf(1), "short", TextOf(1)], _messages.Texts(frames));
    }

    [Fact] // RFC 7692 §7.2.1
    public async Task A_message_that_waited_for_its_turn_is_compressed_in_its_turn()
    {
        MessageCompression compression = Compression();
        _bench.Block();
        Task first = SendAsync(compression, TextOf(1));
        Task second = SendAsync(compression, TextOf(2));
        Assert.False(first.IsCompleted);

        _bench.Transport.Drain();
        await first;
        await second;

        Assert.Equal([TextOf(1), TextOf(2)], _messages.Texts(_bench.Frames().Skip(1)));
        Assert.Equal(0, _bench.Pool.OutCount);
    }

    [Fact]
    public void Nothing_is_compressed_after_the_end_and_the_turn_is_released()
    {
        MessageCompression compression = Compression();
        MessageEncoder encoder = compression.EncoderFor(1_000)!;
        compression.Release();

        Assert.Equal(WebSocketSendResult.Closed, Send(encoder, TextOf(1)));

        Assert.Equal(WebSocketSendResult.Sent, _bench.Sends.TrySend(Opcode.Text, "plain"u8));
        Assert.Equal("Text 'plain'", _bench.Wire());
        Assert.Equal(0, _bench.Pool.OutCount);
    }

    [Fact]
    public void Settings_without_codecs_are_rejected()
    {
        ConnectionSettings settings = SendSettings.Of(Role.Server, _bench.Pool);

        Assert.Throws<ArgumentException>(() => new MessageCompression(_bench.Sends, settings, default, _bench));
    }

    private MessageCompression Compression(int minimumLength = 0)
    {
        ConnectionSettings settings = SendSettings.Of(
            Role.Server, _bench.Pool,
            codecs: new MessageCodecs(PerMessageDeflateOptions.Default with { MinimumLength = minimumLength }));
        return new MessageCompression(_bench.Sends, settings, default, _bench);
    }

    private void Send(MessageCompression compression, string text)
    {
        if (compression.EncoderFor(text.Length) is { } encoder)
        {
            Send(encoder, text);
        }
        else
        {
            _bench.Sends.TrySend(Opcode.Text, Encoding.UTF8.GetBytes(text));
        }
    }

    private WebSocketSendResult Send(MessageEncoder encoder, string text) =>
        _bench.Sends.TrySend(new OutgoingFrame(Opcode.Text) { Encoder = encoder }, Encoding.UTF8.GetBytes(text));

    private Task SendAsync(MessageCompression compression, string text)
    {
        byte[] payload = Encoding.UTF8.GetBytes(text);
        var frame = new OutgoingFrame(Opcode.Text, payload) { Encoder = compression.EncoderFor(payload.Length) };
        return _bench.Sends.SendAsync(frame, CancellationToken.None).AsTask();
    }
}
