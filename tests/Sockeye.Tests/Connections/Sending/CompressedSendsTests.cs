using System.Text;
using Sockeye.Protocol;
using static Sockeye.Tests.DeflateSetup;

namespace Sockeye.Tests;

/// <summary>Whole messages that a connection compresses (RFC 7692 §6.1).</summary>
public sealed class CompressedSendsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly PeerInflater _inflater = new();
    private readonly MessagesOnTheWire _messages;

    public CompressedSendsTests() => _messages = new MessagesOnTheWire(_inflater);

    [Theory]
    [InlineData("server")]
    [InlineData("client")]
    public void A_message_refers_to_the_compressed_message_before_it(string role)
    {
        TestConnection test = Open(role == "client" ? Role.Client : Role.Server);

        Assert.Equal(WebSocketSendResult.Sent, SendText(test, TextOf(1)));
        Assert.True(test.Connection.SendAsync(TextOf(1)).IsCompletedSuccessfully);
        IReadOnlyList<RawFrame> frames = test.Frames();

        Assert.Equal("compressed Text, compressed Text", string.Join(", ", frames));
        Assert.Equal([TextOf(1), TextOf(1)], _messages.Texts(frames));
        Assert.True(frames[1].Payload.Length < frames[0].Payload.Length / 2);
        AssertNothingHeld(test);
    }

    [Fact] // ws 4.6, 29
    public void Without_context_takeover_messages_are_independent_and_no_codec_is_held()
    {
        DeflateSetup setup = Forgetting();
        var test = new TestConnection(deflate: setup);
        var messages = new MessagesOnTheWire(new PeerInflater(forgets: true));

        for (int count = 0; count < 3; count++)
        {
            SendText(test, TextOf(1));
            Assert.Equal(1, setup.KeptCounts.Deflaters);
        }

        Assert.Equal([TextOf(1), TextOf(1), TextOf(1)], messages.Texts(test.Frames()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // unlike ws, with context as without
    public void A_message_below_MinimumLength_is_not_compressed(bool keepsContext)
    {
        PerMessageDeflateOptions options = PerMessageDeflateOptions.Default with { MinimumLength = 100 };
        var test = new TestConnection(deflate: keepsContext ? Takeover(options) : Forgetting(options));

        SendText(test, TextOf(1, 99));
        SendText(test, TextOf(2, 100));
        test.Connection.SendAsync(TextOf(3, 99)).AsTask().Wait();

        Assert.Equal($"Text 99 bytes, compressed Text, Text 99 bytes", test.Wire());
    }

    [Fact]
    public void Dedicated_shortens_short_messages_that_resemble_each_other()
    {
        var test = new TestConnection(deflate: Takeover(PerMessageDeflateOptions.Dedicated) with { Agreed = new(false, false, 12, 12) });

        for (int i = 0; i < 4; i++)
        {
            SendText(test, $$"""{"type":"price","symbol":"ACME","exchange":"XETR","currency":"EUR","bid":101.2{{i}},"ask":101.3{{i}},"seq":{{i}}}""");
        }

        SendText(test, new string('x', 63));
        int[] lengths = [.. test.Frames().Select(frame => frame.Payload.Length)];

        Assert.InRange(lengths[0], 80, 107);
        Assert.All(lengths[1..4], length => Assert.InRange(length, 5, 25));
        Assert.Equal(63, lengths[4]);
    }

    [Fact] // DF-40: no length reveals a secret that is not in the window
    public void A_message_with_compress_false_is_not_in_the_window()
    {
        TestConnection test = Open();
        SendText(test, TextOf(1));
        int length = test.Frames()[0].Payload.Length;

        test = Open();
        test.Connection.TrySend(Encoding.UTF8.GetBytes(TextOf(1)), WebSocketMessageKind.Text, compress: false);
        test.Connection.SendAsync(TextOf(1), compress: false).AsTask().Wait();
        test.Connection.SendAsync(Encoding.UTF8.GetBytes(TextOf(1)), WebSocketMessageKind.Text, compress: false).AsTask().Wait();
        test.Connection.SendTextAsync(Encoding.UTF8.GetBytes(TextOf(1)), compress: false).AsTask().Wait();
        test.Connection.SendAsync(Encoding.UTF8.GetBytes(TextOf(1)), compress: false).AsTask().Wait();
        SendText(test, TextOf(1));
        IReadOnlyList<RawFrame> frames = test.Frames();

        Assert.Equal(
            "Text 200 bytes, Text 200 bytes, Text 200 bytes, Text 200 bytes, Binary 200 bytes, compressed Text", string.Join(", ", frames));
        Assert.Equal(length, frames[5].Payload.Length);
        Assert.Equal(Enumerable.Repeat(TextOf(1), 6), _messages.Texts(frames));
    }

    [Fact]
    public void An_incompressible_message_is_sent_uncompressed_and_later_ones_are_inflated()
    {
        TestConnection test = Open();
        byte[] noise = Noise(5_000);

        SendText(test, TextOf(1));
        test.Connection.TrySend(noise);
        test.Connection.TrySend([]);
        test.Connection.TrySend([.. noise, .. noise]);
        SendText(test, TextOf(1));
        IReadOnlyList<RawFrame> frames = test.Frames();

        Assert.Equal(
            "compressed Text, Binary 5000 bytes, Binary '', compressed Binary, compressed Text",
            string.Join(", ", frames));
        Assert.Equal(
            [Encoding.UTF8.GetBytes(TextOf(1)), noise, [], [.. noise, .. noise], Encoding.UTF8.GetBytes(TextOf(1))],
            _messages.Read(frames));
        AssertNothingHeld(test);
    }

    [Fact] // RFC 6455 §5.5, RFC 7692 §6.1
    public void Control_frames_are_not_compressed()
    {
        TestConnection test = Open();

        test.Receive(Opcode.Ping, Encoding.UTF8.GetBytes(TextOf(1, 120)));
        test.Connection.PongAsync(Encoding.UTF8.GetBytes(TextOf(1, 120))).AsTask().Wait();
        _ = test.Connection.CloseAsync(WebSocketCloseCode.NormalClosure, TextOf(1, 120)).AsTask();

        Assert.Equal("Pong 120 bytes, Pong 120 bytes, Close 1000", test.Wire());
    }

    [Fact] // EX-31c: the client was given a window that zlib does not have
    public void An_end_that_cannot_compress_sends_uncompressed_and_inflates_received_messages()
    {
        var handler = new RecordingHandler();
        var setup = Takeover() with { Agreed = new PerMessageDeflateParameters(false, false, null, 8) };
        var test = new TestConnection(Role.Client, handler, deflate: setup);

        SendText(test, TextOf(1));
        test.ReceiveCompressed(Opcode.Text, new PeerDeflater().Deflate("Hello"u8));

        Assert.Equal("Text 200 bytes", test.Wire());
        Assert.Equal("Hello", handler.Events);
        Assert.Equal("permessage-deflate; client_max_window_bits=8", test.Connection.Extensions);
    }

    [Fact]
    public void A_connection_without_compression_reports_it_and_fails_on_RSV1()
    {
        var test = new TestConnection();

        Assert.Equal("", test.Connection.Extensions);
        SendText(test, TextOf(1, 2_000));
        test.ReceiveCompressed(Opcode.Text, new PeerDeflater().Deflate("Hello"u8));

        Assert.Equal("Text 2000 bytes, Close 1002", test.Wire());
    }

    [Fact]
    public void SendBufferLength_counts_compressed_bytes()
    {
        TestConnection test = Open();
        test.Transport.Capacity = 0;

        Assert.Equal(WebSocketSendResult.Queued, SendText(test, TextOf(1, 5_000)));
        Assert.InRange(test.Connection.SendBufferLength, 10, 200);
        long buffered = test.Connection.SendBufferLength;
        test.Transport.Drain();

        Assert.Equal(0, test.Connection.SendBufferLength);
        Assert.Equal(buffered, test.Transport.TakeOutput().Length);
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task A_message_is_refused_when_the_buffer_is_full_and_later_ones_are_inflated()
    {
        TestConnection test = Open(limit: 100);
        SendText(test, TextOf(1));
        test.Transport.Capacity = 0;
        test.Connection.TrySend(Noise(200));

        Assert.Equal(WebSocketSendResult.Refused, SendText(test, TextOf(2)));
        using var cancellation = new CancellationTokenSource();
        Task cancelled = test.Connection.SendAsync(TextOf(3), cancellation.Token).AsTask();
        Task waits = test.Connection.SendAsync(TextOf(1) + "!").AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        test.Transport.Drain();
        await waits.WaitAsync(Patience);

        IReadOnlyList<byte[]> messages = _messages.Read(test.Frames());
        Assert.Equal(
            [Encoding.UTF8.GetBytes(TextOf(1)), Noise(200), Encoding.UTF8.GetBytes(TextOf(1) + "!")], messages);
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task Waiting_messages_are_compressed_in_call_order()
    {
        TestConnection test = Open(limit: 100);
        test.Transport.Capacity = 0;
        test.Connection.TrySend(Noise(200));

        Task[] waiting = [.. Enumerable.Range(0, 20).Select(number => number % 3 == 0
            ? test.Connection.SendAsync(TextOf(number), compress: false).AsTask()
            : test.Connection.SendAsync(TextOf(number)).AsTask())];
        test.Transport.Drain();
        await Task.WhenAll(waiting).WaitAsync(Patience);

        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.Equal(13, frames.Count(frame => frame.IsCompressed));
        Assert.Equal(Enumerable.Range(0, 20).Select(number => TextOf(number)), _messages.Texts(frames).Skip(1));
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task TrySend_is_ordered_after_waiting_sends()
    {
        TestConnection test = Open();
        await using WebSocketMessageWriter writer = test.Connection.BeginMessage(WebSocketMessageKind.Text);
        await writer.WriteAsync("open"u8.ToArray());

        Task first = test.Connection.SendAsync(TextOf(1)).AsTask();
        Assert.Equal(WebSocketSendResult.Queued, SendText(test, TextOf(2)));
        Task third = test.Connection.SendAsync(TextOf(3)).AsTask();
        await writer.CompleteAsync();
        await Task.WhenAll(first, third).WaitAsync(Patience);

        Assert.Equal(["open", TextOf(1), TextOf(2), TextOf(3)], _messages.Texts(test.Frames()));
        AssertNothingHeld(test);
    }

    [Fact]
    public void A_send_with_a_canceled_token_sends_nothing()
    {
        TestConnection test = Open();
        var cancelled = new CancellationToken(canceled: true);

        Assert.True(test.Connection.SendAsync(TextOf(1), cancelled).IsCanceled);
        Assert.True(test.Connection.BeginMessage(WebSocketMessageKind.Text).WriteAsync(Noise(9), cancelled).IsCanceled);

        Assert.Equal("", test.Wire());
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task A_close_frame_follows_sends_that_wait_to_compress()
    {
        TestConnection test = Open(limit: 100);
        test.Transport.Capacity = 0;
        test.Connection.TrySend(Noise(200));
        Task[] waiting = [.. Enumerable.Range(0, 5).Select(number => test.Connection.SendAsync(TextOf(number)).AsTask())];

        Task closing = test.Connection.CloseAsync().AsTask();
        test.Transport.Drain();
        await Task.WhenAll(waiting).WaitAsync(Patience);

        IReadOnlyList<RawFrame> frames = test.Frames();
        Assert.Equal(RawOpcode.Close, frames[^1].Opcode);
        Assert.Equal(Enumerable.Range(0, 5).Select(number => TextOf(number)), _messages.Texts(frames).Skip(1));
        Assert.Equal(WebSocketSendResult.Closed, SendText(test, TextOf(9)));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Connection.SendAsync(TextOf(9)).AsTask());
        test.ReceiveClose();
        test.Transport.EndInput();
        await closing.WaitAsync(Patience);
        AssertNothingHeld(test);
    }

    [Fact]
    public async Task An_abort_fails_sends_that_wait_to_compress()
    {
        TestConnection test = Open(limit: 100);
        test.Transport.Capacity = 0;
        test.Connection.TrySend(Noise(200));
        Task[] waiting = [.. Enumerable.Range(0, 5).Select(number => test.Connection.SendAsync(TextOf(number)).AsTask())];

        test.Connection.Abort();

        foreach (Task task in waiting)
        {
            await Assert.ThrowsAsync<WebSocketClosedException>(() => task.WaitAsync(Patience));
        }

        AssertNothingHeld(test);
    }

    [Fact]
    public void Compressed_replies_to_one_read_leave_in_one_write()
    {
        var handler = new RecordingHandler
        {
            Sync = static (connection, text) => connection.TrySend(Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text),
        };
        var test = new TestConnection(Role.Server, handler, deflate: Takeover());
        var peer = new PeerDeflater();
        string[] texts = [.. Enumerable.Range(0, 10).Select(number => TextOf(number))];

        test.Transport.Feed([.. texts.SelectMany(text => TestConnection.FrameOf(
            Role.Client, Opcode.Text, peer.Deflate(Encoding.UTF8.GetBytes(text)), reservedBits: FrameHeader.Rsv1))]);

        Assert.Equal(1, test.Transport.WriteCount);
        Assert.Equal(texts, _messages.Texts(test.Frames()));
        AssertNothingHeld(test);
    }

    [Fact] // no user code runs under a lock
    public void Another_thread_may_compress_while_one_writes()
    {
        TestConnection test = Open();
        bool? hasSent = null;
        test.Transport.Written = () =>
        {
            test.Transport.Written = null;
            hasSent = Task.Run(() => SendText(test, TextOf(2))).Wait(Patience);
        };

        SendText(test, TextOf(1));

        Assert.True(hasSent);
        Assert.Equal([TextOf(1), TextOf(2)], _messages.Texts(test.Frames()));
    }

    [Fact]
    public void Codecs_are_returned_once_at_the_end()
    {
        DeflateSetup setup = Takeover();
        var test = new TestConnection(handler: new RecordingHandler(), deflate: setup);
        SendText(test, TextOf(1));
        test.ReceiveCompressed(Opcode.Text, new PeerDeflater().Deflate("Hello"u8));
        Assert.Equal((0, 0), setup.KeptCounts);

        test.Connection.Abort();
        Assert.Equal((1, 1), setup.KeptCounts);
        test.Connection.Abort();
        test.Time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal((1, 1), setup.KeptCounts);
        Assert.Equal(WebSocketSendResult.Closed, SendText(test, TextOf(2)));
        Assert.Equal((1, 1), setup.KeptCounts);
        AssertNothingHeld(test);
    }

    private static TestConnection Open(Role role = Role.Server, int limit = 1024 * 1024) => new(
        role,
        options: new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = limit },
        },
        deflate: Takeover());

    private static WebSocketSendResult SendText(TestConnection test, string text) =>
        test.Connection.TrySend(Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text);

    private static void AssertNothingHeld(TestConnection test)
    {
        Assert.Equal(0, test.Pool.OutCount);
        Assert.False(test.Pool.HasFault);
    }
}
