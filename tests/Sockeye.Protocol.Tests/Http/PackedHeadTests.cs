using System.Text;
using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

public sealed class PackedHeadTests
{
    private static readonly string Browser = string.Join(
        "\r\n",
        "GET /chat?room=1 HTTP/1.1",
        "Host: chat.example.com",
        "Connection: Upgrade",
        "Pragma: no-cache",
        "Cache-Control: no-cache",
        "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            + "Chrome/131.0.0.0 Safari/537.36",
        "Upgrade: websocket",
        "Origin: https://chat.example.com",
        "Sec-WebSocket-Version: 13",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept-Language: en-US,en;q=0.9",
        "Sec-WebSocket-Key: " + Key,
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "",
        "");

    public static TheoryData<string> Heads =>
    [
        "",
        "\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET /a HTTP/1.1",
        " HTTP/1.1\r\n",
        "Sec-WebSocket-Key: " + Key,
        $"Sec-WebSocket-Key: {Key}\r\n",
        $"Sec-WebSocket-Key:  {Key}\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n", // bits that mean nothing are set
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\n\r\n",
        "Sec-WebSocket-Key: dGhl IHNhbXBsZSBub25jZ==\r\n",
        "X: caf\u00E9\r\n\r\n",
        "\u0080\u00FF\r\n",
        "\0\u0001\t\n\r\n\r\r\n",
        Browser,
    ];

    [Theory]
    [MemberData(nameof(Heads))]
    public void Any_bytes_are_restored(string head) => AssertComesBack(Bytes(head));

    [Fact]
    public void Every_head_in_the_catalogues_is_restored()
    {
        foreach (HandshakeCase @case in ValidRequests.All.Concat(MalformedHeads.All).Concat(MalformedRequests.All))
        {
            AssertComesBack(Bytes(@case.Head));
        }
    }

    [Fact]
    public void Every_phrase_is_restored_at_the_start_of_a_line_and_elsewhere()
    {
        foreach (string phrase in HeadPhrases.All)
        {
            AssertComesBack(Bytes(phrase));
            AssertComesBack(Bytes($"{phrase}more\r\nX: {phrase}{phrase}"));
        }
    }

    [Fact]
    public void Randomly_assembled_heads_are_restored()
    {
        var random = new Random(6455);
        string[] parts = [.. HeadPhrases.All, "\r\n", "\r", "\n", " HTTP/1.1", "\0", "\u0001", "\u0090", Key, "a", ": "];
        for (int i = 0; i < 20_000; i++)
        {
            string head = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => parts[random.Next(parts.Length)]));
            AssertComesBack(Bytes(head));
        }
    }

    [Fact]
    public void Random_bytes_are_restored()
    {
        var random = new Random(6455);
        for (int i = 0; i < 2_000; i++)
        {
            byte[] head = new byte[random.Next(200)];
            random.NextBytes(head);
            AssertComesBack(head);
        }
    }

    [Fact]
    public void A_plain_clients_request_packs_into_40_bytes()
    {
        byte[] head = Bytes(RequestLine("GET / HTTP/1.1", "Host: localhost:8080"));

        Assert.Equal(40, Pack(head).Length);
    }

    [Fact]
    public void A_browsers_request_packs_into_a_quarter()
    {
        byte[] head = Bytes(Browser);

        Assert.InRange(Pack(head).Length, 1, head.Length / 4);
    }

    [Fact]
    public void There_are_at_most_128_phrases_and_all_are_ascii_and_different()
    {
        Assert.InRange(HeadPhrases.All.Count, 1, 128);
        Assert.All(HeadPhrases.All, phrase => Assert.True(Ascii.IsValid(phrase) && phrase.Length > 1));
        Assert.Equal(HeadPhrases.All.Count, HeadPhrases.All.Distinct().Count());
    }

    private static void AssertComesBack(byte[] head) => Assert.Equal(head, PackedHead.Unpack(Pack(head)));

    private static byte[] Pack(byte[] head)
    {
        byte[] destination = new byte[PackedHead.MaxLength(head.Length)];
        return destination[..PackedHead.Pack(head, destination)];
    }
}
