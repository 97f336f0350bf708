using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>A server at a path of the file system.</summary>
public sealed class UnixSocketServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sockeye-").FullName;
    private readonly string _path;

    public UnixSocketServerTests()
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "This machine has no Unix sockets.");
        _path = Path.Combine(_folder, "server");
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Messages_of_all_sizes_come_back(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);

        foreach (int length in new[] { 0, 1, 125, 126, 65_535, 65_536, 1_000_000 })
        {
            byte[] payload = Payloads.Bytes(length);
            await client.SendMaskedAsync(RawFrame.Binary, payload);
            RawFrame reply = await client.ReadFrameAsync();
            Assert.True(payload.AsSpan().SequenceEqual(reply.Payload));
        }
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Stopping_closes_with_1001_and_deletes_the_file(ServerKind kind)
    {
        WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);
        Assert.True(File.Exists(_path));

        Task stopping = server.StopAsync();
        Assert.Equal(1001, (await client.ReadFrameAsync()).CloseCode);
        await client.SendMaskedAsync(RawFrame.Close, 0x03, 0xE9);
        client.EndOutput();
        await stopping.WithDeadline();

        Assert.False(File.Exists(_path));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task The_socket_file_of_a_killed_server_is_replaced(ServerKind kind)
    {
        LeaveStaleSocket();

        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);

        await client.SendMaskedAsync(RawFrame.Text, 0x61);
        Assert.Equal("a", (await client.ReadFrameAsync()).PayloadText);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_path_in_use_throws_and_its_server_is_unaffected(ServerKind kind)
    {
        await using WebSocketServer first = await StartAsync(kind);

        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => StartAsync(kind));

        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
        using RawPeer client = await RawPeer.OpenAsync(first.LocalEndPoint);
        await client.SendMaskedAsync(RawFrame.Text, 0x61);
        Assert.Equal("a", (await client.ReadFrameAsync()).PayloadText);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_stop_does_not_delete_the_socket_file_of_a_successor(ServerKind kind)
    {
        WebSocketServer first = await StartAsync(kind);
        File.Delete(_path);
        await using WebSocketServer second = await StartAsync(kind);

        await first.StopAsync().WithDeadline();

        using RawPeer client = await RawPeer.OpenAsync(second.LocalEndPoint);
        await client.SendMaskedAsync(RawFrame.Text, 0x61);
        Assert.Equal("a", (await client.ReadFrameAsync()).PayloadText);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_server_that_starts_while_another_stops_is_reachable(ServerKind kind)
    {
        const int Rounds = 300;
        WebSocketServer server = await StartAsync(kind);
        for (int round = 0; round < Rounds; round++)
        {
            Task stopping = Task.Run(() => server.StopAsync());
            server = await StartWhenFreeAsync(kind);
            await stopping.WithDeadline();
            using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);
        }

        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_listener_that_does_not_accept_keeps_the_path_without_blocking_the_start()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_path));
        listener.Listen(1);
        List<Socket> waiting = [];
        bool isFull = false;
        while (!isFull)
        {
            var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
            waiting.Add(client);
            isFull = !TryConnect(client);
        }

        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => Task.Run(() => StartAsync(ServerKind.Socket)).WithDeadline());

        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
        Assert.True(File.Exists(_path));
        waiting.ForEach(static client => client.Dispose());
    }

    // A file of no bytes looks most like a socket; the system gives a hidden or a locked one other attributes.
    [Theory]
    [InlineData("file", "")]
    [InlineData("file", "content")]
    [InlineData(".hidden", "")]
    [InlineData("read-only", "")]
    public async Task A_file_that_is_not_a_socket_is_never_deleted(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
        if (name == "read-only")
        {
            File.SetAttributes(path, FileAttributes.ReadOnly);
        }

        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = new UnixDomainSocketEndPoint(path) }));

        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
        Assert.Equal(content, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_folder_is_never_deleted()
    {
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = new UnixDomainSocketEndPoint(_folder) }));

        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
        Assert.True(Directory.Exists(_folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Socket deletes the file it was bound to when it is disposed of, unless that has moved.
    private void LeaveStaleSocket()
    {
        string elsewhere = _path + ".old";
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(elsewhere));
        socket.Listen();
        File.Move(elsewhere, _path);
    }

    private bool TryConnect(Socket client)
    {
        try
        {
            client.Connect(new UnixDomainSocketEndPoint(_path));
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.WouldBlock)
        {
            return false;
        }
    }

    private async Task<WebSocketServer> StartWhenFreeAsync(ServerKind kind)
    {
        while (true)
        {
            try
            {
                return await StartAsync(kind);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The other has it still.
                await Task.Yield();
            }
        }
    }

    private Task<WebSocketServer> StartAsync(ServerKind kind) => Servers.StartEchoAsync(new WebSocketServerOptions
    {
        EndPoint = new UnixDomainSocketEndPoint(_path),
        EventLoop = kind.Loops(),
        TlsEngine = kind.TlsEngine(),
    });
}
