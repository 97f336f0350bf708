using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

/// <summary>Responses that must not open a connection (RFC 6455 §4.1), to a client that offered only a key.</summary>
internal static class MalformedResponses
{
    public static IEnumerable<HandshakeCase> All => [.. StatusLines(), .. HeaderLines(), .. GoodHttp];

    /// <summary>The responses that another HTTP implementation would parse without an error.</summary>
    public static IEnumerable<HandshakeCase> GoodHttp =>
        [.. StatusCodes(), .. Upgrades(), .. Accepts(), .. Subprotocols(), .. Extensions()];

    private static IEnumerable<HandshakeCase> StatusCodes()
    {
        foreach (int status in new[] { 100, 102, 103, 200, 204, 301, 302, 303, 307, 308, 400, 401, 403, 407, 426, 500,
            503, 599 })
        {
            yield return new HandshakeCase($"CT-03, CT-20 status {status}",
                ResponseLine($"HTTP/1.1 {status} Some Reason"),
                WebSocketHandshakeError.UnexpectedStatusCode);
        }
    }

    private static IEnumerable<HandshakeCase> StatusLines()
    {
        foreach (string version in new[] { "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/3.0" })
        {
            yield return new HandshakeCase($"CT-04 {version}", ResponseLine($"{version} 101 Switching Protocols"),
                WebSocketHandshakeError.UnsupportedHttpVersion);
        }

        string[] lines =
        [
            "HTTP/2 101", "HTTP/1.10 101 OK", "HTTP/1.1 1O1 OK", "HTTP/1.1 10", "HTTP/1.1 1010 OK", "HTTP/1.1",
            "HTTP/1.1  101 OK",
            "HTTP/1.1\t101 OK", "http/1.1 101 OK", " HTTP/1.1 101 OK", "ICY 200 OK", "garbage", "HTTP/1.1 +10 OK",
            "HTTP/1.1 000 OK",
            "HTTP/1.1 099 OK", "HTTP/1.1 600 OK", "HTTP/1.1 999 OK", "HTTP/1.1 -01 OK", "HTTP/1.1 101\tOK",
            "101 Switching Protocols",
        ];
        foreach (string line in lines)
        {
            yield return new HandshakeCase($"CT-04 status line '{line}'", ResponseLine(line),
                WebSocketHandshakeError.MalformedStartLine);
        }
    }

    private static IEnumerable<HandshakeCase> HeaderLines()
    {
        yield return new HandshakeCase("CT-09 status line that never ends", "HTTP/1.1 101 " + new string('a', 9_000),
            WebSocketHandshakeError.StartLineTooLong);
        yield return Bad("CT-09 header line over 8 KiB", WebSocketHandshakeError.HeaderLineTooLong,
            "X: " + new string('a', 9_000));
        yield return Bad("CT-09 headers of 100 KB", WebSocketHandshakeError.HeadTooLong,
            [.. Enumerable.Repeat("+X: " + new string('a', 5_000), 20)]);
        yield return Bad("CT-09 10,000 header lines", WebSocketHandshakeError.TooManyHeaders,
            [.. Enumerable.Repeat("+X: a", 10_000)]);
        yield return Bad("folded header", WebSocketHandshakeError.ObsoleteLineFolding, "+ folded");
        yield return Bad("white space before the colon", WebSocketHandshakeError.InvalidHeaderName, "+X : a");
        yield return Bad("header without a colon", WebSocketHandshakeError.InvalidHeaderName, "+X");
        yield return Bad("header without a name", WebSocketHandshakeError.InvalidHeaderName, "+: a");
        yield return Bad("NUL in a value", WebSocketHandshakeError.InvalidCharacter, "+X: a\0b");
        yield return Bad("CT-06 bare CR behind a subprotocol", WebSocketHandshakeError.InvalidLineTerminator,
            "+Sec-WebSocket-Protocol: a\rb");
        yield return Bad("CT-06 bare LF behind a subprotocol", WebSocketHandshakeError.InvalidLineTerminator,
            "+Sec-WebSocket-Protocol: a\nX: b");
        yield return new HandshakeCase("lines that end with LF", Response().Replace("\r", "", StringComparison.Ordinal),
            WebSocketHandshakeError.InvalidLineTerminator);
        yield return new HandshakeCase("control character in the reason", ResponseLine("HTTP/1.1 101 a\x1B[2J"),
            WebSocketHandshakeError.InvalidCharacter);
    }

    private static IEnumerable<HandshakeCase> Upgrades()
    {
        yield return Bad("CT-05 no Upgrade", WebSocketHandshakeError.MissingUpgrade, "-Upgrade"); // ws 4.14, 1
        foreach (string upgrade in new[] { "", "h2c", "websocket/13", "websocket, h2c", "websocket, websocket", ",", "foo",
            "web socket" })
        {
            // ws 4.14, 2
            yield return Bad($"CT-05 Upgrade '{upgrade}'", WebSocketHandshakeError.InvalidUpgrade, "Upgrade: " + upgrade);
        }

        yield return Bad("CT-05 two Upgrades", WebSocketHandshakeError.InvalidUpgrade, "+Upgrade: websocket");
        yield return Bad("CT-05 no Connection", WebSocketHandshakeError.InvalidConnection, "-Connection");
        foreach (string connection in new[] { "", "close", "keep-alive", "Upgrades", "Up grade" })
        {
            yield return Bad($"CT-05 Connection '{connection}'", WebSocketHandshakeError.InvalidConnection,
                "Connection: " + connection);
        }
    }

    private static IEnumerable<HandshakeCase> Accepts()
    {
        yield return Bad("CT-01 no accept", WebSocketHandshakeError.MissingAccept, "-Sec-WebSocket-Accept");
        yield return Bad("CT-01 two accepts", WebSocketHandshakeError.RepeatedAccept, "+Sec-WebSocket-Accept: " + Accept);
        string[] accepts = // ws 4.14, 3
        [
            "", Key, Accept.ToLowerInvariant(), Accept.ToUpperInvariant(), Accept[..^1], Accept + "=",
            Accept.Insert(9, " "),
            "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=", $"\"{Accept}\"", Accept + "," + Accept, Accept[..^1] + "\xBD",
        ];
        foreach (string accept in accepts)
        {
            yield return Bad($"CT-01 accept '{accept}'", WebSocketHandshakeError.InvalidAccept,
                "Sec-WebSocket-Accept: " + accept);
        }
    }

    private static IEnumerable<HandshakeCase> Subprotocols()
    {
        yield return Bad("CT-06 subprotocol though none was offered", WebSocketHandshakeError.UnrequestedSubprotocol,
            "Sec-WebSocket-Protocol: chat"); // ws 4.14, 14
        yield return Bad("CT-06 two subprotocols", WebSocketHandshakeError.RepeatedSubprotocol,
            "Sec-WebSocket-Protocol: chat, superchat");
        yield return Bad("CT-06 two subprotocol headers", WebSocketHandshakeError.RepeatedSubprotocol,
            "+Sec-WebSocket-Protocol: chat", "+Sec-WebSocket-Protocol: chat");
        // RFC 6455 §4.3: Sec-WebSocket-Protocol-Server is one token and not a list, so that there are no empty elements to skip.
        yield return Bad("CT-06 subprotocol 'chat,'", WebSocketHandshakeError.RepeatedSubprotocol, "Sec-WebSocket-Protocol: chat,");
        foreach (string name in new[] { "", "a b", "\"chat\"", "ch\xE4t", "a/b" })
        {
            yield return Bad($"CT-06 subprotocol '{name}'", WebSocketHandshakeError.InvalidSubprotocols,
                "Sec-WebSocket-Protocol: " + name); // ws 4.14, 16
        }
    }

    private static IEnumerable<HandshakeCase> Extensions()
    {
        string[] unrequested = // EX-30c; ws 4.14, 9 and 12
            ["permessage-deflate", "foo", "permessage-deflate; server_max_window_bits=10", "foo, foo",
                "permessage-deflate, foo"];
        foreach (string list in unrequested)
        {
            yield return Bad($"EX-30c extensions '{list}'", WebSocketHandshakeError.UnrequestedExtension,
                "Sec-WebSocket-Extensions: " + list);
        }

        // ws 4.14, 10
        foreach (string list in new[] { "", ",", ";", "permessage-deflate;", "a;,b", "a;b=\"", "a;b= ", "a b", "\xE4" })
        {
            yield return Bad($"EX-30c extensions '{list}'", WebSocketHandshakeError.InvalidExtensions,
                "Sec-WebSocket-Extensions: " + list);
        }
    }

    private static HandshakeCase Bad(string name, WebSocketHandshakeError error, params string[] changes) =>
        new(name, Response(changes), error);
}
