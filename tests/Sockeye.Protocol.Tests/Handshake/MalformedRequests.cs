using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

/// <summary>Requests that are valid HTTP and violate a rule of the opening handshake (RFC 6455 §4.2.1).</summary>
internal static class MalformedRequests
{
    public static IEnumerable<HandshakeCase> All =>
        [.. Hosts(), .. Targets(), .. Bodies(), .. Upgrades(), .. Versions(), .. Keys(), .. Lists(), .. Values()];

    private static IEnumerable<HandshakeCase> Hosts()
    {
        yield return Bad("HS-09 no Host", WebSocketHandshakeError.MissingHost, "-Host");
        yield return Bad("HS-09 two Hosts", WebSocketHandshakeError.RepeatedHost, "+Host: evil.example");
        yield return Bad("HS-09 two equal Hosts", WebSocketHandshakeError.RepeatedHost, "+host: server.example.com");
        string[] hosts =
        [
            "", "user@server.example.com", "user:password@server.example.com", "a b", "a/b", "a,b", "a, b", "a:b",
            "a:80:80", "a:-1", "a:+80", "a:65536", "a:999999", "a:0", "a: 80", ":80", "[::1", "::1", "[]", "[::1]x",
            "[g::1]",
            "http://a", "a?b", "a#b", "a\\b", "\"a\"", "<a>", "m\xFCnchen.example", "a\tb",
        ];
        foreach (string host in hosts)
        {
            yield return Bad($"HS-09 Host '{Escape(host)}'", WebSocketHandshakeError.InvalidHost, "Host: " + host);
        }
    }

    private static IEnumerable<HandshakeCase> Targets()
    {
        string[] targets =
        [
            "ftp://server.example.com/", "file:///chat", "wsss://server.example.com/", "*",
            "server.example.com:80", "server.example.com", "chat", "?query", "/chat#part", "/#", "//chat#part",
            "/%00", "/a%00b", "//%00", "/a%00?b", "/..", "/../etc/passwd", "/a/../b", "/a/..", "/.", "/./a", "/%2e%2e/a",
            "//..", "//../a", "/a//../b", "//./a", "//%2e%2e/a",
            "/%2E./a", "/a/.%2e", "/a%2F..%2Fb", "/a/..%2fb", "/%2e%2e%2fetc", "/a%2F.", "/a/..\\b", "/a%5c..%5Cb",
            "http:///chat", "http://", "http:/chat", "ws:///chat", "ws://", "ws:/chat", "wss:chat", "http://?query",
            "http://server.example.com/../a", "ws://server.example.com/a/..", "http://server.example.com/%00",
            "http://server.example.com#part", "ws://server.example.com/#part", "javascript:alert(1)", "\\chat",
            "http://user@server.example.com/chat", "ws://user:password@server.example.com/chat", "http://:80/chat",
            "wss://server.example.com:99999/chat", "http://a,b/chat", "http://server.example.com\\chat",
        ];
        foreach (string target in targets)
        {
            yield return new HandshakeCase($"HS-35 target '{target}'", RequestLine($"GET {target} HTTP/1.1"),
                WebSocketHandshakeError.InvalidTarget, 400);
        }

        // RFC 9112 §3.2: the Host header is validated even if a target in absolute form replaces it.
        yield return new HandshakeCase("HS-35 absolute target, no Host",
            RequestLine("GET ws://server.example.com/ HTTP/1.1", "-Host"), WebSocketHandshakeError.MissingHost, 400);
        yield return new HandshakeCase("HS-35 absolute target, two Hosts",
            RequestLine("GET ws://server.example.com/ HTTP/1.1", "+Host: other.example"), WebSocketHandshakeError.RepeatedHost, 400);
        yield return new HandshakeCase("HS-35 absolute target, invalid Host",
            RequestLine("GET ws://server.example.com/ HTTP/1.1", "Host: a/b"), WebSocketHandshakeError.InvalidHost, 400);
    }

    private static IEnumerable<HandshakeCase> Bodies()
    {
        yield return Bad("HS-30 Content-Length: 5", WebSocketHandshakeError.UnexpectedBody, "Content-Length: 5");
        yield return Bad("HS-30 Content-Length of 1 GiB", WebSocketHandshakeError.UnexpectedBody, "Content-Length: 1073741824");
        yield return Bad("HS-30 Content-Length over 64 bits", WebSocketHandshakeError.UnexpectedBody,
            "Content-Length: 99999999999999999999999999");
        yield return Bad("HS-31 chunked", WebSocketHandshakeError.UnexpectedBody, "Transfer-Encoding: chunked");
        yield return Bad("HS-31 xchunked", WebSocketHandshakeError.UnexpectedBody, "Transfer-Encoding: xchunked");
        yield return Bad("HS-31 identity", WebSocketHandshakeError.UnexpectedBody, "Transfer-Encoding: identity");
        yield return Bad("HS-31 empty transfer coding", WebSocketHandshakeError.UnexpectedBody, "Transfer-Encoding:");
        yield return new HandshakeCase("HS-31 chunked with a bare LF behind an extension",
            Request("Transfer-Encoding: chunked") + "5;\nhello\r\n0\r\n\r\n", WebSocketHandshakeError.UnexpectedBody, 400);
        yield return Bad("HS-32 length and coding", WebSocketHandshakeError.UnexpectedBody,
            "Content-Length: 0", "Transfer-Encoding: chunked");
        yield return Bad("HS-32 two lengths", WebSocketHandshakeError.InvalidContentLength, "+Content-Length: 0",
            "+Content-Length: 5");
        yield return Bad("HS-32 two equal lengths", WebSocketHandshakeError.InvalidContentLength,
            "+Content-Length: 0", "+Content-Length: 0");
        foreach (string length in new[] { "+5", "-1", "", "0x0", "0, 0", "5 ;", "zero", "1e1" })
        {
            yield return Bad($"HS-32 Content-Length '{length}'", WebSocketHandshakeError.InvalidContentLength,
                "Content-Length: " + length);
        }
    }

    private static IEnumerable<HandshakeCase> Upgrades()
    {
        yield return new HandshakeCase("HS-10 no Upgrade", Request("-Upgrade"), WebSocketHandshakeError.MissingUpgrade, 426);
        yield return new HandshakeCase("HS-10 a plain request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            WebSocketHandshakeError.MissingUpgrade, 426);
        string[] upgrades = // ws 4.11, 39
            ["h2c", "websocket/13", "", "web socket", "xwebsocket", "websockets", "websocket;", "\"websocket\"",
                "web,socket"];
        foreach (string upgrade in upgrades)
        {
            yield return Bad($"HS-11 Upgrade '{upgrade}'", WebSocketHandshakeError.InvalidUpgrade, "Upgrade: " + upgrade);
        }

        yield return Bad("HS-12 no Connection", WebSocketHandshakeError.InvalidConnection, "-Connection");
        foreach (string connection in new[] { "close", "keep-alive", "", "Upgrades", "Upgrade;", "\"Upgrade\"",
            "keep-alive Upgrade" })
        {
            yield return Bad($"HS-12 Connection '{connection}'", WebSocketHandshakeError.InvalidConnection,
                "Connection: " + connection);
        }
    }

    private static IEnumerable<HandshakeCase> Versions()
    {
        foreach (string version in new[] { "7", "0", "14", "+13", "013", "13.0", "", "-13", "1 3", "0x0D", "9", "12",
            "08", "255" })
        {
            yield return new HandshakeCase($"HS-20 version '{version}'", Request("Sec-WebSocket-Version: " + version),
                WebSocketHandshakeError.UnsupportedVersion, 426); // ws 4.11, 43
        }

        yield return new HandshakeCase("HS-21 no version", Request("-Sec-WebSocket-Version"),
            WebSocketHandshakeError.MissingVersion, 426); // ws 4.11, 42
        yield return Bad("HS-22 '13, 8'", WebSocketHandshakeError.RepeatedVersion, "Sec-WebSocket-Version: 13, 8");
        yield return Bad("HS-22 '13,13'", WebSocketHandshakeError.RepeatedVersion, "Sec-WebSocket-Version: 13,13");
        yield return Bad("HS-22 two lines", WebSocketHandshakeError.RepeatedVersion, "+Sec-WebSocket-Version: 8");
        yield return Bad("HS-22 two equal lines", WebSocketHandshakeError.RepeatedVersion, "+Sec-WebSocket-Version: 13");
        yield return new HandshakeCase("HS-23 hixie-76",
            "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nSec-WebSocket-Protocol: sample\r\nUpgrade: WebSocket\r\n"
            + "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nOrigin: http://example.com\r\n\r\n^n:ds[4U",
            WebSocketHandshakeError.MissingVersion, 426);
        yield return new HandshakeCase("HS-23 hixie-75",
            "GET /demo HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: example.com\r\n"
            + "Origin: http://example.com\r\nWebSocket-Protocol: sample\r\n\r\n",
            WebSocketHandshakeError.MissingVersion, 426);
        yield return new HandshakeCase("HS-23 hybi-00 with version 0",
            Request("Sec-WebSocket-Version: 0", "-Sec-WebSocket-Key"),
            WebSocketHandshakeError.UnsupportedVersion, 426);
    }

    private static IEnumerable<HandshakeCase> Keys()
    {
        yield return Bad("HS-13 no key", WebSocketHandshakeError.MissingKey, "-Sec-WebSocket-Key"); // ws 4.11, 40
        yield return Bad("HS-15 two keys", WebSocketHandshakeError.RepeatedKey, "+Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==");
        yield return Bad("HS-15 the same key twice", WebSocketHandshakeError.RepeatedKey, "+Sec-WebSocket-Key: " + Key);
        string[] keys =
        [
            // 15 and 17 bytes, no padding
            "", "AAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA=", "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25j-_==",
            "dGhlIHNhbXBsZSBub25jZ===",
            "=GhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBs ZSBub25jZQ==", "dGhlIHNhbXBs\tZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZQ= =",
            "dGhlIHNhb BsZSBub25jZQ==", "dGhlIHNhbXB\xE9ZSBub25jZQ==", new string('A', 24),
            new string('A', 5_000) + "==",
            Key + "," + Key, Key + ", AQIDBAUGBwgJCgsMDQ4PEC==", "dGhlIHNhbXBs" + new string(' ', 100) + "ZSBub25jZQ==",
            "\"dGhlIHNhbXBsZSBub25jZQ==\"", "dGhlIHNhbXBsZSBub25jZQ==x", new string(' ', 100), "\t\t",
        ];
        foreach (string key in keys) // ws 4.11, 41
        {
            string name = Escape(key.Length > 40 ? key[..40] + "..." : key);
            WebSocketHandshakeError expected = key.Contains('\xE9', StringComparison.Ordinal)
                ? WebSocketHandshakeError.InvalidHeaderValue
                : WebSocketHandshakeError.InvalidKey;
            yield return Bad($"HS-13, HS-14, HS-15 key '{name}'", expected, "Sec-WebSocket-Key: " + key);
        }
    }

    private static IEnumerable<HandshakeCase> Lists()
    {
        string[] subprotocols = // ws 4.11, 44
            ["", ",", ", ,", "a,a", "a,,a", "a, b, a", "a b", "a;b", "a/b", "\"a\"", "a,b c", "a\tb",
                "a=b", "(a)"];
        foreach (string list in subprotocols)
        {
            yield return Bad($"HS-24 subprotocols '{Escape(list)}'", WebSocketHandshakeError.InvalidSubprotocols,
                "Sec-WebSocket-Protocol: " + list);
        }

        yield return Bad("HS-24 duplicate on two lines", WebSocketHandshakeError.InvalidSubprotocols,
            "+Sec-WebSocket-Protocol: a, b", "+Sec-WebSocket-Protocol: c, a");
        yield return Bad("HS-24 8 KiB list with a duplicate at its end", WebSocketHandshakeError.InvalidSubprotocols,
            "Sec-WebSocket-Protocol: " + string.Join(',', Enumerable.Range(0, 1_500)) + ",0");

        string[] extensions = // ws 4.11, 45
        [
            "", ",", ", ,", ";", "a;", "a;;b", "a;,b", "a;b=", "a;b= ", "a;=b", "a b", "a;b c", "a;b = c d", "a=b", "a = b",
            "\"a\"",
            "a;b=\"c", "a;b=\"", "a;b=\"\"", "a;b=\"c d\"", "a;b=\"c\"d", "a;b=\"c\\", "a;b=\"c\\\"", "a;b=c\"d\"",
            "a;b=c=d",
            "a;b=\"c\\,\"", "a; ", "a/b", "a;b=\"c,d\"", "a;b=@", "(a)",
        ];
        foreach (string list in extensions)
        {
            yield return Bad($"EX-20 extensions '{list}'", WebSocketHandshakeError.InvalidExtensions,
                "Sec-WebSocket-Extensions: " + list);
        }

        yield return Bad("EX-20 the second line is malformed", WebSocketHandshakeError.InvalidExtensions,
            "+Sec-WebSocket-Extensions: a;b=c", "+Sec-WebSocket-Extensions: ;");
        yield return Bad("EX-20 a quoted value over two lines", WebSocketHandshakeError.InvalidExtensions,
            "+Sec-WebSocket-Extensions: a;b=\"c", "+Sec-WebSocket-Extensions: d\"");
        yield return Bad("EX-20 DEL", WebSocketHandshakeError.InvalidCharacter, "Sec-WebSocket-Extensions: a\x7F");
    }

    private static IEnumerable<HandshakeCase> Values()
    {
        string[] headers =
        [
            "Sec-WebSocket-Protocol: \xE4", "Sec-WebSocket-Extensions: \xC3\xA4", "Sec-WebSocket-Version: 13\xA0",
            "Sec-Fetch-Mode: \xFF", "sec-ch-ua: \x80", "SEC-X: \xC3",
        ];
        foreach (string header in headers)
        {
            yield return Bad($"HS-34 '{Escape(header)}'", WebSocketHandshakeError.InvalidHeaderValue, header);
        }

        yield return Bad("PR-05 two Origins", WebSocketHandshakeError.InvalidOrigin,
            "+Origin: http://server.example.com", "+Origin: http://server.example.com");
        string[] origins =
        [
            "", "http://a, http://b", "http://a,http://b", "http://a http://b", "http://m\xFCnchen.example",
            "http://a\tb",
        ];
        foreach (string origin in origins)
        {
            yield return Bad($"PR-05, HS-34 origin '{Escape(origin)}'", WebSocketHandshakeError.InvalidOrigin,
                "Origin: " + origin);
        }
    }

    private static string Escape(string text) =>
        string.Concat(text.Select(c => c is >= ' ' and <= '~' ? c.ToString() : $"\\x{(int)c:X2}"));

    private static HandshakeCase Bad(string name, WebSocketHandshakeError error, params string[] changes) =>
        new(name, Request(changes), error, 400);
}
