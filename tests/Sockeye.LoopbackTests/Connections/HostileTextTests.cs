using System.Text;

namespace Sockeye.Tests;

/// <summary>Text of a peer passes through real sockets into logs and exceptions, escaped.</summary>
public sealed class HostileTextTests
{
    [Theory]
    [EachServer]
    public async Task A_clients_close_reason_is_escaped_in_the_exception_logged_for_another_connection(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        var first = new TaskCompletionSource<WebSocketConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind) with { LoggerFactory = log },
            async (connection, cancellation) =>
            {
                if (first.TrySetResult(connection))
                {
                    await foreach (WebSocketMessage _ in connection.ReadAllAsync(cancellation))
                    {
                    }
                }
                else
                {
                    WebSocketConnection other = await first.Task;
                    await other.Closed;
                    await other.SendAsync("too late", CancellationToken.None);
                }
            });
        using RawPeer hostile = await OpenAsync(server, kind);
        await first.Task.WithDeadline();
        using RawPeer victim = await OpenAsync(server, kind);

        await hostile.SendMaskedAsync(RawFrame.Close, [0x0F, 0xA0, .. Encoding.UTF8.GetBytes(HostileText.Text)]);
        hostile.Dispose();
        RawFrame close = await victim.ReadFrameAsync();

        Assert.Equal(1011, close.CloseCode);
        Assert.Equal(HostileText.Text, (await (await first.Task).Closed).Reason);
        await Deadlines.UntilAsync(() => log.Entries.Any(entry => entry.EventId == 203), "the failure is logged");
        var closed = Assert.IsType<WebSocketClosedException>(log.Entries.Single(entry => entry.EventId == 203).Exception);
        Assert.Contains(HostileText.Forged, closed.Message, StringComparison.Ordinal);
        AssertEscaped(log);
    }

    [Fact]
    public async Task A_servers_close_reason_is_escaped_in_the_log_of_a_client_that_reconnects()
    {
        var log = new CapturingLoggerFactory();
        using var server = new RawServer();
        await using var client = new WebSocketReconnectingClient(
            server.Address,
            new WebSocketReconnectOptions { Client = new WebSocketClientOptions { LoggerFactory = log } });
        Task starting = client.StartAsync();
        using RawPeer peer = await server.OpenAsync();
        await starting.WithDeadline();

        await peer.SendAsync(RawFrame.Bytes(RawFrame.Close, [0x0F, 0xA0, .. Encoding.UTF8.GetBytes(HostileText.Text)]));
        await peer.ReadFrameAsync();
        peer.Dispose();

        await Deadlines.UntilAsync(() => log.Entries.Any(entry => entry.EventId == 402), "the wait is logged");
        Assert.Contains(
            HostileText.Forged, log.Entries.Single(entry => entry.EventId == 402).Message, StringComparison.Ordinal);
        AssertEscaped(log);
        Assert.Equal(HostileText.Text, client.Status.LastDisconnect!.Result!.Reason);
        HostileText.AssertEscaped(client.Status.LastDisconnect.ToString());
    }

    [Theory]
    [InlineData("HTTP/1.1 101 \u001b[31m\u009b{0}\r\n\r\n")]
    [InlineData("HTTP/1.1\u001b[31m\u009b {0}\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching\r\n\u001b[31m\u009b{0}\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching\r\nUpgrade: \u001b[31m\0\u009b{0}\r\n\r\n")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: //\u001b[31m\u009b{0}\r\n\r\n")]
    public async Task A_malformed_response_is_escaped_where_it_is_quoted(string answer)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting =
            WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions { MaxRedirects = 1 });
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer answering = peer;

        await peer.SendAsync(answer.Replace("{0}", HostileText.Forged, StringComparison.Ordinal));
        peer.EndOutput();

        WebSocketHandshakeException exception =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        HostileText.AssertEscaped(exception.Message);
        HostileText.AssertEscaped(exception.ToString(), hasLines: true);
    }

    private static Task<RawPeer> OpenAsync(WebSocketServer server, ServerKind kind) => kind.IsSecure()
        ? RawPeer.OpenTlsAsync(server.LocalEndPoint)
        : RawPeer.OpenAsync(server.LocalEndPoint);

    private static void AssertEscaped(CapturingLoggerFactory log)
    {
        foreach (CapturingLoggerFactory.LogEntry entry in log.Entries)
        {
            HostileText.AssertEscaped(entry.Message);
            HostileText.AssertEscaped(entry.Exception?.ToString(), hasLines: true);
        }
    }
}
