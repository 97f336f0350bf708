using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Paths of Unix sockets that cannot be connected to: the failure names the path and the reason.</summary>
public sealed class ClientSocketPathTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [EachClient]
    public async Task A_missing_socket_is_reported(ClientKind kind) =>
        await AssertNotReachableAsync(kind, Path.Combine(_folder, "s"), "there is no such file (ENOENT)");

    [Theory]
    [EachClient]
    public async Task A_missing_folder_is_reported(ClientKind kind) =>
        await AssertNotReachableAsync(kind, "/nowhere/s", "there is no such file (ENOENT)");

    [Theory]
    [EachClient]
    public async Task A_file_used_as_a_folder_is_reported(ClientKind kind)
    {
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "");

        await AssertNotReachableAsync(kind, Path.Combine(file, "s"), "a part of the path is not a directory (ENOTDIR)");
    }

    [Theory]
    [EachClient]
    public async Task A_stale_socket_file_is_reported(ClientKind kind)
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "There are no Unix sockets here.");
        string path = Path.Combine(_folder, "s");
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
        }

        // .NET deletes the file of a socket that it has bound.
        await File.WriteAllTextAsync(path, "");
        await AssertNotReachableAsync(kind, path, "nothing accepts connections there (ECONNREFUSED)");
    }

    [Theory]
    [EachClient]
    public async Task A_datagram_socket_is_reported(ClientKind kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems have other words.");
        string path = Path.Combine(_folder, "s");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));

        await AssertNotReachableAsync(kind, path, "the socket there is not a stream socket (EPROTOTYPE)");
    }

    [Fact]
    public async Task A_reconnecting_client_reports_it_in_its_status_and_log()
    {
        string path = Path.Combine(_folder, "s");
        var log = new CapturingLoggerFactory();
        var waiting = new TaskCompletionSource<WebSocketReconnectStatus>();
        await using var client = new WebSocketReconnectingClient($"ws+unix:{path}:/?token=s3cret", new()
        {
            Client = new() { LoggerFactory = log },
            OnStatusChanged = status =>
            {
                if (status.State == WebSocketReconnectState.Waiting)
                {
                    waiting.TrySetResult(status);
                }
            },
        });
        _ = client.StartAsync().ContinueWith(starting => _ = starting.Exception, TaskScheduler.Default);

        WebSocketReconnectStatus status = await waiting.Task.WithDeadline();

        string expected = $"Cannot connect to '{path}': there is no such file (ENOENT)";
        Assert.True(status.LastDisconnect!.IsTransient);
        Assert.Contains(expected, status.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            log.Entries, entry => entry.EventId == 402 && entry.Message.Contains(expected, StringComparison.Ordinal));
        Assert.DoesNotContain("s3cret", status.ToString(), StringComparison.Ordinal);
    }

    private static async Task AssertNotReachableAsync(ClientKind kind, string path, string reason)
    {
        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync($"ws+unix:{path}:/?token=s3cret", kind.Options()).WithDeadline());

        Assert.Equal(
            (WebSocketHandshakeError.NotReachable, WebSocketHandshakePhase.Connect), (thrown.Error, thrown.Phase));
        Assert.EndsWith($"Cannot connect to '{path}': {reason}.", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", thrown.ToString(), StringComparison.Ordinal);
    }
}
