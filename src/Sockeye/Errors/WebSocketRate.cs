namespace Sockeye;

/// <summary>What a rate of <see cref="ReceiveRateOptions"/> counts.</summary>
public enum WebSocketRate
{
    /// <summary>Whole messages.</summary>
    Messages,

    /// <summary>All bytes that arrive, before inflating.</summary>
    Bytes,

    /// <summary>Pings of the peer.</summary>
    Pings,
}
