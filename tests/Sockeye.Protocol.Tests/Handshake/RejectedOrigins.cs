using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

/// <summary>Requests of web pages that a server rejects unless configured otherwise (RFC 6455 §10.2).</summary>
internal static class RejectedOrigins
{
    // The server is server.example.com, without TLS.
    private static readonly string[] NotTheServers =
    [
        "http://evil.example", "http://server.example.com.evil.example", "http://evilserver.example.com",
        "http://server.example.com.", "http://example.com", "http://a.server.example.com", "http://server.example.co",
        "http://server-example.com", "http://serverXexample.com", "http://server.example.comX",
        "https://server.example.com", "wss://server.example.com", "ws://server.example.com:81", "ftp://server.example.com",
        "http://server.example.com:81", "http://server.example.com:8080", "http://server.example.com:443",
        "http://user@server.example.com", "http://user:password@server.example.com", "http://server.example.com//",
        "http://server.example.com/path", "http://server.example.com?query", "http://server.example.com#part",
        "http://[::1]", "http://127.0.0.1", "http://localhost", "http://xn--server-example.com", "http://", "http:///",
        "http:server.example.com", "//server.example.com", "server.example.com", "null", "NULL", "*",
        "http://*", "http://*.example.com", "file://", "file:///a", "file://server.example.com", "chrome-extension://abcdefgh", "javascript:alert(1)", "data:x",
        "http://server.example.com:99999", "http://server.example.com:0", "http://server.example.com:+80",
        "http://server.example.com:80:80", "http://server%2Eexample.com", "http://" + new string('a', 8_000),
    ];

    public static IEnumerable<HandshakeCase> All =>
    [
        .. NotTheServers.Select(origin => new HandshakeCase(
            $"PR-01, PR-02, PR-03 origin '{origin}'", Request("Origin: " + origin), WebSocketHandshakeError.OriginNotAllowed, 403)),
        .. NotTheServers.Take(5).Select(origin => new HandshakeCase(
            $"PR-02 origin of version 8 '{origin}'",
            Request("Sec-WebSocket-Version: 8", "Sec-WebSocket-Origin: " + origin), WebSocketHandshakeError.OriginNotAllowed, 403)),
        new HandshakeCase(
            "PR-02 of two origins of version 8 the second is another's",
            Request("Sec-WebSocket-Version: 8", "Origin: http://server.example.com", "Sec-WebSocket-Origin: http://evil.example"),
            WebSocketHandshakeError.OriginNotAllowed, 403),
    ];
}
