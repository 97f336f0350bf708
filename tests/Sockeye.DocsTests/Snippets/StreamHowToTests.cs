using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;

namespace Sockeye.Tests;

public sealed class StreamHowToTests
{
    [Fact]
    public async Task A_connection_is_read_and_written_as_a_stream_and_as_a_pipe()
    {
        await using var server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new Echo());
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: as a stream
        await using var connection = await WebSocketClient.ConnectAsync(address);
        await using Stream stream = connection.AsStream(WebSocketMessageKind.Text);
        using var reader = new StreamReader(stream);

        await stream.WriteAsync("first line\nsecond "u8.ToArray());
        await stream.WriteAsync("line\n"u8.ToArray());
        string? first = await reader.ReadLineAsync();
        string? second = await reader.ReadLineAsync();
        // end snippet

        // snippet: as a pipe
        await using var other = await WebSocketClient.ConnectAsync(address);
        IDuplexPipe pipe = other.AsDuplexPipe();

        pipe.Output.Write("12;34;"u8);
        await pipe.Output.FlushAsync(); // one message

        ReadResult result = await pipe.Input.ReadAsync();
        SequencePosition? end = result.Buffer.PositionOf((byte)';');
        string number = Encoding.ASCII.GetString(result.Buffer.Slice(0, end!.Value));
        pipe.Input.AdvanceTo(result.Buffer.GetPosition(1, end.Value));
        await pipe.Output.CompleteAsync(); // closes the connection
        // end snippet

        Assert.Equal("first line", first);
        Assert.Equal("second line", second);
        Assert.Equal("12", number);
    }

    [Fact]
    public async Task A_reader_skips_what_is_not_the_newest()
    {
        string? shown = null;
        var skipped = new TaskCompletionSource();
        await using var server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) },
            async (connection, cancellation) =>
            {
                await connection.SendAsync("old", cancellation);
                await connection.SendAsync("new", cancellation);
                await skipped.Task.WaitAsync(cancellation);
            });
        await using var connection = await WebSocketClient.ConnectAsync(new Uri($"ws://{server.LocalEndPoint}/"));
        Task closing = CloseAtEndAsync();

        // snippet: conflate
        await foreach (WebSocketMessage message in connection.ReadAllAsync())
        {
            if (!message.HasMore)
            {
                Show(message.GetText());
            }
        }
        // end snippet

        await closing;
        Assert.Equal("new", shown);

        void Show(string text)
        {
            shown = text;
            if (text == "new")
            {
                skipped.SetResult();
            }
        }

        async Task CloseAtEndAsync() => await connection.Closed;
    }
}
