// A chat between web pages: open the printed URL in two browser windows.
//
//   dotnet run --project samples/BrowserClient
//
// prints
//
//   Open http://127.0.0.1:…/
//   #1: a page has connected
// and every message from then on. Pages of other origins are rejected, since they could act with the user's credentials.

using System.Net;
using Sockeye;

// Kestrel serves the page, and Sockeye the WebSocket connections.
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
await using WebApplication pages = builder.Build();
string page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "page.html"));
string address = "";
pages.MapGet("/", () => Results.Content(page.Replace("ADDRESS", address, StringComparison.Ordinal), "text/html"));
await pages.StartAsync();
string origin = pages.Urls.Single();

var options = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
    AllowedOrigins = [origin],
    Subprotocols = ["chat.v1"],
};
await using var chat = new WebSocketServer(options, async (server, connection, cancellation) =>
{
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        string text = $"#{connection.Id}: {message.GetText()}";
        Console.WriteLine(text);
        server.Broadcast(text);
    }
});
await chat.StartAsync();
address = $"ws://127.0.0.1:{chat.Port}/";
Console.WriteLine($"Open {origin}/");
await pages.WaitForShutdownAsync();
