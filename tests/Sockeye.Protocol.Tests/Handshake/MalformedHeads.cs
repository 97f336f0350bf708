using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

/// <summary>Requests that violate HTTP itself: RFC 9112 and RFC 9110.</summary>
internal static class MalformedHeads
{
    public static IEnumerable<HandshakeCase> All =>
        [.. TooMuch(), .. NotHttp(), .. RequestLines(), .. HeaderLines(), .. Characters()];

    private static IEnumerable<HandshakeCase> TooMuch()
    {
        const int KiB = 1024;
        string[] fill59 = [.. Enumerable.Repeat("+X: 1", 59)]; // with the five of the handshake: the limit

        yield return Case("HS-02 request line over 8 KiB", RequestLine($"GET /{new('a', 8 * KiB)} HTTP/1.1"),
            WebSocketHandshakeError.StartLineTooLong, 414);
        yield return Case("HS-02 request line that never ends", "GET /" + new string('a', 9 * KiB),
            WebSocketHandshakeError.StartLineTooLong, 414);
        yield return Case("HS-02 request line one byte over 8 KiB",
            RequestLine($"GET /{new('a', (8 * KiB) - 13)} HTTP/1.1"), WebSocketHandshakeError.StartLineTooLong, 414);
        yield return Case("HS-02 header line over 8 KiB", Request($"X: {new('a', 8 * KiB)}"),
            WebSocketHandshakeError.HeaderLineTooLong, 431);
        yield return Case("HS-02 header line one byte over 8 KiB", Request($"X: {new('a', (8 * KiB) - 2)}"),
            WebSocketHandshakeError.HeaderLineTooLong, 431);
        yield return Case("HS-02 header name over 8 KiB", Request($"{new('X', 8 * KiB)}: a"),
            WebSocketHandshakeError.HeaderLineTooLong, 431);
        yield return Case("HS-02 header name that never ends", "GET / HTTP/1.1\r\n" + new string('X', 9 * KiB),
            WebSocketHandshakeError.HeaderLineTooLong, 431);
        yield return Case("HS-02 head over 16 KiB",
            Request($"+X: {new('a', 7 * KiB)}", $"+X: {new('a', 7 * KiB)}", $"+X: {new('a', 7 * KiB)}"),
            WebSocketHandshakeError.HeadTooLong, 431);
        yield return Case("HS-02 head of white space over 16 KiB",
            Request($"+X:{new(' ', 8 * KiB)}", $"+X:{new(' ', 8 * KiB)}"), WebSocketHandshakeError.HeaderLineTooLong, 431);
        yield return Case("EX-40 subprotocols with 60 KB of spaces between",
            Request($"Sec-WebSocket-Protocol: a{new(' ', 60_000)}b"), WebSocketHandshakeError.HeaderLineTooLong, 431);
        yield return Case("HS-04 65 headers", Request([.. fill59, "+X: 65"]), WebSocketHandshakeError.TooManyHeaders, 431);
        yield return Case("HS-04 very many identical names",
            Request([.. Enumerable.Repeat("+X: 1", 1_000)]), WebSocketHandshakeError.TooManyHeaders, 431);
        yield return Case("HS-04 Upgrade is the header after the limit", // ws 4.11, 38
            Request(["-Upgrade", .. fill59, "+X: 64", "+Upgrade: websocket"]), WebSocketHandshakeError.TooManyHeaders, 431);
    }

    private static IEnumerable<HandshakeCase> NotHttp()
    {
        yield return Bad("HS-07 TLS ClientHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03",
            WebSocketHandshakeError.UnexpectedTls);
        yield return Bad("HS-07 zeros", new string('\0', 40), WebSocketHandshakeError.InvalidCharacter);
        yield return Case("HS-07 HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            WebSocketHandshakeError.UnsupportedHttpVersion, 505);
        yield return Bad("HS-07 SSH banner", "SSH-2.0-OpenSSH_9.2\r\n\r\n", WebSocketHandshakeError.MalformedStartLine);
        yield return Bad("HS-07 SMTP", "EHLO example.com\r\n\r\n", WebSocketHandshakeError.MalformedStartLine);
        yield return Bad("HS-07 empty lines", "\r\n\r\n", WebSocketHandshakeError.MalformedStartLine);
        yield return Bad("HS-07 empty line before the request", "\r\n" + Request(), WebSocketHandshakeError.MalformedStartLine);
        yield return Bad("HS-07 a line feed alone", "\n", WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-07 high bytes", "\xFF\xFE\xFD\r\n\r\n", WebSocketHandshakeError.MalformedStartLine);
    }

    private static IEnumerable<HandshakeCase> RequestLines()
    {
        foreach (string version in new[] { "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9" })
        {
            yield return Case($"HS-08 {version}", RequestLine($"GET /chat {version}"),
                WebSocketHandshakeError.UnsupportedHttpVersion, 505);
        }

        string[] malformed =
        [
            "GET /chat", // HTTP/0.9
            "GET /chat HTTP/1.10", "GET /chat HTTP/2", "GET /chat HTTP/11", "GET /chat HTTP/1,1", "GET /chat HTTP/1.x",
            "GET /chat http/1.1", "GET /chat HTTP /1.1", "GET /chat HTTP/1.1 ", "GET /chat XTTP/1.1", "GET /chat ",
            "GET  /chat HTTP/1.1", "GET /chat  HTTP/1.1", " GET /chat HTTP/1.1", "GET /ch at HTTP/1.1",
            "GET HTTP/1.1", "GET", "", "GET\t/chat\tHTTP/1.1", "G(T /chat HTTP/1.1", "GET, /chat HTTP/1.1",
            "\xC3\x89T /chat HTTP/1.1", "GET /ch\xE4t HTTP/1.1", "GET /chat\t HTTP/1.1", "GET /chat\xA0HTTP/1.1",
        ];
        foreach (string line in malformed)
        {
            yield return Bad($"HS-08, HS-35 request line '{line}'", RequestLine(line),
                WebSocketHandshakeError.MalformedStartLine);
        }

        foreach (string method in new[] { "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "get", "Get", "GETT", "GE",
            "PRI" })
        {
            yield return Case($"HS-08 method {method}", RequestLine($"{method} /chat HTTP/1.1"),
                WebSocketHandshakeError.MethodNotGet, 405); // ws 4.11, 37
        }
    }

    private static IEnumerable<HandshakeCase> HeaderLines()
    {
        yield return Bad("HS-33 folded with a space", Request("+X: a", "+ b"), WebSocketHandshakeError.ObsoleteLineFolding);
        yield return Bad("HS-33 folded with a tab", Request("+X: a", "+\tb"), WebSocketHandshakeError.ObsoleteLineFolding);
        yield return Bad("HS-33 white space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            WebSocketHandshakeError.ObsoleteLineFolding);
        yield return Bad("HS-33 a line of white space at the end", Request("+ "), WebSocketHandshakeError.ObsoleteLineFolding);

        string[] names =
        [
            "Host : a", "Host\t: a", ": a", ":", "no colon", "NoColon", "X(Y): a", "X Y: a", "X@Y: a", "\"X\": a",
            "X/Y: a", "X[1]: a", "X{1}: a", "X\\Y: a", "X=1: a", "X,Y: a", "X;Y: a", "X<Y>: a", "X?: a",
            "\xC4: a", "X\x01: a", "X\0: a", "X\x7F: a", "\x80\x81: a",
        ];
        foreach (string line in names)
        {
            yield return Bad($"HS-33 header line '{Escape(line)}'", Request("+" + line),
                WebSocketHandshakeError.InvalidHeaderName);
        }
    }

    private static IEnumerable<HandshakeCase> Characters()
    {
        yield return Bad("HS-33 bare LF after the request line",
            Request().Replace("1.1\r\n", "1.1\n", StringComparison.Ordinal),
            WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 bare LF after a header", Request("+X: a\nY: b"), WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 bare LF as the last line", Request()[..^2] + "\n",
            WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 bare LF only", Request().Replace("\r", "", StringComparison.Ordinal),
            WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 bare LF in a name", Request("+X\nY: b"), WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 bare CR in the request line", RequestLine("GET /\rchat HTTP/1.1"),
            WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 bare CR in a value", Request("+X: a\rb"), WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 CR CR LF", Request("+X: a\r"), WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 bare CR as the last line", Request()[..^1] + "X", WebSocketHandshakeError.InvalidLineTerminator);
        yield return Bad("HS-33 CR in a name", Request("+X\rY: b"), WebSocketHandshakeError.InvalidHeaderName);

        for (char control = '\0'; control <= '\x7F'; control++)
        {
            if (control is '\x7F' or (< ' ' and not ('\t' or '\r' or '\n')))
            {
                yield return Bad($"HS-33 control {(int)control:X2} in a value", Request($"+X: a{control}b"),
                    WebSocketHandshakeError.InvalidCharacter);
            }
        }

        yield return Bad("HS-35 escape in the path", RequestLine("GET /\x1B[31m HTTP/1.1"),
            WebSocketHandshakeError.InvalidCharacter);
        yield return Bad("HS-35 NUL in the path", RequestLine("GET /\0 HTTP/1.1"), WebSocketHandshakeError.InvalidCharacter);
        yield return Bad("HS-35 DEL in the path", RequestLine("GET /\x7F HTTP/1.1"), WebSocketHandshakeError.InvalidCharacter);
        yield return Bad("HS-14 NUL in the key", Request("Sec-WebSocket-Key: dGhlIHNhbXBsZS\0ub25jZQ=="),
            WebSocketHandshakeError.InvalidCharacter);
    }

    private static string Escape(string text) =>
        string.Concat(text.Select(c => c is >= ' ' and <= '~' ? c.ToString() : $"\\x{(int)c:X2}"));

    private static HandshakeCase Bad(string name, string head, WebSocketHandshakeError error) => Case(name, head, error, 400);

    private static HandshakeCase Case(string name, string head, WebSocketHandshakeError error, int status) =>
        new(Escape(name), head, error, status);
}
