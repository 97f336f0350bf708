using System.Net;

namespace Sockeye.Tests;

public sealed class CompressionHowToTests
{
    private static readonly IPEndPoint EndPoint = new(IPAddress.Loopback, 0);

    [Fact]
    public async Task Server_compresses_for_clients_that_offer_it()
    {
        // snippet: compressing server
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Compression = PerMessageDeflateOptions.Shared,
        };
        await using var server = await WebSocketServer.StartAsync(options, new Echo());
        // end snippet
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: agreed extensions
        bool isCompressed = connection.Extensions.Length != 0;
        // end snippet

        // snippet: message that is not compressed
        string page = "Your API key is 4711.";
        await connection.SendAsync(page, compress: false);
        // end snippet

        Assert.True(isCompressed);
        Assert.Equal(page, (await connection.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task Options_are_adjusted_from_a_preset()
    {
        await using var server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = EndPoint, Compression = PerMessageDeflateOptions.Default }, new Echo());
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: adjusted compression
        var options = new WebSocketClientOptions
        {
            Compression = PerMessageDeflateOptions.Dedicated with
            {
                MinimumLength = 256,
                EncoderIdleTimeout = TimeSpan.FromMinutes(5),
            },
        };
        await using var connection = await WebSocketClient.ConnectAsync(address, options);
        // end snippet

        Assert.Contains("server_max_window_bits=12", connection.Extensions, StringComparison.Ordinal);

        // snippet: no compression
        var plain = new WebSocketClientOptions { Compression = PerMessageDeflateOptions.Disabled };
        // end snippet

        await using var plainConnection = await WebSocketClient.ConnectAsync(address, plain);
        Assert.Equal("", plainConnection.Extensions);
    }

    [Fact]
    public async Task Prepared_message_is_sent_to_many_connections()
    {
        await using var server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = EndPoint, Compression = PerMessageDeflateOptions.Default }, new Echo());
        await using var first = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        await using var second = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: prepared message
        string news = string.Concat(Enumerable.Repeat("news ", 1_000));
        var message = WebSocketPreparedMessage.Text(news);
        foreach (WebSocketConnection connection in server.GetConnections())
        {
            if (connection.TrySend(message) == WebSocketSendResult.Refused)
            {
                connection.Abort(); // it is too slow to keep up
            }
        }
        // end snippet

        Assert.Equal(news, (await first.ReceiveMessageAsync()).GetText());
        Assert.Equal(news, (await second.ReceiveMessageAsync()).GetText());
    }
}
