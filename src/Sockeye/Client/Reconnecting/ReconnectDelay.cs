using System.Globalization;

namespace Sockeye.Client.Reconnecting;

/// <summary>How long to wait before the next attempt: exponential back-off with full jitter, and what the server asks for.</summary>
internal sealed class ReconnectDelay(WebSocketReconnectOptions options)
{
    // A server cannot put off its clients for longer.
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    // The registry of close codes: "a client may choose to reconnect and, if it does, should use a randomized delay of 5 -
    // 30 s" (1012). 1013 says the same without a figure, of a server that has too much to do.
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RestartSpread = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan OverloadDelay = TimeSpan.FromSeconds(30);

    // 2 to the power of this times a tick is a day; more would only overflow.
    private const int MaxDoublings = 40;

    /// <summary>The time to wait.</summary>
    /// <param name="failureCount">How many failures there were, 1 or more.</param>
    /// <param name="disconnect">The last of them.</param>
    public TimeSpan Next(int failureCount, WebSocketDisconnect disconnect)
    {
        double ceiling = options.FirstDelay.Ticks * Math.Pow(2, Math.Min(failureCount - 1, MaxDoublings));
        TimeSpan jittered = Jitter(TimeSpan.FromTicks((long)Math.Min(ceiling, options.MaxDelay.Ticks)));
        return disconnect.Result?.Code switch
        {
            WebSocketCloseCode.ServiceRestart => RestartDelay + Jitter(RestartSpread),
            WebSocketCloseCode.TryAgainLater => OverloadDelay + jittered,

            // All its clients were told the same: they too should not come at once.
            _ => RetryAfter(disconnect.Exception as WebSocketHandshakeException) + jittered,
        };
    }

    /// <summary>What the server has asked for in its refusal (RFC 9110 §10.2.3); zero if nothing.</summary>
    private TimeSpan RetryAfter(WebSocketHandshakeException? refusal)
    {
        string? value = refusal?.Headers.GetValues("Retry-After") is [var first, ..] ? first : null;
        TimeSpan asked = TimeSpan.Zero;
        if (uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint seconds))
        {
            asked = TimeSpan.FromSeconds(seconds);
        }
        else if (DateTimeOffset.TryParseExact(
            value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date))
        {
            asked = date - options.OwnClient.TimeProvider.GetUtcNow();
        }

        return asked < TimeSpan.Zero ? TimeSpan.Zero : asked > MaxRetryAfter ? MaxRetryAfter : asked;
    }

    private TimeSpan Jitter(TimeSpan most) => most * options.NextRandom();
}
