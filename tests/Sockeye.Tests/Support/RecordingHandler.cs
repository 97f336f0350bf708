using System.Collections.Concurrent;

namespace Sockeye.Tests;

/// <summary>Writes down what happens, and does what the test wants besides.</summary>
internal sealed class RecordingHandler : WebSocketHandler
{
    private readonly ConcurrentQueue<string> _events = new();

    /// <summary>Called with each message; without it the message is written down in place.</summary>
    public Func<WebSocketConnection, string, ValueTask>? Async { get; init; }

    /// <summary>Called in place with each message.</summary>
    public Action<WebSocketConnection, string>? Sync { get; init; }

    public Action<WebSocketConnection>? Opened { get; init; }

    public Action<WebSocketConnection>? Pinged { get; init; }

    public Action<WebSocketConnection, WebSocketCloseResult>? Ended { get; init; }

    /// <summary>What has happened so far.</summary>
    public string Events => string.Join(' ', _events);

    /// <summary>Waits, on other threads' account, until something has happened.</summary>
    public void WaitFor(string end) =>
        Assert.True(
            SpinWait.SpinUntil(() => Events.EndsWith(end, StringComparison.Ordinal), TimeSpan.FromSeconds(30)),
            $"Expected the end '{end}' of '{Events}'");

    public override void OnOpened(WebSocketConnection connection)
    {
        Opened?.Invoke(connection);
    }

    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        if (Async is not null)
        {
            base.OnMessage(connection, payload, kind);
            return;
        }

        string text = System.Text.Encoding.UTF8.GetString(payload);
        _events.Enqueue(text);
        Sync?.Invoke(connection, text);
    }

    public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
    {
        _events.Enqueue("<" + message.GetText());
        await Async!(connection, message.GetText()).ConfigureAwait(false);
        _events.Enqueue(message.GetText() + ">");
    }

    public override void OnFragment(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage) =>
        _events.Enqueue(System.Text.Encoding.UTF8.GetString(payload) + (endOfMessage ? "." : "…"));

    public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
    {
        _events.Enqueue("ping");
        Pinged?.Invoke(connection);
    }

    public override void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload) =>
        _events.Enqueue("pong");

    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result)
    {
        _events.Enqueue($"closed:{(int)result.Code}");
        Ended?.Invoke(connection, result);
    }
}
