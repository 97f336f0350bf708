namespace Sockeye.Tests;

/// <summary>Invalid redirects (CT-23, CT-24).</summary>
public static class ClientRedirectCases
{
    private static readonly string[] BadLocations =
    [
        "ftp://a.invalid/", "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x", "mailto:a@b", "about:blank",
        "gopher://a.invalid/", "urn:a:b", "unix:/tmp/x", "ws+unix:/tmp/x.sock:/", "ws+unix:///tmp/x.sock:/",
        "http+unix://%2Ftmp%2Fx/", "ws+unix:\\\\.\\pipe\\x:/", "wsss://a.invalid/", "w://a.invalid/", "tcp://a.invalid:1/",
        "ssh://a.invalid/", "ldap://a.invalid/", "jar:http://a.invalid!/", "blob:http://a.invalid/x", "chrome://x/",
        "ws://", "ws:///", "ws:///path", "wss://", "http://", "https:///x", "//", "///", "http:///", "ws://?", "ws://#",
        "ws://:80/", "ws://@/", "ws://user@/", "ws://user@:80/", "ws://a b/", "ws://a.invalid:99999/",
        "ws://a.invalid:65536/", "ws://a.invalid:-1/", "ws://a.invalid:x/", "ws://a.invalid:0/", "http://a.invalid:0/",
        "ws://[::1/", "ws://[::g]/", "ws://[]/", "ws://]/", "ws://[v1.x]/", "ws://a..invalid/",
        "ws://%/", "ws://%00/", "ws://a%00b.invalid/", "ws://a.invalid/#fragment", "/#", "/there#", "#", "#fragment",
        "?a=b#c", "there#", "ws://a.invalid#", "//a.invalid/#x", "ws://a<b>.invalid/", "ws://a^b/", "ws://a|b/",
        "ws://a`b/", "ws://a{b}/", "ws://a\"b/", "http://a\tb/", "ws://exa mple.invalid/",
        "/a b", "/caf\u00E9", "ws://b\u00FCcher.invalid/", "/a\tb", "/a\u001B[2J", "/a\u007F",
    ];

    public static TheoryData<string, WebSocketHandshakeError> Bad
    {
        get
        {
            var cases = new TheoryData<string, WebSocketHandshakeError>();
            foreach (string location in BadLocations)
            {
                cases.Add($"Location: {location}\r\n", WebSocketHandshakeError.InvalidRedirect);
            }

            cases.Add("Location:\r\n", WebSocketHandshakeError.InvalidRedirect);
            cases.Add("Location: \t \r\n", WebSocketHandshakeError.InvalidRedirect);
            cases.Add("Location: /a\r\nLocation: /b\r\n", WebSocketHandshakeError.InvalidRedirect);
            cases.Add("Location: /a\r\nlocation: /a\r\n", WebSocketHandshakeError.InvalidRedirect);
            cases.Add($"Location: /{new string('a', 20_000)}\r\n", WebSocketHandshakeError.HeadTooLong);
            cases.Add("Location: /a\0b\r\n", WebSocketHandshakeError.InvalidRedirect);
            cases.Add("Location: /a\rX: b\r\n", WebSocketHandshakeError.InvalidRedirect);

            // The server's location is not a mistake of the application.
            cases.Add("Location: ws://a%3Ab:c@a.invalid/\r\n", WebSocketHandshakeError.InvalidRedirect);
            cases.Add("Location: ws://a:b%00@a.invalid/\r\n", WebSocketHandshakeError.InvalidRedirect);
            cases.Add("Location: //a%0D%0AX%3A:b@a.invalid/\r\n", WebSocketHandshakeError.InvalidRedirect);
            cases.Add("", WebSocketHandshakeError.UnexpectedStatusCode);
            cases.Add("Locations: /a\r\n", WebSocketHandshakeError.UnexpectedStatusCode);
            return cases;
        }
    }
}
