// SignalR on Sockeye: one line more than without. Two clients of SignalR talk through a hub; a page does the same in a browser.
//
//   dotnet run --project samples/SignalR
//
// prints
//
//   Open http://127.0.0.1:…/
//   Ada hears Bob: hello
//   Bob hears Bob: hello
//
// and goes on with "-- serve", for the page.

using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddSignalR();
await using WebApplication app = builder.Build();
app.UseSockeyeWebSockets();
app.MapHub<Chat>("/chat");
string page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "page.html"));
app.MapGet("/", () => Results.Content(page, "text/html"));
await app.StartAsync();
Console.WriteLine($"Open {app.Urls.Single()}/");

List<(string Name, Task<string> Heard)> listeners = [];
await using HubConnection ada = await JoinAsync("Ada");
await using HubConnection bob = await JoinAsync("Bob");
await bob.InvokeAsync("Say", "Bob", "hello");
foreach ((string name, Task<string> heard) in listeners)
{
    Console.WriteLine($"{name} hears {await heard}");
}

if (args.Contains("serve"))
{
    await app.WaitForShutdownAsync();
}

async Task<HubConnection> JoinAsync(string name)
{
    HubConnection connection = new HubConnectionBuilder().WithUrl($"{app.Urls.Single()}/chat").Build();
    TaskCompletionSource<string> heard = new();
    connection.On<string, string>("Said", (who, what) => heard.TrySetResult($"{who}: {what}"));
    listeners.Add((name, heard.Task));
    await connection.StartAsync();
    return connection;
}

internal sealed class Chat : Hub
{
    public async Task Say(string who, string what) => await Clients.All.SendAsync("Said", who, what);
}
