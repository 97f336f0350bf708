namespace Sockeye.Protocol;

/// <summary>
/// The most frequent line starts in the heads of opening handshakes, at most 128, for <see cref="PackedHead"/>.
/// </summary>
internal static class HeadPhrases
{
    private const string Mozilla = "User-Agent: Mozilla/5.0 (";
    private const string Chrome = ") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/";

    /// <summary>The phrases. One that is a whole line includes its CRLF.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        // RFC 6455 §4.1.
        "GET ",
        "Host: ",
        "Upgrade: websocket\r\n",
        "Connection: Upgrade\r\n",
        "Connection: upgrade\r\n",
        "Connection: keep-alive, Upgrade\r\n",
        "Sec-WebSocket-Version: 13\r\n",
        "Sec-WebSocket-Key: ",
        "Sec-WebSocket-Protocol: ",
        "Sec-WebSocket-Extensions: ",
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
        "Origin: ",
        "Origin: http://",
        "Origin: https://",

        // Browsers.
        "Pragma: no-cache\r\n",
        "Cache-Control: no-cache\r\n",
        "Accept: */*\r\n",
        "Accept-Encoding: gzip, deflate\r\n",
        "Accept-Encoding: gzip, deflate, br\r\n",
        "Accept-Encoding: gzip, deflate, br, zstd\r\n",
        "Accept-Language: ",
        "Accept-Language: en-US,en;q=0.5\r\n",
        "Accept-Language: en-US,en;q=0.9\r\n",
        "Cookie: ",
        "Referer: ",
        "DNT: 1\r\n",
        "Sec-GPC: 1\r\n",
        "Sec-Fetch-Dest: empty\r\n",
        "Sec-Fetch-Dest: websocket\r\n",
        "Sec-Fetch-Mode: websocket\r\n",
        "Sec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "User-Agent: ",
        Mozilla,
        Mozilla + "Windows NT 10.0; Win64; x64; rv:",
        Mozilla + "Windows NT 10.0; Win64; x64" + Chrome,
        Mozilla + "Macintosh; Intel Mac OS X 10_15_7" + Chrome,
        Mozilla + "X11; Linux x86_64" + Chrome,
        Mozilla + "Linux; Android 10; K" + Chrome,

        // Other clients, and proxies in between.
        "Authorization: ",
        "Authorization: Basic ",
        "Authorization: Bearer ",
        "Forwarded: ",
        "Via: 1.1 ",
        "X-Forwarded-For: ",
        "X-Forwarded-Host: ",
        "X-Forwarded-Port: ",
        "X-Forwarded-Proto: http\r\n",
        "X-Forwarded-Proto: https\r\n",
        "X-Real-IP: ",
        "X-Request-ID: ",
    ];
}
