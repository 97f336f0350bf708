using Sockeye.Client;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// A request that a client is about to send: the first, or one of those that redirects ask for. What is changed here
/// holds for this request alone.
/// </summary>
/// <remarks>
/// The headers are those that the application has a say in. The handshake's own (RFC 6455 §4.1) are written behind them,
/// and cannot be changed.
/// </remarks>
public sealed class WebSocketClientRequest
{
    private readonly List<KeyValuePair<string, string>> _headers;

    internal WebSocketClientRequest(
        Uri address, int redirectCount, string? host, IEnumerable<KeyValuePair<string, string>> headers)
    {
        Address = address;
        RedirectCount = redirectCount;
        Host = host;
        _headers = [.. headers];
    }

    /// <summary>Where the request goes, without user information.</summary>
    public Uri Address { get; }

    /// <summary>How many redirects led here: 0 for the first request.</summary>
    public int RedirectCount { get; }

    /// <summary>The Host header; <see langword="null"/> for that of <see cref="Address"/>.</summary>
    /// <exception cref="ArgumentException">The value is no host with an optional port (RFC 9112 §3.2).</exception>
    public string? Host
    {
        get;
        set => field = value is null || HeaderFieldRules.IsHost(value)
            ? value
            : throw new ArgumentException("Not a host with an optional port (RFC 9112 §3.2).", nameof(value));
    }

    /// <summary>The headers, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers => _headers;

    /// <summary>The value of a header.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The value of the first line of that name; <see langword="null"/> if there is none.</returns>
    public string? GetHeader(string name) =>
        _headers.Find(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Sets a header, in place of all lines of its name.</summary>
    /// <param name="name">A token that the handshake does not keep for itself, and that is not for a proxy.</param>
    /// <param name="value">Latin-1 without control characters.</param>
    /// <exception cref="ArgumentException">The header must not be sent.</exception>
    public void SetHeader(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        HandshakeFault fault = ClientRequestHeaders.Check([new(name, value)]);
        if (fault != HandshakeFault.None)
        {
            throw new ArgumentException($"The header cannot be sent: {fault}.", nameof(name));
        }

        RemoveHeader(name);
        _headers.Add(new(name, value));
    }

    /// <summary>Removes all lines of a name.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <returns>Whether there were any.</returns>
    public bool RemoveHeader(string name) =>
        _headers.RemoveAll(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)) > 0;
}
