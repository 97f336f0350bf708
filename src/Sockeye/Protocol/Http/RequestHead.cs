using System.Text;

namespace Sockeye.Protocol;

/// <summary>The head of an HTTP/1.1 request as a view of its bytes: request line and header lines (RFC 9112 §3).</summary>
internal readonly ref struct RequestHead
{
    private RequestHead(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, bool isHttp10, HeaderFields headers)
    {
        IsHttp10 = isHttp10;
        Method = method;
        Target = target;
        Headers = headers;
    }

    /// <summary>The header lines of the request.</summary>
    public HeaderFields Headers { get; }

    /// <summary>The method, which is case-sensitive.</summary>
    public ReadOnlySpan<byte> Method { get; }

    /// <summary>The request target as it was sent and not validated; see <see cref="RequestTarget"/>.</summary>
    public ReadOnlySpan<byte> Target { get; }

    /// <summary>Whether the version is HTTP/1.0, which cannot be upgraded; health checks and old proxies use it.</summary>
    public bool IsHttp10 { get; }

    /// <summary>Parses the head of a request.</summary>
    /// <param name="head">A complete head, as found by a <see cref="HeadReader"/>.</param>
    /// <param name="lines">The storage for the header lines, with room for as many as there may be.</param>
    /// <param name="request">
    /// The request. After an error, it contains the parts that could be parsed; the others are empty.
    /// </param>
    /// <returns>
    /// The violation: <see cref="HttpError.MalformedStartLine"/> or <see cref="HttpError.UnsupportedHttpVersion"/>, for a head
    /// that the reader has accepted.
    /// </returns>
    public static HttpError TryParse(ReadOnlySpan<byte> head, Span<HeaderLine> lines, out RequestHead request)
    {
        int lineLength = head.IndexOf("\r\n"u8);
        ReadOnlySpan<byte> line = head[..Math.Max(lineLength, 0)];
        HttpError error = TryParse(line, out ReadOnlySpan<byte> method, out ReadOnlySpan<byte> target, out bool isHttp10);
        HeaderFields headers = default;
        if ((lineLength < 0 || !HeaderFields.TryParse(head, lineLength + "\r\n"u8.Length, lines, out headers))
            && error == HttpError.None)
        {
            error = HttpError.InvalidHeaderName;
        }

        request = new RequestHead(method, target, isHttp10, headers);
        return error;
    }

    /// <summary>The method and target for logs. Parsing has ensured that they are visible ASCII.</summary>
    public override string ToString() => Encoding.ASCII.GetString(Method) + " " + Encoding.ASCII.GetString(Target);

    // RFC 9112 §3: request-line = method SP request-target SP HTTP-version, with single spaces and nothing around it.
    private static HttpError TryParse(
        ReadOnlySpan<byte> line, out ReadOnlySpan<byte> method, out ReadOnlySpan<byte> target, out bool isHttp10)
    {
        isHttp10 = false;
        method = default;
        target = default;
        int methodLength = line.IndexOf((byte)' ');
        int lastSpace = line.LastIndexOf((byte)' ');
        if (methodLength < 0 || lastSpace <= methodLength + 1 || !HttpCharacters.IsToken(line[..methodLength]))
        {
            return HttpError.MalformedStartLine;
        }

        // Other parsers would end the target at a space, or at any byte that is not visible ASCII.
        ReadOnlySpan<byte> between = line[(methodLength + 1)..lastSpace];
        if (between.ContainsAnyExceptInRange((byte)'!', (byte)'~')
            || !HttpVersionText.TryParse(line[(lastSpace + 1)..], out int major, out int minor))
        {
            return HttpError.MalformedStartLine;
        }

        method = line[..methodLength];
        target = between;
        isHttp10 = (major, minor) is (1, 0);
        return HttpVersionText.CanUpgrade(major, minor) ? HttpError.None : HttpError.UnsupportedHttpVersion;
    }
}
