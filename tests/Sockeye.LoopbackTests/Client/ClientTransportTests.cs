using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

/// <summary>How a client connects: the local address, the address family, a socket path, or a custom stream.</summary>
public sealed class ClientTransportTests
{
    [Theory]
    [EachClient]
    public async Task The_local_address_can_be_set(ClientKind kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere 127.0.0.2 is not an address of this machine.");
        using var server = new RawServer();

        (RawPeer peer, WebSocketConnection client) = await server.ConnectAsync(new WebSocketClientOptions
        {
            LocalEndPoint = new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0),
            UseEventLoop = kind.UsesEventLoop(),
        });
        using RawPeer _ = peer;

        Assert.Equal("127.0.0.2", Assert.IsType<IPEndPoint>(peer.RemoteEndPoint).Address.ToString());
        Assert.Equal(peer.RemoteEndPoint, client.LocalEndPoint);
        client.Abort();
    }

    [Theory]
    [EachClient]
    public async Task Nagle_is_disabled(ClientKind kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems don't tell how a socket is set.");
        using var server = new RawServer();

        (RawPeer peer, WebSocketConnection client) =
            await server.ConnectAsync(new WebSocketClientOptions { UseEventLoop = kind.UsesEventLoop() });
        using RawPeer _ = peer;

        int descriptor = Descriptors.Of((IPEndPoint)client.LocalEndPoint!, (IPEndPoint)client.RemoteEndPoint!);
        Assert.True(Descriptors.HasNoDelay(descriptor), "TCP_NODELAY");
        client.Abort();
    }

    [Theory]
    [EachClient]
    public async Task A_foreign_local_address_fails(ClientKind kind)
    {
        using var server = new RawServer();

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
            {
                // RFC 5737: an address reserved for documentation.
                LocalEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0),
                UseEventLoop = kind.UsesEventLoop(),
            }).WithDeadline());

        Assert.Equal(WebSocketHandshakeError.NotReachable, thrown.Error);
        Assert.Equal(WebSocketHandshakePhase.Connect, thrown.Phase);
        Assert.False(server.HasPending);
    }

    [Theory]
    [EachClient(AddressFamily.InterNetwork, true)]
    [EachClient(AddressFamily.InterNetworkV6, false)]
    [EachClient(AddressFamily.Unspecified, true)]
    public async Task Only_addresses_of_the_selected_family_are_tried(ClientKind kind, AddressFamily family, bool isReached)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();
        var options = new WebSocketClientOptions { AddressFamily = family, UseEventLoop = kind.UsesEventLoop() };

        if (isReached)
        {
            await using WebSocketConnection client =
                await WebSocketClient.ConnectAsync(server.Address(), options).WithDeadline();
            Assert.Equal(WebSocketConnectionState.Open, client.State);
        }
        else
        {
            WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
                () => WebSocketClient.ConnectAsync(server.Address(), options).WithDeadline());
            Assert.Equal(WebSocketHandshakeError.NotReachable, thrown.Error);
        }
    }

    [Theory]
    [InlineData(AddressFamily.Unix)]
    [InlineData(AddressFamily.AppleTalk)]
    public void An_unsupported_address_family_throws(AddressFamily family) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketClientOptions { AddressFamily = family });

    [Fact]
    public async Task A_connect_callback_may_return_any_stream()
    {
        using var server = new RawServer();
        List<WebSocketConnectContext> seen = [];
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            "ws://nowhere.invalid:81/a",
            new WebSocketClientOptions
            {
                UseProxy = false,
                ConnectCallback = async (context, token) =>
                {
                    seen.Add(context);
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    await socket.ConnectAsync(IPEndPoint.Parse(server.Address.Authority), token);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            });
        using RawPeer peer = await server.OpenAsync();
        WebSocketConnection client = await connecting.WithDeadline();

        await client.SendAsync("hello");

        Assert.Equal("hello"u8.ToArray(), (await peer.ReadFrameAsync()).Payload);
        WebSocketConnectContext only = Assert.Single(seen);
        Assert.Equal("ws://nowhere.invalid:81/a", only.Address.ToString());
        Assert.Equal(("nowhere.invalid", 81), (only.EndPoint.Host, only.EndPoint.Port));
        Assert.Null(client.RemoteEndPoint);
        client.Abort();
    }

    [Fact]
    public async Task TLS_runs_over_the_stream_of_a_connect_callback()
    {
        await using TlsRawServer server = new("");
        var options = new WebSocketClientOptions
        {
            UseProxy = false,
            Tls = TrustingAnyName(targetHost: null),
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPEndPoint.Parse(server.Address.Authority), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };

        WebSocketConnection client = await WebSocketClient.ConnectAsync("wss://nowhere.invalid/", options).WithDeadline();

        Assert.Equal("nowhere.invalid", server.ServerName);
        Assert.Equal("nowhere.invalid", RawServer.Header(server.Request!, "Host"));
        client.Abort();
    }

    [Fact]
    public async Task An_exception_in_a_connect_callback_is_the_inner_exception()
    {
        var cause = new InvalidOperationException("No way.");

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(
                "ws://nowhere.invalid/",
                new WebSocketClientOptions { UseProxy = false, ConnectCallback = (_, _) => throw cause }).WithDeadline());

        Assert.Equal(WebSocketHandshakeError.NotReachable, thrown.Error);
        Assert.Same(cause, thrown.GetBaseException());
    }

    [Theory]
    [InlineData(null, "nowhere.invalid", "nowhere.invalid")]
    [InlineData("other.invalid", "nowhere.invalid", "other.invalid")]
    [InlineData("", "nowhere.invalid", "")]
    [InlineData(null, "127.0.0.1", "")]
    public async Task SNI_is_taken_from_the_address_or_the_TLS_options_and_never_from_the_Host_header(
        string? targetHost, string host, string expected)
    {
        await using TlsRawServer server = new("");
        var options = new WebSocketClientOptions
        {
            UseProxy = false,
            Host = "header.invalid",
            Tls = TrustingAnyName(targetHost),
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPEndPoint.Parse(server.Address.Authority), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };

        WebSocketConnection client = await WebSocketClient.ConnectAsync($"wss://{host}/", options).WithDeadline();

        Assert.Equal(expected, server.ServerName);
        Assert.Equal("header.invalid", RawServer.Header(server.Request!, "Host"));
        Assert.Equal(targetHost, options.Tls.TargetHost);
        client.Abort();
    }

    [Fact]
    public async Task A_client_certificate_is_sent()
    {
        var shown = new TaskCompletionSource<string?>();
        await using TlsRawServer server = new("", new SslServerAuthenticationOptions
        {
            ServerCertificate = TestCertificate.Value,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                shown.TrySetResult(certificate?.GetCertHashString()) | true,
        });
        SslClientAuthenticationOptions tls = TestCertificate.ForClient();
        tls.ClientCertificates = new X509CertificateCollection { TestCertificate.Value };

        WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { Tls = tls }).WithDeadline();

        Assert.Equal(TestCertificate.Value.GetCertHashString(), await shown.Task.WithDeadline());
        client.Abort();
    }

    // CT-40.
    [Fact]
    public async Task A_certificate_for_another_name_fails_TLS()
    {
        await using TlsRawServer server = new("");

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
            {
                Tls = new SslClientAuthenticationOptions
                {
                    TargetHost = "other.invalid",
                    RemoteCertificateValidationCallback = (_, _, _, errors) =>
                        !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch),
                },
            }).WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
    }

    [Theory]
    [EachClient]
    public async Task A_Unix_socket_is_connected_by_path(ClientKind kind)
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "There are no Unix sockets here.");
        string folder = Directory.CreateTempSubdirectory("sock ").FullName;
        try
        {
            string path = Path.Combine(folder, "s");
            await using WebSocketServer server = await WebSocketServer.StartAsync(
                new WebSocketServerOptions { EndPoint = new UnixDomainSocketEndPoint(path) },
                async (connection, token) =>
                {
                    WebSocketUpgradeRequest request = connection.Request!;
                    await connection.SendAsync($"{request.Host} {request.Path} {request.Query}", token);
                    await Servers.EchoAsync(connection, token);
                });

            await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
                $"ws+unix:{path}:/chat?a=b", kind.Options()).WithDeadline();
            await client.SendAsync("hello");

            Assert.Equal("localhost /chat a=b", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
            Assert.Equal("hello", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
            Assert.EndsWith("s:/chat?a=b", client.Response!.Address.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_relative_redirect_stays_on_the_Unix_socket_and_any_other_drops_credentials()
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "There are no Unix sockets here.");
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "s");
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            using var elsewhere = new RawServer();
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
                $"ws+unix:{path}:/a",
                new WebSocketClientOptions { MaxRedirects = 2, RequestHeaders = [new("Authorization", "Bearer x")] });

            string first = await AnswerAsync(listener, "/b");
            string second = await AnswerAsync(listener, elsewhere.Address.ToString());
            (RawPeer peer, string third) = await elsewhere.AcceptAsync();
            using RawPeer _ = peer;
            await peer.SendAsync(RawServer.Accepting(third));
            (await connecting.WithDeadline()).Abort();

            Assert.StartsWith("GET /a ", first, StringComparison.Ordinal);
            Assert.StartsWith("GET /b ", second, StringComparison.Ordinal);
            Assert.Equal("Bearer x", RawServer.Header(second, "Authorization"));
            Assert.DoesNotContain("Authorization", third, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("ws+unix:/tmp/other:/")]
    [InlineData("ws+unix:///tmp/other:/")]
    [InlineData("unix:/tmp/other")]
    public async Task A_redirect_from_a_Unix_socket_to_another_is_InvalidRedirect(string location)
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "There are no Unix sockets here.");
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "s");
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
                $"ws+unix:{path}:/", new WebSocketClientOptions { MaxRedirects = 2 });

            await AnswerAsync(listener, location);

            Assert.Equal(
                WebSocketHandshakeError.InvalidRedirect,
                (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline())).Error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // CT-41. RFC 6761 §6.4: a name that never is one.
    [Theory]
    [EachClient]
    public async Task An_unknown_host_name_is_NotReachable(ClientKind kind)
    {
        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(
                "ws://nowhere.invalid/",
                new WebSocketClientOptions { UseProxy = false, UseEventLoop = kind.UsesEventLoop() }).WithDeadline());

        Assert.Equal(
            (WebSocketHandshakeError.NotReachable, WebSocketHandshakePhase.NameResolution), (thrown.Error, thrown.Phase));
    }

    [Fact]
    public async Task A_named_pipe_is_for_windows()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There they are.");

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(@"ws+unix:\\.\pipe\name:/path").WithDeadline());

        Assert.IsType<PlatformNotSupportedException>(thrown.GetBaseException());
    }

    private static async Task<string> AnswerAsync(Socket listener, string location)
    {
        using var peer = new RawPeer(await listener.AcceptAsync().WithDeadline());
        string request = await peer.ReadHeadAsync();
        await peer.SendAsync($"HTTP/1.1 302 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        return request;
    }

    private static SslClientAuthenticationOptions TrustingAnyName(string? targetHost) => new()
    {
        TargetHost = targetHost,
        RemoteCertificateValidationCallback = static (_, certificate, _, _) =>
            TestCertificate.IsValue(certificate),
    };
}
