using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>connect(2) to a Unix socket with a full backlog fails with EAGAIN instead of waiting: the client waits.</summary>
public sealed class UnixBacklogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sockeye-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<Socket> _waiting = [];
    private readonly UnixDomainSocketEndPoint _endPoint;

    public UnixBacklogTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems refuse the connection.");
        _endPoint = new(Path.Combine(_folder, "server"));
        _listener.Bind(_endPoint);
        _listener.Listen(backlog: 0);
        Fill();
    }

    [Theory]
    [EachClient]
    public async Task A_client_waits_until_the_backlog_has_room(ClientKind kind)
    {
        Task<WebSocketConnection> connecting = ConnectAsync(kind, TimeSpan.FromSeconds(60));
        Assert.False(connecting.IsCompleted);

        // Those that filled the backlog, then the client.
        foreach (Socket _ in _waiting)
        {
            (await _listener.AcceptAsync().WithDeadline()).Dispose();
        }

        using var peer = new RawPeer(await _listener.AcceptAsync().WithDeadline());
        await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));
        await using WebSocketConnection connection = await connecting.WithDeadline();
        Assert.Equal(WebSocketConnectionState.Open, connection.State);
        connection.Abort();
    }

    [Theory]
    [EachClient]
    public async Task A_backlog_that_stays_full_fails_at_the_handshake_timeout(ClientKind kind)
    {
        WebSocketHandshakeException exception = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(kind, TimeSpan.FromSeconds(1)).WithDeadline());

        Assert.Equal(WebSocketHandshakeError.TimedOut, exception.Error);
    }

    public void Dispose()
    {
        _waiting.ForEach(static socket => socket.Dispose());
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Fill()
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
            try
            {
                socket.Connect(_endPoint);
                _waiting.Add(socket);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.WouldBlock)
            {
                socket.Dispose();
                return;
            }
        }
    }

    private Task<WebSocketConnection> ConnectAsync(ClientKind kind, TimeSpan timeout) => WebSocketClient.ConnectAsync(
        $"ws+unix:{Path.Combine(_folder, "server")}:/", kind.Options() with { HandshakeTimeout = timeout });
}
