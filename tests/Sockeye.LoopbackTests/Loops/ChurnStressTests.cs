using System.Diagnostics;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

// Alone, since it counts what the whole process has.
[CollectionDefinition(nameof(ChurnStressTests), DisableParallelization = true)]
[Collection(nameof(ChurnStressTests))]
public sealed class ChurnStressTests
{
    private const int AtOnce = 8;
    private const int Connections = 2_000;

    // What the runtime and the pools keep differs by some buffers; one kilobyte for each connection would be twice that.
    private const long MaxGrowth = 1024 * 1024;
    private const int MaxThreadGrowth = 4;

    public ChurnStressTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Fact]
    public async Task Connections_that_come_and_go_leave_nothing_behind()
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(ServerKind.EventLoop),
            request => request.Path == "/pull" ? WebSocketHandler.FromDelegate(Servers.EchoAsync) : new EchoHandler());
        await ChurnAsync(server, Connections);
        Usage before = await UsageAsync(server);

        long start = TimeProvider.System.GetTimestamp();
        int count = 0;
        do
        {
            await ChurnAsync(server, Connections);
            count += Connections;
        }
        while (Stress.IsLong && TimeProvider.System.GetElapsedTime(start) < Stress.Duration);

        Usage after = await UsageAsync(server);
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} connections: {before} before, {after} after");
        Assert.True(after.Descriptors <= before.Descriptors, $"descriptors: {before}, {after}");
        Assert.True(after.Memory <= before.Memory + MaxGrowth, $"memory: {before}, {after}");
        Assert.True(after.Threads <= before.Threads + MaxThreadGrowth, $"threads: {before}, {after}");
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
        await client.ReceiveAsync();
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
                client.Send(new byte[5000], WebSocketMessageKind.Binary);
                client.Abort();
                break;
        }
    }

    private static async Task<Usage> UsageAsync(WebSocketServer server)
    {
        await Deadlines.UntilAsync(() => server.Connections.Count == 0, "the server has forgotten all");
        int descriptors = int.MaxValue;
        await Deadlines.UntilAsync(
            () =>
            {
                // Until nothing is closed any more.
                int last = descriptors;
                descriptors = Descriptors.Count();
                return descriptors == last;
            },
            "all descriptors are closed");
        return new Usage(
            descriptors, GC.GetTotalMemory(forceFullCollection: true), Process.GetCurrentProcess().Threads.Count);
    }

    private sealed record Usage(int Descriptors, long Memory, int Threads);
}
