using System.Collections.Concurrent;

namespace Sockeye.Tests;

/// <summary>Records events, and runs callbacks of the test.</summary>
internal sealed class RecordingHandler : WebSocketHandler
{
    private readonly ConcurrentQueue<string> _events = new();

    // Pulsed with each event.
    private readonly object _gate = new();

    /// <summary>Called with each message; without it the message is written down in place.</summary>
    public Func<WebSocketConnection, string, ValueTask>? Async { get; init; }

    /// <summary>Called in place with each message.</summary>
    public Action<WebSocketConnection, string>? Sync { get; init; }

    public Action<WebSocketConnection>? Opened { get; init; }

    public Action<WebSocketConnection>? Pinged { get; init; }

    public Action<WebSocketConnection, WebSocketCloseResult>? Ended { get; init; }

    /// <summary>What has happened so far.</summary>
    public string Events => string.Join(' ', _events);

    /// <summary>Waits until the events end in a text, if other threads are still at work.</summary>
    public void WaitFor(string end)
    {
        lock (_gate)
        {
            while (!Events.EndsWith(end, StringComparison.Ordinal))
            {
                Assert.True(Monitor.Wait(_gate, Deadlines.Deadline), $"Expected the end '{end}' of '{Events}'");
            }
        }
    }

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
        Note(text);
        Sync?.Invoke(connection, text);
    }

    public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
    {
        Note("<" + message.GetText());
        await Async!(connection, message.GetText()).ConfigureAwait(false);
        Note(message.GetText() + ">");
    }

    public override void OnFragment(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage) =>
        Note(System.Text.Encoding.UTF8.GetString(payload) + (endOfMessage ? "." : "…"));

    public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
    {
        Note("ping");
        Pinged?.Invoke(connection);
    }

    public override void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload) =>
        Note("pong");

    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result)
    {
        Note($"closed:{(int)result.Code}");
        Ended?.Invoke(connection, result);
    }

    private void Note(string happened)
    {
        lock (_gate)
        {
            _events.Enqueue(happened);
            Monitor.PulseAll(_gate);
        }
    }
}
