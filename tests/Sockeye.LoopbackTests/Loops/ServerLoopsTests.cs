using System.Collections.Concurrent;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>How a server uses its event loops.</summary>
public sealed class ServerLoopsTests
{
    public ServerLoopsTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Fact]
    public async Task Connections_are_spread_evenly_over_the_loops()
    {
        const int Connections = 20;
        const int Loops = 3;
        var threads = new ConcurrentQueue<int>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = EventLoopOptions.Default with { Count = Loops },
            },
            new OpenHandler(() => threads.Enqueue(Environment.CurrentManagedThreadId)));

        var clients = new List<RawPeer>();
        for (int i = 0; i < Connections; i++)
        {
            clients.Add(await RawPeer.OpenAsync(server.LocalEndPoint));
        }

        await Deadlines.UntilAsync(() => threads.Count == Connections, "all are open");
        int[] counts = [.. threads.CountBy(thread => thread).Select(thread => thread.Value)];
        Assert.Equal(Loops, counts.Length);
        Assert.InRange(counts.Max() - counts.Min(), 0, 1);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task An_accepted_socket_does_not_wait_to_fill_packets_does_not_block_and_is_not_inherited()
    {
        var calls = new AcceptNotingSystemCalls();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = EventLoopOptions.Default with { Count = 1, Calls = calls },
        });
        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);

        int descriptor = Assert.Single(calls.Accepted);

        Assert.True(Descriptors.HasNoDelay(descriptor), "TCP_NODELAY");
        Assert.True(Descriptors.IsNonBlocking(descriptor), "O_NONBLOCK");
        Assert.True(Descriptors.IsClosedOnExec(descriptor), "FD_CLOEXEC");
    }

    private sealed class OpenHandler(Action open) : WebSocketHandler
    {
        public override void OnOpen(WebSocketConnection connection) => open();
    }

    private sealed class AcceptNotingSystemCalls : SystemCalls
    {
        private readonly ConcurrentQueue<int> _accepted = new();

        public IReadOnlyCollection<int> Accepted => _accepted;

        public override int Accept(int listener, out SocketAddress peer)
        {
            int result = base.Accept(listener, out peer);
            if (result >= 0)
            {
                _accepted.Enqueue(result);
            }

            return result;
        }
    }
}
