using System.Globalization;
using System.Text;

namespace Sockeye.Tests;

/// <summary>Compressed messages over every transport (RFC 7692).</summary>
public sealed class CompressionOverTransportsTests
{
    private static readonly PerMessageDeflateOptions Keeping = PerMessageDeflateOptions.Default with { MinimumLength = 0 };
    private static readonly PerMessageDeflateOptions Forgetting = PerMessageDeflateOptions.Shared with { MinimumLength = 0 };

    [Theory]
    [EachTransport]
    public async Task Messages_of_every_length_come_back_unchanged_from_a_handler(TransportKind kind)
    {
        foreach (PerMessageDeflateOptions options in new[] { Keeping, Forgetting, PerMessageDeflateOptions.Dedicated })
        {
            await using ConnectionPair pair =
                await ConnectionPair.CreateAsync(kind, new EchoHandler(), compression: options);
            foreach (int length in new[] { 0, 1, 125, 126, 127, 1_023, 1_024, 65_535, 65_536, 1024 * 1024 })
            {
                await AssertEchoedAsync(pair, Payloads.Text(length), WebSocketMessageKind.Text);
                await AssertEchoedAsync(pair, Payloads.Bytes(length), WebSocketMessageKind.Binary);
            }
        }
    }

    [Theory]
    [EachTransport]
    public async Task Messages_come_back_from_ReceiveAsync(TransportKind kind)
    {
        const int Messages = 500;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, compression: Keeping);
        Task echoing = Servers.EchoAsync(pair.Server, default);

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Messages; i++)
            {
                await pair.Client.SendAsync($"{i} größer {new string('x', i)}", compress: i % 5 != 0);
            }
        });
        for (int i = 0; i < Messages; i++)
        {
            WebSocketMessage reply = await pair.Client.ReceiveMessageAsync().WithDeadline();
            Assert.Equal($"{i} größer {new string('x', i)}", reply.GetText());
        }

        await sending.WithDeadline();
        await pair.Client.CloseAsync().WithDeadline();
        await echoing.WithDeadline();
    }

    [Theory]
    [EachTransport]
    public async Task Fragments_make_one_message_and_other_senders_wait(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, new EchoHandler(), compression: Keeping);
        WebSocketMessageWriter writer = pair.Client.BeginMessage(WebSocketMessageKind.Text);
        byte[] text = [.. Payloads.Text(999), .. "€"u8];

        await writer.WriteAsync(text.AsMemory(0, 1_000)).WithDeadline();
        Task other = pair.Client.SendAsync("other").AsTask();
        await pair.Client.PingAsync().WithDeadline();
        await writer.WriteAsync(text.AsMemory(1_000, 1)).WithDeadline();
        await writer.CompleteAsync(text.AsMemory(1_001)).WithDeadline();
        await other.WithDeadline();

        Assert.Equal(Encoding.UTF8.GetString(text), (await pair.Client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal("other", (await pair.Client.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Theory]
    [EachTransport]
    public async Task Fragments_can_be_received_as_they_arrive(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(
            kind, serverOptions: new WebSocketConnectionOptions { DeliverFragments = true }, compression: Keeping);
        byte[] payload = Payloads.Text(300_000);
        var received = new MemoryStream();

        Task sending = pair.Client.SendAsync(payload).AsTask();
        WebSocketFragment fragment;
        do
        {
            fragment = Assert.NotNull(await pair.Server.ReceiveFragmentAsync().WithDeadline());
            received.Write(fragment.Payload.Span);
        }
        while (!fragment.EndOfMessage);

        await sending.WithDeadline();
        Assert.Equal(payload, received.ToArray());
    }

    [Theory]
    [EachTransport]
    public async Task Both_ends_send_large_messages_at_once_without_deadlock(TransportKind kind)
    {
        const int Messages = 6;
        const int Length = 1024 * 1024;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, compression: Keeping);

        await Task.WhenAll(
            SendAllAsync(pair.Client), SendAllAsync(pair.Server),
            ReceiveAllAsync(pair.Client), ReceiveAllAsync(pair.Server)).WithDeadline();

        static Task SendAllAsync(WebSocketConnection connection) => Task.Run(async () =>
        {
            for (int number = 0; number < Messages; number++)
            {
                byte[] payload = number % 2 == 0 ? Payloads.Text(Length, number) : Payloads.Bytes(Length);
                await connection.SendAsync(payload);
            }
        });

        static Task ReceiveAllAsync(WebSocketConnection connection) => Task.Run(async () =>
        {
            for (int number = 0; number < Messages; number++)
            {
                WebSocketMessage message = await connection.ReceiveMessageAsync();
                byte[] expected = number % 2 == 0 ? Payloads.Text(Length, number) : Payloads.Bytes(Length);
                Assert.True(message.Payload.Span.SequenceEqual(expected), $"message {number}");
            }
        });
    }

    [Theory]
    [EachTransport]
    public async Task Many_senders_on_both_ends_keep_their_order_while_each_end_echoes(TransportKind kind)
    {
        const int Senders = 16;
        const int Messages = 40;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, new EchoHandler(), compression: Keeping);
        Task[] senders = [.. Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int number = 0; number < Messages; number++)
            {
                byte[] message = MessageOf(sender, number);
                bool compress = (sender + number) % 4 != 0;
                if (number % 2 == 0
                    || pair.Client.TrySend(message, WebSocketMessageKind.Text, compress) == WebSocketSendResult.Refused)
                {
                    await pair.Client.SendAsync(message, WebSocketMessageKind.Text, compress);
                }
            }
        }))];
        int[] next = new int[Senders];

        for (int count = 0; count < Senders * Messages; count++)
        {
            WebSocketMessage message = await pair.Client.ReceiveMessageAsync().WithDeadline();
            int sender = int.Parse(message.GetText().Split(' ')[0], CultureInfo.InvariantCulture);
            Assert.True(message.Payload.Span.SequenceEqual(MessageOf(sender, next[sender]++)));
        }

        await Task.WhenAll(senders).WithDeadline();
        Assert.All(next, count => Assert.Equal(Messages, count));

        static byte[] MessageOf(int sender, int number) =>
            [.. Encoding.ASCII.GetBytes($"{sender} {number} "), .. Payloads.Text(sender * number * 20, sender)];
    }

    [Theory]
    [EachTransport]
    public async Task A_peer_that_reads_late_gets_everything_up_to_the_Close_frame(TransportKind kind)
    {
        ConnectionPair pair = await ConnectionPair.CreateAsync(
            kind,
            serverOptions: new WebSocketConnectionOptions
            {
                Limits = new() { MaxSendBufferLength = 100_000 },
            },
            compression: Keeping);
        int accepted = 0;
        Task sending = Task.Run(async () =>
        {
            for (; accepted < 60; accepted++)
            {
                await pair.Server.SendAsync(MessageOf(accepted));
            }
        });

        await Deadlines.UntilAsync(() => pair.Server.SendBufferLength >= 100_000 || sending.IsCompleted, "a full buffer");
        Task closing = sending.ContinueWith(_ => pair.Server.CloseAsync().AsTask(), TaskScheduler.Default).Unwrap();
        int received = 0;
        await foreach (WebSocketMessage message in pair.Client.ReadAllAsync())
        {
            Assert.True(message.Payload.Span.SequenceEqual(MessageOf(received++)));
        }

        await sending.WithDeadline();
        await closing.WithDeadline();
        Assert.Equal(60, received);
        await pair.WhenClosedAsync();
        await Deadlines.UntilAsync(() => pair.Pool.OutCount == 0, "all memory to come back");
        Assert.False(pair.Pool.HasFault);

        // What does not become shorter fills buffers soonest.
        static byte[] MessageOf(int number)
        {
            byte[] noise = new byte[200_000];
            new Random(number).NextBytes(noise);
            return number % 3 == 0 ? Payloads.Text(200_000, number) : noise;
        }
    }

    private static async Task AssertEchoedAsync(ConnectionPair pair, byte[] payload, WebSocketMessageKind kind)
    {
        await pair.Client.SendAsync(payload, kind).WithDeadline();
        WebSocketMessage reply = await pair.Client.ReceiveMessageAsync().WithDeadline();

        Assert.Equal(kind, reply.Kind);
        Assert.True(payload.AsSpan().SequenceEqual(reply.Payload.Span), $"{payload.Length} bytes of {kind}");
    }
}
