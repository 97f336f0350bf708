// A worker, without ASP.NET Core, that hosts a server: its options are in appsettings.json, each connection has a handler with services,
// another service of the worker sends to all clients, and a stop closes the connections one after the other.
//
//   dotnet run --project samples/HostedService
//
// prints
//
//   the server is healthy
//   Ada: welcome, guest 1
//   Grace: welcome, guest 2
//   Ada: news 1
//   Grace: news 1
//   Ada: ServiceRestart, a new version starts
//   Grace: ServiceRestart, a new version starts

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Sockeye;

// The folder with appsettings.json; without this, it is the folder from which the worker is started.
HostApplicationBuilder builder = Host.CreateApplicationBuilder(
    new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services
    .AddSingleton<GuestBook>()
    .AddScoped<Visit>()
    .AddSockeyeServer<NewsHandler>("news")
    .AddHostedService<NewsWriter>()
    .AddHealthChecks().AddSockeye();
using IHost host = builder.Build();
await host.StartAsync();

HealthReport health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
Console.WriteLine($"the server is {health.Status}".ToLowerInvariant());

var server = host.Services.GetRequiredKeyedService<WebSocketServer>("news");
await using WebSocketConnection ada = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/?name=Ada");
await using WebSocketConnection grace = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/?name=Grace");
(string Name, WebSocketConnection Connection)[] clients = [("Ada", ada), ("Grace", grace)];
for (int messages = 0; messages < 2; messages++)
{
    foreach ((string name, WebSocketConnection connection) in clients)
    {
        Console.WriteLine($"{name}: {(await connection.ReceiveAsync())?.GetText()}");
    }
}

// As when systemd or Kubernetes ends the worker; a program that runs until then calls host.RunAsync().
await host.StopAsync();
foreach ((string name, WebSocketConnection connection) in clients)
{
    WebSocketCloseResult result = await connection.Closed;
    Console.WriteLine($"{name}: {result.Code}, {result.Reason}");
}

// Created for each connection, and disposed of with its services when the connection has ended.
internal sealed class NewsHandler(Visit visit, GuestBook book) : WebSocketHandler
{
    public override void OnOpened(WebSocketConnection connection)
    {
        connection.TrySend($"welcome, guest {visit.Number}");
        book.NoteWelcomed();
    }
}

// A scoped service: one for each connection, like a database context.
internal sealed class Visit(GuestBook book)
{
    public int Number { get; } = book.Enter();
}

internal sealed class GuestBook
{
    private readonly TaskCompletionSource _twoWelcomed = new();
    private int _entered;
    private int _welcomed;

    public Task TwoWelcomed => _twoWelcomed.Task;

    public int Enter() => Interlocked.Increment(ref _entered);

    public void NoteWelcomed()
    {
        if (Interlocked.Increment(ref _welcomed) == 2)
        {
            _twoWelcomed.SetResult();
        }
    }
}

// Any service reaches the clients through the server, which is a keyed service.
internal sealed class NewsWriter([FromKeyedServices("news")] WebSocketServer server, GuestBook book) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await book.TwoWelcomed.WaitAsync(stoppingToken);
        await server.BroadcastAsync("news 1", stoppingToken);
    }
}
