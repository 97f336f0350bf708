using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class HeadEndFinderTests
{
    private const string Head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    /// <summary>What is received, with a bar behind each head.</summary>
    public static TheoryData<string> Heads =>
    [
        Head + "|",
        Head + "|\u0081\u0003one",
        "HTTP/1.1 101 \nUpgrade: websocket\n\n|rest",
        "HTTP/1.1 101 \r\nUpgrade: websocket\n\n|rest",
        "HTTP/1.1 101 \nUpgrade: websocket\r\n\r\n|rest",
        "HTTP/1.1 101 \nUpgrade: websocket\n\r\n|rest",
        "HTTP/1.1 101 \r\nUpgrade: websocket\r\n\n|rest",
        "HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 103 Early Hints\nLink: </a>\n\n|" + Head + "|\u0082\u0000",

        // RFC 9112 §2.2: a carriage return alone ends no line.
        "HTTP/1.1 101 \r\nA: b\r\n\r\r\n\r\n|",
        "HTTP/1.1 101 \r\nA: b\r\r\r\n\r\n|",
        "HTTP/1.1 101 \r\nA: b\n\r\rc\n\n|",
        "HTTP/1.1 101 \r\r\n",
        "HTTP/1.1 101 \r\nUpgrade: websocket\r\n",
        "\r\n\r\n|",
        "",
    ];

    [Theory]
    [MemberData(nameof(Heads), DisableDiscoveryEnumeration = true)]
    public void Each_head_ends_at_its_empty_line_however_it_is_split(string heads)
    {
        int[] expected = [.. EndsOf(heads)];
        byte[] bytes = Encoding.Latin1.GetBytes(heads.Replace("|", "", StringComparison.Ordinal));
        for (int pieceLength = 1; pieceLength <= bytes.Length + 1; pieceLength++)
        {
            Assert.Equal(expected, FindEnds(bytes, pieceLength));
        }
    }

    private static IEnumerable<int> EndsOf(string heads)
    {
        string[] parts = heads.Split('|');
        int end = 0;
        foreach (string part in parts.SkipLast(1))
        {
            end += part.Length;
            yield return end;
        }
    }

    private static List<int> FindEnds(byte[] bytes, int pieceLength)
    {
        var ends = new List<int>();
        var finder = new HeadEndFinder();
        int position = 0;
        while (position < bytes.Length)
        {
            ReadOnlySpan<byte> piece = bytes.AsSpan(position, Math.Min(pieceLength, bytes.Length - position));
            int? end = finder.EndIn(piece);
            position += end ?? piece.Length;
            if (end is not null)
            {
                ends.Add(position);
            }
        }

        return ends;
    }
}
