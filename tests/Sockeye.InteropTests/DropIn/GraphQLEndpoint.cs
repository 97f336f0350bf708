using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using GraphQL;
using GraphQL.SystemTextJson;
using GraphQL.Types;

namespace Sockeye.Tests;

/// <summary>
/// GraphQL over a <see cref="WebSocket"/> with the subprotocol graphql-transport-ws, as GraphQL servers do it: one receive loop, and sends of
/// all subscriptions in turn.
/// </summary>
internal sealed class GraphQLEndpoint : IDisposable
{
    public const string Subprotocol = "graphql-transport-ws";

    private static readonly GraphQLSerializer Serializer = new();
    private static readonly ISchema Schema = MakeSchema();

    private readonly WebSocket _socket;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly ConcurrentDictionary<string, IDisposable> _subscriptions = new();
    private bool _isAcknowledged;

    private GraphQLEndpoint(WebSocket socket) => _socket = socket;

    /// <summary>Serves a socket until it is closed.</summary>
    public static async Task ServeAsync(WebSocket socket)
    {
        using GraphQLEndpoint endpoint = new(socket);
        await endpoint.RunAsync();
    }

    public void Dispose()
    {
        foreach (IDisposable subscription in _subscriptions.Values)
        {
            subscription.Dispose();
        }

        _turn.Dispose();
    }

    private static Schema MakeSchema()
    {
        ObjectGraphType query = new() { Name = "Query" };
        query.Field<NonNullGraphType<StringGraphType>>("hello")
            .Argument<StringGraphType>("name")
            .Resolve(static context => $"Hello, {context.GetArgument<string>("name")}!");
        ObjectGraphType subscription = new() { Name = "Subscription" };
        subscription.Field<NonNullGraphType<IntGraphType>>("count")
            .Argument<NonNullGraphType<IntGraphType>>("to")
            .ResolveStream(static context => new Counting(context.GetArgument<int>("to")));
        return new Schema { Query = query, Subscription = subscription };
    }

    private async Task RunAsync()
    {
        while (await ReceiveAsync() is { } message)
        {
            using JsonDocument document = JsonDocument.Parse(message);
            JsonElement root = document.RootElement;
            string? id = root.TryGetProperty("id", out JsonElement given) ? given.GetString() : null;
            switch (root.GetProperty("type").GetString())
            {
                case "connection_init":
                    _isAcknowledged = true;
                    await SendAsync(new { type = "connection_ack" });
                    break;

                case "ping":
                    await SendAsync(new { type = "pong" });
                    break;

                case "subscribe" when _isAcknowledged:
                    await SubscribeAsync(id!, root.GetProperty("payload"));
                    break;

                case "complete":
                    if (_subscriptions.TryRemove(id!, out IDisposable? ended))
                    {
                        ended.Dispose();
                    }

                    break;

                default:
                    await _socket.CloseOutputAsync((WebSocketCloseStatus)4401, "Unauthorized", Deadline.Token());
                    break;
            }
        }

        if (_socket.State == WebSocketState.CloseReceived)
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());
        }
    }

    private async Task SubscribeAsync(string id, JsonElement payload)
    {
        ExecutionResult result = await new DocumentExecuter().ExecuteAsync(options =>
        {
            options.Schema = Schema;
            options.Query = payload.GetProperty("query").GetString();
            options.Variables = payload.TryGetProperty("variables", out JsonElement variables)
                ? Serializer.Deserialize<Inputs>(variables.GetRawText())
                : null;
        });
        if (result.Streams is { Count: 1 } streams)
        {
            _subscriptions[id] = streams.Values.Single().Subscribe(new Observer(this, id));
            return;
        }

        await (result.Errors is { Count: > 0 } && !result.Executed
            ? SendAsync(new { type = "error", id, payload = result.Errors })
            : SendAsync(new { type = "next", id, payload = result }));
        await SendAsync(new { type = "complete", id });
    }

    private async Task<byte[]?> ReceiveAsync()
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[4096];
        while (true)
        {
            ValueWebSocketReceiveResult result = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            message.Write(buffer, 0, result.Count);
            if (result.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }

    private async Task SendAsync<T>(T message)
    {
        await _turn.WaitAsync(Deadline.Token());
        try
        {
            using var bytes = new MemoryStream();
            await Serializer.WriteAsync(bytes, message);
            await _socket.SendAsync(bytes.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Deadline.Token());
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Sends what a subscription yields.</summary>
    private sealed class Observer(GraphQLEndpoint endpoint, string id) : IObserver<ExecutionResult>
    {
        private Task _last = Task.CompletedTask;

        public void OnNext(ExecutionResult value) => Send(() => endpoint.SendAsync(new { type = "next", id, payload = value }));

        public void OnError(Exception error) => Send(() => endpoint.SendAsync(new { type = "error", id, payload = Array.Empty<object>() }));

        public void OnCompleted() => Send(() => endpoint.SendAsync(new { type = "complete", id }));

        private void Send(Func<Task> send) => _last = AfterAsync(_last, send);

        private static async Task AfterAsync(Task last, Func<Task> send)
        {
            await last;
            await send();
        }
    }

    /// <summary>Counts, one number after the other.</summary>
    private sealed class Counting(int to) : IObservable<object?>
    {
        public IDisposable Subscribe(IObserver<object?> observer)
        {
            var end = new CancellationTokenSource();
            _ = Task.Run(async () =>
            {
                for (int i = 1; i <= to && !end.IsCancellationRequested; i++)
                {
                    observer.OnNext(i);
                    await Task.Yield();
                }

                observer.OnCompleted();
            });
            return end;
        }
    }
}
