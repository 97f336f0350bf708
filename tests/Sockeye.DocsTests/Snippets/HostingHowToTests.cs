using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sockeye.Hosting;

namespace Sockeye.Tests;

public sealed class HostingHowToTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_server_is_added_and_its_handlers_have_services()
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "The program of the page gets an address that is known before it starts.");
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        Task running = RunAsync([$"--Sockeye:Servers:orders:EndPoint=unix:{path}", "--Logging:LogLevel:Default=None"]);
        await Deadlines.UntilAsync(() => Listens(path) || running.IsCompleted, "the server listens");
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync($"ws+unix:{path}:/").WaitAsync(Deadline);
        await client.SendAsync("7");
        Assert.Equal("order 7", await ReceiveAsync(client));

        await client.SendAsync(Database.StopOrder);
        await running.WaitAsync(Deadline);
        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed.WaitAsync(Deadline)).Code);

        static async Task RunAsync(string[] args)
        {
            // snippet: add a hosted server
            HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
            builder.Services.AddScoped<Database>();
            builder.Services.AddSockeyeServer<OrderHandler>("orders");
            using IHost host = builder.Build();
            await host.RunAsync();
            // end snippet
        }
    }

    [Fact]
    public async Task Methods_and_routes_serve_too()
    {
        using IHost host = await StartAsync(Addresses("time", "search", "all"), services =>
        {
            services.AddScoped<Database>();

            // snippet: other handlers of a hosted server
            services.AddSockeyeServer("time", (connection, cancellation) => connection.SendAsync($"{DateTime.UtcNow:O}", cancellation).AsTask());

            services.AddSockeyeServer("search", async (connection, scope, cancellation) =>
            {
                var database = scope.GetRequiredService<Database>();
                await foreach (var message in connection.ReadAllAsync(cancellation))
                {
                    await connection.SendAsync(await database.FindAsync(message.GetText()), cancellation);
                }
            });

            services.AddSockeyeServer("all", provider => new WebSocketRoutes()
                .Map<OrderHandler>("/orders", provider)
                .Map("/echo", new Echo()));
            // end snippet
        });

        await using WebSocketConnection time = await ConnectAsync(host, "time");
        Assert.EndsWith("Z", await ReceiveAsync(time), StringComparison.Ordinal);
        foreach ((string name, string path, string expected) in ((string, string, string)[])
            [("search", "/", "order 7"), ("all", "/orders", "order 7"), ("all", "/echo", "7")])
        {
            await using WebSocketConnection client = await ConnectAsync(host, name, path);
            await client.SendAsync("7");
            Assert.Equal(expected, await ReceiveAsync(client));
        }
    }

    [Fact]
    public async Task A_service_broadcasts_through_the_keyed_server()
    {
        using IHost host = await StartAsync(
            Addresses("orders"), services => services.AddSingleton<Announcements>().AddSockeyeServer("orders", new Echo()));
        await using WebSocketConnection client = await ConnectAsync(host, "orders");

        // A client may be connected a moment before the server counts it.
        await Deadlines.UntilAsync(
            () => host.Services.GetRequiredKeyedService<WebSocketServer>("orders").ConnectionCount == 1, "the client is counted");
        Assert.Equal(1, host.Services.GetRequiredService<Announcements>().Announce("closed on Monday"));
        Assert.Equal("closed on Monday", await ReceiveAsync(client));
    }

    [Fact]
    public async Task The_configuration_of_the_page_is_read()
    {
        (string Language, string Text) block = Assert.Single(
            MarkdownPage.Read("docs/how-to/hosting.md").CodeBlocks, block => block.Language == "json");
        WebSocketServerOptions? read = null;
        WebSocketStopOptions? stop = null;

        using IHost host = await StartAsync(block.Text, services => services
            .AddSockeyeServer("orders", new Echo(), options => (read = options) with { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) })
            .ConfigureSockeyeStop(options => stop = options));

        Assert.Equal(new IPEndPoint(IPAddress.IPv6Any, 8080), read!.EndPoint);
        Assert.Equal(20_000, read.MaxConnections);
        Assert.Equal(["https://example.com"], read.AllowedOrigins);
        Assert.Equal(PerMessageDeflateOptions.Shared, read.Compression);
        Assert.Equal(65_536, read.Connection.Limits.MaxMessageLength);
        Assert.Equal(TimeSpan.FromSeconds(15), read.Connection.KeepAlive.PingInterval);
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)), (stop!.DrainTimeout, stop.ClosePeriod));
        Assert.Equal((TimeSpan.FromSeconds(20), "The server is stopping."), (stop.AbortTimeout, stop.CloseReason));
    }

    [Fact]
    public async Task A_typo_fails_the_start_with_the_message_of_the_page()
    {
        (string Language, string Text) block = Assert.Single(
            MarkdownPage.Read("docs/how-to/hosting.md").CodeBlocks, block => block.Language == "text");

        OptionsValidationException thrown = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(
            """{ "Sockeye": { "Servers": { "orders": { "EndPoint": "127.0.0.1:0", "MaxConections": 1 } } } }""",
            services => services.AddSockeyeServer("orders", new Echo())));

        Assert.StartsWith(block.Text.TrimEnd().TrimEnd('…'), thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_sets_what_a_configuration_cannot()
    {
        using IHost host = await StartAsync(Addresses("orders"), services =>
        {
            services.AddSingleton<Database>();

            // snippet: configure a hosted server
            services.AddSockeyeServer<OrderHandler>("orders", options => options with
            {
                OnUpgrade = (request, _) => request.Query == "token=secret"
                    ? WebSocketUpgradeDecision.Accept()
                    : WebSocketUpgradeDecision.Reject(401),
            });

            services.ConfigureSockeyeServer("orders", (provider, options) => options with
            {
                AllowedOrigins = provider.GetRequiredService<Database>().Origins,
            });
            // end snippet
        });

        await using WebSocketConnection client = await ConnectAsync(host, "orders", "/?token=secret");
        WebSocketHandshakeException rejected = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(host, "orders"));
        Assert.Equal(401, rejected.StatusCode);
    }

    [Fact]
    public async Task A_service_reaches_the_connections_of_the_acceptor()
    {
        using IHost host = await StartAsync("{}", services =>
        {
            // snippet: hosted acceptor
            services.AddSockeye(options => options with { MaxConnections = 1000 });
            services.AddSingleton<Ticker>();
            // end snippet
        });

        await host.Services.GetRequiredService<Ticker>().TickAsync(1, CancellationToken.None);
        Assert.Equal(0, host.Services.GetRequiredService<IWebSocketConnections>().Count);
    }

    [Fact]
    public async Task A_stop_spreads_close_frames_and_says_why()
    {
        using IHost host = await StartAsync(Addresses("orders"), services =>
        {
            services.AddSockeyeServer("orders", new Echo());

            // snippet: stop of a host
            services.ConfigureSockeyeStop(options => options with
            {
                ClosePeriod = TimeSpan.FromSeconds(5),
                CloseCode = WebSocketCloseCode.ServiceRestart,
                CloseReason = "restart",
            });
            services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(40));
            // end snippet
        });
        await using WebSocketConnection client = await ConnectAsync(host, "orders");

        await host.StopAsync().WaitAsync(Deadline);

        WebSocketCloseResult result = await client.Closed.WaitAsync(Deadline);
        Assert.Equal((WebSocketCloseCode.ServiceRestart, "restart"), (result.Code, result.Reason));
    }

    [Fact]
    public async Task Health_is_reported()
    {
        using IHost host = await StartAsync(Addresses("orders"), services =>
        {
            services.AddSockeyeServer("orders", new Echo());

            // snippet: health of hosted servers
            services.AddHealthChecks().AddSockeye(tags: ["ready"]);
            // end snippet
        });

        HealthReport report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Healthy, report.Status);
    }

    private static bool Listens(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            // Not yet: that is the answer.
            return false;
        }
    }

    private static string Addresses(params string[] names) =>
        $$"""{ "Sockeye": { "Servers": { {{string.Join(", ", names.Select(name => $$"""  "{{name}}": { "EndPoint": "127.0.0.1:0" } """))}} } } }""";

    private static async Task<IHost> StartAsync(string json, Action<IServiceCollection> configure)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)));
        configure(builder.Services);
        IHost host = builder.Build();
        await host.StartAsync().WaitAsync(Deadline);
        return host;
    }

    private static Task<WebSocketConnection> ConnectAsync(IHost host, string name, string path = "/") => WebSocketClient.ConnectAsync(
        $"ws://{host.Services.GetRequiredKeyedService<WebSocketServer>(name).LocalEndPoint}{path}").WaitAsync(Deadline);

    private static async Task<string?> ReceiveAsync(WebSocketConnection connection) =>
        (await connection.ReceiveAsync().AsTask().WaitAsync(Deadline))?.GetText();
}

// snippet: handler with services
public sealed class OrderHandler(Database database) : WebSocketHandler
{
    public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
        await connection.SendAsync(await database.FindAsync(message.GetText()));
}
// end snippet

// snippet: service with a server
public sealed class Announcements([FromKeyedServices("orders")] WebSocketServer server)
{
    public int Announce(string text) => server.Broadcast(text);
}
// end snippet

// snippet: service with connections
public sealed class Ticker(IWebSocketConnections connections)
{
    public async Task TickAsync(decimal price, CancellationToken cancellation)
    {
        var message = WebSocketPreparedMessage.Text($"{price}");
        int count = await connections.BroadcastAsync(message, where: one => one.Request!.Path == "/prices", cancellation);
        Console.WriteLine($"{count} of {connections.Count} know the price");
    }
}
// end snippet

public sealed class Database(IHostApplicationLifetime lifetime)
{
    public const string StopOrder = "stop";

    public string[] Origins { get; } = ["https://example.com"];

    public ValueTask<string> FindAsync(string id)
    {
        if (id == StopOrder)
        {
            lifetime.StopApplication();
        }

        return ValueTask.FromResult($"order {id}");
    }
}
