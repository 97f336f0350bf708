using System.Text;

namespace Sockeye.Tests;

public sealed class MessagesOverTransportsTests
{
    [Theory]
    [EachTransport]
    public async Task Messages_of_every_length_come_back_unchanged_from_a_handler(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, new EchoHandler());

        foreach (int length in new[] { 0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000, 1024 * 1024 })
        {
            byte[] payload = Payloads.Bytes(length);
            await pair.Client.SendAsync(payload).WithDeadline();
            WebSocketMessage reply = await pair.Client.ReceiveMessageAsync().WithDeadline();

            Assert.Equal(WebSocketMessageKind.Binary, reply.Kind);
            Assert.True(payload.AsSpan().SequenceEqual(reply.Payload.Span), $"{length} bytes");
        }
    }

    [Theory]
    [EachTransport]
    public async Task Messages_come_back_from_ReceiveAsync(TransportKind kind)
    {
        const int Messages = 1000;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        Task echoing = Servers.EchoAsync(pair.Server, default);

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Messages; i++)
            {
                await pair.Client.SendAsync($"{i} größer {new string('x', i)}");
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
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, new EchoHandler());
        await using WebSocketMessageWriter writer = pair.Client.BeginMessage(WebSocketMessageKind.Text);
        byte[] character = Encoding.UTF8.GetBytes("€");

        await writer.WriteAsync(character.AsMemory(0, 1)).WithDeadline();
        Task other = pair.Client.SendAsync("other").AsTask();
        TimeSpan roundTrip = await pair.Client.PingAsync().WithDeadline();
        await writer.WriteAsync(character.AsMemory(1, 1)).WithDeadline();
        await writer.CompleteAsync(character.AsMemory(2, 1)).WithDeadline();
        await other.WithDeadline();

        Assert.Equal("€", (await pair.Client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal("other", (await pair.Client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.True(roundTrip > TimeSpan.Zero);
        Assert.NotNull(pair.Client.RoundTripTime);
    }

    [Theory]
    [EachTransport]
    public async Task A_message_of_many_fragments_arrives_whole(TransportKind kind)
    {
        const int Fragments = 4096;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, new EchoHandler());
        byte[] payload = Payloads.Bytes(Fragments * 64);
        await using WebSocketMessageWriter writer = pair.Client.BeginMessage(WebSocketMessageKind.Binary);

        foreach (byte[] fragment in payload.Chunk(64))
        {
            await writer.WriteAsync(fragment).WithDeadline();
        }

        await writer.CompleteAsync().WithDeadline();
        WebSocketMessage reply = await pair.Client.ReceiveMessageAsync().WithDeadline();

        Assert.True(payload.AsSpan().SequenceEqual(reply.Payload.Span));
    }

    [Theory]
    [EachTransport]
    public async Task Fragments_can_be_received_as_they_arrive(TransportKind kind)
    {
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(
            kind, serverOptions: new WebSocketConnectionOptions { DeliverFragments = true });
        byte[] payload = Payloads.Bytes(300_000);
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
        const int Messages = 16;
        const int Length = 1024 * 1024;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        byte[] payload = Payloads.Bytes(Length);

        Task[] work =
        [
            SendAllAsync(pair.Client),
            SendAllAsync(pair.Server),
            ReceiveAllAsync(pair.Client),
            ReceiveAllAsync(pair.Server),
        ];
        await Task.WhenAll(work).WithDeadline();

        async Task SendAllAsync(WebSocketConnection connection)
        {
            for (int i = 0; i < Messages; i++)
            {
                await connection.SendAsync(payload);
            }
        }

        async Task ReceiveAllAsync(WebSocketConnection connection)
        {
            for (int i = 0; i < Messages; i++)
            {
                WebSocketMessage message = await connection.ReceiveMessageAsync();
                Assert.True(payload.AsSpan().SequenceEqual(message.Payload.Span));
            }
        }
    }

    [Theory]
    [EachTransport]
    public async Task A_slow_reader_slows_the_sender_and_loses_nothing(TransportKind kind)
    {
        const int Length = 100_000;
        const int Limit = 1024 * 1024;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        int sent = 0;

        // The peer does not read: at some point a send has to wait.
        Task waiting;
        do
        {
            waiting = pair.Server.SendAsync(Payloads.Bytes(Length + sent)).AsTask();
            sent++;
            Assert.InRange(pair.Server.SendBufferLength, 0, Limit + (2 * Length));
        }
        while (waiting.IsCompleted);

        WebSocketSendResult refused = pair.Server.TrySend(new byte[1]);
        for (int i = 0; i < sent; i++)
        {
            WebSocketMessage message = await pair.Client.ReceiveMessageAsync().WithDeadline();
            Assert.True(Payloads.Bytes(Length + i).AsSpan().SequenceEqual(message.Payload.Span), $"message {i}");
        }

        await waiting.WithDeadline();
        Assert.Equal(WebSocketSendResult.Refused, refused);
        await Deadlines.UntilAsync(() => pair.Server.SendBufferLength == 0, "the buffer is empty");

        // And it goes on.
        await pair.Server.SendAsync("after").WithDeadline();
        Assert.Equal("after", (await pair.Client.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Theory]
    [EachTransport]
    public async Task An_echo_to_a_peer_that_does_not_read_stays_within_its_buffer_limits(TransportKind kind)
    {
        const int Length = 100_000;
        const int Messages = 200;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, new EchoHandler());

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Messages; i++)
            {
                await pair.Client.SendAsync(Payloads.Bytes(Length));
            }
        });
        for (int i = 0; i < Messages; i++)
        {
            WebSocketMessage message = await pair.Client.ReceiveMessageAsync().WithDeadline();
            Assert.Equal(Length, message.Payload.Length);
            Assert.InRange(pair.Server.SendBufferLength, 0, (1024 * 1024) + (2 * Length));
        }

        await sending.WithDeadline();

        // Two send buffers, two inboxes, what is underway in messages and reads; far less than the 20 MB that went by.
        Assert.InRange(pair.Pool.MaxOutLength, 1, 10 * 1024 * 1024);
    }

    [Theory]
    [EachTransport]
    public async Task Many_threads_send_and_the_order_of_each_is_kept(TransportKind kind)
    {
        const int Senders = 8;
        const int Messages = 250;
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind);
        int[] next = new int[Senders];

        Task sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Task.Run(async () =>
        {
            for (int i = 0; i < Messages; i++)
            {
                await pair.Client.SendAsync($"{sender} {i} {new string('x', i * 10)}");
            }
        })));
        for (int i = 0; i < Senders * Messages; i++)
        {
            string[] parts = (await pair.Server.ReceiveMessageAsync().WithDeadline()).GetText().Split(' ');
            int sender = int.Parse(parts[0], null);
            Assert.Equal(next[sender]++, int.Parse(parts[1], null));
            Assert.Equal(int.Parse(parts[1], null) * 10, parts[2].Length);
        }

        await sending.WithDeadline();
    }
}
