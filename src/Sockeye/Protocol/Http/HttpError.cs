namespace Sockeye.Protocol;

/// <summary>The rules of HTTP/1.1, and the limits of this end, that the head of a message can violate.</summary>
internal enum HttpError
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The request line or status line is longer than <see cref="HeadLimits.MaxStartLineLength"/>.</summary>
    StartLineTooLong,

    /// <summary>A header line is longer than <see cref="HeadLimits.MaxHeaderLineLength"/>.</summary>
    HeaderLineTooLong,

    /// <summary>The head is longer than <see cref="HeadLimits.MaxLength"/>.</summary>
    HeadTooLong,

    /// <summary>There are more header lines than <see cref="HeadLimits.MaxHeaderCount"/>.</summary>
    TooManyHeaders,

    /// <summary>A line feed without a carriage return, or the reverse (RFC 9112 §2.2).</summary>
    InvalidLineTerminator,

    /// <summary>A control character in the start line or in a header value (RFC 9110 §5.5).</summary>
    InvalidCharacter,

    /// <summary>A header line that begins with white space (RFC 9112 §5.2).</summary>
    ObsoleteLineFolding,

    /// <summary>A header name that is not a token directly followed by a colon (RFC 9112 §5.1).</summary>
    InvalidHeaderName,

    /// <summary>A request line or status line that does not follow its grammar (RFC 9112 §3, §4).</summary>
    MalformedStartLine,

    /// <summary>A version of HTTP other than 1.1 or a later 1.x (RFC 9110 §15.6.6).</summary>
    UnsupportedHttpVersion,

    /// <summary>The first byte is that of a TLS handshake (RFC 8446 §5.1).</summary>
    UnexpectedTls,
}
