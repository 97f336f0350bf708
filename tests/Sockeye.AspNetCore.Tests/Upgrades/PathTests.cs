using Microsoft.AspNetCore.Builder;

namespace Sockeye.Tests;

/// <summary>What users see of a connection, over each path through a server.</summary>
public sealed class PathTests
{
    private static readonly WebSocketAcceptorOptions Large = new()
    {
        Connection = new() { Limits = new() { MaxMessageLength = 4 * 1024 * 1024 } },
        Compression = PerMessageDeflateOptions.Default,
    };

    [Theory]
    [EachPath]
    public async Task Messages_of_every_length_are_echoed(ServerPath path)
    {
        await using TestApp app = await StartAsync(path);
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);

        foreach (int length in (int[])[0, 1, 125, 126, 4_095, 4_096, 65_535, 65_536, 200_000, 1_048_576, 3_000_000])
        {
            byte[] message = new byte[length];
            new Random(length).NextBytes(message);
            await client.SendAsync(message);
            WebSocketMessage echo = await client.ReceiveMessageAsync();
            Assert.True(echo.Payload.Span.SequenceEqual(message), $"{length} bytes are different.");
        }

        await client.CloseAsync();
        Assert.True((await client.Closed.WithDeadline()).WasClean);
    }

    [Theory]
    [EachPath]
    public async Task A_thousand_pipelined_messages_keep_their_order(ServerPath path)
    {
        await using TestApp app = await StartAsync(path);
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                await client.SendAsync($"{i}");
            }
        });
        for (int i = 0; i < 1_000; i++)
        {
            Assert.Equal($"{i}", (await client.ReceiveAsync().AsTask().WithDeadline())?.GetText());
        }

        await sending;
    }

    [Theory]
    [EachPath]
    public async Task The_server_closes_with_a_code_and_a_reason(ServerPath path)
    {
        await using TestApp app = await PathApp.StartAsync(path, static app => app.Run(HandlerEndpoint.For(
            WebSocketHandler.FromDelegate(static (connection, cancellation) =>
                connection.CloseAsync(WebSocketCloseCode.PolicyViolation, "enough", cancellation).AsTask()))));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);

        Assert.Null(await client.ReceiveAsync());
        WebSocketCloseResult result = await client.Closed.WithDeadline();

        Assert.True(result.WasClean);
        Assert.Equal((WebSocketCloseCode.PolicyViolation, "enough"), (result.Code, result.Reason));
    }

    [Theory]
    [EachPath]
    public async Task A_client_that_vanishes_ends_the_connection_and_the_request(ServerPath path)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        var requestEnded = new TaskCompletionSource();
        await using TestApp app = await PathApp.StartAsync(path, app => app.Run(HandlerEndpoint.For(
            WebSocketHandler.FromDelegate(async (connection, _) =>
            {
                opened.SetResult(connection);
                await connection.Closed;
            }),
            requestEnded.SetResult)));
        WebSocketConnection client = await PathApp.ConnectAsync(path, app);
        WebSocketConnection server = await opened.Task.WithDeadline();

        client.Abort();
        WebSocketCloseResult result = await server.Closed.WithDeadline();
        await requestEnded.Task.WithDeadline();

        Assert.Equal(WebSocketCloseCode.AbnormalClosure, result.Code);
    }

    [Theory]
    [EachPath]
    public async Task The_server_aborts_and_the_client_sees_an_abnormal_end(ServerPath path)
    {
        await using TestApp app = await PathApp.StartAsync(path, static app => app.Run(HandlerEndpoint.For(
            WebSocketHandler.FromDelegate(static async (connection, cancellation) =>
            {
                // A reset would overtake the response.
                await connection.ReceiveMessageAsync(cancellation);
                connection.Abort();
            }))));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);

        await client.SendAsync("connected");
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, (await client.Closed.WithDeadline()).Code);
    }

    [Theory]
    [EachPath]
    public async Task A_client_that_reads_nothing_is_waited_for_and_loses_nothing(ServerPath path)
    {
        const int Count = 200;
        var isSent = new TaskCompletionSource();
        await using TestApp app = await PathApp.StartAsync(path, app => app.Run(HandlerEndpoint.For(
            WebSocketHandler.FromDelegate(async (connection, cancellation) =>
            {
                for (int i = 0; i < Count; i++)
                {
                    byte[] message = new byte[60_000];
                    message.AsSpan().Fill((byte)i);
                    await connection.SendAsync(message, cancellation);
                }

                isSent.SetResult();
            }))));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);

        for (int i = 0; i < Count; i++)
        {
            WebSocketMessage message = await client.ReceiveMessageAsync().AsTask().WithDeadline();
            Assert.Equal(60_000, message.Payload.Length);
            Assert.False(message.Payload.Span.ContainsAnyExcept((byte)i));
        }

        await isSent.Task.WithDeadline();
        Assert.Null(await client.ReceiveAsync());
        Assert.True((await client.Closed.WithDeadline()).WasClean);
    }

    private static Task<TestApp> StartAsync(ServerPath path) =>
        PathApp.StartAsync(path, static app => app.Run(HandlerEndpoint.For(new Echo())), Large);

    private sealed class Echo : WebSocketHandler
    {
        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            if (connection.TrySend(payload, kind) is WebSocketSendResult.Refused)
            {
                base.OnMessage(connection, payload, kind);
            }
        }

        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            connection.SendAsync(message);
    }
}
