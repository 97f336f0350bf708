// A server and a client in one program, published trimmed and self-contained: prints "ok" if nothing that they need was
// cut away.

using System.Net;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Sockeye;
using Sockeye.Testing;

TimeSpan deadline = TimeSpan.FromSeconds(20);
byte[] bytes = [0, 1, 2, 255];
string repetitive = string.Concat(Enumerable.Repeat("""{"name":"sockeye","value":12345}""", 100));
var options = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
    Compression = PerMessageDeflateOptions.Default,
};

await using WebSocketServer server = await WebSocketServer.StartAsync(options, async (connection, cancellation) =>
{
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        await connection.SendAsync(message, cancellation);
    }
});

await using WebSocketConnection client =
    await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/").WaitAsync(deadline);

await client.SendAsync("grüße");
WebSocketMessage? text = await client.ReceiveAsync().AsTask().WaitAsync(deadline);
bool isTextRight = text?.Kind == WebSocketMessageKind.Text && text?.GetText() == "grüße";

await client.SendAsync(bytes);
WebSocketMessage? binary = await client.ReceiveAsync().AsTask().WaitAsync(deadline);
bool isBinaryRight = binary?.Kind == WebSocketMessageKind.Binary && binary.Value.Payload.Span.SequenceEqual(bytes);

// Compression comes from a library of the platform, which is looked for when it is needed: without it nothing is agreed on.
await client.SendAsync(repetitive);
WebSocketMessage? inflated = await client.ReceiveAsync().AsTask().WaitAsync(deadline);
bool isCompressionRight = client.Extensions.StartsWith("permessage-deflate", StringComparison.Ordinal)
    && inflated?.GetText() == repetitive;

await client.SendJsonAsync(new Greeting("grüße", 3), Greetings.Default.Greeting);
Greeting? greeting = await client.ReceiveJsonAsync(Greetings.Default.Greeting).AsTask().WaitAsync(deadline);
bool isJsonRight = greeting == new Greeting("grüße", 3);

WebSocketCloseResult result = await client.CloseAsync().AsTask().WaitAsync(deadline);

await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync().WaitAsync(deadline);
await pair.Client.SendAsync("in memory");
WebSocketMessage? inMemory = await pair.Server.ReceiveAsync().AsTask().WaitAsync(deadline);
bool isPairRight = inMemory?.GetText() == "in memory";

// Options come from a configuration without reflection, and a handler is created by its constructor.
await using ServiceProvider services = new ServiceCollection()
    .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Sockeye:Servers:trimmed:EndPoint"] = "127.0.0.1:0",
        ["Sockeye:Servers:trimmed:Connection:Limits:MaxMessageLength"] = "1000",
        ["Sockeye:Servers:trimmed:Compression"] = "Shared",
    }).Build())
    .AddSingleton(new Greeting("hosted", 1))
    .AddSockeyeServer<GreetingHandler>("trimmed")
    .BuildServiceProvider();
IHostedService hosted = services.GetServices<IHostedService>().Single();
await hosted.StartAsync(CancellationToken.None).WaitAsync(deadline);
WebSocketServer hostedServer = services.GetRequiredKeyedService<WebSocketServer>("trimmed");
await using WebSocketConnection guest =
    await WebSocketClient.ConnectAsync($"ws://{hostedServer.LocalEndPoint}/").WaitAsync(deadline);
WebSocketMessage? welcome = await guest.ReceiveAsync().AsTask().WaitAsync(deadline);
bool isHostRight = welcome?.GetText() == "hosted";
await hosted.StopAsync(CancellationToken.None).WaitAsync(deadline);

bool isRight = isTextRight && isBinaryRight && isCompressionRight && isJsonRight && result.WasClean && isPairRight && isHostRight;
Console.WriteLine(isRight
    ? "ok"
    : $"text {isTextRight}, binary {isBinaryRight}, compression {isCompressionRight}, JSON {isJsonRight}, "
        + $"clean close {result.WasClean}, pair {isPairRight}, host {isHostRight}");
return isRight ? 0 : 1;

internal sealed record Greeting(string Text, int Count);

[JsonSerializable(typeof(Greeting))]
internal sealed partial class Greetings : JsonSerializerContext;

internal sealed class GreetingHandler(Greeting greeting) : WebSocketHandler
{
    public override void OnOpened(WebSocketConnection connection) => connection.TrySend(greeting.Text);
}
