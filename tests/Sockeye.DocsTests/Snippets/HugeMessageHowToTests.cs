using System.IO.Compression;
using System.Net;
using System.Text.Json;

namespace Sockeye.Tests;

public sealed class HugeMessageHowToTests
{
    [Fact]
    public async Task A_file_is_sent_and_received_as_one_message()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        string path = Path.Combine(directory, "sent");
        string target = Path.Combine(directory, "received");
        await File.WriteAllBytesAsync(path, new byte[3_000_000]);

        // snippet: options
        var options = new WebSocketConnectionOptions
        {
            DeliverFragments = true,
            Limits = new() { MaxMessageLength = 100L * 1024 * 1024 * 1024 },
        };
        var serverOptions = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Connection = options };
        // end snippet

        // snippet: receive
        await using var server = await WebSocketServer.StartAsync(serverOptions, async (connection, cancellation) =>
        {
            await foreach (WebSocketMessageStream message in connection.ReadAllMessageStreamsAsync(cancellation))
            {
                try
                {
                    await using FileStream file = File.Create(target);
                    await message.CopyToAsync(file, cancellation);
                }
                catch (IOException)
                {
                    File.Delete(target); // It is incomplete.
                }
            }
        });
        // end snippet

        await using var connection = await WebSocketClient.ConnectAsync(new Uri($"ws://{server.LocalEndPoint}/"));

        // snippet: send
        await using (FileStream file = File.OpenRead(path))
        await using (WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Binary))
        {
            await file.CopyToAsync(writer);
            await writer.CompleteAsync();
        }
        // end snippet

        var result = await connection.CloseAsync();
        Assert.True(result.WasClean);
        Assert.Equal(3_000_000, new FileInfo(target).Length);

        await using var other = await WebSocketClient.ConnectAsync(new Uri($"ws://{server.LocalEndPoint}/"));
        WebSocketMessageWriter incomplete = other.BeginMessage(WebSocketMessageKind.Binary);
        await incomplete.WriteAsync(new byte[10]);
        await other.PingAsync();
        other.Abort();
        await server.StopAsync();
        Assert.False(File.Exists(target));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Serializers_and_compressors_write_into_a_message()
    {
        await using var server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new Echo());
        await using var connection = await WebSocketClient.ConnectAsync(new Uri($"ws://{server.LocalEndPoint}/"));
        int[] values = [.. Enumerable.Range(0, 1000)];

        // snippet: serialize
        await using (WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Text))
        {
            await JsonSerializer.SerializeAsync(writer, values);
            await writer.CompleteAsync();
        }
        // end snippet

        // snippet: compress
        await using (WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Binary))
        {
            await using (var gzip = new GZipStream(writer, CompressionLevel.Fastest, leaveOpen: true))
            {
                await JsonSerializer.SerializeAsync(gzip, values);
            }

            await writer.CompleteAsync();
        }
        // end snippet

        WebSocketMessageStream? plain = await connection.ReceiveMessageStreamAsync();
        Assert.Equal(values, await JsonSerializer.DeserializeAsync<int[]>(plain!));
        WebSocketMessageStream? compressed = await connection.ReceiveMessageStreamAsync();
        await using var inflated = new GZipStream(compressed!, CompressionMode.Decompress);
        Assert.Equal(values, await JsonSerializer.DeserializeAsync<int[]>(inflated));
    }
}
