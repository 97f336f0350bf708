namespace Sockeye.Protocol;

/// <summary>What a Close frame says: the close code and the close reason (RFC 6455 §7.1.5, §7.1.6).</summary>
internal readonly record struct CloseStatus(WebSocketCloseCode Code, string Reason)
{
    /// <summary>A Close frame without a payload, which reads as code 1005 (§7.1.5).</summary>
    public static CloseStatus None { get; } = new(WebSocketCloseCode.NoStatusReceived, "");

    /// <summary>Code and reason, the reason escaped.</summary>
    public override string ToString() => $"{(int)Code} {PeerText.Quote(Reason)}";
}
