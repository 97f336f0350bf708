using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

/// <summary>Unusual but valid requests.</summary>
internal static class ValidRequests
{
    public static IEnumerable<HandshakeCase> All
    {
        get
        {
            const int KiB = 1024;
            yield return Good("HS-01 the example of RFC 6455 §1.3");
            yield return new HandshakeCase("HS-01 names in lower case", Request().ToLowerInvariant()
                .Replace("get /chat http/1.1", "GET /chat HTTP/1.1", StringComparison.Ordinal)
                .Replace(Key.ToLowerInvariant(), Key, StringComparison.Ordinal), WebSocketHandshakeError.None, 101);
            yield return Good("HS-01 names in upper case", "-Upgrade", "-Connection", "-Host",
                "+UPGRADE: WEBSOCKET", "+CONNECTION: UPGRADE", "+HOST: a");
            yield return Good("HS-01 values without white space before", "Host:a", "Upgrade:websocket",
                "Connection:Upgrade", "Sec-WebSocket-Key:" + Key, "Sec-WebSocket-Version:13");
            yield return Good("HS-01 values with white space around", "Host: \t a \t ", "Upgrade: \twebsocket\t",
                "Connection:   Upgrade   ", $"Sec-WebSocket-Key: \t{Key} \t", "Sec-WebSocket-Version:\t13\t");
            yield return new HandshakeCase("HS-01 HTTP/1.2 is read as 1.1", RequestLine("GET /chat HTTP/1.2"),
                WebSocketHandshakeError.None, 101);
            yield return new HandshakeCase("HS-02 request line of just 8 KiB",
                RequestLine($"GET /{new('a', (8 * KiB) - 14)} HTTP/1.1"), WebSocketHandshakeError.None, 101);
            yield return Good("HS-02 header line of just 8 KiB", $"X: {new('a', (8 * KiB) - 3)}");
            yield return Good("HS-02 head of just 16 KiB", $"+X: {new('a', 8_000)}", $"+X: {new('a', 4_000)}",
                $"+X: {new('a', (16 * KiB) - Request().Length - 12_000 - 15)}");
            yield return Good("HS-04 64 headers", [.. Enumerable.Repeat("+X: 1", 59)]);
            string[] hosts = ["a", "a:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:8080", "xn--mnchen-3ya.example",
                "A.EXAMPLE", "a_b"];
            foreach (string host in hosts)
            {
                yield return Good($"HS-09 Host '{host}'", "Host: " + host);
            }

            foreach (string upgrade in new[] { "h2c, websocket", "WebSocket", "websocket,", "websocket, h2c", ", ,websocket",
                "h2c,, websocket" })
            {
                yield return Good($"HS-11 Upgrade '{upgrade}'", "Upgrade: " + upgrade);
            }

            yield return Good("HS-11 Upgrade on two lines", "Upgrade: h2c", "+Upgrade: websocket");
            foreach (string connection in new[] { "keep-alive, Upgrade", "Upgrade, close", "upgrade",
                "keep-alive,Upgrade", "Upgrade,", ",Upgrade", "keep-alive, ,\tUpgrade" })
            {
                yield return Good($"HS-12 Connection '{connection}'", "Connection: " + connection);
            }

            yield return Good("HS-12 Connection on two lines", "Connection: keep-alive", "+Connection: Upgrade");
            yield return Good("HS-13 bits behind the key's 16 bytes", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==");
            yield return Good("HS-13 a key of zeros", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==");
            yield return Good("HS-20 version 8", "Sec-WebSocket-Version: 8");
            yield return Good("HS-24 subprotocols",
                "Sec-WebSocket-Protocol: chat,\tsuperchat , v1.stomp!#$%&'*+-.^_`|~");
            yield return Good("HS-24 subprotocols on two lines", "+Sec-WebSocket-Protocol: a",
                "+Sec-WebSocket-Protocol: b, c");
            yield return Good("HS-24 subprotocols that differ in case", "Sec-WebSocket-Protocol: chat, Chat");
            foreach (string list in new[] { "mqtt,", ",mqtt", "mqtt, ,\tstomp", "mqtt,,stomp", " , mqtt" })
            {
                yield return Good($"HS-24 empty elements of a list, subprotocols '{list}'", "Sec-WebSocket-Protocol: " + list);
            }

            yield return Good("HS-24 a line without subprotocols beside one with some",
                "+Sec-WebSocket-Protocol:", "+Sec-WebSocket-Protocol: a");
            foreach (string list in new[] { "a,", ",a", "a,,b", "a, ", "a;b =c", "a;b= c", "a ; b\t=\t\"c\" ," })
            {
                yield return Good($"EX-20 white space and empty elements, extensions '{list}'",
                    "Sec-WebSocket-Extensions: " + list);
            }

            yield return Good("HS-30 Content-Length: 0", "Content-Length: 0");
            yield return Good("HS-34 Latin-1 in another header", "X-Name: J\xFCrgen", "Cookie: a=\xFF\x80");
            yield return Good("HS-34 empty header", "X-Empty:");
            yield return Good("HS-36 Expect: 100-continue", "Expect: 100-continue");
            foreach (string origin in new[] { "http://server.example.com", "http://server.example.com/",
                "ws://server.example.com", "ws://SERVER.example.com:80/" })
            {
                yield return Good($"PR-01 same origin '{origin}'", "Origin: " + origin);
            }

            yield return Good("EX-02 unknown extensions",
                "Sec-WebSocket-Extensions: foo, permessage-deflateX; a=\"b\"; c");
            yield return Good("EX-16 500 offers",
                "Sec-WebSocket-Extensions: " + string.Join(',', Enumerable.Repeat("a;b", 500)));
            yield return Good("EX-17 extensions on two lines", "+Sec-WebSocket-Extensions: a",
                "+Sec-WebSocket-Extensions: b;c");
            yield return Good("EX-41 a very long name", "Sec-WebSocket-Extensions: " + new string('x', 8_000));
            string[] targets =
            [
                "/", "/?", "/chat?a=b&c", "/a/b/c/", "/a//b", "/...", "/a..b", "/.a", "/caf%C3%A9", "/100%", "/a|b^{c}",
                "/?/../..",
                "http://server.example.com/chat", "HTTP://SERVER.example.com:80/chat", "http://server.example.com",
                "http://server.example.com?a=b", "ws://server.example.com/chat", "WSS://server.example.com/chat",
                "https://server.example.com:80/chat", "http://other.example:81/chat", "ws://[::1]:8080",
                "http://server.example.com//chat", "//evil/chat", "//", "///a//b", "/?a=%00", "//?/%00/..", "/a?%00",
            ];
            foreach (string target in targets)
            {
                yield return new HandshakeCase($"HS-35 target '{target}'", RequestLine($"GET {target} HTTP/1.1"),
                    WebSocketHandshakeError.None, 101);
            }

            yield return new HandshakeCase("HS-40 a frame behind the head",
                Request() + "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58",
                WebSocketHandshakeError.None, 101);
        }
    }

    private static HandshakeCase Good(string name, params string[] changes) =>
        new(name, Request(changes), WebSocketHandshakeError.None, 101);
}
