using System.Collections.Concurrent;

namespace Sockeye.Tests;

/// <summary>
/// Calls that are given the token of the method which serves a connection: how they end when the connection does, which cancels
/// that token.
/// </summary>
public sealed class ServedTokenTests
{
    private const int ConnectionCount = 50;

    [Theory]
    [EachServer]
    public Task CloseAsync_returns_the_result_although_the_token_is_canceled(ServerKind kind) => AssertAllEndAsync(
        kind,
        "NormalClosure",
        static async (connection, cancellation) =>
            (await connection.CloseAsync(WebSocketCloseCode.NormalClosure, "", cancellation)).Code.ToString());

    [Theory]
    [EachServer]
    public Task Closed_completes_with_the_result_although_the_token_is_canceled(ServerKind kind) => AssertAllEndAsync(
        kind,
        "NormalClosure",
        static async (connection, cancellation) => (await connection.Closed.WaitAsync(cancellation)).Code.ToString(),
        static client => client.CloseAsync().AsTask());

    [Theory]
    [EachServer]
    public Task A_pending_ping_and_send_throw_WebSocketClosedException(ServerKind kind) => AssertAllEndAsync(
        kind,
        "closed",
        static async (connection, cancellation) =>
        {
            while (true)
            {
                await connection.PingAsync(cancellation);
                await connection.SendAsync(new byte[10_000], cancellation);
            }
        },
        static async client =>
        {
            await client.ReceiveMessageAsync();
            await client.CloseAsync();
        });

    private static async Task AssertAllEndAsync(
        ServerKind kind, string expected, Func<WebSocketConnection, CancellationToken, Task<string>> serve,
        Func<WebSocketConnection, Task>? end = null)
    {
        var outcomes = new ConcurrentQueue<string>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind),
            async (connection, cancellation) =>
            {
                try
                {
                    outcomes.Enqueue(await serve(connection, cancellation));
                }
                catch (WebSocketClosedException)
                {
                    outcomes.Enqueue("closed");
                }
                catch (OperationCanceledException)
                {
                    outcomes.Enqueue("canceled");
                }
            });
        for (int i = 0; i < ConnectionCount; i++)
        {
            await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
                server.Address(scheme: kind.Scheme()),
                new WebSocketClientOptions { Tls = kind.ClientTls() }).WithDeadline();
            await (end?.Invoke(client) ?? Task.CompletedTask).WithDeadline();
            await client.Closed.WithDeadline();
        }

        await Deadlines.UntilAsync(() => outcomes.Count == ConnectionCount, "every method has ended");
        Assert.Equal([expected], outcomes.Distinct());
    }
}
