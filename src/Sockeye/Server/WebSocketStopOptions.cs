using System.Diagnostics.CodeAnalysis;
using Sockeye.Connections.Lifecycle;

namespace Sockeye;

/// <summary>How a server or an acceptor stops. Immutable.</summary>
public sealed record WebSocketStopOptions
{
    /// <summary>How long connections may continue before they are closed, so that clients can disconnect themselves.</summary>
    /// <value>Zero, the default, to a day.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or more than a day.</exception>
    public TimeSpan DrainTimeout
    {
        get;
        init => field = value == TimeSpan.Zero ? value : OptionChecks.Deadline(value, nameof(DrainTimeout));
    }

    /// <summary>
    /// The period over which the Close frames are spread evenly, so that the clients of a server with many connections do not all
    /// reconnect at the same moment. It follows <see cref="DrainTimeout"/>, and ends early when no connection is left.
    /// </summary>
    /// <value>Zero, the default, to a day. With zero, all connections are closed at once.</value>
    /// <remarks>A connection that waits for its Close frame continues as before: its messages are received, and it may send.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or more than a day.</exception>
    public TimeSpan ClosePeriod
    {
        get;
        init => field = value == TimeSpan.Zero ? value : OptionChecks.Deadline(value, nameof(ClosePeriod));
    }

    /// <summary>
    /// How long closing may take after that, before the connections that are left are aborted, and how long the methods that serve
    /// connections may take to return.
    /// </summary>
    /// <value>
    /// More than zero, at most a day. The default is 30 seconds, which is more than
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/> allows for each connection.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative or more than a day.</exception>
    public TimeSpan AbortTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(AbortTimeout));
    } = TimeSpan.FromSeconds(30);

    /// <summary>The code of the Close frames; <see langword="null"/> for none. The default is 1001.</summary>
    /// <exception cref="ArgumentException">The code must not be sent.</exception>
    public WebSocketCloseCode? CloseCode
    {
        get;
        init
        {
            CloseArguments.Check(value, "", codeName: nameof(CloseCode));
            field = value;
        }
    } = WebSocketCloseCode.GoingAway;

    /// <summary>
    /// The reason in the Close frames: at most 123 bytes as UTF-8. The default is empty. A reason requires a <see cref="CloseCode"/>
    /// (RFC 6455 §5.5.1).
    /// </summary>
    /// <exception cref="ArgumentException">The reason is too long.</exception>
    [AllowNull]
    public string CloseReason
    {
        get;
        init
        {
            CloseArguments.Check(WebSocketCloseCode.GoingAway, value, reasonName: nameof(CloseReason));
            field = value ?? "";
        }
    } = "";
}
