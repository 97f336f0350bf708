using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// The head of an HTTP/1.1 request: request line and header lines (RFC 9112 §3), over its bytes where they lie.
/// </summary>
internal readonly ref struct RequestHead
{
    private RequestHead(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, bool isHttp10, HeaderFields headers)
    {
        IsHttp10 = isHttp10;
        Method = method;
        Target = target;
        Headers = headers;
    }

    /// <summary>The header lines.</summary>
    public HeaderFields Headers { get; }

    /// <summary>The method, which is case-sensitive.</summary>
    public ReadOnlySpan<byte> Method { get; }

    /// <summary>The request target as it was sent, not yet checked: see <see cref="RequestTarget"/>.</summary>
    public ReadOnlySpan<byte> Target { get; }

    /// <summary>
    /// Whether the version is HTTP/1.0, which cannot be upgraded: health checks and old proxies ask by it.
    /// </summary>
    public bool IsHttp10 { get; }

    /// <summary>Parses a request's head.</summary>
    /// <param name="head">A head whose end a <see cref="HeadReader"/> has found.</param>
    /// <param name="lines">Where to note the header lines: room for as many as there may be.</param>
    /// <param name="request">
    /// The request. If a rule is broken, it has the parts that could be read all the same, and the others are empty.
    /// </param>
    /// <returns>
    /// The rule broken: <see cref="HttpError.MalformedStartLine"/> or <see cref="HttpError.UnsupportedHttpVersion"/>
    /// for a head that the reader has passed.
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

    /// <summary>Method and target, for logs: visible ASCII, which is all that parsing lets through.</summary>
    public override string ToString() => Encoding.ASCII.GetString(Method) + " " + Encoding.ASCII.GetString(Target);

    // §3: request-line = method SP request-target SP HTTP-version, single spaces, nothing around.
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

        // Others would end the target at a space inside it, or at any byte that is not visible ASCII.
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
