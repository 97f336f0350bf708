using System.Net;

namespace Sockeye.Tests;

public sealed class FragmentsHowToTests
{
    [Fact]
    public async Task Message_is_written_and_read_in_fragments()
    {
        var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        await using var server = await WebSocketServer.StartAsync(options, new Echo());
        var address = new Uri($"ws://{server.LocalEndPoint}/");
        using MemoryStream source = new(new byte[100_000]);
        using MemoryStream target = new();

        // snippet: deliver fragments
        var clientOptions = new WebSocketClientOptions
        {
            Connection = new() { DeliverFragments = true },
        };
        await using var connection = await WebSocketClient.ConnectAsync(address, clientOptions);
        // end snippet

        // snippet: write fragments
        await using (var writer = connection.BeginMessage(WebSocketMessageKind.Binary))
        {
            byte[] buffer = new byte[16 * 1024];
            int length;
            while ((length = await source.ReadAsync(buffer)) > 0)
            {
                await writer.WriteAsync(buffer.AsMemory(0, length));
            }

            await writer.CompleteAsync();
        }
        // end snippet

        // snippet: read fragments
        // On loan until the next receive, as a message is.
        while (await connection.ReceiveFragmentAsync() is { } fragment)
        {
            await target.WriteAsync(fragment.Payload);
            if (fragment.EndOfMessage)
            {
                break;
            }
        }
        // end snippet

        Assert.Equal(source.ToArray(), target.ToArray());
    }

    [Fact]
    public async Task A_handler_gets_each_fragment_in_place()
    {
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Connection = new() { DeliverFragments = true },
        };
        await using var server = await WebSocketServer.StartAsync(options, new Lengths());
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        await connection.SendAsync(new byte[1_000_000]);

        Assert.Equal("1000000", (await connection.ReceiveMessageAsync()).GetText());
    }

    // snippet: fragment handler
    internal sealed class Lengths : WebSocketHandler
    {
        public override void OnFragment(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
        {
            long length = (long)(connection.UserState ?? 0L) + payload.Length;
            connection.UserState = endOfMessage ? 0L : length;
            if (endOfMessage)
            {
                _ = connection.TrySend($"{length}");
            }
        }
    }
    // end snippet
}
