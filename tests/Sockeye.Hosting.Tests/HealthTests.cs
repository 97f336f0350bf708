using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Sockeye.Tests;

/// <summary>The health check of the acceptor and the servers.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task Healthy_while_everything_accepts_and_unhealthy_before_the_start_and_while_it_drains()
    {
        using IHost host = Hosts.Build("{}", services => services
            .AddSockeye()
            .AddSockeyeServer("chat", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
            .ConfigureSockeyeStop(options => options with { DrainTimeout = TimeSpan.FromHours(1) })
            .AddHealthChecks().AddSockeye(tags: ["ready"]));
        HealthReportEntry early = await CheckAsync(host);
        Assert.Equal(HealthStatus.Unhealthy, early.Status);
        Assert.Equal("The server 'chat' does not listen yet.", early.Description);

        await host.StartAsync().WithDeadline();
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        HealthReportEntry running = await CheckAsync(host);
        Assert.Equal(HealthStatus.Healthy, running.Status);
        Assert.Equal((0, 1), (running.Data["connections"], running.Data["chat:connections"]));
        Assert.Equal(["ready"], running.Tags);

        Task stopping = host.StopAsync();
        await Deadlines.UntilAsync(() => host.Server("chat").IsStopping, "the stop has begun");
        HealthReportEntry draining = await CheckAsync(host);
        Assert.Equal(HealthStatus.Unhealthy, draining.Status);
        Assert.Equal("The acceptor is stopping. The server 'chat' is stopping.", draining.Description);
        await client.CloseAsync().WithDeadline();
        await stopping.WithDeadline();
    }

    [Fact]
    public async Task Degraded_while_a_callback_holds_up_an_event_loop()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Event loops are used on Linux alone.");
        using var goesOn = new ManualResetEventSlim();
        using IHost host = await Hosts.StartAsync(services => services
            .AddSockeyeServer("chat", new Blocking(goesOn), options => options with { EndPoint = Hosts.Loopback })
            .AddHealthChecks().AddSockeye("sockets", stallThreshold: TimeSpan.FromMilliseconds(100)));
        await using WebSocketConnection client = await host.ConnectAsync("chat");
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);

        await client.SendAsync("block");
        await Deadlines.UntilAsync(
            () => host.Server("chat").LongestRunningCallback > TimeSpan.FromMilliseconds(100), "the loop is held up");
        HealthReportEntry stalled = await CheckAsync(host);
        goesOn.Set();

        Assert.Equal(HealthStatus.Degraded, stalled.Status);
        Assert.Contains("has kept an event loop of the server 'chat'", stalled.Description, StringComparison.Ordinal);
        await Deadlines.UntilAsync(
            () => host.Server("chat").LongestRunningCallback == TimeSpan.Zero, "the loop goes on");
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
    }

    [Fact]
    public async Task The_status_of_a_failure_can_be_chosen()
    {
        using IHost host = Hosts.Build("{}", services => services
            .AddSockeyeServer("chat", Hosts.EchoAsync, options => options with { EndPoint = Hosts.Loopback })
            .AddHealthChecks().AddSockeye(failureStatus: HealthStatus.Degraded));

        Assert.Equal(HealthStatus.Degraded, (await CheckAsync(host)).Status);
    }

    [Fact]
    public void A_threshold_of_zero_is_rejected()
    {
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new ServiceCollection().AddHealthChecks().AddSockeye(stallThreshold: TimeSpan.Zero));
    }

    private static async Task<HealthReportEntry> CheckAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync().WithDeadline()).Entries.Values.Single();

    private sealed class Blocking(ManualResetEventSlim goesOn) : WebSocketHandler
    {
        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            goesOn.Wait(Deadlines.Deadline);
    }
}
