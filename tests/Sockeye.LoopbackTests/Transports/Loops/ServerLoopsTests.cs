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
    public async Task An_accepted_socket_has_no_delay_is_nonblocking_and_is_not_inherited()
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

    [Fact]
    public async Task A_late_event_of_a_closed_connection_does_not_reach_its_successor()
    {
        const EpollEvents Late =
            EpollEvents.In | EpollEvents.Out | EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Error;
        var calls = new RepeatingSystemCalls();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = EventLoopOptions.Default with { Count = 1, Calls = calls },
            },
            new EchoHandler());
        using RawPeer bystander = await RawPeer.OpenAsync(server.LocalEndPoint);
        using (RawPeer gone = await RawPeer.OpenAsync(server.LocalEndPoint))
        {
            await gone.SendMaskedAsync(RawFrame.Close);
            await gone.ReadFrameAsync();
        }

        await Deadlines.UntilAsync(() => server.GetConnections().Count == 1, "it is gone");
        using RawPeer next = await RawPeer.OpenAsync(server.LocalEndPoint);
        ulong[] numbers = calls.Numbers;
        Assert.Equal((uint)numbers[^2], (uint)numbers[^1]);

        // With an event for the bystander, since the loop has none else.
        int before = calls.CountReceived(numbers[^1]);
        calls.Repeat(numbers[^2], Late);
        await bystander.SendMaskedAsync(RawFrame.Binary, 1);
        Assert.Equal([1], (await bystander.ReadFrameAsync()).Payload);

        Assert.True(calls.HasRepeated);
        Assert.Equal(before, calls.CountReceived(numbers[^1]));
        await next.SendMaskedAsync(RawFrame.Binary, 2);
        Assert.Equal([2], (await next.ReadFrameAsync()).Payload);
        Assert.Equal(before + 1, calls.CountReceived(numbers[^1]));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task AsyncLocal_values_of_a_handler_do_not_flow_to_another_connection(ServerKind kind)
    {
        var local = new AsyncLocal<string?>();
        var seen = new ConcurrentQueue<string?>();
        var handler = new CallbackHandler
        {
            Received = (connection, payload) =>
            {
                seen.Enqueue(local.Value);
                local.Value = "the first's";
                connection.TrySend(payload, WebSocketMessageKind.Binary);
            },
        };
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops() with { Count = 1 },
                TlsEngine = kind.TlsEngine(),
            },
            handler);
        using RawPeer first = await RawPeer.OpenAsync(server.LocalEndPoint);
        using RawPeer second = await RawPeer.OpenAsync(server.LocalEndPoint);

        foreach (RawPeer peer in new[] { first, second })
        {
            await peer.SendMaskedAsync(RawFrame.Binary, 1);
            Assert.Equal([1], (await peer.ReadFrameAsync()).Payload);
        }

        Assert.Equal([null, null], seen);
    }

    private sealed class OpenHandler(Action open) : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection) => open();
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

    /// <summary>Reports an event once more, after the real ones.</summary>
    private sealed class RepeatingSystemCalls : SystemCalls
    {
        private readonly ConcurrentQueue<(ulong Number, int Descriptor)> _added = new();
        private readonly ConcurrentQueue<int> _received = new();
        private volatile Tuple<ulong, EpollEvents>? _late;

        /// <summary>The numbers of what was watched, in order.</summary>
        public ulong[] Numbers => [.. _added.Select(added => added.Number)];

        public bool HasRepeated { get; private set; }

        /// <summary>How often the one with a number was read from, or another with its descriptor.</summary>
        public int CountReceived(ulong number)
        {
            int descriptor = _added.Single(added => added.Number == number).Descriptor;
            return _received.Count(received => received == descriptor);
        }

        public void Repeat(ulong number, EpollEvents events) =>
            _late = Tuple.Create(number, events);

        public override int ControlEpoll(
            int epoll, EpollOperation operation, int descriptor, EpollEvents events, ulong data)
        {
            if (operation == EpollOperation.Add)
            {
                _added.Enqueue((data, descriptor));
            }

            return base.ControlEpoll(epoll, operation, descriptor, events, data);
        }

        public override int WaitEpoll(int epoll, Span<byte> events, int timeoutMilliseconds)
        {
            int count = base.WaitEpoll(epoll, events, timeoutMilliseconds);
            if (count > 0 && _late is { } late)
            {
                _late = null;
                HasRepeated = true;
                EpollEventLayout layout = EpollEventLayout.Current;
                layout.Write(events[(count * layout.Size)..], late.Item2, late.Item1);
                count++;
            }

            return count;
        }

        public override int Receive(int descriptor, Span<byte> buffer)
        {
            _received.Enqueue(descriptor);
            return base.Receive(descriptor, buffer);
        }
    }
}
