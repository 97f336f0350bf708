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
    public WebSocketParsedRequest(string method, string target, WebSocketHeaders headers)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(headers);
        Check(HeaderFieldRules.IsName(method), "The method is not a token (RFC 9110 §9.1).", nameof(method));
        Check(
            target.Length > 0 && target.All(static c => c is > ' ' and <= '~'),
            "The target is empty or has characters that are invalid in a request line (RFC 9112 §3.2).", nameof(target));
        headers.CheckToSend(nameof(headers));

        StringBuilder head = new StringBuilder(method).Append(' ').Append(target).Append(" HTTP/1.1\r\n");
        foreach ((string name, string value) in headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        Head = Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    private WebSocketParsedRequest(byte[] head) => Head = head;

    /// <summary>A request whose head was made of what an HTTP server has parsed; it is checked when it is read.</summary>
    /// <param name="head">The head, which this object owns from now on.</param>
    internal static WebSocketParsedRequest Of(byte[] head) => new(head);

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
