using System.Diagnostics;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

// Alone, since it counts what the whole process has.
[CollectionDefinition(nameof(ChurnStressTests), DisableParallelization = true)]
[Collection(nameof(ChurnStressTests))]
public sealed class ChurnStressTests
{
    private const int AtOnce = 2_000;
    private const int Connections = 2_000;

    private const int MaxRounds = 5;

    // What the runtime and the pools keep differs by some buffers, now and then by many, but does not grow in each round;
    // one kilobyte that is left of each connection would, by twice this.
    private const long MaxGrowth = 1024 * 1024;

    // The thread pool adds and removes some as it sees fit; never one for each connection.
    private const int MaxThreadGrowth = 16;

    public ChurnStressTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Fact]
    public async Task Opening_and_closing_many_connections_leaks_nothing()
    {
        await using WebSocketServer server = await Servers.StartAsync(
            Servers.OptionsOf(ServerKind.EventLoop),
            request => request.Path == "/pull" ? WebSocketHandler.FromDelegate(Servers.EchoAsync) : new EchoHandler());
        await ChurnAsync(server, Connections);
        Usage before = await UsageAsync(server);

        long start = TimeProvider.System.GetTimestamp();
        int rounds = 0;
        long leastGrowth = long.MaxValue;
        Usage last = before;
        do
        {
            await ChurnAsync(server, Connections);
            rounds++;
            Usage now = await UsageAsync(server, before.Descriptors);
            leastGrowth = Math.Min(leastGrowth, now.Memory - last.Memory);
            last = now;
        }
        while (Stress.IsLong
            ? TimeProvider.System.GetElapsedTime(start) < Stress.Duration
            : leastGrowth > MaxGrowth && rounds < MaxRounds);

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{rounds} times {Connections} connections: {before} before, {last} after, least growth {leastGrowth}");
        Assert.True(last.Descriptors <= before.Descriptors, $"descriptors: {before}, {last}");
        Assert.True(leastGrowth <= MaxGrowth, $"memory in {rounds} rounds: {before}, {last}, each by {leastGrowth}");
        Assert.True(last.Threads <= before.Threads + MaxThreadGrowth, $"threads: {before}, {last}");
    }

    private static async Task ChurnAsync(WebSocketServer server, int count)
    {
        for (int i = 0; i < count; i += AtOnce)
        {
            await Task.WhenAll(Enumerable.Range(i, AtOnce).Select(number => LiveAsync(server, number))).WithDeadline();
        }
    }

    private static async Task LiveAsync(WebSocketServer server, int number)
    {
        if (number % 7 == 0)
        {
            // One that the server refuses, and one that does not even ask.
            using RawPeer stranger = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await stranger.SendAsync(number % 2 == 0 ? "nonsense\r\n\r\n" : "");
            stranger.Reset();
            return;
        }

        await using WebSocketConnection client =
            await WebSocketClient.ConnectAsync(server.Address(number % 2 == 0 ? "/pull" : "/place"));
        await client.SendAsync("hello");
        await client.ReceiveMessageAsync();
        switch (number % 3)
        {
            case 0:
                await client.CloseAsync();
                break;
            case 1:
                client.Abort();
                break;
            default:
                // Gone in the middle of something.
                client.TrySend(new byte[5000], WebSocketMessageKind.Binary);
                client.Abort();
                break;
        }
    }

    private static async Task<Usage> UsageAsync(WebSocketServer server, int maxDescriptors = int.MaxValue)
    {
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the server has removed all connections");
        int descriptors = int.MaxValue;
        await Deadlines.UntilAsync(
            () =>
            {
                // Until none is closed between two looks, and no more are left than before: a loop that closes them may have to
                // wait for a processor.
                int last = descriptors;
                descriptors = Descriptors.Count();
                return descriptors == last && descriptors <= maxDescriptors;
            },
            "all descriptors are closed");
        return new Usage(
            descriptors, GC.GetTotalMemory(forceFullCollection: true), Process.GetCurrentProcess().Threads.Count);
    }

    private sealed record Usage(int Descriptors, long Memory, int Threads);
}
