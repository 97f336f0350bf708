using Microsoft.Extensions.Time.Testing;
using Sockeye.Testing;

namespace Sockeye.Tests;

/// <summary>The deadlines of Sockeye, each reached by one advance of the clock that a network and both its ends share.</summary>
public sealed class VirtualTimeTests
{
    private readonly FakeTimeProvider _time = new();

    public static TheoryData<bool> Roles => [true, false];

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Keep_alive_aborts_after_a_ping_without_a_response(bool clientPings)
    {
        var pinging = new WebSocketConnectionOptions
        {
            KeepAlive = new() { PingInterval = TimeSpan.FromMinutes(10), PongTimeout = TimeSpan.FromMinutes(5) },
        };
        var silent = new WebSocketConnectionOptions { AnswerPings = false, KeepAlive = KeepAliveOptions.Disabled };
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            TimeProvider = _time,
            Client = new() { Connection = clientPings ? pinging : silent },
            Server = new() { Connection = clientPings ? silent : pinging },
            Network = new() { Record = true },
        });
        (WebSocketConnection end, WebSocketTestLink link) =
            clientPings ? (pair.Client, pair.Network.ToServer) : (pair.Server, pair.Network.ToClient);

        _time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
        await link.WaitForSentAsync(1).WithDeadline();
        Assert.Equal(9, Assert.Single(link.GetSentFrames()).Opcode);
        Assert.False(end.Closed.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));

        Assert.IsType<TimeoutException>((await end.Closed.WithDeadline()).Exception);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_close_without_a_response_ends_after_its_timeout(bool clientCloses)
    {
        var closing = new WebSocketConnectionOptions { CloseTimeout = TimeSpan.FromHours(1), KeepAlive = KeepAliveOptions.Disabled };
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            TimeProvider = _time,
            Client = new() { Connection = closing },
            Server = new() { Connection = closing },
        });
        (WebSocketConnection end, WebSocketTestLink link) =
            clientCloses ? (pair.Client, pair.Network.ToServer) : (pair.Server, pair.Network.ToClient);
        pair.Network.Drop();
        Task<WebSocketCloseResult> close = end.CloseAsync().AsTask();
        await link.WaitForSentAsync(1).WithDeadline();

        _time.Advance(TimeSpan.FromMinutes(59));
        await Deadlines.StaysIncompleteAsync(close);
        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.False((await close.WithDeadline()).WasClean);
    }

    [Fact]
    public async Task A_server_rejects_a_request_that_is_not_whole_after_its_timeout()
    {
        await using var acceptor = new WebSocketAcceptor(new() { TimeProvider = _time, HandshakeTimeout = TimeSpan.FromHours(1) });
        using var network = new WebSocketTestNetwork(new() { TimeProvider = _time });
        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(network.ServerStream);
        await network.ClientStream.WriteAsync("GET / HTTP/1.1\r\n"u8.ToArray());
        await network.ToServer.WaitForReceivedAsync(16).WithDeadline();

        _time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));

        byte[] buffer = new byte[12];
        await network.ClientStream.ReadExactlyAsync(buffer).WithDeadline();
        Assert.Equal("HTTP/1.1 408"u8, buffer);
        network.ClientStream.Dispose();
        var exception = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => accepting.WithDeadline());
        Assert.Equal(WebSocketHandshakeError.TimedOut, exception.Error);
    }

    [Fact]
    public async Task A_client_fails_without_a_response_after_its_timeout()
    {
        Task<WebSocketTestPair> connecting = WebSocketTestPair.ConnectAsync(new()
        {
            TimeProvider = _time,
            ImpairHandshake = true,
            Client = new() { HandshakeTimeout = TimeSpan.FromSeconds(8) },
            Server = new() { OnUpgrade = (_, _) => { _time.Advance(TimeSpan.FromSeconds(9)); return new(WebSocketUpgradeDecision.Accept()); } },
            Network = new() { ToClient = new() { IsStalled = true } },
        });

        var exception = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(WebSocketHandshakeError.TimedOut, exception.Error);
    }
}
