using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Sockeye.Tests;

/// <summary>What is still written when a connection or its request ends, while the client reads slowly.</summary>
public sealed class RequestEndTests
{
    private const int MessageLength = 100_000;
    private const int MessageCount = 10;

    private static readonly WebSocketClientOptions Patient = new()
    {
        Compression = PerMessageDeflateOptions.Disabled,
        Connection = new() { Limits = new() { MaxInboxLength = 1 } },
    };

    [Theory]
    [EachPath]
    public async Task Replies_that_wait_for_the_client_arrive_before_the_close_that_it_has_begun(ServerPath path)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        await using TestApp app = await PathApp.StartAsync(path, app => app.Run(HandlerEndpoint.For(new Replies(opened))));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app, options: Patient);
        WebSocketConnection server = await opened.Task.WithDeadline();
        client.PauseReceiving();

        await client.SendAsync("go");
        Task closing = client.CloseAsync().AsTask();
        await Deadlines.UntilAsync(() => server.State != WebSocketConnectionState.Open, "the server has seen the Close frame");
        client.ResumeReceiving();

        for (int i = 0; i < MessageCount; i++)
        {
            Assert.Equal(MessageLength, (await client.ReceiveMessageAsync().AsTask().WithDeadline()).Payload.Length);
        }

        Assert.Null(await client.ReceiveAsync().AsTask().WithDeadline());
        await closing.WithDeadline();
        Assert.True((await client.Closed.WithDeadline()).WasClean);
    }

    [Theory]
    [EachPath]
    public async Task The_end_of_a_request_closes_the_connection_that_it_has_accepted_with_1000(ServerPath path)
    {
        await using TestApp app = await PathApp.StartAsync(path, static app => app.Run(static async context =>
        {
            WebSocketConnection? connection = await context.AcceptSockeyeAsync();
            await connection!.SendAsync("bye");
        }));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);

        Assert.Equal("bye", (await client.ReceiveMessageAsync().AsTask().WithDeadline()).GetText());
        Assert.Null(await client.ReceiveAsync().AsTask().WithDeadline());
        WebSocketCloseResult result = await client.Closed.WithDeadline();

        Assert.True(result.WasClean);
        Assert.Equal(WebSocketCloseCode.NormalClosure, result.Code);
    }

    [Theory]
    [EachPath]
    public async Task An_exception_of_a_request_closes_the_connection_that_it_has_accepted_with_1011(ServerPath path)
    {
        await using TestApp app = await PathApp.StartAsync(path, static app => app.Run(static async context =>
        {
            await context.AcceptSockeyeAsync();
            throw new InvalidOperationException("The application has a fault.");
        }));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);

        WebSocketCloseResult result = await client.Closed.WithDeadline();

        Assert.Equal(WebSocketCloseCode.InternalError, result.Code);
    }

    [Theory]
    [EachPath]
    public async Task The_last_messages_of_a_drop_in_socket_arrive_although_its_request_has_ended(ServerPath path)
    {
        await using TestApp app = await PathApp.StartAsync(path, static app =>
        {
            app.UseSockeyeWebSockets();
            app.Run(static async context =>
            {
                WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                for (int i = 0; i < MessageCount; i++)
                {
                    await socket.SendAsync(new byte[MessageLength], WebSocketMessageType.Binary, true, CancellationToken.None);
                }
            });
        });
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app, options: Patient);

        for (int i = 0; i < MessageCount; i++)
        {
            Assert.Equal(MessageLength, (await client.ReceiveMessageAsync().AsTask().WithDeadline()).Payload.Length);
        }
    }

    private sealed class Replies(TaskCompletionSource<WebSocketConnection> opened) : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection) => opened.SetResult(connection);

        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            for (int i = 0; i < MessageCount; i++)
            {
                _ = connection.SendAsync(new byte[MessageLength]);
            }
        }
    }
}
