using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>How much the kernel buffers for a peer that reads nothing: its default, or what the options allow.</summary>
public sealed class SocketOptionsTests : IDisposable
{
    private const int KiB = 1_024;
    private const int MessageLength = 16 * KiB;
    private const int MessageCount = 1_024;

    // What the peer's end of the connection takes before its window is closed, and some segments on their way.
    private const int MostAtThePeer = 256 * KiB;

    private static readonly SocketOptions SmallSendBuffer = new() { SendBufferLength = 16 * KiB };
    private static readonly SocketOptions FewUnsent = new() { MaxUnsentLength = 16 * KiB };

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}");

    [Theory]
    [EachServer]
    public async Task A_server_buffers_what_MaxUnsentLength_keeps_out_of_the_kernel(ServerKind kind)
    {
        long usual = await HeldByServerAsync(kind, SocketOptions.Default);
        long smallBuffer = await HeldByServerAsync(kind, SmallSendBuffer);
        long fewUnsent = await HeldByServerAsync(kind, FewUnsent);

        TestContext.Current.SendDiagnosticMessage("{0}: {1}, {2}, {3} bytes", kind, usual, smallBuffer, fewUnsent);
        Assert.InRange(smallBuffer, 1, MostAtThePeer + (64 * KiB));
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Others have other buffers, and not all have TCP_NOTSENT_LOWAT.");
        Assert.InRange(fewUnsent, 1, MostAtThePeer + (96 * KiB));
        Assert.True(usual > 3 * Math.Max(smallBuffer, fewUnsent), $"{usual}, {smallBuffer}, {fewUnsent}");
    }

    [Theory]
    [InlineData(ClientKind.EventLoop)]
    [InlineData(ClientKind.Socket)]
    public async Task A_client_buffers_what_MaxUnsentLength_keeps_out_of_the_kernel(ClientKind kind)
    {
        Assert.SkipUnless(Clients.Kinds.Contains(kind), "There is no such client here.");
        long usual = await HeldByClientAsync(kind, SocketOptions.Default);
        long smallBuffer = await HeldByClientAsync(kind, SmallSendBuffer);
        long fewUnsent = await HeldByClientAsync(kind, FewUnsent);

        TestContext.Current.SendDiagnosticMessage("{0}: {1}, {2}, {3} bytes", kind, usual, smallBuffer, fewUnsent);
        Assert.InRange(smallBuffer, 1, MostAtThePeer + (64 * KiB));
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Others have other buffers, and not all have TCP_NOTSENT_LOWAT.");
        Assert.InRange(fewUnsent, 1, MostAtThePeer + (96 * KiB));
        Assert.True(usual > 3 * Math.Max(smallBuffer, fewUnsent), $"{usual}, {smallBuffer}, {fewUnsent}");
    }

    // Those of Unix sockets are not inherited from the socket that listens.
    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_Unix_socket_has_the_configured_buffer(ServerKind kind)
    {
        long usual = await HeldByServerAsync(kind, SocketOptions.Default, new UnixDomainSocketEndPoint(_path));
        long smallBuffer = await HeldByServerAsync(kind, new() { SendBufferLength = 8 * KiB }, new UnixDomainSocketEndPoint(_path));

        Assert.True(usual > 2 * smallBuffer, $"{usual}, {smallBuffer}");
    }

    // What comes in is bounded by the same options: a sender that is stopped has little under way.
    [Theory]
    [EachServer(IsPlain = true)]
    public async Task The_receive_buffer_limits_unread_bytes(ServerKind kind)
    {
        long usual = await TakenFromClientAsync(kind, SocketOptions.Default);
        long small = await TakenFromClientAsync(kind, new() { ReceiveBufferLength = 4 * KiB });

        Assert.True(usual > small + (16 * KiB), $"{usual}, {small}");
    }

    [Fact]
    public void Lengths_below_one_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SocketOptions { SendBufferLength = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SocketOptions { ReceiveBufferLength = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SocketOptions { MaxUnsentLength = -1 });
        Assert.Equal(new SocketOptions(), SocketOptions.Default);
    }

    public void Dispose() => File.Delete(_path);

    private static WebSocketConnectionOptions Roomy(WebSocketConnectionOptions options) => options with
    {
        Limits = options.Limits with { MaxSendBufferLength = 2 * MessageCount * MessageLength },
    };

    private static async Task<long> HeldByServerAsync(ServerKind kind, SocketOptions options, EndPoint? endPoint = null)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = endPoint ?? Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                Connection = Roomy(new WebSocketConnectionOptions()),
                Socket = options,
            },
            new CallbackHandler { Opened = connection => opened.TrySetResult(connection) });
        using RawPeer peer = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint);
        await peer.SendAsync(RawPeer.Request());
        await peer.ReadHeadAsync();
        return await HeldAsync(await opened.Task.WithDeadline());
    }

    private static async Task<long> HeldByClientAsync(ClientKind kind, SocketOptions options)
    {
        using var server = new RawServer();
        Task<RawPeer> opening = server.OpenAsync();
        WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address,
            kind.Options() with { Socket = options, Connection = Roomy(new WebSocketConnectionOptions()) }).WithDeadline();
        using RawPeer peer = await opening;
        return await HeldAsync(client);
    }

    private static async Task<long> HeldAsync(WebSocketConnection connection)
    {
        // Noise, so that nothing in between makes less of it.
        byte[] payload = new byte[MessageLength];
        Random.Shared.NextBytes(payload);
        for (int i = 0; i < MessageCount; i++)
        {
            Assert.NotEqual(WebSocketSendResult.Refused, connection.TrySend(payload, compress: false));
        }

        long total = (long)MessageCount * MessageLength;
        long held = await SteadyAsync(() => total - connection.SendBufferLength);
        connection.Abort();
        return held;
    }

    private static async Task<long> TakenFromClientAsync(ServerKind kind, SocketOptions options)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var released = new ManualResetEventSlim();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine(), Socket = options },
            async (connection, cancellation) =>
            {
                // Receives nothing, so that the inbox fills and the connection stops reading.
                opened.TrySetResult(connection);
                await connection.Closed.WaitAsync(cancellation);
            });

        // A sender whose own buffer is small: what it gets rid of has arrived.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            SendBufferSize = 4 * KiB,
        };
        await socket.ConnectAsync(server.LocalEndPoint).WithDeadline();
        using var peer = new RawPeer(socket);
        await peer.SendAsync(RawPeer.Request());
        await peer.ReadHeadAsync();
        WebSocketConnection served = await opened.Task.WithDeadline();
        byte[] frame = Wire.Masked(RawFrame.Bytes(0x82, new byte[1_000]));
        byte[] frames = [.. Enumerable.Repeat(frame, 8 * KiB).SelectMany(bytes => bytes)];
        socket.Blocking = false;
        int taken = 0;
        await SteadyAsync(() =>
        {
            while (true)
            {
                int count = socket.Send(frames.AsSpan(taken), SocketFlags.None, out SocketError error);
                if (error != SocketError.Success)
                {
                    return taken;
                }

                taken += count;
            }
        });
        served.Abort();
        return taken;
    }

    // What is the same for twenty looks in a row, with pauses between them, has come to rest.
    private static async Task<long> SteadyAsync(Func<long> look)
    {
        long value = -1;
        int same = 0;
        await Deadlines.UntilAsync(
            () =>
            {
                long now = look();
                same = now == value ? same + 1 : 0;
                value = now;
                return same == 20;
            },
            "a steady state");
        return value;
    }
}
