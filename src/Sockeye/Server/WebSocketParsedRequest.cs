using System.Text;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>An HTTP/1.1 request that another HTTP implementation has parsed.</summary>
public sealed record WebSocketParsedRequest
{
    /// <summary>Creates a request from its parts.</summary>
    /// <param name="method">The method.</param>
    /// <param name="target">The request target as the client sent it.</param>
    /// <param name="headers">The header lines in order; a name with several values has one line for each.</param>
    /// <exception cref="ArgumentNullException">A part is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A part has characters that are invalid in an HTTP request.</exception>
    public WebSocketParsedRequest(string method, string target, IEnumerable<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(headers);
        KeyValuePair<string, string>[] copy = [.. headers];
        Check(HeaderFieldRules.IsName(method), "The method is not a token (RFC 9110 §9.1).", nameof(method));
        Check(
            target.Length > 0 && target.All(static c => c is > ' ' and <= '~'),
            "The target is empty or has characters that are invalid in a request line (RFC 9112 §3.2).", nameof(target));
        Check(
            copy.All(static header => header is { Key: not null, Value: not null }
                && HeaderFieldRules.IsName(header.Key) && HeaderFieldRules.IsValue(header.Value)),
            "A header has a name or a value that is invalid in an HTTP request (RFC 9110 §5).", nameof(headers));

        StringBuilder head = new StringBuilder(method).Append(' ').Append(target).Append(" HTTP/1.1\r\n");
        foreach ((string name, string value) in copy)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        Head = Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    /// <summary>The head as a client would send it.</summary>
    internal byte[] Head { get; }

    private static void Check(bool isValid, string message, string name)
    {
        if (!isValid)
        {
            throw new ArgumentException(message, name);
        }
    }
}
