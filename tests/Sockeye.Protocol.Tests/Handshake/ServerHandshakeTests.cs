using System.Buffers;
using System.Text;
using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

public sealed class ServerHandshakeTests
{
    public static IEnumerable<TheoryDataRow<HandshakeCase>> Malformed =>
        RejectedRequests.All.Select(one => new TheoryDataRow<HandshakeCase>(one));

    public static IEnumerable<TheoryDataRow<HandshakeCase>> Valid =>
        ValidRequests.All.Select(one => new TheoryDataRow<HandshakeCase>(one));

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Server_rejects_a_malformed_request_however_it_is_split(HandshakeCase @case)
    {
        AssertVerdict(@case);

        Assert.Equal(@case.Status, @case.Expected.StatusCode());
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void Server_accepts_a_valid_request_however_it_is_split(HandshakeCase @case) => AssertVerdict(@case);

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Rejection_has_the_status_and_announces_the_close(HandshakeCase @case)
    {
        var written = new ArrayBufferWriter<byte>();

        ServerResponse.WriteRejection(written, @case.Expected, ServerHandshakeRules.Default);

        string text = Encoding.UTF8.GetString(written.WrittenSpan);
        Assert.StartsWith($"HTTP/1.1 {@case.Status} ", text, StringComparison.Ordinal);
        Assert.Contains(
            @case.Status == 426 ? "\r\nConnection: Upgrade, close\r\n" : "\r\nConnection: close\r\n",
            text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Catalogue_has_at_least_400_requests_to_reject_with_different_names()
    {
        string[] names = [.. RejectedRequests.All.Select(one => one.Name)];

        Assert.True(names.Length >= 400, $"{names.Length} cases");
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    [Theory]
    [InlineData("HS", "02 04 07 08 09 10 11 12 13 14 15 20 21 22 23 24 30 31 32 33 34 35")]
    [InlineData("PR", "01 02 03 05")]
    [InlineData("EX", "20")]
    public void Catalogue_has_requests_to_reject_for_every_kind_of_attack(string kind, string numbers) => Assert.All(
        numbers.Split(' '),
        number => Assert.Contains(RejectedRequests.All, one => one.Name.Contains($"{kind}-{number}", StringComparison.Ordinal)));

    [Fact]
    public void Catalogue_has_requests_to_accept_for_every_kind_that_only_resembles_an_attack() => Assert.All(
        "01 02 04 09 11 12 13 20 24 30 34 35 36 40".Split(' '),
        number => Assert.Contains(ValidRequests.All, one => one.Name.Contains($"HS-{number}", StringComparison.Ordinal)));

    [Fact]
    public void Names_of_JavaScript_object_members_are_ordinary_names() // EX-41
    {
        ServerHandshakeOffer offer = Verdicts.Offer(
            Request("Sec-WebSocket-Extensions: constructor, __proto__; toString=hasOwnProperty"));

        Assert.Equal(["constructor", "__proto__"], offer.Extensions.Select(extension => extension.Name));
    }

    [Fact]
    public void Offer_contains_the_parts_of_the_request()
    {
        ServerHandshakeOffer offer = Verdicts.Offer(
            RequestLine(
                "GET /caf%C3%A9/%2541?a=b?c HTTP/1.1",
                "Origin: http://server.example.com",
                "Sec-WebSocket-Protocol: chat, superchat",
                "Sec-WebSocket-Extensions: a; b=c"));

        Assert.Equal(13, offer.Version);
        Assert.Equal("/caf%C3%A9/%2541", offer.Path);
        Assert.Equal("/café/%41", offer.DecodedPath);
        Assert.Equal("a=b?c", offer.Query);
        Assert.Equal("server.example.com", offer.Host);
        Assert.Equal("http://server.example.com", offer.Origin);
        Assert.Equal(["chat", "superchat"], offer.Subprotocols);
        Assert.Equal(Key, Encoding.ASCII.GetString(offer.Key));
        Assert.Equal("a", Assert.Single(offer.Extensions).Name);
    }

    [Theory]
    [InlineData("//evil.example/a", "/evil.example/a")]
    [InlineData("/%2Fevil.example/a", "/evil.example/a")]
    [InlineData("/%2f%5C/evil.example", "/evil.example")]
    [InlineData("/\\evil.example", "/evil.example")]
    [InlineData("/%5Cevil.example", "/evil.example")]
    [InlineData("///", "/")]
    [InlineData("/%2F", "/")]
    [InlineData("/a//b\\c", "/a//b\\c")]
    [InlineData("ws://good.example//evil.example", "/evil.example")]
    public void Path_can_never_be_taken_for_an_authority(string target, string expected)
    {
        ServerHandshakeOffer offer = Verdicts.Offer(RequestLine($"GET {target} HTTP/1.1"));

        Assert.Equal(expected, offer.DecodedPath);
        Assert.Equal("good.example", new Uri(new Uri("http://good.example/"), offer.DecodedPath).Host);
        Assert.Equal(target, offer.TargetText);
    }

    [Theory] // RFC 9112 §3.2.2
    [InlineData("ws://absolute.example:81/chat", "absolute.example:81")]
    [InlineData("https://absolute.example", "absolute.example")]
    [InlineData("/chat", "server.example.com")]
    public void Authority_of_an_absolute_target_replaces_the_Host_header(string target, string expected) =>
        Assert.Equal(expected, Verdicts.Offer(RequestLine($"GET {target} HTTP/1.1")).Host);

    [Theory]
    [InlineData("ws://allowed.example/", "other.example", WebSocketHandshakeError.None)]
    [InlineData("ws://other.example/", "allowed.example", WebSocketHandshakeError.HostNotAllowed)]
    [InlineData("wss://secure.example/", "other.example", WebSocketHandshakeError.None)]
    [InlineData("ws://secure.example/", "other.example", WebSocketHandshakeError.HostNotAllowed)]
    public void Allowed_hosts_are_compared_with_the_authority_of_an_absolute_target(
        string target, string host, WebSocketHandshakeError expected)
    {
        ServerHandshakeRules rules = ServerHandshakeRules.Default with
        {
            Hosts = [Pattern("allowed.example"), Pattern("secure.example:443")],
        };

        WebSocketHandshakeError error = ServerHandshake.Check(
            Verdicts.Parse(RequestLine($"GET {target} HTTP/1.1", "Host: " + host)), rules, out _);

        Assert.Equal(expected, error);

        static HostPattern Pattern(string text)
        {
            Assert.True(HostPattern.TryParse(text, out HostPattern? pattern));
            return pattern!;
        }
    }

    [Theory]
    [InlineData("http://absolute.example", WebSocketHandshakeError.None)]
    [InlineData("http://server.example.com", WebSocketHandshakeError.OriginNotAllowed)]
    public void Same_origin_is_determined_by_an_absolute_target(string origin, WebSocketHandshakeError expected)
    {
        WebSocketHandshakeError error = ServerHandshake.Check(
            Verdicts.Parse(RequestLine("GET http://absolute.example/chat HTTP/1.1", "Origin: " + origin)),
            ServerHandshakeRules.Default, out _);

        Assert.Equal(expected, error);
    }

    [Fact]
    public void Version_8_is_accepted_and_uses_its_own_origin_header()
    {
        ServerHandshakeOffer offer = Verdicts.Offer(
            Request("Sec-WebSocket-Version: 8", "Sec-WebSocket-Origin: http://server.example.com"));

        Assert.Equal(8, offer.Version);
        Assert.Equal("http://server.example.com", offer.Origin);
    }

    [Fact]
    public void Version_8_is_unsupported_if_disabled()
    {
        ServerHandshakeRules rules = ServerHandshakeRules.Default with { AllowVersion8 = false };

        WebSocketHandshakeError error = ServerHandshake.Check(Verdicts.Parse(Request("Sec-WebSocket-Version: 8")), rules, out _);

        Assert.Equal(WebSocketHandshakeError.UnsupportedVersion, error);
        Assert.Equal("13", rules.SupportedVersions);
    }

    [Theory]
    [InlineData(WebSocketHandshakeError.OriginNotAllowed, "Sec-WebSocket-Version: 8",
        "Sec-WebSocket-Origin: http://evil.example")]
    [InlineData(WebSocketHandshakeError.OriginNotAllowed, "Sec-WebSocket-Version: 8", "Origin: http://evil.example")]
    [InlineData(WebSocketHandshakeError.None, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Origin: http://evil.example")]
    public void Both_origin_headers_are_checked_in_version_8_only(WebSocketHandshakeError expected, string version, string origin)
    {
        WebSocketHandshakeError error = ServerHandshake.Check(
            Verdicts.Parse(Request(version, origin)), ServerHandshakeRules.Default, out _);

        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("chat, superchat", "superchat")] // the server's preference decides
    [InlineData("chat", "chat")]
    [InlineData("Chat", null)] // §11.5: names are compared exactly
    [InlineData("other", null)] // HS-25
    public void Server_selects_the_first_of_its_subprotocols_that_is_offered(string offered, string? expected)
    {
        ServerHandshakeRules rules = ServerHandshakeRules.Default with { Subprotocols = ["superchat", "chat"] };

        ServerHandshakeOffer offer = Verdicts.Offer(Request("Sec-WebSocket-Protocol: " + offered), rules);

        Assert.Equal(expected, offer.Subprotocol);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: other")]
    [InlineData("-Sec-WebSocket-Protocol")]
    public void Server_that_requires_a_subprotocol_rejects_a_client_without_one(string change) // HS-25
    {
        ServerHandshakeRules rules = ServerHandshakeRules.Default with
        {
            Subprotocols = ["chat"],
            RequireSubprotocol = true,
        };

        WebSocketHandshakeError error = ServerHandshake.Check(Verdicts.Parse(Request(change)), rules, out _);

        Assert.Equal(WebSocketHandshakeError.NoCommonSubprotocol, error);
        Assert.Equal(400, error.StatusCode());
    }

    [Fact]
    public void Long_list_of_subprotocols_is_read_completely() // HS-24
    {
        string[] names = [.. Enumerable.Range(0, 1_600).Select(number => number.ToString(provider: null))];

        ServerHandshakeOffer offer = Verdicts.Offer(Request("Sec-WebSocket-Protocol: " + string.Join(',', names)));

        Assert.Equal(names, offer.Subprotocols);
    }

    [Fact]
    public void Accepting_allocates_nothing()
    {
        byte[] head = Bytes(Request([.. Enumerable.Range(0, 50).Select(n => $"+X-Header-{n}: value {n}")]));
        var destination = new ArrayBufferWriter<byte>(1_024);
        for (int i = 0; i < 100; i++)
        {
            Accept(head, destination);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Accept(head, destination);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
    }

    private static void Accept(byte[] head, ArrayBufferWriter<byte> destination)
    {
        destination.ResetWrittenCount();
        var reader = new HeadReader(HeadLimits.Default);
        reader.Read(head, out int headLength, out _);
        Span<HeaderLine> lines = stackalloc HeaderLine[HeadLimits.Default.MaxHeaderCount];
        RequestHead.TryParse(head.AsSpan(0, headLength), lines, out RequestHead request);
        ServerHandshake.Check(request, ServerHandshakeRules.Default, out ServerHandshakeOffer offer);
        ServerResponse.WriteAccept(destination, offer);
    }

    private static void AssertVerdict(HandshakeCase @case)
    {
        byte[] bytes = Bytes(@case.Head);
        foreach (int[] delivery in Deliveries(bytes.Length))
        {
            WebSocketHandshakeError? verdict = Verdicts.OfServer(bytes, delivery, ServerHandshakeRules.Default);

            Assert.True(
                verdict == @case.Expected,
                $"{@case.Name}: {verdict} instead of {@case.Expected}, {delivery.Length} reads, first {delivery[0]}");
        }
    }
}
