namespace Sockeye.Tests;

/// <summary>What a delegate receives, and can still reply to, when its connection ends.</summary>
public sealed class ServerDeliveryTests
{
    // Longer than the wait for an application that takes nothing (WebSocketConnectionOptions.CloseReplyDelay).
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(600);

    [Theory]
    [EachServer]
    public async Task A_slow_delegate_that_passes_its_token_on_loses_no_message(ServerKind kind)
    {
        var received = new List<string>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind),
            async (connection, cancellation) =>
            {
                try
                {
                    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
                    {
                        await Task.Delay(Work, cancellation);
                        await connection.SendAsync(message, cancellation);
                        received.Add(message.GetText());
                    }

                    done.SetResult();
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            });
        using RawPeer client = await ConnectAsync(kind, server);

        await client.SendAsync((byte[])
            [.. Masked(0x81, "A"), .. Masked(0x81, "B"), .. Masked(0x81, "C"), .. Masked(0x88, "\x03\xE8")]);

        foreach (string text in (string[])["A", "B", "C"])
        {
            Assert.Equal(text, (await client.ReadFrameAsync()).PayloadText);
        }

        Assert.Equal(1000, (await client.ReadFrameAsync()).CloseCode);
        await done.Task.WithDeadline();
        Assert.Equal(["A", "B", "C"], received);
    }

    [Theory]
    [EachServer]
    public async Task Messages_before_a_reset_are_received_before_the_token_is_canceled(ServerKind kind)
    {
        const int Count = 50;
        int received = 0;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind),
            async (connection, cancellation) =>
            {
                try
                {
                    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
                    {
                        started.TrySetResult();
                        await gone.Task;
                        Assert.True(received == Count - 1 || !cancellation.IsCancellationRequested);
                        received++;
                    }
                }
                catch (Exception exception)
                {
                    done.SetResult(exception);
                }
            });
        using RawPeer client = await ConnectAsync(kind, server);
        await client.SendAsync((byte[])[.. Enumerable.Repeat(Masked(0x81, "A"), Count).SelectMany(static frame => frame)]);
        await started.Task.WithDeadline();

        // Also what comes after the first read is there.
        await client.SendAsync(Masked(0x89, "?"));
        Assert.Equal("?", (await client.ReadFrameAsync()).PayloadText);
        client.Reset();
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the server has seen the reset");
        gone.SetResult();

        Assert.IsType<WebSocketClosedException>(await done.Task.WithDeadline());
        Assert.Equal(Count, received);
    }

    [Theory]
    [EachServer]
    public async Task The_token_is_canceled_when_the_peer_is_gone_and_no_message_is_left(ServerKind kind)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind),
            async (connection, cancellation) =>
            {
                await connection.ReceiveAsync(cancellation);
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                }
                catch (OperationCanceledException)
                {
                    cancelled.SetResult();
                }
            });
        using RawPeer client = await ConnectAsync(kind, server);
        await client.SendAsync(Masked(0x81, "A"));

        client.Reset();

        await cancelled.Task.WithDeadline();
    }

    [Theory]
    [EachServer]
    public async Task A_slow_client_gets_everything_sent_before_the_close(ServerKind kind)
    {
        // Much longer than CloseTimeout in all, and never without progress for as long.
        const int Length = 8 * 1024 * 1024;
        WebSocketServerOptions options = Servers.OptionsOf(kind);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            options with
            {
                Connection = options.Connection with
                {
                    CloseTimeout = TimeSpan.FromMilliseconds(500),
                    Limits = options.Connection.Limits with { MaxSendBufferLength = 2 * Length },
                },
            },
            static async (connection, cancellation) => await connection.SendAsync(new byte[Length], cancellation));
        using RawPeer client = await ConnectAsync(kind, server);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));

        long left = Length + 10 + 4;
        byte[] buffer = new byte[Length / 20];
        long read = 0;
        while (read < left)
        {
            int length = (int)Math.Min(buffer.Length, left - read);
            await client.Stream.ReadExactlyAsync(buffer.AsMemory(0, length)).AsTask().WithDeadline();
            read += length;
            await pace.WaitForNextTickAsync();
        }

        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the server's end is over too");
    }

    private static async Task<RawPeer> ConnectAsync(ServerKind kind, WebSocketServer server) =>
        kind.IsSecure()
            ? await RawPeer.OpenTlsAsync(server.LocalEndPoint)
            : await RawPeer.OpenAsync(server.LocalEndPoint);

    private static byte[] Masked(byte first, string payload) =>
        Wire.Masked([first, (byte)payload.Length, .. System.Text.Encoding.Latin1.GetBytes(payload)]);
}
