using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Sockeye.Tests;

/// <summary>OpenSSL as a WebSocket peer that changes its keys, or begins another handshake, while messages flow.</summary>
public sealed class OpenSslTrafficTests : IDisposable
{
    private const string KeyUpdateSent = ">>> TLS 1.3, Handshake [length 0005], KeyUpdate";
    private const string KeyUpdateReceived = "<<< TLS 1.3, Handshake [length 0005], KeyUpdate";

    private readonly ProgramFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // RFC 8446 §4.6.3: "k" updates the peer's keys, "K" asks for an update of ours too.
    [Theory]
    [InlineData("k", true, WebSocketTlsEngine.SslStream)]
    [InlineData("K", true, WebSocketTlsEngine.SslStream)]
    [InlineData("k", true, WebSocketTlsEngine.OpenSsl)]
    [InlineData("K", true, WebSocketTlsEngine.OpenSsl)]
    [InlineData("k", false, WebSocketTlsEngine.SslStream)]
    [InlineData("K", false, WebSocketTlsEngine.SslStream)]
    public async Task A_server_serves_a_client_that_updates_its_keys(string command, bool onLoops, WebSocketTlsEngine engine)
    {
        await using WebSocketServer server = await StartEchoAsync(onLoops, engine);
        await using PeerProcess client = await OpenAsync(server, "-tls1_3");

        for (int round = 0; round < 5; round++)
        {
            await client.SendAsync(Encoding.ASCII.GetBytes(command));
            await client.ReadUntilAsync(KeyUpdateSent);
            await client.SendAsync(Wire.Masked(RawFrame.Bytes(RawFrame.Text, Encoding.ASCII.GetBytes($"round {round}"))));
            string output = await client.ReadUntilAsync($"round {round}");
            Assert.Equal(command == "K", output.Contains(KeyUpdateReceived, StringComparison.Ordinal));
        }

        Assert.Equal(5, server.GetConnections().Single().ReceivedMessageCount);
    }

    [Theory]
    [InlineData("k", true)]
    [InlineData("K", true)]
    [InlineData("k", false)]
    [InlineData("K", false)]
    public async Task A_client_goes_on_with_a_server_that_updates_its_keys(string command, bool onLoops)
    {
        (PeerProcess process, WebSocketConnection connection) = await AcceptAsync(onLoops, "-tls1_3");
        await using PeerProcess server = process;
        await using WebSocketConnection client = connection;

        for (int round = 0; round < 5; round++)
        {
            await server.SendAsync(Encoding.ASCII.GetBytes(command + "\n"));
            await server.ReadUntilAsync(KeyUpdateSent);
            await server.SendAsync(RawFrame.Bytes(RawFrame.Text, Encoding.ASCII.GetBytes($"round {round}")));
            Assert.Equal($"round {round}", (await client.ReceiveMessageAsync(Deadline.Token())).GetText());

            // Our update goes out with what is sent next.
            await client.SendAsync($"{round}", Deadline.Token());
            if (command == "K")
            {
                await server.ReadUntilAsync(KeyUpdateReceived);
            }
        }

        client.Abort();
    }

    // RFC 9325 §3.5: renegotiation is for nothing in a WebSocket connection.
    [Theory]
    [InlineData(WebSocketTlsEngine.SslStream)]
    [InlineData(WebSocketTlsEngine.OpenSsl)]
    public async Task A_renegotiation_of_the_client_ends_the_connection(WebSocketTlsEngine engine)
    {
        await using WebSocketServer server = await StartEchoAsync(onLoops: true, engine);
        await using PeerProcess client = await OpenAsync(server, "-tls1_2");
        WebSocketConnection connection = server.GetConnections().Single();

        await client.SendAsync("R"u8.ToArray());

        WebSocketCloseResult closed = await connection.Closed.WaitAsync(Deadline.Length);
        Assert.Equal((false, WebSocketCloseCode.AbnormalClosure), (closed.WasClean, closed.Code));
        Assert.Contains("renegotiation", closed.Exception?.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renegotiation_of_the_server_ends_the_connection()
    {
        (PeerProcess process, WebSocketConnection connection) = await AcceptAsync(onLoops: true, "-tls1_2");
        await using PeerProcess server = process;
        await using WebSocketConnection client = connection;

        await server.SendAsync("r\n"u8.ToArray());

        WebSocketCloseResult closed = await client.Closed.WaitAsync(Deadline.Length);
        Assert.Equal((false, WebSocketCloseCode.AbnormalClosure), (closed.WasClean, closed.Code));
        Assert.Contains("renegotiation", closed.Exception?.ToString(), StringComparison.Ordinal);
    }

    private static Task<WebSocketServer> StartEchoAsync(bool onLoops, WebSocketTlsEngine engine) => WebSocketServer.StartAsync(
        new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = TestCertificate.ForServer(),
            EventLoop = onLoops ? EventLoopOptions.Default : EventLoopOptions.Disabled,
            TlsEngine = engine,
        },
        async (connection, cancellation) =>
        {
            await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
            {
                await connection.SendAsync(message, cancellation);
            }
        },
        Deadline.Token());

    /// <summary>Starts a client and opens a connection.</summary>
    private async Task<PeerProcess> OpenAsync(WebSocketServer server, string version)
    {
        await _folder.WriteAsync(TestCertificate.Value);
        PeerProcess client = PeerProcess.Start(
            PeerPrograms.Require("openssl"),
            [
                "s_client", "-connect", $"127.0.0.1:{server.Port}", "-CAfile", _folder["certificate.pem"], "-servername", "localhost",
                "-msg", version,
            ]);
        await client.SendAsync(Encoding.ASCII.GetBytes(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        Assert.Contains("101 Switching Protocols", await client.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        return client;
    }

    /// <summary>Starts a server, and connects to it.</summary>
    private async Task<(PeerProcess Server, WebSocketConnection Client)> AcceptAsync(bool onLoops, string version)
    {
        await _folder.WriteAsync(TestCertificate.Value);
        int port = FreePort.Next();
        PeerProcess server = PeerProcess.Start(
            PeerPrograms.Require("openssl"),
            [
                "s_server", "-accept", $"127.0.0.1:{port}", "-cert", _folder["certificate.pem"], "-key", _folder["key.pem"], "-msg", version,
            ]);
        await server.ListensAsync(port);
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"wss://127.0.0.1:{port}/",
            new WebSocketClientOptions { Tls = TestCertificate.ForClient(), UseProxy = false, UseEventLoop = onLoops },
            Deadline.Token());
        await server.ReadUntilAsync("Sec-WebSocket-Key: ");
        string key = (await server.ReadUntilAsync("\r\n")).TrimEnd();
        await server.SendAsync(Encoding.ASCII.GetBytes(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + AcceptFor(key) + "\r\n\r\n"));
        return (server, await connecting);
    }

    private static string AcceptFor(string key) => Convert.ToBase64String(
#pragma warning disable CA5350 // The RFC demands SHA-1.
        SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
}
