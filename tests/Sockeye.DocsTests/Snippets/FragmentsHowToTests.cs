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

    [Fact]
    public async Task Frames_and_pieces_become_messages()
    {
        // snippet: fragment length
        var options = new WebSocketConnectionOptions { FragmentLength = 16 * 1024 };
        // end snippet

        await using var server = await WebSocketServer.StartAsync(
            new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Connection = options }, new Echo());
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: frames
        await using var frames = new WebSocketFrameWriter(connection);
        await frames.SendAsync(new WebSocketFrame(opcode: 1, "Hello, "u8.ToArray()) { Fin = false });
        await frames.SendAsync(new WebSocketFrame(opcode: 0, "world"u8.ToArray()));
        // end snippet

        Assert.Equal("Hello, world", (await connection.ReceiveMessageAsync()).GetText());

        // snippet: pieces
        ReadOnlyMemory<byte> header = "price "u8.ToArray();
        ReadOnlyMemory<byte> body = "12.50"u8.ToArray();
        await connection.SendAsync([header, body], WebSocketMessageKind.Text);
        // end snippet

        Assert.Equal("price 12.50", (await connection.ReceiveMessageAsync()).GetText());

        byte[] payload = new byte[100_000];
        await connection.SendAsync(payload);
        Assert.Equal(payload, (await connection.ReceiveMessageAsync()).ToArray());
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
