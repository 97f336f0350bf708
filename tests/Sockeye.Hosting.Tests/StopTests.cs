using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sockeye.Tests;

/// <summary>A host that stops drains and closes the connections before anything else of it stops.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task Connections_are_closed_with_1001_and_a_reason_before_other_services_stop()
    {
        using IHost host = await Hosts.StartAsync(services => services
            .AddSingleton<LastToStop>()
            .AddHostedService(provider => provider.GetRequiredService<LastToStop>())
            .AddSockeye()
            .AddSockeyeServer("chat", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
            .AddSingleton<FirstToStop>()
            .AddHostedService(provider => provider.GetRequiredService<FirstToStop>()));
        WebSocketAcceptor acceptor = host.Services.GetRequiredService<WebSocketAcceptor>();
        using var port = new AcceptingPort(acceptor);
        await using WebSocketConnection accepted = await port.ConnectAsync();
        await using WebSocketConnection served = await host.ConnectAsync("chat");
        await Deadlines.UntilAsync(() => acceptor.ConnectionCount == 1, "the connection is open");

        await host.StopAsync().WithDeadline();

        Assert.True(host.Services.GetRequiredService<FirstToStop>().HasSeenTheEnd);
        Assert.True(host.Services.GetRequiredService<LastToStop>().HasSeenTheEnd);
        foreach (WebSocketConnection client in new[] { accepted, served })
        {
            WebSocketCloseResult result = await client.Closed.WithDeadline();
            Assert.Equal((WebSocketCloseCode.GoingAway, "The server is stopping."), (result.Code, result.Reason));
            Assert.True(result.WasClean);
        }

        WebSocketHandshakeException rejected = await Assert.ThrowsAsync<WebSocketHandshakeException>(port.ConnectAsync);
        Assert.Equal(503, rejected.StatusCode);
    }

    [Fact]
    public async Task The_options_of_a_stop_come_from_the_configuration_then_from_code_and_those_of_a_server_from_its_section()
    {
        using IHost host = await Hosts.StartAsync(
            """
            {
              "Sockeye": {
                "Stop": { "CloseCode": 1012, "CloseReason": "restart" },
                "Servers": {
                  "a": { "EndPoint": "127.0.0.1:0" },
                  "b": { "EndPoint": "127.0.0.1:0", "Stop": { "CloseReason": "moved" } },
                  "c": { "EndPoint": "127.0.0.1:0" }
                }
              }
            }
            """,
            services => services
                .AddSockeyeServer("a", Hosts.EchoAsync)
                .AddSockeyeServer("b", Hosts.EchoAsync)
                .AddSockeyeServer("c", Hosts.EchoAsync)
                .ConfigureSockeyeStop(options => options with { CloseReason = options.CloseReason + "!" })
                .ConfigureSockeyeStop("C", options => options with { CloseReason = options.CloseReason + "?" }));
        await using WebSocketConnection a = await host.ConnectAsync("a");
        await using WebSocketConnection b = await host.ConnectAsync("b");
        await using WebSocketConnection c = await host.ConnectAsync("c");

        await host.StopAsync().WithDeadline();

        Assert.Equal((WebSocketCloseCode)1012, (await a.Closed.WithDeadline()).Code);
        Assert.Equal("restart!", (await a.Closed).Reason);
        Assert.Equal("moved", (await b.Closed.WithDeadline()).Reason);
        Assert.Equal("restart!?", (await c.Closed.WithDeadline()).Reason);
    }

    [Fact]
    public async Task An_application_that_wants_no_code_gets_no_reason_either()
    {
        using IHost host = await Hosts.StartAsync(services => services
            .AddSockeyeServer("chat", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
            .ConfigureSockeyeStop(options => options with { CloseCode = null }));
        await using WebSocketConnection client = await host.ConnectAsync("chat");

        await host.StopAsync().WithDeadline();

        WebSocketCloseResult result = await client.Closed.WithDeadline();
        Assert.Equal((WebSocketCloseCode.NoStatusReceived, ""), (result.Code, result.Reason));
    }

    [Fact]
    public async Task All_servers_reject_and_drain_at_the_same_time_and_a_client_that_leaves_ends_the_stop()
    {
        using IHost host = await Hosts.StartAsync(services => services
            .AddSockeyeServer("a", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
            .AddSockeyeServer("b", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
            .ConfigureSockeyeStop(options => options with { DrainTimeout = TimeSpan.FromHours(1) }));
        await using WebSocketConnection a = await host.ConnectAsync("a");
        await using WebSocketConnection b = await host.ConnectAsync("b");

        Task stopping = host.StopAsync();
        await Deadlines.UntilAsync(
            () => host.Server("a").IsStopping && host.Server("b").IsStopping, "both stops have begun");
        await b.SendAsync("still served");
        Assert.Equal("still served", await b.ReceiveTextAsync());
        await a.CloseAsync().WithDeadline();
        await Deadlines.StaysIncompleteAsync(stopping);
        await b.CloseAsync().WithDeadline();

        await stopping.WithDeadline();
    }

    [Fact]
    public async Task The_shutdown_timeout_of_the_host_ends_a_stop_that_still_drains()
    {
        using IHost host = await Hosts.StartAsync(services => services
            .Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100))
            .AddSockeyeServer("chat", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
            .ConfigureSockeyeStop(options => options with { DrainTimeout = TimeSpan.FromHours(1) }));
        await using WebSocketConnection client = await host.ConnectAsync("chat");

        await host.StopAsync().WithDeadline();

        Assert.True(host.Server("chat").Completion.IsCompleted);
        await client.Closed.WithDeadline();
    }

    [Fact]
    public async Task A_host_that_knows_only_the_two_old_methods_starts_and_stops_everything()
    {
        using IHost host = Hosts.Build("{}", services => services
            .AddSockeye()
            .AddSockeyeServer("chat", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback }));
        IHostedService[] services = [.. host.Services.GetServices<IHostedService>()];
        foreach (IHostedService service in services)
        {
            await service.StartAsync(CancellationToken.None).WithDeadline();
        }

        await using WebSocketConnection client = await host.ConnectAsync("chat");
        foreach (IHostedService service in services)
        {
            await service.StopAsync(CancellationToken.None).WithDeadline();
        }

        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed.WithDeadline()).Code);
        Assert.True(host.Services.GetRequiredService<WebSocketAcceptor>().Completion.IsCompleted);
    }

    [Fact]
    public async Task A_host_that_is_disposed_of_without_a_stop_stops_its_servers()
    {
        IHost host = await Hosts.StartAsync(services => services
            .AddSockeyeServer("chat", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback }));
        WebSocketServer server = host.Server("chat");
        await using WebSocketConnection client = await host.ConnectAsync("chat");

        await Task.Run(host.Dispose).WithDeadline();

        Assert.True(server.Completion.IsCompleted);
        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed.WithDeadline()).Code);
    }

    // The host stops services in the reverse of the order in which they were added.
    private sealed class FirstToStop(IServiceProvider services) : StoppingService(services);

    private sealed class LastToStop(IServiceProvider services) : StoppingService(services);

    private abstract class StoppingService(IServiceProvider services) : IHostedService
    {
        public bool HasSeenTheEnd { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            HasSeenTheEnd = services.GetRequiredService<WebSocketAcceptor>().Completion.IsCompleted
                && services.GetRequiredKeyedService<WebSocketServer>("chat").Completion.IsCompleted;
            return Task.CompletedTask;
        }
    }
}
