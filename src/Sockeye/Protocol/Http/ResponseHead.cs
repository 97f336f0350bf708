using System.Text;

namespace Sockeye.Protocol;

/// <summary>The head of an HTTP/1.1 response as a view of its bytes: status line and header lines (RFC 9112 §4).</summary>
internal readonly ref struct ResponseHead
{
    private const int VersionLength = 8;
    private const int StatusCodeLength = 3;
    private const int ReasonPhraseStart = VersionLength + 1 + StatusCodeLength;

    private ResponseHead(Version version, int statusCode, string reasonPhrase, HeaderFields headers)
    {
        Version = version;
        StatusCode = statusCode;
        ReasonPhrase = reasonPhrase;
        Headers = headers;
    }

    /// <summary>The HTTP version.</summary>
    public Version Version { get; }

    /// <summary>The status code: 100 to 599.</summary>
    public int StatusCode { get; }

    /// <summary>The reason phrase. Often empty, and must not be relied on (RFC 9112 §4).</summary>
    public string ReasonPhrase { get; }

    /// <summary>The header lines of the response.</summary>
    public HeaderFields Headers { get; }

    /// <summary>Parses the head of a response.</summary>
    /// <param name="head">A complete head, as found by a <see cref="HeadReader"/>.</param>
    /// <param name="lines">The storage for the header lines, with room for as many as there may be.</param>
    /// <param name="response">The response, when the result is <see cref="HttpError.None"/>.</param>
    /// <returns>The violation. The version is checked by <see cref="ClientHandshake"/>, not here.</returns>
    public static HttpError TryParse(ReadOnlySpan<byte> head, Span<HeaderLine> lines, out ResponseHead response)
    {
        response = default;

        // RFC 9112 §4: status-line = HTTP-version SP status-code SP [ reason-phrase ]. Servers that omit the reason often omit
        // the space before it too, which does no harm.
        int lineLength = head.IndexOf("\r\n"u8);
        ReadOnlySpan<byte> line = head[..Math.Max(lineLength, 0)];
        if (line.Length < ReasonPhraseStart
            || !HttpVersionText.TryParse(line[..VersionLength], out int major, out int minor)
            || line[VersionLength] != (byte)' '
            || (line.Length > ReasonPhraseStart && line[ReasonPhraseStart] != (byte)' ')
            || !TryParseStatusCode(line.Slice(VersionLength + 1, StatusCodeLength), out int statusCode))
        {
            return HttpError.MalformedStartLine;
        }

        if (!HeaderFields.TryParse(head, lineLength + "\r\n"u8.Length, lines, out HeaderFields headers))
        {
            return HttpError.InvalidHeaderName;
        }

        string reason = Encoding.Latin1.GetString(HttpCharacters.TrimWhiteSpace(line[ReasonPhraseStart..]));
        response = new ResponseHead(new Version(major, minor), statusCode, reason, headers);
        return HttpError.None;
    }

    private static bool TryParseStatusCode(ReadOnlySpan<byte> text, out int statusCode)
    {
        statusCode = 0;
        foreach (byte digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            statusCode = (statusCode * 10) + (digit - '0');
        }

        // RFC 9110 §15: "status codes outside of the range 100..599 are invalid".
        return statusCode is >= 100 and <= 599;
    }
}
