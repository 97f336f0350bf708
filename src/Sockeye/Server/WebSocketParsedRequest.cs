using System.Text;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>A request of HTTP/1.1 that another HTTP implementation has read.</summary>
public sealed record WebSocketParsedRequest
{
    /// <summary>Takes a request over.</summary>
    /// <param name="method">The method.</param>
    /// <param name="target">The request target, as it was sent.</param>
    /// <param name="headers">The headers in their order; a name with several values once for each.</param>
    /// <exception cref="ArgumentException">Something in it cannot have been in a request of HTTP.</exception>
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
            throw new ArgumentException("A method, a target and headers of HTTP have no such characters (RFC 9110 §5).", nameof(headers));
        }

        StringBuilder head = new StringBuilder(method).Append(' ').Append(target).Append(" HTTP/1.1\r\n");
        foreach ((string name, string value) in copy)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        Head = Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    /// <summary>As it would have been received.</summary>
    internal byte[] Head { get; }
}
