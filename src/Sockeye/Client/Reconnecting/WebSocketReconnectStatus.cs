namespace Sockeye;

/// <summary>The status of a <see cref="WebSocketReconnectingClient"/>. Immutable.</summary>
public sealed class WebSocketReconnectStatus
{
    internal WebSocketReconnectStatus(
        WebSocketReconnectState state, int failureCount, TimeSpan delay = default, WebSocketDisconnect? lastDisconnect = null)
    {
        State = state;
        FailureCount = failureCount;
        Delay = delay;
        LastDisconnect = lastDisconnect;
    }

    /// <summary>The state of the client.</summary>
    public WebSocketReconnectState State { get; }

    /// <summary>The number of attempts and connections that have failed since the last stable connection.</summary>
    public int FailureCount { get; }

    /// <summary>In <see cref="WebSocketReconnectState.Waiting"/>, the delay before the next attempt; otherwise zero.</summary>
    public TimeSpan Delay { get; }

    /// <summary>How the last connection or attempt ended; <see langword="null"/> if there was none.</summary>
    public WebSocketDisconnect? LastDisconnect { get; }

    /// <summary>Returns one line for a log: with the last failure, unless a connection is open.</summary>
    public override string ToString()
    {
        string state = State == WebSocketReconnectState.Waiting
            ? $"{State} for {Delay} after {FailureCount} {(FailureCount == 1 ? "failure" : "failures")}"
            : $"{State}";
        return LastDisconnect is null || State is WebSocketReconnectState.Open ? state : $"{state}: {LastDisconnect}";
    }
}
