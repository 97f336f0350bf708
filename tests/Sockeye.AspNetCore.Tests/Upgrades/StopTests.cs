using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>The stop of an application, over each path through a server.</summary>
public sealed class StopTests
{
    [Theory]
    [EachPath] // PF-02
    public async Task Connections_are_closed_with_1001_before_Kestrel_aborts_anything(ServerPath path)
    {
        const int Count = 20;
        await using TestApp app = await StartAsync(path);
        WebSocketConnection[] clients =
            await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => PathApp.ConnectAsync(path, app)));
        WebSocketAcceptor acceptor = app.App.Services.GetRequiredService<WebSocketAcceptor>();
        await Deadlines.UntilAsync(() => acceptor.ConnectionCount == Count, "the server has opened all of them");

        Task stopping = app.App.StopAsync();
        WebSocketCloseResult[] results = await Task.WhenAll(clients.Select(static client => client.Closed)).WithDeadline();
        await stopping.WithDeadline();

        Assert.All(results, static result => Assert.Equal(WebSocketCloseCode.GoingAway, result.Code));
        Assert.All(results, static result => Assert.True(result.WasClean));
        Assert.Equal(0, acceptor.ConnectionCount);
    }

    [Theory]
    [EachPath]
    public async Task What_was_sent_before_the_stop_arrives(ServerPath path)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        await using TestApp app = await PathApp.StartAsync(path, app => app.Run(HandlerEndpoint.For(
            WebSocketHandler.FromDelegate(async (connection, _) =>
            {
                opened.SetResult(connection);
                await connection.Closed;
            }))));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);
        WebSocketConnection server = await opened.Task.WithDeadline();

        for (int i = 0; i < 100; i++)
        {
            await server.SendAsync($"{i}");
        }

        Task stopping = app.App.StopAsync();
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal($"{i}", (await client.ReceiveMessageAsync().AsTask().WithDeadline()).GetText());
        }

        Assert.Null(await client.ReceiveAsync().AsTask().WithDeadline());
        await stopping.WithDeadline();
    }

    [Theory]
    [EachPath]
    public async Task A_client_that_does_not_close_is_aborted_when_the_time_is_over(ServerPath path)
    {
        await using TestApp app = await StartAsync(
            path,
            static builder => builder.Services.ConfigureSockeyeStop(
                static stop => stop with { AbortTimeout = TimeSpan.FromMilliseconds(300) }));
        await using WebSocketConnection client = await PathApp.ConnectAsync(
            path, app, options: new() { Connection = new() { Limits = new() { MaxInboxLength = 1 } } });
        client.PauseReceiving();

        await app.App.StopAsync().WithDeadline();

        client.ResumeReceiving();
        await client.Closed.WithDeadline();
    }

    private static Task<TestApp> StartAsync(ServerPath path, Action<WebApplicationBuilder>? build = null) =>
        PathApp.StartAsync(path, static app => app.Run(HandlerEndpoint.For(new Silent())), build: build);

    private sealed class Silent : WebSocketHandler;
}
