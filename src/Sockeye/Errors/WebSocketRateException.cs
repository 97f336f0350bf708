namespace Sockeye;

/// <summary>
/// The cause of a connection that was failed with 1008, because the peer exceeded a rate of <see cref="ReceiveRateOptions"/>.
/// </summary>
public sealed class WebSocketRateException : SockeyeException
{
    internal WebSocketRateException(WebSocketRate rate, int perSecond)
        : base($"The peer sent more than {perSecond} {NameOf(rate)} per second.", innerException: null)
    {
        Rate = rate;
        PerSecond = perSecond;
    }

    /// <summary>What the peer sent too much of.</summary>
    public WebSocketRate Rate { get; }

    /// <summary>How much of it the peer may send in a second.</summary>
    public int PerSecond { get; }

    private static string NameOf(WebSocketRate rate) => rate switch
    {
        WebSocketRate.Messages => "messages",
        WebSocketRate.Bytes => "bytes",
        _ => "pings",
    };
}
