using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

// Alone, since it counts what the whole process has.
[CollectionDefinition(nameof(LoopLeakTests), DisableParallelization = true)]
[Collection(nameof(LoopLeakTests))]
public sealed class LoopLeakTests
{
    public LoopLeakTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Fact]
    public async Task A_stopped_server_leaks_no_thread_or_descriptor()
    {
        const int Loops = 5;

        // Another server, for all that the runtime opens once: its sockets have an epoll of their own.
        HashSet<string> others = LoopThreads();
        await ServeAndStopAsync(loops: 1);
        await Deadlines.UntilAsync(() => !LoopThreads().Except(others).Any(), "the other server's loop has ended");
        int descriptors = Descriptors.Count();

        await ServeAndStopAsync(Loops, () => LoopThreads().Except(others).Count() == Loops);

        await Deadlines.UntilAsync(() => !LoopThreads().Except(others).Any(), "all loops have ended");
        await Deadlines.UntilAsync(() => Descriptors.Count() <= descriptors, "all descriptors are closed");
    }

    [Fact]
    public async Task A_failed_start_of_a_loop_leaks_nothing()
    {
        HashSet<string> others = LoopThreads();
        int descriptors = Descriptors.Count();

        // Each loop watches its alarm first.
        for (int failing = 1; failing <= 3; failing++)
        {
            var calls = new FaultySystemCalls(SystemCallKind.ControlEpoll, failing, Errno.OutOfMemory);
            calls.Arm();
            SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => Servers.StartEchoAsync(
                new WebSocketServerOptions
                {
                    EndPoint = Servers.Loopback,
                    EventLoop = EventLoopOptions.Default with { Count = 3, Calls = calls },
                }));
            Assert.Equal(SocketError.NoBufferSpaceAvailable, thrown.SocketErrorCode);
        }

        await Deadlines.UntilAsync(() => !LoopThreads().Except(others).Any(), "all loops have ended");
        await Deadlines.UntilAsync(() => Descriptors.Count() <= descriptors, "all descriptors are closed");
    }

    private static async Task ServeAndStopAsync(int loops, Func<bool>? allRun = null)
    {
        WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = EventLoopOptions.Default with { Count = loops },
        });
        using (RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint))
        using (RawPeer refused = await RawPeer.ConnectAsync(server.LocalEndPoint))
        {
            await refused.SendAsync("nonsense\r\n\r\n");
            await Deadlines.UntilAsync(allRun ?? (static () => true), "all loops run");
            Task stopping = server.StopAsync();
            Assert.Equal(1001, (await client.ReadFrameAsync()).CloseCode);
            client.Dispose();
            await stopping.WithDeadline();
        }
    }

    // By their numbers: those of an earlier test, whose last connection was refused and lingers, may end meanwhile.
    private static HashSet<string> LoopThreads() =>
        [.. Directory.GetDirectories("/proc/self/task").Where(thread =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(thread, "comm")).StartsWith("Sockeye loop", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                // It has ended meanwhile.
                return false;
            }
        })];
}
