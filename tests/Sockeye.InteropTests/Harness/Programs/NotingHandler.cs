using System.Threading.Channels;

namespace Sockeye.Tests;

/// <summary>Records the messages of a connection and counts its pings.</summary>
internal sealed class NotingHandler : WebSocketHandler
{
    private readonly Channel<string> _messages = Channel.CreateUnbounded<string>();
    private readonly SemaphoreSlim _pings = new(0);

    public ValueTask<string> NextTextAsync() => _messages.Reader.ReadAsync(Deadline.Token());

    /// <summary>Waits for so many pings.</summary>
    public async Task PingsAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await _pings.WaitAsync(Deadline.Token());
        }
    }

    public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
    {
        _messages.Writer.TryWrite(message.GetText());
        return default;
    }

    public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload) => _pings.Release();
}
