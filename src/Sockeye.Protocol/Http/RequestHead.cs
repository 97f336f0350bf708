using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// The head of an HTTP/1.1 request: request line and header lines (RFC 9112 §3), over its bytes where they lie.
/// </summary>
internal readonly ref struct RequestHead
{
    private readonly ReadOnlySpan<byte> _head;
    private readonly int _methodLength;
    private readonly int _targetLength;

    private RequestHead(ReadOnlySpan<byte> head, int methodLength, int targetLength, HeaderFields headers)
    {
        _head = head;
        _methodLength = methodLength;
        _targetLength = targetLength;
        Headers = headers;
    }

    /// <summary>The header lines.</summary>
    public HeaderFields Headers { get; }

    /// <summary>The method, which is case-sensitive.</summary>
    public ReadOnlySpan<byte> Method => _head[.._methodLength];

    /// <summary>The request target as it was sent, not yet checked: see <see cref="RequestTarget"/>.</summary>
    public ReadOnlySpan<byte> Target => _head.Slice(_methodLength + 1, _targetLength);

    /// <summary>Takes a request's head apart.</summary>
    /// <param name="head">A head that a <see cref="HeadReader"/> has found the end of.</param>
    /// <param name="lines">Where to note the header lines: room for as many as there may be.</param>
    /// <param name="request">The request, when the result is <see cref="HttpError.None"/>.</param>
    /// <returns>
    /// The rule broken: <see cref="HttpError.MalformedStartLine"/> or <see cref="HttpError.UnsupportedHttpVersion"/>
    /// for a head that the reader has passed.
    /// </returns>
    public static HttpError TryParse(ReadOnlySpan<byte> head, Span<HeaderLine> lines, out RequestHead request)
    {
        request = default;

        // §3: request-line = method SP request-target SP HTTP-version, single spaces, nothing around.
        int lineLength = head.IndexOf("\r\n"u8);
        ReadOnlySpan<byte> line = head[..Math.Max(lineLength, 0)];
        int methodLength = line.IndexOf((byte)' ');
        int lastSpace = line.LastIndexOf((byte)' ');
        if (methodLength < 0 || lastSpace <= methodLength + 1 || !HttpCharacters.IsToken(line[..methodLength]))
        {
            return HttpError.MalformedStartLine;
        }

        // A space inside the target would be read as its end by others; so would whatever is no visible ASCII.
        ReadOnlySpan<byte> target = line[(methodLength + 1)..lastSpace];
        if (target.ContainsAnyExceptInRange((byte)'!', (byte)'~')
            || !HttpVersionText.TryParse(line[(lastSpace + 1)..], out int major, out int minor))
        {
            return HttpError.MalformedStartLine;
        }

        if (!HttpVersionText.CanUpgrade(major, minor))
        {
            return HttpError.UnsupportedHttpVersion;
        }

        if (!HeaderFields.TryParse(head, lineLength + "\r\n"u8.Length, lines, out HeaderFields headers))
        {
            return HttpError.InvalidHeaderName;
        }

        request = new RequestHead(head, methodLength, target.Length, headers);
        return HttpError.None;
    }

    /// <summary>Method and target, for logs: visible ASCII, which is all that parsing lets through.</summary>
    public override string ToString() => Encoding.ASCII.GetString(_head[..(_methodLength + 1 + _targetLength)]);
}
