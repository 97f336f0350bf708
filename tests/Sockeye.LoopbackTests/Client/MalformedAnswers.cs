namespace Sockeye.Tests;

/// <summary>
/// Answers that must not open a connection (RFC 6455 §4.1), to a client that offered the subprotocols "chat" and "more" and
/// permessage-deflate. <c>{accept}</c> stands for the value that belongs to the key.
/// </summary>
internal static class MalformedAnswers
{
    private const string Start = "HTTP/1.1 101 Switching Protocols";
    private const string Accept = "Sec-WebSocket-Accept: {accept}";
    private const string Upgrade = "Upgrade: websocket";
    private const string Connection = "Connection: Upgrade";
    private const string Chat = "Sec-WebSocket-Protocol: chat";

    /// <summary>All malformed responses: the rule that each breaks, its status, and its bytes.</summary>
    public static IReadOnlyList<(WebSocketHandshakeError Error, int? Status, string Answer)> All { get; } =
    [
        .. StatusLines(), .. Statuses(), .. Upgrades(), .. Connections(), .. Accepts(), .. Subprotocols(),
        .. Extensions(), .. HeaderLines(), .. Cut(), .. Interim(),
    ];

    private static string Head(params string[] lines) => string.Join("\r\n", lines) + "\r\n\r\n";

    private static (WebSocketHandshakeError, int?, string) Wrong(WebSocketHandshakeError error, params string[] lines) =>
        (error, 101, Head([Start, .. lines]));

    // CT-04.
    private static IEnumerable<(WebSocketHandshakeError, int?, string)> StatusLines()
    {
        yield return (WebSocketHandshakeError.UnexpectedTls, null,
            Head("\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00FC\u0003\u0003", Upgrade, Connection, Accept, Chat));
        yield return (WebSocketHandshakeError.UnsupportedHttpVersion, 101, Head("HTTP/1.0 101 OK", Upgrade, Connection, Accept, Chat));
        string[] lines =
        [
            "HTTP/2 101", "HTTP/2.0 101 OK", "HTTP/3.0 101 OK", "HTTP/0.9 101 OK", "HTTP/1.10 101 OK", "HTTP/11 101 OK",
            "HTTP/1,1 101 OK", "HTTP/1.x 101 OK", "HTTP/1.1 1O1 OK", "HTTP/1.1 10", "HTTP/1.1 1010 OK", "HTTP/1.1",
            "HTTP/1.1 ", "HTTP/1.1  101 OK", "HTTP/1.1\t101 OK", "HTTP/1.1 101\tOK", "HTTP /1.1 101 OK",
            " HTTP/1.1 101 OK", "XTTP/1.1 101 OK", "ICY 200 OK", "garbage", "HTTP/1.1 +10 OK", "HTTP/1.1 -01 OK",
            "HTTP/1.1 1.1 OK", "HTTP/1.1 0x65", "HTTP/1.1 \u0661\u0660\u0661", "101 Switching Protocols", "101",
            "GET / HTTP/1.1", "SSH-2.0-OpenSSH_9.6", "220 mail ESMTP", "+OK POP3", "* OK IMAP4", "<html>", "{}",
            "\0\0\0\0\0\0\0\0\0\0\0\0", "\u0081\u0005Hello",
        ];
        foreach (string line in lines)
        {
            yield return (WebSocketHandshakeError.MalformedResponse, null, Head(line, Upgrade, Connection, Accept, Chat));
        }
    }

    // CT-03, CT-20.
    private static IEnumerable<(WebSocketHandshakeError, int?, string)> Statuses()
    {
        int[] statuses =
        [
            200, 201, 202, 204, 205, 206, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308, 400, 401, 402, 403, 404, 405,
            406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 417, 418, 421, 422, 425, 426, 428, 429, 431, 451, 499, 500,
            501, 502, 503, 504, 505, 507, 511, 520, 599, 600, 999,
        ];
        foreach (int status in statuses)
        {
            // Whatever else is right.
            yield return (WebSocketHandshakeError.UnexpectedStatusCode, status,
                Head($"HTTP/1.1 {status} No", Upgrade, Connection, Accept, Chat, "Content-Length: 0"));
        }

        yield return (WebSocketHandshakeError.UnexpectedStatusCode, 404, Head("HTTP/1.0 404 No", "Content-Length: 0"));
        yield return (WebSocketHandshakeError.UnexpectedStatusCode, 403, Head("HTTP/1.1 403", "Content-Length: 2") + "no");
        yield return (WebSocketHandshakeError.UnexpectedStatusCode, 503,
            Head("HTTP/1.1 503 No", "Transfer-Encoding: chunked") + "2\r\nno\r\n0\r\n\r\n");
        yield return (WebSocketHandshakeError.UnexpectedStatusCode, 503,
            Head("HTTP/1.1 503 No", "Transfer-Encoding: chunked") + "zz\r\n");
        yield return (WebSocketHandshakeError.UnexpectedStatusCode, 401,
            Head("HTTP/1.1 401 No", "WWW-Authenticate: Basic realm=\"x\"", "Content-Length: 0"));
        yield return (WebSocketHandshakeError.UnexpectedStatusCode, 407,
            Head("HTTP/1.1 407 No", "Proxy-Authenticate: Basic realm=\"x\"", "Content-Length: 0"));
    }

    // CT-05.
    private static IEnumerable<(WebSocketHandshakeError, int?, string)> Upgrades()
    {
        yield return Wrong(WebSocketHandshakeError.MissingUpgrade, Connection, Accept, Chat);
        yield return Wrong(WebSocketHandshakeError.InvalidUpgrade, Upgrade, Upgrade, Connection, Accept, Chat);
        yield return Wrong(WebSocketHandshakeError.InvalidUpgrade, Upgrade, "Upgrade: h2c", Connection, Accept, Chat);
        string[] values =
        [
            "", "h2c", "websocket/13", "WebSocket, h2c", "h2c, websocket", "foo", "web socket", "websocket, websocket",
            ",", "websockets", "websocke", "\"websocket\"", "websocket;q=1", "ws", "TLS/1.0", "web\u00ADsocket",
        ];
        foreach (string value in values)
        {
            yield return Wrong(WebSocketHandshakeError.InvalidUpgrade, "Upgrade: " + value, Connection, Accept, Chat);
        }
    }

    private static IEnumerable<(WebSocketHandshakeError, int?, string)> Connections()
    {
        yield return Wrong(WebSocketHandshakeError.InvalidConnection, Upgrade, Accept, Chat);
        string[] values =
        [
            "", "close", "keep-alive", "Upgrades", "Up grade", "xUpgrade", "Upgrade;", "\"Upgrade\"", "keep-alive; Upgrade",
            "websocket", "keep-alive Upgrade", "Upgrade/1",
        ];
        foreach (string value in values)
        {
            yield return Wrong(WebSocketHandshakeError.InvalidConnection, Upgrade, "Connection: " + value, Accept, Chat);
        }
    }

    // CT-01.
    private static IEnumerable<(WebSocketHandshakeError, int?, string)> Accepts()
    {
        const string Name = "Sec-WebSocket-Accept: ";
        yield return Wrong(WebSocketHandshakeError.MissingAccept, Upgrade, Connection, Chat);
        yield return Wrong(WebSocketHandshakeError.MissingAccept, Upgrade, Connection, "Sec-WebSocket-Key: {key}", Chat);
        yield return Wrong(WebSocketHandshakeError.MissingAccept, Upgrade, Connection, "X-Sec-WebSocket-Accept: {accept}", Chat);
        yield return Wrong(WebSocketHandshakeError.RepeatedAccept, Upgrade, Connection, Accept, Accept, Chat);
        yield return Wrong(WebSocketHandshakeError.RepeatedAccept, Upgrade, Connection, Accept, Name + "x", Chat);
        yield return Wrong(WebSocketHandshakeError.RepeatedAccept, Upgrade, Connection, Name, Accept, Chat);
        string[] values =
        [
            "", "{key}", "{lower}", "{upper}", "{accept}=", "{accept}{accept}", "{accept},{accept}", "{accept}, ",
            "\"{accept}\"", "{short}", "{spaced}", RawPeer.Accept, "x", "=", "0", "null", "{hex}", "{accept};",
            "{url}", new string('A', 27) + "=", new string('a', 5000),
        ];
        foreach (string value in values)
        {
            yield return Wrong(WebSocketHandshakeError.InvalidAccept, Upgrade, Connection, Name + value, Chat);
        }
    }

    // CT-06.
    private static IEnumerable<(WebSocketHandshakeError, int?, string)> Subprotocols()
    {
        const string Name = "Sec-WebSocket-Protocol: ";
        yield return Wrong(WebSocketHandshakeError.MissingSubprotocol, Upgrade, Connection, Accept);
        yield return Wrong(WebSocketHandshakeError.MissingSubprotocol, Upgrade, Connection, Accept, "Sec-WebSocket-Protocols: chat");
        yield return Wrong(WebSocketHandshakeError.RepeatedSubprotocol, Upgrade, Connection, Accept, Chat, Chat);
        yield return Wrong(WebSocketHandshakeError.RepeatedSubprotocol, Upgrade, Connection, Accept, Chat, Name + "more");
        foreach (string value in new[] { "other", "CHAT", "Chat", "chatter", "cha", "chat.", "13", "websocket" })
        {
            yield return Wrong(WebSocketHandshakeError.UnrequestedSubprotocol, Upgrade, Connection, Accept, Name + value);
        }

        foreach (string value in new[] { "chat, more", "chat,chat", "chat,", ",chat", ",", "chat,other" })
        {
            yield return Wrong(WebSocketHandshakeError.RepeatedSubprotocol, Upgrade, Connection, Accept, Name + value);
        }

        foreach (string value in new[] { "", "ch at", "\"chat\"", "chat;q=1", "ch\u00E4t", "chat/1", "(chat)", "chat more" })
        {
            yield return Wrong(WebSocketHandshakeError.InvalidSubprotocols, Upgrade, Connection, Accept, Name + value);
        }
    }

    // EX-30.
    private static IEnumerable<(WebSocketHandshakeError, int?, string)> Extensions()
    {
        const string Name = "Sec-WebSocket-Extensions: ";
        foreach (string value in new[]
        {
            "x-made-up", "permessage-bzip2", "x-webkit-deflate-frame", "deflate-frame", "Permessage-Deflate",
            "permessage-deflat", "permessage-deflatee", "permessage-deflate, x-made-up", "x-made-up, permessage-deflate",
            "mux", "constructor", "__proto__",
        })
        {
            yield return Wrong(WebSocketHandshakeError.UnrequestedExtension, Upgrade, Connection, Accept, Chat, Name + value);
        }

        foreach (string value in new[]
        {
            "", ";", ";;", ",", "permessage-deflate;", "a;,b", "a;b=\"", "a b", "\u00E4", "permessage-deflate; =1",
            "permessage-deflate; a=", "permessage-deflate; a=\"b c\"", "permessage-deflate x",
        })
        {
            yield return Wrong(WebSocketHandshakeError.InvalidExtensions, Upgrade, Connection, Accept, Chat, Name + value);
        }

        yield return Wrong(WebSocketHandshakeError.RepeatedExtension,
            Upgrade, Connection, Accept, Chat, Name + "permessage-deflate, permessage-deflate");
        yield return Wrong(WebSocketHandshakeError.RepeatedExtension,
            Upgrade, Connection, Accept, Chat, Name + "permessage-deflate", Name + "permessage-deflate");
        foreach (string parameters in new[]
        {
            "x", "x=1", "server_no_context_takeover=1", "client_no_context_takeover=x", "server_max_window_bits",
            "server_max_window_bits=7", "server_max_window_bits=16", "server_max_window_bits=010",
            "server_max_window_bits=1e1", "client_max_window_bits", "client_max_window_bits=7", "client_max_window_bits=16",
            "client_max_window_bits=+9", "server_no_context_takeover; server_no_context_takeover",
            "server_max_window_bits=10; server_max_window_bits=10",
        })
        {
            yield return Wrong(WebSocketHandshakeError.InvalidExtensionParameters,
                Upgrade, Connection, Accept, Chat, Name + "permessage-deflate; " + parameters);
        }
    }

    private static IEnumerable<(WebSocketHandshakeError, int?, string)> HeaderLines()
    {
        foreach (string line in new[]
        {
            "X", ": a", ":", "X Y: a", "X\u0001: a", "X\0: a", "\u00C4: a", "(X): a", "X@Y: a", "\"X\": a",
        })
        {
            yield return (WebSocketHandshakeError.MalformedResponse, null, Head(Start, line, Upgrade, Connection, Accept, Chat));
        }

        // CT-09.
        yield return (WebSocketHandshakeError.HeadTooLong, null,
            Head(Start, Upgrade, Connection, Accept, Chat, "X: " + new string('a', 20_000)));
        yield return (WebSocketHandshakeError.HeadTooLong, null,
            Head([Start, Upgrade, Connection, Accept, Chat, .. Enumerable.Repeat("X: " + new string('a', 5_000), 20)]));
        yield return (WebSocketHandshakeError.HeadTooLong, null,
            Head([Start, Upgrade, Connection, Accept, Chat, .. Enumerable.Repeat("X: a", 10_000)]));
        yield return (WebSocketHandshakeError.HeadTooLong, null, Start + new string('a', 20_000));
        yield return (WebSocketHandshakeError.HeadTooLong, null, Start + "\r\n" + new string('X', 20_000));
        yield return (WebSocketHandshakeError.HeadTooLong, null, Start + "\r\nX: " + new string(' ', 20_000));
    }

    // The server goes behind it.
    private static IEnumerable<(WebSocketHandshakeError, int?, string)> Cut()
    {
        foreach (string part in new[]
        {
            "", "H", "HTTP/1.1 101", Start, Start + "\r", Start + "\r\n", Start + "\r\nUpgr", $"{Start}\r\n{Upgrade}",
            $"{Start}\r\n{Upgrade}\r\n{Connection}\r\n", $"{Start}\r\n{Upgrade}\r\n{Connection}\r\n{Accept}\r\n{Chat}\r\n",
            $"{Start}\r\n{Upgrade}\r\n{Connection}\r\n{Accept}\r\n{Chat}\r\n\r", "HTTP/1.1 103 Early Hints\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 10", "HTTP/1.1 404 No\r\nContent-Le",
        })
        {
            yield return (WebSocketHandshakeError.ConnectionLost, null, part);
        }
    }

    // CT-08, CT-09.
    private static IEnumerable<(WebSocketHandshakeError, int?, string)> Interim()
    {
        string right = Head(Start, Upgrade, Connection, Accept, Chat);
        foreach (string one in new[]
        {
            "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            "HTTP/1.1 199 Odd\r\nX: y\r\n\r\n", "HTTP/1.1 103\n\n",
        })
        {
            yield return (WebSocketHandshakeError.TooManyInterimResponses, null,
                string.Concat(Enumerable.Repeat(one, 9)) + right);
            yield return (WebSocketHandshakeError.TooManyInterimResponses, null, string.Concat(Enumerable.Repeat(one, 1_000)));
        }

        yield return (WebSocketHandshakeError.HeadTooLong, null,
            $"HTTP/1.1 103 Early Hints\r\nLink: {new string('a', 20_000)}\r\n\r\n{right}");
        yield return (WebSocketHandshakeError.UnexpectedStatusCode, 404,
            "HTTP/1.1 103 Early Hints\r\n\r\n" + Head("HTTP/1.1 404 No", "Content-Length: 0"));
        yield return (WebSocketHandshakeError.MalformedResponse, null, "HTTP/1.1 103 Early Hints\r\n\r\ngarbage\r\n\r\n");
    }
}
