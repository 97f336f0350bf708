namespace Sockeye;

/// <summary>The answer with which a server opened a connection (RFC 6455 §4.2.2). Immutable.</summary>
public sealed class WebSocketUpgradeResponse
{
    internal WebSocketUpgradeResponse(
        Uri address, int statusCode, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        Address = address;
        StatusCode = statusCode;
        Headers = headers;
    }

    /// <summary>Who answered: the address that was asked for, or the one that redirects led to. Without user information.</summary>
    public Uri Address { get; }

    /// <summary>The HTTP status.</summary>
    public int StatusCode { get; }

    /// <summary>The headers in their order; repeated names stand there each time.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>The value of a header.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The value, several joined with a comma; <see langword="null"/> if there is none.</returns>
    public string? GetHeader(string name)
    {
        string[] values =
        [
            .. from header in Headers
               where header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)
               select header.Value,
        ];
        return values.Length == 0 ? null : string.Join(", ", values);
    }
}
