using System.Globalization;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>The checks of option setters: an invalid value is rejected where it is written.</summary>
internal static class OptionChecks
{
    // Longer than any connection needs, and far below where a count of ticks could overflow.
    private static readonly TimeSpan MaxTime = TimeSpan.FromDays(1);

    /// <summary>An interval: a second to a day, or infinite for none.</summary>
    public static TimeSpan IntervalOrInfinite(TimeSpan value, string name) =>
        value == Timeout.InfiniteTimeSpan || (value >= TimeSpan.FromSeconds(1) && value <= MaxTime)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "Must be 1 second to a day, or infinite.");

    /// <summary>A count of at least one.</summary>
    public static int AtLeastOne(int value, string name) =>
        value >= 1 ? value : throw new ArgumentOutOfRangeException(name, value, "Must be at least 1.");

    /// <summary>A count of at least one; <see langword="null"/> if it is not set.</summary>
    public static int? AtLeastOne(int? value, string name) => value is null ? null : AtLeastOne(value.Value, name);

    /// <summary>A number within bounds, which are inclusive.</summary>
    public static int Between(int value, int min, int max, string name) =>
        value >= min && value <= max
            ? value
            : throw new ArgumentOutOfRangeException(name, value, string.Create(CultureInfo.InvariantCulture, $"Must be {min:N0} to {max:N0}."));

    /// <summary>A deadline, which is never infinite: every wait for a peer has one.</summary>
    public static TimeSpan Deadline(TimeSpan value, string name) =>
        value > TimeSpan.Zero && value <= MaxTime
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "Must be more than zero and at most a day.");

    /// <summary>A value that is not <see langword="null"/>.</summary>
    public static T NotNull<T>(T value, string name)
        where T : class => value ?? throw new ArgumentNullException(name);

    /// <summary>A copy of a list, so that later changes of the list have no effect. No element is <see langword="null"/>.</summary>
    public static IReadOnlyList<T> CopyOf<T>(IReadOnlyList<T> value, string name)
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return value.Any(static one => one is null) ? throw new ArgumentNullException(name) : [.. value];
    }

    /// <summary>Options of a connection that do not contradict each other.</summary>
    public static WebSocketConnectionOptions Connection(WebSocketConnectionOptions value, string name)
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return value.DeliverFragments || value.OwnLimits.MaxMessageLength is not { } length || length <= Array.MaxLength
            ? value
            : throw new ArgumentException(
                $"A {nameof(LimitOptions.MaxMessageLength)} of {length} is longer than an array can be "
                + $"({Array.MaxLength}): it needs {nameof(WebSocketConnectionOptions.DeliverFragments)}.",
                name);
    }

    /// <summary>A copy of a list of valid subprotocols.</summary>
    public static IReadOnlyList<string> Subprotocols(IReadOnlyList<string> value, string name)
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return SubprotocolList.IsValid(value)
            ? [.. value]
            : throw new ArgumentException("A subprotocol is not a valid token, or is repeated (RFC 6455 §4.1).", name);
    }

    /// <summary>The value of a Host header; <see langword="null"/> if it is not set.</summary>
    public static string? Host(string? value, string name) => value is null || HeaderFieldRules.IsHost(value)
        ? value
        : throw new ArgumentException("The value is not a host with an optional port (RFC 9112 §3.2).", name);

    /// <summary>Headers that an application may add to the request of an opening handshake.</summary>
    public static WebSocketHeaders RequestHeaders(WebSocketHeaders value, string name)
    {
        ArgumentNullException.ThrowIfNull(value, name);
        if (value.Count == 0)
        {
            return value;
        }

        value.CheckToSend(name);

        // The HTTP client decides which headers describe content.
        using var probe = new HttpRequestMessage();
        foreach ((string header, string text) in value)
        {
            if (HeaderFieldRules.IsReserved(header))
            {
                throw new ArgumentException($"The opening handshake writes the header {header} itself.", name);
            }

            // RFC 9110 §11.7.2: it is for a proxy. These headers are sent to the server, which must not learn its password.
            if (header.Equals("Proxy-Authorization", StringComparison.OrdinalIgnoreCase))
            {
                throw new ArgumentException($"The header {header} is for a proxy, and these headers are sent to the server.", name);
            }

            if (!probe.Headers.TryAddWithoutValidation(header, text))
            {
                throw new ArgumentException($"The header {header} describes content, and the request has none.", name);
            }
        }

        return value;
    }

    /// <summary>A copy of a list of valid origins.</summary>
    public static IReadOnlyList<string> Origins(IReadOnlyList<string> value, string name)
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return OriginCheck.TryCreate(value, out _, out string? invalid)
            ? [.. value]
            : throw new ArgumentException($"'{invalid}' is not an origin, such as https://example.com.", name);
    }

    /// <summary>A copy of a list of valid hosts.</summary>
    public static IReadOnlyList<string> Hosts(IReadOnlyList<string> value, string name)
    {
        ArgumentNullException.ThrowIfNull(value, name);
        string? invalid = value.FirstOrDefault(static host => !HostPattern.TryParse(host, out _));
        return invalid is null
            ? [.. value]
            : throw new ArgumentException($"'{invalid}' is not a host, such as example.com or *.example.com.", name);
    }
}
