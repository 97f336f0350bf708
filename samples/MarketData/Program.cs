// Sends prices to a client that reads far too slowly: it misses most of them, and gets the last price of each symbol.
//
//   dotnet run --project samples/MarketData
//
// prints
//
//   Sent 200000 prices; the slow client has … bytes waiting, and … prices were replaced by newer ones
//   CHFUSD: 199999, the last of … received
//   EURUSD: 199997, the last of … received
//   GBPUSD: 199998, the last of … received

using System.Net;
using Sockeye;

const int Count = 200_000;
string[] symbols = ["GBPUSD", "CHFUSD", "EURUSD"];
var options = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
    Connection = new() { SlowConsumer = SlowConsumerOptions.LatestPerKey },

    // What the system has taken can no longer be replaced: let it take no more than it can send.
    Socket = new() { MaxUnsentLength = 16 * 1024 },
};
await using var server = new WebSocketServer(options, static (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation));
await server.StartAsync();
await using var client = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/");
await UntilAsync(() => server.ConnectionCount == 1);

// The client receives nothing meanwhile.
for (int price = 0; price < Count; price++)
{
    string symbol = symbols[price % symbols.Length];
    server.Broadcast(WebSocketPreparedMessage.Text($"{symbol} {price} {new string('.', 100)}", key: symbol));
}

WebSocketConnection connection = server.GetConnections().Single();
Console.WriteLine(
    $"Sent {Count} prices; the slow client has {connection.SendBufferLength} bytes waiting, "
    + $"and {connection.DropCounts.Replaced} prices were replaced by newer ones");

// The close comes after everything that waits.
Task closing = server.CloseAllAsync(WebSocketCloseCode.NormalClosure);
var last = new SortedDictionary<string, string>();
var received = new Dictionary<string, int>();
await foreach (WebSocketMessage message in client.ReadAllAsync())
{
    string[] words = message.GetText().Split(' ');
    last[words[0]] = words[1];
    received[words[0]] = received.GetValueOrDefault(words[0]) + 1;
}

await closing;
foreach ((string symbol, string price) in last)
{
    Console.WriteLine($"{symbol}: {price}, the last of {received[symbol]} received");
}

static async Task UntilAsync(Func<bool> condition)
{
    while (!condition())
    {
        await Task.Delay(1);
    }
}
