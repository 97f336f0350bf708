namespace Sockeye.Tests;

/// <summary>A message of any length in constant memory. In a long run (<c>SOCKEYE_STRESS_SECONDS</c>) it is 10 GiB long.</summary>
[CollectionDefinition(nameof(HugeMessageTests), DisableParallelization = true)] // Other tests would add to the resident memory.
[Collection(nameof(HugeMessageTests))]
public sealed class HugeMessageTests
{
    private const long GiB = 1L << 30;

    // A quarter of the shortest message. Both ends hold a send buffer and an inbox, 2 MiB; the rest is garbage.
    private const long MaxGrowth = GiB / 4;

    // The collector lets its youngest generation grow with the processor's cache, to hundreds of MiB on some.
    private const long CollectAfter = 16L << 20;

    [Theory]
    [InlineData(TransportKind.EventLoop)]
    [InlineData(TransportKind.Socket)]
    public async Task A_message_longer_than_memory_is_echoed_in_constant_memory(TransportKind kind)
    {
        Assert.SkipUnless(ResidentMemory.WhyNot is null, ResidentMemory.WhyNot ?? "");
        Assert.SkipUnless(kind != TransportKind.EventLoop || Transports.Loops.EventLoop.IsSupported, LoopSockets.NotSupported);
        long length = Stress.IsLong ? 10 * GiB : GiB;
        var options = new WebSocketConnectionOptions
        {
            DeliverFragments = true,
            Limits = new() { MaxMessageLength = long.MaxValue },
        };
        await using ConnectionPair pair = await ConnectionPair.CreateAsync(kind, serverOptions: options, clientOptions: options);
        Task echoing = StreamsOverTransportsTests.EchoAsync(pair.Server);
        byte[] part = Payloads.Bytes(251 * 1024);
        long resident = ResidentMemory.BeginPeak();
        long start = TimeProvider.System.GetTimestamp();

        Task sending = Task.Run(SendAsync);
        long received = await Task.Run(ReceiveAsync);
        await sending;
        long growth = ResidentMemory.Peak() - resident;
        TimeSpan elapsed = TimeProvider.System.GetElapsedTime(start);
        TestContext.Current.SendDiagnosticMessage($"{kind}: {length >> 20} MiB in {elapsed.TotalSeconds:F1} s, {growth >> 10} KiB more");
        await pair.Client.CloseAsync().WithDeadline();
        await echoing.WithDeadline();

        Assert.Equal(length, received);
        Assert.InRange(growth, 0, MaxGrowth);

        async Task SendAsync()
        {
            await using WebSocketMessageWriter writer = pair.Client.BeginMessage(WebSocketMessageKind.Binary);
            for (long sent = 0; sent < length;)
            {
                int step = (int)Math.Min(part.Length, length - sent);
                await writer.WriteAsync(part.AsMemory(0, step));
                if (sent / CollectAfter != (sent + step) / CollectAfter)
                {
                    GC.Collect(0);
                }

                sent += step;
            }

            await writer.CompleteAsync();
        }

        async Task<long> ReceiveAsync()
        {
            Stream message = Assert.IsType<WebSocketMessageStream>(await pair.Client.ReceiveMessageStreamAsync());
            byte[] buffer = new byte[part.Length];
            long total = 0;
            int read;
            while ((read = await message.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false)) > 0)
            {
                Assert.True(part.AsSpan(0, read).SequenceEqual(buffer.AsSpan(0, read)), $"behind {total} bytes");
                total += read;
            }

            return total;
        }
    }
}
