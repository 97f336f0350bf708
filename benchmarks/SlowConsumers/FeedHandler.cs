using System.Collections.Immutable;
using System.Globalization;

namespace Sockeye.Benchmarks;

/// <summary>The server, on one event loop: the connection to /feed sends updates, many in a message, and subscribers get each as a message.</summary>
internal sealed class FeedHandler(FeedLoad load) : WebSocketHandler
{
    private static readonly string[] Keys =
        [.. Enumerable.Range(0, FeedLoad.KeyCount).Select(key => key.ToString(CultureInfo.InvariantCulture))];

    private readonly List<WebSocketConnection>[] _byKey = [.. Keys.Select(static _ => new List<WebSocketConnection>())];

    private ImmutableArray<WebSocketConnection> _subscribers = [];

    /// <summary>The subscribers.</summary>
    public ImmutableArray<WebSocketConnection> Subscribers => _subscribers;

    /// <summary>The longest that a send buffer has been, in bytes, seen after each message of the feed.</summary>
    public long LongestSendBuffer { get; private set; }

    public override void OnOpened(WebSocketConnection connection)
    {
        if (connection.Request!.Path != "/feed")
        {
            int number = int.Parse(connection.Request.Path.AsSpan(1), CultureInfo.InvariantCulture);
            for (int key = 0; key < FeedLoad.KeyCount; key++)
            {
                if (load.Wants(number, key))
                {
                    _byKey[key].Add(connection);
                }
            }

            ImmutableInterlocked.Update(ref _subscribers, all => all.Add(connection));
        }
    }

    public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        for (int start = 0; start < payload.Length; start += UpdatePayload.Length)
        {
            ReadOnlySpan<byte> update = payload.Slice(start, UpdatePayload.Length);
            int key = UpdatePayload.Read(update).Key;
            var message = WebSocketPreparedMessage.Create(update, kind, key: Keys[key]);
            foreach (WebSocketConnection subscriber in _byKey[key])
            {
                subscriber.TrySend(message);
            }
        }

        foreach (WebSocketConnection subscriber in _subscribers)
        {
            LongestSendBuffer = Math.Max(LongestSendBuffer, subscriber.SendBufferLength);
        }
    }
}
