namespace Sockeye;

/// <summary>How a <see cref="WebSocketReconnectingClient"/> is. Immutable.</summary>
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

    /// <summary>What it is about.</summary>
    public WebSocketReconnectState State { get; }

    /// <summary>How many attempts and connections have failed since the last connection that was stable.</summary>
    public int FailureCount { get; }

    /// <summary>In <see cref="WebSocketReconnectState.Waiting"/>, how long until the next attempt; else zero.</summary>
    public TimeSpan Delay { get; }

    /// <summary>How the last connection or attempt ended; <see langword="null"/> if there was none.</summary>
    public WebSocketDisconnect? LastDisconnect { get; }

    /// <summary>One line for a log: with the last failure, unless a connection is open.</summary>
    public override string ToString()
    {
        string state = State == WebSocketReconnectState.Waiting
            ? $"{State} for {Delay} after {FailureCount} {(FailureCount == 1 ? "failure" : "failures")}"
            : $"{State}";
        return LastDisconnect is null || State is WebSocketReconnectState.Open ? state : $"{state}: {LastDisconnect}";
    }
}
