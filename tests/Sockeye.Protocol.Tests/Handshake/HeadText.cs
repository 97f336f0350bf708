using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>Heads as text, one character per byte, written as changes to the examples of RFC 6455 §1.3.</summary>
internal static class HeadText
{
    public const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    public const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private static readonly string[] RequestHeaders =
    [
        "Host: server.example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: " + Key,
        "Sec-WebSocket-Version: 13",
    ];

    private static readonly string[] ResponseHeaders =
    [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: " + Accept,
    ];

    /// <summary>Returns the request of the RFC for <c>/chat</c>, with changes.</summary>
    /// <param name="changes">
    /// <c>Name: value</c> replaces or adds a header, <c>-Name</c> removes it, <c>+line</c> adds a line unchanged.
    /// </param>
    public static string Request(params string[] changes) => RequestLine("GET /chat HTTP/1.1", changes);

    /// <summary>Returns the request with another request line.</summary>
    public static string RequestLine(string line, params string[] changes) => Join(line, RequestHeaders, changes);

    /// <summary>Returns the response of the RFC without a subprotocol, changed in the same way.</summary>
    public static string Response(params string[] changes) =>
        ResponseLine("HTTP/1.1 101 Switching Protocols", changes);

    /// <summary>Returns the response with another status line.</summary>
    public static string ResponseLine(string line, params string[] changes) => Join(line, ResponseHeaders, changes);

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>Returns the header lines as another HTTP implementation would provide them.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pairs(string head) =>
        from line in head.Split("\r\n")[1..^2]
        let colon = line.IndexOf(':', StringComparison.Ordinal)
        select KeyValuePair.Create(line[..colon], line[(colon + 1)..]);

    /// <summary>
    /// Returns how much has been received at each read: whole, split in two at every position, and byte by byte.
    /// </summary>
    public static IEnumerable<int[]> Deliveries(int length)
    {
        const int everyPlaceLength = 1_024;
        const int coarse = 211; // a prime: meets all alignments of lines in a head that is too long to cut everywhere

        yield return [length];
        for (int cut = 1; cut < length; cut += length <= everyPlaceLength ? 1 : coarse)
        {
            yield return [cut, length];
        }

        yield return [.. Enumerable.Range(1, length)];
    }

    private static string Join(string line, string[] headers, string[] changes)
    {
        List<string> lines = [.. headers];
        foreach (string change in changes)
        {
            if (change.StartsWith('+'))
            {
                lines.Add(change[1..]);
                continue;
            }

            bool removes = change.StartsWith('-');
            string name = change.TrimStart('-').Split(':')[0];
            int index = lines.FindIndex(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));
            if (index >= 0)
            {
                lines.RemoveAt(index);
            }

            if (!removes)
            {
                lines.Insert(index < 0 ? lines.Count : index, change);
            }
        }

        return string.Join("\r\n", [line, .. lines, "", ""]);
    }
}
