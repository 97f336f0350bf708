using System.Globalization;

namespace Sockeye.Client.Reconnecting;

/// <summary>
/// Computes the delay before the next attempt: exponential back-off with full jitter, and any delay that the server requests.
/// </summary>
internal sealed class ReconnectDelay(WebSocketReconnectOptions options)
{
    // The longest delay that a server can request.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    // The registry of close codes: "a client may choose to reconnect and, if it does, should use a randomized delay of 5 -
    // 30 s" (1012). 1013, from an overloaded server, has no figure.
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RestartSpread = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan OverloadDelay = TimeSpan.FromSeconds(30);

    // 2 to the power of this, in ticks, is more than a day, which is the longest maximum.
    private const int MaxDoublings = 40;

    /// <summary>Returns the delay before the next attempt.</summary>
    /// <param name="failureCount">The number of failures, 1 or more.</param>
    /// <param name="disconnect">The last failure.</param>
    public TimeSpan Next(int failureCount, WebSocketDisconnect disconnect)
    {
        double ceiling = options.FirstDelay.Ticks * Math.Pow(2, Math.Min(failureCount - 1, MaxDoublings));
        TimeSpan jittered = Jitter(TimeSpan.FromTicks((long)Math.Min(ceiling, options.MaxDelay.Ticks)));
        return disconnect.Result?.Code switch
        {
            WebSocketCloseCode.ServiceRestart => RestartDelay + Jitter(RestartSpread),
            WebSocketCloseCode.TryAgainLater => OverloadDelay + jittered,

            // A server may send the same delay to all its clients: the jitter spreads their attempts.
            _ => RetryAfter(disconnect.Exception as WebSocketHandshakeException) + jittered,
        };
    }

    /// <summary>
    /// Returns the delay that the server requested with its rejection (RFC 9110 §10.2.3); zero if there is none.
    /// </summary>
    private TimeSpan RetryAfter(WebSocketHandshakeException? rejection)
    {
        string? value = rejection?.Headers.GetValues("Retry-After") is [var first, ..] ? first : null;
        TimeSpan requested = TimeSpan.Zero;
        if (uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint seconds))
        {
            requested = TimeSpan.FromSeconds(seconds);
        }
        else if (DateTimeOffset.TryParseExact(
            value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date))
        {
            requested = date - options.OwnClient.TimeProvider.GetUtcNow();
        }

        return requested < TimeSpan.Zero ? TimeSpan.Zero : requested > MaxRetryAfter ? MaxRetryAfter : requested;
    }

    private TimeSpan Jitter(TimeSpan maximum) => maximum * options.NextRandom();
}
