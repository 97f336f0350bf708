using System.Net;
using System.Net.Sockets;
using Sockeye.Server;
using Sockeye.Server.Handshakes;
using Sockeye.Server.Listening;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Half-open handshakes of one address do not block other clients.</summary>
public sealed class PendingHandshakesTests
{
    private static readonly PeerNetwork One = PeerNetwork.Of(IPAddress.Parse("192.0.2.1"));
    private static readonly PeerNetwork Other = PeerNetwork.Of(IPAddress.Parse("192.0.2.2"));

    private readonly ManualTimeProvider _time = new();

    [Theory]
    [EachServer]
    public async Task An_address_above_its_share_is_rejected_at_the_limit_and_another_is_served(ServerKind kind)
    {
        // A clock that stands still: nothing is old enough to give way.
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer one = await RawPeer.ConnectAsync(server.LocalEndPoint);
        using RawPeer two = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 2, "both have begun");

        using RawPeer rejected = await RawPeer.ConnectAsync(server.LocalEndPoint);
        string response = await rejected.ReadToEndAsync();
        Assert.StartsWith(kind.IsSecure() ? "" : "HTTP/1.1 429 ", response, StringComparison.Ordinal);
        Assert.Equal(kind.IsSecure(), response.Length == 0);

        await using WebSocketConnection connection = await OpenFromElsewhereAsync(server, kind);
        Assert.Equal(WebSocketConnectionState.Open, connection.State);
        await Deadlines.UntilAsync(() => one.HasReceived != two.HasReceived, "one of them has given way");
    }

    [Theory]
    [EachServer]
    public async Task An_address_above_its_share_replaces_its_own_oldest_handshake(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer oldest = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 1, "one has begun");
        using RawPeer second = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 2, "both have begun");
        _time.Advance(TimeSpan.FromSeconds(2));

        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() }).WithDeadline();

        await Assert.ThrowsAnyAsync<IOException>(() => oldest.Stream.ReadExactlyAsync(new byte[1]).AsTask().WithDeadline());
        Assert.False(second.HasReceived);
    }

    [Fact]
    public void Trusted_proxies_and_Unix_sockets_are_not_limited_per_address()
    {
        var options = new WebSocketServerOptions { TrustedProxies = [IPNetwork.Parse("192.0.2.0/24")] };
        var context = new ServerContext(options, handler: null);
        var admission = new Admission(context, options);

        Assert.False(context.NetworkOf(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1)).IsKnown);
        Assert.False(context.NetworkOf(new IPEndPoint(IPAddress.Parse("::ffff:192.0.2.1"), 1)).IsKnown);
        Assert.True(context.NetworkOf(new IPEndPoint(IPAddress.Parse("198.51.100.1"), 1)).IsKnown);
        Assert.False(context.NetworkOf(new UnixDomainSocketEndPoint("/x")).IsKnown);
        Assert.False(admission.NetworkOf(default(Transports.Loops.SocketAddress)).IsKnown);
    }

    [Theory]
    [EachServer]
    public async Task A_crowd_from_one_address_is_served_while_there_is_room(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(Options(kind) with { MaxPendingHandshakes = 8 });
        RawPeer[] crowd = await Task.WhenAll(Enumerable.Range(0, 7).Select(_ => RawPeer.ConnectAsync(server.LocalEndPoint)));
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 7, "all have begun");

        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() }).WithDeadline();

        Assert.Equal(WebSocketConnectionState.Open, connection.State);
        Assert.DoesNotContain(crowd, static peer => peer.HasReceived);
        Array.ForEach(crowd, static peer => peer.Dispose());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_client_that_sends_its_request_after_it_was_rejected_still_reads_the_response(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer one = await RawPeer.ConnectAsync(server.LocalEndPoint);
        using RawPeer two = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 2, "both have begun");
        using RawPeer rejected = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => rejected.HasReceived, "it is rejected");

        await rejected.SendAsync(RawPeer.Request());

        Assert.StartsWith("HTTP/1.1 429 ", await rejected.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer]
    public async Task IPv4_clients_of_a_dual_stack_socket_are_counted_by_IPv4_address(ServerKind kind)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "IPv6 is not available.");
        await using WebSocketServer server = await Servers.StartEchoAsync(Options(kind) with
        {
            EndPoint = new IPEndPoint(IPAddress.IPv6Any, 0),
        });
        var endPoint = new IPEndPoint(IPAddress.Loopback, server.Port);
        using RawPeer one = await RawPeer.ConnectAsync(endPoint);
        using RawPeer two = await RawPeer.ConnectAsync(endPoint);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 2, "both have begun");
        using RawPeer rejected = await RawPeer.ConnectAsync(endPoint);
        await Deadlines.UntilAsync(() => rejected.HasReceived, "it is rejected");

        await using WebSocketConnection connection = await OpenFromElsewhereAsync(server, kind);
        Assert.Equal(WebSocketConnectionState.Open, connection.State);
    }

    [Theory]
    [EachServer]
    public async Task Another_address_is_served_at_once_beside_4100_half_open_handshakes(ServerKind kind)
    {
        const int Count = 4_100;
        Assert.SkipUnless(DescriptorLimit.Read() > 4 * Count, "There are too few descriptors.");
        await using WebSocketServer server = await Servers.StartEchoAsync(
            Options(kind) with
            {
                MaxPendingHandshakes = new WebSocketServerOptions().MaxPendingHandshakes,
                MaxPendingHandshakesPerAddress = new WebSocketServerOptions().MaxPendingHandshakesPerAddress,
            });
        var silent = new List<Socket>();
        try
        {
            for (int count = 0; count < Count; count++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                silent.Add(socket);
                await socket.ConnectAsync(server.LocalEndPoint);
            }

            // The clock stands still: nothing is served because something has run out.
            await using WebSocketConnection connection = await OpenFromElsewhereAsync(server, kind);
            Assert.Equal(WebSocketConnectionState.Open, connection.State);
        }
        finally
        {
            silent.ForEach(static socket => socket.Dispose());
        }
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Rejected_clients_that_stay_connected_give_way_to_another_address(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(Options(kind) with
        {
            OnUpgrade = async (request, cancellation) =>
            {
                await Task.Yield();
                return request.RemoteEndPoint is IPEndPoint { Address: var address } && address.Equals(IPAddress.Loopback)
                    ? WebSocketUpgradeDecision.Reject(401)
                    : WebSocketUpgradeDecision.Accept();
            },
        });
        using RawPeer one = await RawPeer.ConnectAsync(server.LocalEndPoint);
        using RawPeer two = await RawPeer.ConnectAsync(server.LocalEndPoint);
        foreach (RawPeer peer in (RawPeer[])[one, two])
        {
            await peer.SendAsync(RawPeer.Request());
            Assert.StartsWith("HTTP/1.1 401 ", await peer.ReadHeadAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(2, server.PendingHandshakeCount);

        // The clock stands still: only the share of their address lets one give way.
        await using WebSocketConnection connection = await OpenFromElsewhereAsync(server, kind);
        Assert.Equal(WebSocketConnectionState.Open, connection.State);
    }

    [Fact]
    public void A_new_client_replaces_a_silent_one_when_descriptors_run_out()
    {
        const int Short = 1000 - 32 - 1;
        const int Reserved = 1000 - 32;
        var options = new WebSocketServerOptions { TimeProvider = _time, DescriptorLimit = static () => 1000 };
        var context = new ServerContext(options, handler: null);
        var admission = new Admission(context, options);
        var silent = new Handshake();
        context.Pending.Enter(silent, One);

        // It may still send its request.
        Assert.Equal(WebSocketHandshakeError.TooManyConnections, admission.Check(Short, Other));
        Assert.False(silent.HasGivenWay);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(WebSocketHandshakeError.TooManyConnections, admission.Check(Reserved, Other));
        Assert.Equal(WebSocketHandshakeError.None, admission.Check(Short, Other));
        Assert.True(silent.HasGivenWay);
        Assert.Equal(WebSocketHandshakeError.TooManyConnections, admission.Check(Short, Other));
    }

    [Theory]
    [InlineData(null, 4096, 1024)]
    [InlineData(20_000, 4096, 1024)]
    [InlineData(8_192, 4096, 1024)]
    [InlineData(1_000, 500, 125)]
    [InlineData(1, 1, 1)]
    public void Handshakes_use_at_most_half_of_the_descriptors_and_the_share_scales(
        int? connectionRoom, int expectedCount, int expectedShare)
    {
        var options = new WebSocketServerOptions();
        var pending = new PendingHandshakes(
            options.MaxPendingHandshakes, options.MaxPendingHandshakesPerAddress, DeadlineWheel.For(_time));
        if (connectionRoom is { } room)
        {
            pending.LimitTo(room);
        }

        for (int i = 0; i < expectedCount; i++)
        {
            Assert.True(pending.HasRoom());
            pending.Enter(new Handshake(), One);
        }

        // Those of one address that are more than its share give way at once, and no others.
        for (int i = 0; i < expectedCount - expectedShare; i++)
        {
            Assert.True(pending.HasRoomFor(Other) && pending.HasRoom());
            pending.Enter(new Handshake());
        }

        Assert.False(pending.HasRoom());
    }

    [Fact]
    public void Silent_handshakes_give_way_before_started_ones()
    {
        PendingHandshakes pending = Make(maxCount: 2, share: 2);
        var begun = new Handshake();
        var silent = new Handshake();
        pending.Enter(begun, One);
        pending.NoteBegun(begun);
        pending.Enter(silent, Other);
        Assert.False(pending.HasRoom());

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(pending.HasRoom());
        var next = new Handshake();
        pending.Enter(next, Other);
        Assert.True(silent.HasGivenWay);
        Assert.False(begun.HasGivenWay);

        // What has just come is not old enough, so the one that has begun gives way.
        pending.Enter(new Handshake(), Other);
        Assert.True(begun.HasGivenWay);
        Assert.False(next.HasGivenWay);
        Assert.Equal(2, pending.Count);
        pending.Leave(next);
        pending.Leave(next);
        pending.Leave(begun);
        Assert.Equal(1, pending.Count);
    }

    [Fact]
    public void A_complete_request_does_not_give_way()
    {
        PendingHandshakes pending = Make(maxCount: 1, share: 1);
        var whole = new Handshake();
        pending.Enter(whole, One);
        pending.NoteWhole(whole);
        int made = 0;
        pending.RoomMade += () => made++;

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(pending.HasRoom());
        Assert.False(pending.HasRoomFor(One));
        pending.Leave(whole);

        Assert.True(pending.HasRoom());
        Assert.Equal(1, made);
    }

    [Fact]
    public void The_request_after_TLS_takes_over_the_place_of_the_TLS_handshake()
    {
        PendingHandshakes pending = Make(maxCount: 1, share: 1);
        var tls = new Handshake();
        var request = new Handshake();
        pending.Enter(tls, One);
        _time.Advance(TimeSpan.FromSeconds(2));
        pending.HandOver(tls, request);
        pending.Leave(tls);
        Assert.Equal(1, pending.Count);

        pending.Enter(new Handshake(), Other);

        Assert.False(tls.HasGivenWay);
        Assert.True(request.HasGivenWay);
        Assert.Equal(1, pending.Count);

        // One that has given way has no place to hand over.
        var late = new Handshake();
        pending.HandOver(request, late);
        pending.Leave(late);
        Assert.Equal(1, pending.Count);
    }

    [Fact]
    public async Task Counts_return_to_zero_after_handshakes_on_many_threads()
    {
        const int Threads = 4;
        const int Rounds = 20_000;
        PendingHandshakes pending = Make(maxCount: 64, share: 16);
        PeerNetwork[] networks = [.. Enumerable.Range(0, 8).Select(index => PeerNetwork.Of(new IPAddress([192, 0, 2, (byte)index]))), default];
        int given = 0;

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            var mine = new List<Handshake>();
            for (int round = 0; round < Rounds; round++)
            {
                switch (random.Next(6))
                {
                    case 0 or 1 or 2 when pending.HasRoom():
                        mine.Add(new Handshake());
                        pending.Enter(mine[^1], networks[random.Next(networks.Length)]);
                        break;
                    case 3 when mine.Count > 0:
                        pending.NoteBegun(mine[random.Next(mine.Count)]);
                        break;
                    case 4 when mine.Count > 0:
                        pending.NoteWhole(mine[random.Next(mine.Count)]);
                        break;
                    case 5 when mine.Count > 0:
                        int index = random.Next(mine.Count);
                        pending.Leave(mine[index]);
                        mine.RemoveAt(index);
                        break;
                }

                if (seed == 0 && round % 100 == 0)
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                }
            }

            foreach (Handshake handshake in mine)
            {
                Interlocked.Add(ref given, handshake.HasGivenWay ? 1 : 0);
                pending.Leave(handshake);
            }
        })));

        Assert.Equal(0, pending.Count);
        Assert.True(given > 0);
        Assert.All(networks, network => Assert.True(pending.HasRoomFor(network)));
        for (int count = 0; count < 64; count++)
        {
            pending.Enter(new Handshake(), One);
        }

        Assert.False(pending.HasRoomFor(One));
        Assert.True(pending.HasRoomFor(Other));
        Assert.True(pending.HasRoom());
    }

    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    public void Clients_are_counted_by_IPv4_address_or_64_bits_of_IPv6(string one, string other, bool isSame) =>
        Assert.Equal(isSame, PeerNetwork.Of(IPAddress.Parse(one)) == PeerNetwork.Of(IPAddress.Parse(other)));

    [Fact]
    public void The_share_of_an_address_is_1024_by_default_and_at_least_1()
    {
        Assert.Equal(1024, new WebSocketServerOptions().MaxPendingHandshakesPerAddress);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketServerOptions { MaxPendingHandshakesPerAddress = 0 });
    }

    private static async Task<WebSocketConnection> OpenFromElsewhereAsync(WebSocketServer server, ServerKind kind) =>
        await WebSocketClient.ConnectAsync(new Uri($"{kind.Scheme()}://127.0.0.1:{server.Port}/"), new WebSocketClientOptions
        {
            Tls = kind.ClientTls(),
            LocalEndPoint = new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0),
        }).WithDeadline();

    private WebSocketServerOptions Options(ServerKind kind) => new()
    {
        EndPoint = Servers.Loopback,
        EventLoop = kind.Loops(),
        TlsEngine = kind.TlsEngine(),
        Tls = kind.Tls(),
        TimeProvider = _time,
        MaxPendingHandshakes = 2,
        MaxPendingHandshakesPerAddress = 1,
    };

    private Task<WebSocketServer> StartAsync(ServerKind kind) => Servers.StartEchoAsync(Options(kind));

    private PendingHandshakes Make(int maxCount, int share) => new(maxCount, share, DeadlineWheel.For(_time));

    private sealed class Handshake : IPendingHandshake
    {
        public PendingPlace? PendingPlace { get; set; }

        public bool HasGivenWay { get; private set; }

        public void GiveWay() => HasGivenWay = true;
    }
}
