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
    /// <exception cref="ArgumentException">A part has characters that are invalid in an HTTP request.</exception>
    public WebSocketParsedRequest(string method, string target, IEnumerable<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        KeyValuePair<string, string>[] copy = [.. headers];
        bool isSound = HeaderFieldRules.IsName(method)
            && target.Length > 0
            && target.All(static c => c is > ' ' and <= '~')
            && copy.All(static header => HeaderFieldRules.IsName(header.Key) && HeaderFieldRules.IsValue(header.Value));
        if (!isSound)
        {
            throw new ArgumentException("The method, the target or a header has characters that are invalid in an HTTP request (RFC 9110 §5).", nameof(headers));
        }

        StringBuilder head = new StringBuilder(method).Append(' ').Append(target).Append(" HTTP/1.1\r\n");
        foreach ((string name, string value) in copy)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        Head = Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    /// <summary>The head as a client would send it.</summary>
    internal byte[] Head { get; }
}
