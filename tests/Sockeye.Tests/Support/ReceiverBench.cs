using System.Text;
using Sockeye.Connections;
using Sockeye.Connections.Receiving;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>What a receiver alone asks of its connection, and an application that keeps what it is called with.</summary>
internal sealed class ReceiverBench : IReceiverOwner, IApplication
{
    private readonly List<string> _calls = [];
    private readonly TaskCompletionSource _done = new();

    public ReceiverBench() => Settings = SendSettings.Of(Role.Server, Pool);

    public CountingPool Pool { get; } = new();

    public ConnectionSettings Settings { get; }

    public IApplication Application => this;

    public bool IsCompressed => false;

    public bool SharesThread => false;

    public bool MustWaitForSendBuffer { get; set; }

    public bool IsInputOver { get; set; }

    public bool HasPeerClosed => false;

    public bool DropsReceived { get; set; }

    public bool IsCalled { get; set; }

    public bool IsCalledElsewhere => false;

    public bool IsServed => false;

    /// <summary>What a handler's asynchronous method returns; <see langword="null"/> if the messages are handled in place.</summary>
    public Task? Work { get; set; }

    /// <summary>What the handler throws.</summary>
    public Exception? Thrown { get; set; }

    /// <summary>The handler, which hands messages over to its asynchronous method if there is <see cref="Work"/>.</summary>
    public HandlerReceiver? Handler { get; set; }

    /// <summary>What the receiver has called, in order.</summary>
    public string Calls => string.Join(", ", _calls);

    /// <summary>Completes when the receiver has reported that the application is done.</summary>
    public Task Done => _done.Task;

    public WebSocketCloseResult DescribeEnd() => new(
        WebSocketCloseCode.NormalClosure, "", wasClean: true, WebSocketCloseInitiator.Peer, exception: null);

    public void ResumeReading() => _calls.Add("resume");

    public void OnReadingPausedWhileClosing() => _calls.Add("paused while closing");

    public void OnApplicationDone()
    {
        _calls.Add("done");
        _done.SetResult();
    }

    public void OnHandlerFailed(Exception exception) => _calls.Add($"failed {exception.Message}");

    public void OnServed() => _calls.Add("served");

    public void OnFaulted(Exception exception) => throw exception;

    public void OnOpened() => _calls.Add("opened");

    public void OnMessage(ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        _calls.Add($"message {Encoding.UTF8.GetString(payload)}");
        if (Thrown is not null)
        {
            throw Thrown;
        }

        if (Work is not null)
        {
            Handler!.HandOver(payload, kind, endOfMessage: true);
        }
    }

    public ValueTask OnMessageAsync(WebSocketMessage message) => new(Work!);

    public void OnFragment(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage) =>
        _calls.Add($"fragment {Encoding.UTF8.GetString(payload)}");

    public ValueTask OnFragmentAsync(WebSocketFragment fragment) => default;

    bool IApplication.OnPinging(ReadOnlySpan<byte> payload) => true;

    void IApplication.OnClosing(WebSocketCloseCode code, string reason)
    {
    }

    public void OnPing(ReadOnlySpan<byte> payload) => _calls.Add("ping");

    public void OnPong(ReadOnlySpan<byte> payload) => _calls.Add("pong");

    public void OnClosed(WebSocketCloseResult result) => _calls.Add($"closed {(int)result.Code}");
}
