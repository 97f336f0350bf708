using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

public sealed class SlowReaderStressTests
{
    private const int Readers = 8;
    private const int MaxSendBufferLength = 256 * 1024;
    private const int MessageLength = 10_000;

    public SlowReaderStressTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Fact]
    public Task Readers_at_random_pace_get_all_accepted_messages_within_the_buffer_limit() =>
        Stress.RunAsync(async random =>
        {
            var flood = new FloodHandler();
            var options = new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = EventLoopOptions.Default with { Count = 1 },
                Connection = new()
                {
                    Limits = new() { MaxSendBufferLength = MaxSendBufferLength },
                },
            };
            await using WebSocketServer server = await Servers.StartAsync(
                options, request => request.Path == "/flood" ? flood : new EchoHandler());
            await using WebSocketConnection bystander = await WebSocketClient.ConnectAsync(server.Address("/echo"));
            int[] seeds = [.. Enumerable.Range(0, Readers).Select(_ => random.Next())];

            Task[] reading = [.. seeds.Select(seed => ReadAsync(server, new Random(seed)))];
            while (!Task.WhenAll(reading).IsCompleted)
            {
                await bystander.SendAsync("still there?").WithDeadline();
                Assert.Equal("still there?", (await bystander.ReceiveMessageAsync().WithDeadline()).GetText());
            }

            await Task.WhenAll(reading);
            Assert.InRange(flood.MostBuffered, 1, MaxSendBufferLength + MessageLength);
        });

    // Asks for a flood, takes its time, and counts what comes until the server says how much it was.
    private static async Task ReadAsync(WebSocketServer server, Random random)
    {
        using RawPeer reader = await RawPeer.OpenAsync(server.LocalEndPoint, "/flood");
        for (int round = 0; round < 4; round++)
        {
            await reader.SendMaskedAsync(RawFrame.Text, 0x21);
            Thread.SpinWait(random.Next(100_000));
            int count = 0;
            RawFrame frame;
            while ((frame = await reader.ReadFrameAsync()).First == RawFrame.Binary)
            {
                Assert.Equal(MessageLength, frame.Payload.Length);
                Assert.Equal((byte)count++, frame.Payload[0]);
                if (random.Next(50) == 0)
                {
                    await Task.Yield();
                    Thread.SpinWait(random.Next(10_000));
                }
            }

            Assert.Equal(frame.PayloadText, $"{count}");
        }
    }

    /// <summary>Sends until a message is refused, then sends the number of messages.</summary>
    private sealed class FloodHandler : WebSocketHandler
    {
        private long _mostBuffered;

        public long MostBuffered => Volatile.Read(ref _mostBuffered);

        public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            byte[] flood = new byte[MessageLength];
            int count = 0;
            do
            {
                flood[0] = (byte)count;
            }
            while (connection.TrySend(flood, WebSocketMessageKind.Binary) is WebSocketSendResult.Sent or WebSocketSendResult.Queued
                && ++count > 0);

            long buffered = connection.SendBufferLength;
            if (buffered > MostBuffered)
            {
                // One loop, and no other thread.
                Volatile.Write(ref _mostBuffered, buffered);
            }

            await connection.SendAsync($"{count}");
        }
    }
}
