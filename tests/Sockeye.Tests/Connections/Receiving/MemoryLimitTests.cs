using System.Text;
using Sockeye.Memory;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Connections at the memory limit of the process (<see cref="LimitOptions.MaxBufferedLength"/>).</summary>
public sealed class MemoryLimitTests
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;
    private const int Limit = 8 * MiB;

    private readonly MemoryBudget _budget = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_above_the_remaining_memory_fails_its_connection_with_1013(bool isServer)
    {
        TestConnection test = Open(isServer ? Role.Server : Role.Client, new RecordingHandler());
        _budget.Add(Limit - (100 * KiB));
        test.Receive(Opcode.Binary, new byte[60 * KiB], fin: false);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);

        test.Receive(Opcode.Continuation, new byte[60 * KiB], fin: false);

        Assert.Equal("Close 1013", test.Wire());
        test.Transport.EndInput();
        Assert.Equal(WebSocketCloseCode.TryAgainLater, test.Result.Code);
        Assert.Equal(
            WebSocketProtocolError.MemoryExhausted, Assert.IsType<WebSocketProtocolException>(test.Result.Exception).Error);
        Assert.Equal(Limit - (100 * KiB), _budget.ExactHeld);
    }

    [Fact]
    public void Short_messages_are_delivered_without_remaining_memory()
    {
        var handler = new RecordingHandler();
        TestConnection test = Open(Role.Server, handler);
        _budget.Add(2 * Limit);

        test.Receive("whole");
        byte[] cut = test.FromPeer(Opcode.Text, "in two reads"u8);
        test.Transport.Feed(cut.AsSpan(0, 8));
        test.Transport.Feed(cut.AsSpan(8));
        test.Receive(Opcode.Text, "in two "u8, fin: false);
        test.Receive(Opcode.Continuation, "frames"u8);
        test.Receive(Opcode.Binary, new byte[60 * KiB]);

        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
        Assert.Equal("", test.Wire());
    }

    [Fact]
    public void A_compressed_message_that_inflates_beyond_the_remaining_memory_fails()
    {
        TestConnection test = Open(Role.Server, new RecordingHandler(), DeflateSetup.Forgetting());
        _budget.Add(2 * Limit);

        test.ReceiveCompressed(Opcode.Text, Inflating.Deflate(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(1, 10_000))));
        Assert.Equal("", test.Wire());
        test.ReceiveCompressed(Opcode.Text, Inflating.Deflate(new byte[200 * KiB]));

        Assert.Equal("Close 1013", test.Wire());
    }

    [Theory]
    [InlineData("dispose")]
    [InlineData("abort")]
    [InlineData("peer closes")]
    [InlineData("reset")]
    [InlineData("violation")]
    [InlineData("method returns")]
    public void Memory_of_received_and_unreceived_messages_is_released_at_the_end(string end)
    {
        TestConnection test = Open(Role.Server, handler: null);
        test.Receive(Opcode.Binary, new byte[60 * KiB]);
        WebSocketMessage inHand = test.Connection.ReceiveMessageAsync().GetAwaiter().GetResult();
        test.Receive(Opcode.Binary, new byte[40 * KiB]);
        Assert.InRange(_budget.ExactHeld, 100 * KiB, 300 * KiB);

        switch (end)
        {
            case "dispose":
                _ = test.Connection.DisposeAsync().AsTask();
                test.ReceiveClose();
                break;
            case "abort":
                test.Connection.Abort();
                break;
            case "reset":
                test.Transport.Break(new IOException("reset"));
                break;
            case "violation":
                test.Transport.Feed([0x83, 0x80, 0, 0, 0, 0]);
                break;
            case "method returns":
                test.Connection.Core.Pull!.Discard();
                _ = test.Connection.CloseAsync();
                test.ReceiveClose();
                break;
            default:
                test.ReceiveClose();
                break;
        }

        test.Transport.EndInput();
        test.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(test.Connection.Closed.IsCompleted);
        Assert.Equal(0, _budget.ExactHeld);

        // Nothing else has got the array meanwhile, and what is left can be received.
        Assert.Equal(new byte[60 * KiB], inHand.Payload.ToArray());
        if (end is "peer closes" or "reset" or "violation")
        {
            Assert.Equal(40 * KiB, test.Connection.ReceiveMessageAsync().GetAwaiter().GetResult().Payload.Length);
        }

        Assert.Equal(
            end is "abort" or "reset" or "violation", test.Connection.ReceiveAsync().AsTask().Exception?.InnerException is WebSocketClosedException);
        Assert.Equal(0, _budget.ExactHeld);
    }

    [Theory]
    [InlineData(true, true)] // the decoder is kept for the messages behind this
    [InlineData(false, false)] // the decoder is kept for the rest of this
    public void A_connection_that_needs_a_decoder_fails_without_remaining_memory(bool hasTakeover, bool fin)
    {
        TestConnection test = Open(
            Role.Server, new RecordingHandler(), hasTakeover ? DeflateSetup.Takeover() : DeflateSetup.Forgetting());
        _budget.Add(2 * Limit);

        test.ReceiveCompressed(Opcode.Text, Inflating.Deflate("short"u8.ToArray()), fin);

        Assert.Equal("Close 1013", test.Wire());
    }

    [Fact]
    public async Task The_inbox_fills_early_and_pauses_reading_without_remaining_memory()
    {
        TestConnection test = Open(Role.Server);
        _budget.Add(2 * Limit);
        for (int i = 0; i < 16; i++)
        {
            test.Receive(Opcode.Binary, new byte[2_000]);
        }

        Assert.True(test.Transport.IsPaused);
        Assert.InRange(test.Pool.OutLength, 16 * KiB, 20 * KiB);
        for (int i = 0; i < 16; i++)
        {
            WebSocketMessage message = await test.Connection.ReceiveMessageAsync(Cancellation);
            Assert.Equal(2_000, message.Payload.Length);
        }

        Assert.False(test.Transport.IsPaused);
        Assert.Equal(WebSocketConnectionState.Open, test.Connection.State);
    }

    [Fact]
    public async Task Messages_beyond_the_inbox_are_kept_and_counted_without_remaining_memory()
    {
        const int Count = 100;
        const int Length = 2_000;
        TestConnection test = Open(Role.Server);
        _budget.Add(2 * Limit);
        byte[] message = test.FromPeer(Opcode.Binary, new byte[Length]);

        test.Transport.Feed([.. Enumerable.Repeat(message, Count).SelectMany(bytes => bytes)]);

        Assert.True(test.Transport.IsPaused);
        Assert.InRange(_budget.ExactHeld - (2 * Limit), Count * Length, 2 * Count * Length);
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(Length, (await test.Connection.ReceiveMessageAsync(Cancellation)).Payload.Length);
        }

        _ = test.Connection.ReceiveAsync(Cancellation).AsTask();
        Assert.Equal("", test.Wire());
        Assert.Equal(2 * Limit, _budget.ExactHeld);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1_000)]
    public void Synchronous_delivery_continues_across_turns_without_remaining_memory(int length)
    {
        const int Count = 200;
        var time = new ManualTimeProvider();
        int called = 0;
        var handler = new RecordingHandler
        {
            Sync = (_, _) =>
            {
                called++;
                time.Slip(TimeSpan.FromMicroseconds(20));
            },
        };
        var transport = new InMemoryTransport(time);
        TestConnection test = Open(Role.Server, handler, transport: transport, time: time);
        _budget.Add(2 * Limit);
        byte[] message = test.FromPeer(Opcode.Binary, new byte[length]);

        transport.Feed([.. Enumerable.Repeat(message, Count).SelectMany(bytes => bytes)]);

        Assert.True(transport.IsYielding);
        Assert.InRange(called, 1, Count / 2);
        Assert.InRange(_budget.ExactHeld - (2 * Limit), Count * length / 2, 2 * Count * (length + 8));
        transport.TakeTurns();
        Assert.Equal(Count, called);
        Assert.Equal("", test.Wire());
        Assert.Equal(2 * Limit, _budget.ExactHeld);
    }

    [Fact]
    public void Encoders_are_returned_after_each_message_at_nine_tenths_of_the_limit()
    {
        DeflateSetup setup = DeflateSetup.Takeover();
        TestConnection test = Open(Role.Server, new RecordingHandler(), setup);
        test.Connection.TrySend(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(1)), WebSocketMessageKind.Text);
        Assert.Equal(0, setup.KeptCounts.Deflaters);
        Assert.InRange(_budget.ExactHeld, 250 * KiB, 350 * KiB);
        _budget.Add(Limit - (Limit / 10));

        for (int i = 2; i < 5; i++)
        {
            test.Connection.TrySend(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(i)), WebSocketMessageKind.Text);
            Assert.Equal(1, setup.KeptCounts.Deflaters);
        }

        Assert.Equal(Limit - (Limit / 10), _budget.ExactHeld);
        Assert.Equal(
            Enumerable.Range(1, 4).Select(number => DeflateSetup.TextOf(number)),
            new MessagesOnTheWire(new PeerInflater()).Texts(test.Frames()));
    }

    [Fact]
    public void Codecs_of_many_connections_stay_within_the_limit()
    {
        // 28 bytes of each make a decoder and an encoder: without a limit, 350 KiB.
        DeflateSetup setup = DeflateSetup.Takeover();
        byte[] deflated = Inflating.Deflate(new byte[8_000]);
        long most = 0;
        int refused = 0;

        for (int i = 0; i < 300; i++)
        {
            TestConnection test = Open(Role.Server, new Echo(), setup);
            test.ReceiveCompressed(Opcode.Binary, deflated);
            most = Math.Max(most, _budget.ExactHeld);
            refused += test.Wire() == "Close 1013" ? 1 : 0;
        }

        Assert.InRange(most, Limit / 2, Limit + MiB);
        Assert.InRange(refused, 50, 299);
    }

    [Fact]
    public void A_compressed_frame_exceeds_the_inbox_limit_by_at_most_one_message()
    {
        TestConnection test = Open(Role.Server, deflate: DeflateSetup.Takeover());
        byte[] deflated = Inflating.Deflate(new byte[MiB - 1]);
        Assert.InRange(deflated.Length, 1, 10_000);

        for (int i = 0; i < 20; i++)
        {
            test.ReceiveCompressed(Opcode.Binary, deflated);
        }

        // One message, and the frames behind it as they came.
        Assert.True(test.Transport.IsPaused);
        Assert.InRange(test.Pool.OutLength, MiB, MiB + (64 * KiB));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task All_memory_is_released_when_all_connections_have_ended(bool isAborted)
    {
        TestConnection test = Open(Role.Server, deflate: DeflateSetup.Takeover());
        test.Receive(Opcode.Binary, new byte[300 * KiB]);
        await test.Connection.ReceiveMessageAsync(Cancellation);
        test.ReceiveCompressed(Opcode.Text, Inflating.Deflate(Encoding.UTF8.GetBytes(DeflateSetup.TextOf(1, 100_000))));
        test.Receive(Opcode.Binary, new byte[100 * KiB], fin: false);
        test.Transport.Capacity = 0;
        await test.Connection.SendAsync(DeflateSetup.TextOf(1, 100_000), Cancellation);
        test.Connection.TrySend(DeflateSetup.Noise(200_000), WebSocketMessageKind.Binary);
        Assert.InRange(_budget.ExactHeld, 500 * KiB, 4 * MiB);

        if (isAborted)
        {
            test.Connection.Abort();
        }
        else
        {
            test.Transport.Break(new IOException("reset"));
        }

        while (test.Connection.State != WebSocketConnectionState.Closed || test.Pool.OutCount != 0)
        {
            await Assert.ThrowsAsync<WebSocketClosedException>(async () =>
            {
                while (true)
                {
                    await test.Connection.ReceiveMessageAsync(Cancellation);
                }
            });
        }

        Assert.Equal(0, _budget.ExactHeld);
    }

    private TestConnection Open(
        Role role, WebSocketHandler? handler = null, DeflateSetup? deflate = null, InMemoryTransport? transport = null,
        ManualTimeProvider? time = null)
    {
        var options = new WebSocketConnectionOptions();
        return new TestConnection(
            role, handler, options with { Limits = options.Limits with { MaxBufferedLength = Limit } }, transport, time,
            deflate, _budget);
    }

    private sealed class Echo : WebSocketHandler
    {
        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            connection.TrySend(payload, kind);
    }
}
