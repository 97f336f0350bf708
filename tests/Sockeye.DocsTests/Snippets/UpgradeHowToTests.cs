using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Sockeye.Tests;

public sealed class UpgradeHowToTests
{
    private static readonly EndPoint Loopback = new IPEndPoint(IPAddress.Loopback, 0);

    [Fact]
    public async Task Application_authenticates_the_client()
    {
        // snippet: authenticate
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            OnUpgrade = async (request, cancellation) =>
            {
                string? user = await FindUserAsync(request.GetCookie("session"), cancellation);
                return user is null
                    ? new WebSocketUpgradeRejection { StatusCode = 401, Body = "Sign in first.\n" }
                    : new WebSocketUpgradeAcceptance { UserState = user };
            },
        };
        await using var server = await WebSocketServer.StartAsync(options, async (connection, cancellation) =>
        {
            await connection.SendAsync($"Welcome, {connection.UserState}", cancellation);
        });
        // end snippet

        WebSocketHandshakeException refused = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/"));
        Assert.Equal(401, refused.StatusCode);
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            new Uri($"ws://{server.LocalEndPoint}/"), new WebSocketClientOptions { RequestHeaders = [new("Cookie", "session=7")] });
        Assert.Equal("Welcome, Ann", (await connection.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task Application_responds_to_health_checks()
    {
        // snippet: plain requests
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            OnPlainRequest = (request, cancellation) =>
                request.Path == "/healthz" ? new WebSocketPlainResponse { Body = "ok\n" } : null,
        };
        // end snippet

        await using WebSocketServer server = await WebSocketServer.StartAsync(options, new Echo());
        using var client = new HttpClient();
        Assert.Equal("ok\n", await client.GetStringAsync($"http://{server.LocalEndPoint}/healthz"));
        using var head = new HttpRequestMessage(HttpMethod.Head, $"http://{server.LocalEndPoint}/healthz");
        using HttpResponseMessage response = await client.SendAsync(head);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(3, response.Content.Headers.ContentLength);
        using HttpResponseMessage other = await client.GetAsync($"http://{server.LocalEndPoint}/");
        Assert.Equal(HttpStatusCode.UpgradeRequired, other.StatusCode);
    }

    [Fact]
    public async Task Application_lists_the_allowed_origins()
    {
        // snippet: origins
        string[] extensions = ["chrome-extension://abcdefghijklmnop"];
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            AllowedOrigins = ["https://example.com", "https://*.example.com", "file://", "moz-extension://*"],
            IsOriginAllowed = (origin, request) => request.Path == "/extension" && extensions.Contains(origin),
        };
        // end snippet

        await using WebSocketServer server = await WebSocketServer.StartAsync(options, new Echo());
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            new Uri($"ws://{server.LocalEndPoint}/extension"),
            new WebSocketClientOptions { Origin = "chrome-extension://abcdefghijklmnop" });
        Assert.Equal(WebSocketConnectionState.Open, connection.State);
    }

    [Fact]
    public async Task Application_selects_the_subprotocol()
    {
        // snippet: select subprotocol
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            SelectSubprotocol = request => request.Subprotocols.FirstOrDefault(one => one.StartsWith("chat.v", StringComparison.Ordinal)),
            RequireSubprotocol = true,
        };
        // end snippet

        await using WebSocketServer server = await WebSocketServer.StartAsync(options, new Echo());
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            new Uri($"ws://{server.LocalEndPoint}/"), new WebSocketClientOptions { Subprotocols = ["mqtt", "chat.v2", "chat.v1"] });
        Assert.Equal("chat.v2", connection.Subprotocol);
    }

    [Fact]
    public async Task Server_has_several_paths()
    {
        var options = new WebSocketServerOptions { EndPoint = Loopback };

        // snippet: routes
        var routes = new WebSocketRoutes()
            .Map("/echo", new Echo())
            .Map("/count", new CountingHandler(), new WebSocketRouteOptions { Subprotocols = ["count.v1"] })
            .Map("/rooms/{room}", async (connection, cancellation) =>
            {
                string? room = connection.Request!.GetRouteValue("room");
                await connection.SendAsync($"This is {room}", cancellation);
            });
        await using var server = await WebSocketServer.StartAsync(options, routes);
        // end snippet

        await using WebSocketConnection connection =
            await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/rooms/blue");
        Assert.Equal("This is blue", (await connection.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task Server_listens_on_several_addresses_and_replaces_its_certificate()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}");
        X509Certificate2? certificate = null;
        X509Certificate2? chatCertificate = null;

        // snippet: addresses
        var options = new WebSocketServerOptions
        {
            EndPoints =
            [
                new WebSocketEndPoint(new IPEndPoint(IPAddress.IPv6Any, 0))
                {
                    SelectTls = (hello, cancellation) => new(new SslServerAuthenticationOptions
                    {
                        ServerCertificate = hello.ServerName switch
                        {
                            "chat.example.com" => Volatile.Read(ref chatCertificate),
                            _ => Volatile.Read(ref certificate),
                        },
                    }),
                },
                new WebSocketEndPoint(new UnixDomainSocketEndPoint(path)),
            ],
        };
        // end snippet

        await using WebSocketServer server = await WebSocketServer.StartAsync(options, new Echo());
        Assert.Equal(2, server.LocalEndPoints.Count);
    }

    [Fact]
    public async Task Server_requires_client_certificates()
    {
        X509Certificate2 certificate = TestCertificate.Value;
        X509Certificate2 authority = TestAuthority.Root;
        using X509Certificate2 known = TestAuthority.Issue("device", daysLeft: 1);
        using X509Certificate2 unknown = TestAuthority.Issue("device", daysLeft: 1);
        HashSet<string> devices = [known.Thumbprint];

        // snippet: client certificates
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                ClientCertificateRequired = true,
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
            OnUpgrade = (request, cancellation) => devices.Contains(request.Tls!.ClientCertificate!.Thumbprint)
                ? WebSocketUpgradeDecision.Accept()
                : WebSocketUpgradeDecision.Reject(403, "This device is not known.\n"),
        };
        // end snippet

        await using WebSocketServer server = await WebSocketServer.StartAsync(options, new Echo());
        await using (await WebSocketClient.ConnectAsync($"wss://{server.LocalEndPoint}/", With(known)))
        {
            Assert.Equal(1, server.ConnectionCount);
        }

        WebSocketHandshakeException rejected = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync($"wss://{server.LocalEndPoint}/", With(unknown)));
        Assert.Equal(403, rejected.StatusCode);

        static WebSocketClientOptions With(X509Certificate2 certificate)
        {
            SslClientAuthenticationOptions tls = TestCertificate.ForClient();
            tls.ClientCertificates = [certificate];
            return new() { Tls = tls };
        }
    }

    [Fact]
    public async Task Server_runs_behind_a_proxy()
    {
        // snippet: behind a proxy
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            TrustedProxies = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8")],
            MaxConnectionsPerAddress = 20,
            OnUpgrade = (request, cancellation) =>
            {
                Console.WriteLine($"{request.ClientIPAddress} asks for {request.Path}");
                return WebSocketUpgradeDecision.Accept();
            },
        };
        // end snippet

        await using WebSocketServer server = await WebSocketServer.StartAsync(options, new Echo());
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        Assert.Equal(WebSocketConnectionState.Open, connection.State);
    }

    [Fact]
    public async Task Server_broadcasts_to_all_but_the_sender_and_drains()
    {
        var options = new WebSocketServerOptions { EndPoint = Loopback };

        // snippet: broadcast
        await using var chat = await WebSocketServer.StartAsync(options, async (server, connection, cancellation) =>
        {
            await foreach (var message in connection.ReadAllAsync(cancellation))
            {
                server.Broadcast(message.Payload.Span, message.Kind, where: other => other != connection);
            }
        });
        // end snippet

        await using WebSocketConnection one = await WebSocketClient.ConnectAsync($"ws://{chat.LocalEndPoint}/");
        await using WebSocketConnection other = await WebSocketClient.ConnectAsync($"ws://{chat.LocalEndPoint}/");
        await one.SendAsync("hello");
        Assert.Equal("hello", (await other.ReceiveMessageAsync()).GetText());
        await one.CloseAsync();
        await other.CloseAsync();

        // snippet: stop gently
        await chat.StopAsync(new WebSocketStopOptions
        {
            DrainTimeout = TimeSpan.FromSeconds(20),
            CloseCode = WebSocketCloseCode.ServiceRestart,
        });
        // end snippet

        Assert.True(chat.Completion.IsCompleted);
    }

    [Fact]
    public async Task Connection_is_accepted_on_a_stream()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync($"ws://{listener.LocalEndpoint}/");
        TcpClient accepted = await listener.AcceptTcpClientAsync();
        Stream stream = accepted.GetStream();

        // snippet: any stream
        await using var acceptor = new WebSocketAcceptor(new WebSocketAcceptorOptions { AllowedOrigins = ["https://example.com"] });
        await using WebSocketConnection connection = await acceptor.AcceptAsync(stream);
        await connection.SendAsync("from a stream");
        // end snippet

        await using WebSocketConnection client = await connecting;
        Assert.Equal("from a stream", (await client.ReceiveMessageAsync()).GetText());
        await client.CloseAsync();
    }

    private static ValueTask<string?> FindUserAsync(string? session, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(session == "7" ? "Ann" : null);
    }
}
