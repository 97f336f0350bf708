using System.Net.Sockets;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.Extensions.Logging;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

// Alone, since it takes the whole process its descriptors.
[CollectionDefinition(nameof(DescriptorShortageTests), DisableParallelization = true)]
[Collection(nameof(DescriptorShortageTests))]
public sealed class DescriptorShortageTests
{
    private const int AcceptFailed = 302;

    public DescriptorShortageTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_server_out_of_descriptors_keeps_serving_and_accepts_again_when_some_are_free(ServerKind kind)
    {
        const int Clients = 24;
        const int Free = 4;

        // Once with all there is: nothing is loaded for the first time when it counts.
        Assert.Equal(0, await StormAsync(kind, Clients, free: null));

        int failures = await StormAsync(kind, Clients, Free);

        // One attempt for each time that it tried again, not one for each turn of the loop.
        Assert.InRange(failures, 1, 100);
    }

    [Fact]
    public async Task Client_loops_are_started_later_if_descriptors_were_exhausted()
    {
        // A separate copy of the library, in which no loop was started yet.
        var fresh = new AssemblyLoadContext(name: null, isCollectible: false);
        Type group = fresh.LoadFromAssemblyPath(typeof(EventLoopGroup).Assembly.Location)
            .GetType(typeof(EventLoopGroup).FullName!)!;
        int descriptors = Descriptors.Count();
        object? Shared() => group.GetProperty(nameof(EventLoopGroup.Shared))!.GetValue(obj: null);

        using (Descriptors.LeaveFree(0))
        {
            Assert.Throws<TargetInvocationException>(Shared);
        }

        object? shared = Shared();
        Assert.NotNull(shared);
        Assert.Same(shared, Shared());
        group.GetMethod(nameof(EventLoopGroup.StopWhenEmpty))!.Invoke(shared, parameters: null);
        await Deadlines.UntilAsync(() => Descriptors.Count() <= descriptors, "its loops have ended");
    }

    private static async Task<int> StormAsync(ServerKind kind, int count, int? free)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            LoggerFactory = log,
        });
        using RawPeer bystander = await RawPeer.OpenAsync(server.LocalEndPoint);

        // The clients have their descriptors already.
        Socket[] sockets = [.. Enumerable.Range(0, count).Select(
            _ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))];
        using (free is { } left ? Descriptors.LeaveFree(left) : null)
        {
            using var over = new CancellationTokenSource();
            Task standing = EchoUntilAsync(bystander, over.Token);
            await Task.WhenAll(sockets.Select(socket => OpenAndGoAsync(server, socket))).WithDeadline();
            await over.CancelAsync();
            await standing.WithDeadline();
        }

        using RawPeer late = await RawPeer.OpenAsync(server.LocalEndPoint);
        return log.Entries.Count(entry => entry is { EventId: AcceptFailed, Level: LogLevel.Warning });
    }

    private static async Task OpenAndGoAsync(WebSocketServer server, Socket socket)
    {
        await socket.ConnectAsync(server.LocalEndPoint);
        using var client = new RawPeer(socket);
        await client.SendAsync(RawPeer.Request());
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.SendMaskedAsync(RawFrame.Text, 0x61);
        Assert.Equal("a", (await client.ReadFrameAsync()).PayloadText);
    }

    private static async Task EchoUntilAsync(RawPeer bystander, CancellationToken over)
    {
        do
        {
            await bystander.SendMaskedAsync(RawFrame.Text, 0x62);
            Assert.Equal("b", (await bystander.ReadFrameAsync()).PayloadText);
        }
        while (!over.IsCancellationRequested);
    }
}
