// A chat of rooms in a minimal API: people sign in with a cookie, and the endpoint for WebSockets requires it.
//
//   dotnet run --project samples/MinimalApi
//
// prints
//
//   without a cookie: 401
//   from a page of another origin: 403
//   kitchen: alice: soup is ready
//   bob has received: alice: soup is ready
//   garden: carol: it rains
//   carol has received: carol: it rains
//
// With "-- serve" it goes on: open the printed URL in two browser windows.

using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Sockeye;
using Sockeye.Hosting;

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddAuthorization();
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
builder.Services.AddSockeye();

await using WebApplication app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();

app.MapGet("/", () => Results.File(Path.Combine(AppContext.BaseDirectory, "page.html"), "text/html"));

// JSON, because pages of other origins cannot send it: a form could be sent by any page.
app.MapPost("/login", (Login login) => TypedResults.SignIn(new ClaimsPrincipal(
    new ClaimsIdentity([new Claim(ClaimTypes.Name, login.Name)], CookieAuthenticationDefaults.AuthenticationScheme))));

app.MapWebSocket("/rooms/{room}", async (
    string room, ClaimsPrincipal user, IWebSocketConnections all, WebSocketConnection connection, CancellationToken cancellation) =>
{
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        string text = $"{user.Identity!.Name}: {message.GetText()}";
        Console.WriteLine($"{room}: {text}");
        all.Broadcast(text, where: other => other.Request!.GetRouteValue("room") == room);
    }
}).RequireAuthorization();

await app.StartAsync();
string address = app.Urls.Single();
string rooms = $"{address}/rooms";

await RejectedAsync("without a cookie", new());
CookieContainer alice = await LoginAsync("alice");
await RejectedAsync("from a page of another origin", new() { Cookies = alice, Origin = "https://evil.example" });

await using WebSocketConnection bob =
    await WebSocketClient.ConnectAsync($"{rooms}/kitchen", new WebSocketClientOptions { Cookies = await LoginAsync("bob") });
await using WebSocketConnection carol =
    await WebSocketClient.ConnectAsync($"{rooms}/garden", new WebSocketClientOptions { Cookies = await LoginAsync("carol") });
await using WebSocketConnection cook =
    await WebSocketClient.ConnectAsync($"{rooms}/kitchen", new WebSocketClientOptions { Cookies = alice });
await cook.SendAsync("soup is ready");
Console.WriteLine($"bob has received: {(await bob.ReceiveAsync())?.GetText()}");
await carol.SendAsync("it rains");
Console.WriteLine($"carol has received: {(await carol.ReceiveAsync())?.GetText()}");

if (args is ["serve"])
{
    Console.WriteLine($"Open {address}/");
    await app.WaitForShutdownAsync();
}

async Task<CookieContainer> LoginAsync(string name)
{
    var cookies = new CookieContainer();
    using var handler = new HttpClientHandler { CookieContainer = cookies };
    using var client = new HttpClient(handler);
    using HttpResponseMessage response = await client.PostAsJsonAsync($"{address}/login", new Login(name));
    response.EnsureSuccessStatusCode();
    return cookies;
}

async Task RejectedAsync(string who, WebSocketClientOptions options)
{
    try
    {
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync($"{rooms}/kitchen", options);
    }
    catch (WebSocketHandshakeException exception)
    {
        Console.WriteLine($"{who}: {exception.StatusCode}");
    }
}

/// <summary>Who signs in.</summary>
internal sealed record Login(string Name);
