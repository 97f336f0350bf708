using System.Globalization;
using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

public sealed class ClientHandshakeTests
{
    private static readonly ClientHandshakeExpectations NothingOffered = new() { Key = Key };
    private static readonly Version Http11 = new(1, 1);

    public static IEnumerable<TheoryDataRow<HandshakeCase>> Malformed =>
        MalformedResponses.All.Select(one => new TheoryDataRow<HandshakeCase>(one));

    public static IEnumerable<TheoryDataRow<HandshakeCase>> GoodHttp =>
        MalformedResponses.GoodHttp.Select(one => new TheoryDataRow<HandshakeCase>(one));

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Client_rejects_a_malformed_response_however_it_is_split(HandshakeCase @case) => AssertVerdict(@case);

    [Theory]
    [MemberData(nameof(GoodHttp))]
    public void Client_rejects_a_malformed_response_that_another_HTTP_implementation_has_parsed(HandshakeCase @case)
    {
        int statusCode = int.Parse(@case.Head.AsSpan(9, 3), CultureInfo.InvariantCulture);
        var headers = HeaderFields.FromPairs(Pairs(@case.Head));

        WebSocketHandshakeError error = ClientHandshake.Check(statusCode, Http11, headers, NothingOffered, out _);

        Assert.Equal(@case.Expected, error);
    }

    [Fact]
    public void Catalogue_has_at_least_60_malformed_responses_with_different_names()
    {
        string[] names = [.. MalformedResponses.All.Select(one => one.Name)];

        Assert.True(names.Length >= 60, $"{names.Length} cases");
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols")]
    [InlineData("HTTP/1.1 101 ")] // CT-04: the reason may be missing
    [InlineData("HTTP/1.1 101")]
    [InlineData("HTTP/1.1 101 Web\tSocket \u00FC")]
    [InlineData("HTTP/1.2 101 OK")]
    public void Client_accepts_a_status_line_with_any_reason(string line) =>
        AssertVerdict(new HandshakeCase(line, ResponseLine(line), WebSocketHandshakeError.None));

    [Theory]
    [InlineData("Upgrade: WebSocket", "Connection: upgrade")]
    [InlineData("Upgrade:\twebsocket ", "Connection: keep-alive, Upgrade")]
    [InlineData("Upgrade: websocket,", "Connection: ,Upgrade,")] // RFC 9110 §5.6.1.2
    [InlineData("Upgrade: , ,websocket", "Connection: keep-alive, ,Upgrade")]
    [InlineData("+Upgrade:", "+Connection:")]
    [InlineData("X-Name: J\u00FCrgen", "Server:")]
    [InlineData("Sec-WebSocket-Accept: \t" + Accept + "  ", "+Sec-WebSocket-Version: 13")]
    [InlineData("+Set-Cookie: a=b", "+Set-Cookie: c=d")]
    // RFC 6455 §4.1 has no rule about them, and a 101 has no body
    [InlineData("Content-Length: 5", "Transfer-Encoding: chunked")]
    public void Client_accepts_unusual_but_valid_responses(string one, string other) =>
        AssertVerdict(new HandshakeCase(one, Response(one, other), WebSocketHandshakeError.None));

    [Fact]
    public void Frames_after_the_head_are_left_for_the_frame_layer() // CT-07
    {
        string head = Response();

        AssertVerdict(new HandshakeCase("frame", head + "\x81\x05Hello", WebSocketHandshakeError.None));
    }

    [Theory]
    [InlineData("chat", "chat")]
    [InlineData("superchat", "superchat")]
    public void Client_accepts_a_subprotocol_that_it_offered(string chosen, string expected)
    {
        WebSocketHandshakeError error = Check(
            Response("Sec-WebSocket-Protocol: " + chosen), out string? subprotocol, "chat", "superchat");

        Assert.Equal(WebSocketHandshakeError.None, error);
        Assert.Equal(expected, subprotocol);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: Chat", WebSocketHandshakeError.UnrequestedSubprotocol)] // CT-06: another case
    [InlineData("Sec-WebSocket-Protocol: other", WebSocketHandshakeError.UnrequestedSubprotocol)] // ws 4.14, 15
    [InlineData("Sec-WebSocket-Protocol: chat, superchat", WebSocketHandshakeError.RepeatedSubprotocol)]
    [InlineData("Sec-WebSocket-Protocol:", WebSocketHandshakeError.InvalidSubprotocols)]
    [InlineData("-Sec-WebSocket-Protocol", WebSocketHandshakeError.MissingSubprotocol)] // ws 4.14, 17
    public void Client_rejects_a_subprotocol_that_it_did_not_offer(string change, WebSocketHandshakeError expected)
    {
        WebSocketHandshakeError error = Check(Response(change), out string? subprotocol, "chat", "superchat");

        Assert.Equal(expected, error);
        Assert.Null(subprotocol);
    }

    [Fact]
    public void Client_can_be_configured_to_accept_no_subprotocol() // CT-06, the lenient switch
    {
        ClientHandshakeExpectations expected = NothingOffered with
        {
            Subprotocols = ["chat"],
            AllowMissingSubprotocol = true,
        };

        WebSocketHandshakeError error = ClientHandshake.Check(Parse(Response()), expected, out ClientHandshakeAgreement agreement);

        Assert.Equal(WebSocketHandshakeError.None, error);
        Assert.Null(agreement.Subprotocol);
    }

    [Theory]
    [InlineData("foo; a=\"b\"", WebSocketHandshakeError.None)]
    [InlineData("foo, bar", WebSocketHandshakeError.None)]
    [InlineData("foo,, bar ,", WebSocketHandshakeError.None)] // RFC 9110 §5.6.1.2
    [InlineData("foo; a\t=\t\"b\" , bar; c = d", WebSocketHandshakeError.None)]
    [InlineData("foo, foo", WebSocketHandshakeError.RepeatedExtension)] // EX-30c
    [InlineData("foo, other", WebSocketHandshakeError.UnrequestedExtension)] // ws 4.14, 13
    [InlineData("Foo", WebSocketHandshakeError.UnrequestedExtension)] // EX-03: compared exactly
    [InlineData("fooX", WebSocketHandshakeError.UnrequestedExtension)]
    public void Client_accepts_extensions_that_it_offered_once(string list, WebSocketHandshakeError expected)
    {
        ClientHandshakeExpectations offered = NothingOffered with { Extensions = ["foo", "bar"] };

        WebSocketHandshakeError error = ClientHandshake.Check(
            Parse(Response("Sec-WebSocket-Extensions: " + list)),
            offered,
            out ClientHandshakeAgreement agreement);

        Assert.Equal(expected, error);
        Assert.Equal(expected == WebSocketHandshakeError.None, agreement.Extensions.Count > 0);
    }

    [Fact]
    public void Extension_on_two_lines_counts_as_repeated() // EX-30c
    {
        ClientHandshakeExpectations offered = NothingOffered with { Extensions = ["foo"] };

        WebSocketHandshakeError error = ClientHandshake.Check(
            Parse(Response("+Sec-WebSocket-Extensions: foo", "+Sec-WebSocket-Extensions: foo")), offered, out _);

        Assert.Equal(WebSocketHandshakeError.RepeatedExtension, error);
    }

    [Fact]
    public void Characters_outside_latin_1_are_never_converted()
    {
        // U+FF57 is a full-width "w", which some encoders convert to the ASCII letter.
        IEnumerable<KeyValuePair<string, string>> pairs = Pairs(Response())
            .Select(pair => pair.Key == "Upgrade" ? KeyValuePair.Create(pair.Key, "\uFF57ebsocket") : pair);

        WebSocketHandshakeError error = ClientHandshake.Check(
            101, Http11, HeaderFields.FromPairs(pairs), NothingOffered, out _);

        Assert.Equal(WebSocketHandshakeError.InvalidUpgrade, error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a key")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==")]
    public void Client_without_a_key_opens_no_connection(string key)
    {
        WebSocketHandshakeError error = ClientHandshake.Check(
            Parse(Response()), NothingOffered with { Key = key }, out _);

        Assert.Equal(WebSocketHandshakeError.InvalidAccept, error);
    }

    // RFC 8441 §4, §5; RFC 9113 §8.2.2.
    [Theory]
    [InlineData(200, "Server: x", WebSocketHandshakeError.None)]
    [InlineData(204, "Sec-WebSocket-Accept: x", WebSocketHandshakeError.None)]
    [InlineData(299, "Sec-WebSocket-Protocol: chat", WebSocketHandshakeError.None)]
    [InlineData(200, "Content-Length: 5", WebSocketHandshakeError.None)]
    [InlineData(101, "Server: x", WebSocketHandshakeError.UnexpectedStatusCode)]
    [InlineData(199, "Server: x", WebSocketHandshakeError.UnexpectedStatusCode)]
    [InlineData(300, "Server: x", WebSocketHandshakeError.UnexpectedStatusCode)]
    [InlineData(200, "Connection: Upgrade", WebSocketHandshakeError.MalformedResponse)]
    [InlineData(200, "Upgrade: websocket", WebSocketHandshakeError.MalformedResponse)]
    [InlineData(200, "Transfer-Encoding: chunked", WebSocketHandshakeError.MalformedResponse)]
    [InlineData(200, "Keep-Alive: 5", WebSocketHandshakeError.MalformedResponse)]
    [InlineData(200, "proxy-connection: close", WebSocketHandshakeError.MalformedResponse)]
    [InlineData(200, "Sec-WebSocket-Protocol: other", WebSocketHandshakeError.UnrequestedSubprotocol)]
    [InlineData(200, "Sec-WebSocket-Extensions: foo", WebSocketHandshakeError.UnrequestedExtension)]
    public void In_HTTP2_any_success_opens_a_stream_and_HTTP1_headers_are_malformed(
        int statusCode, string line, WebSocketHandshakeError expected)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        var headers = HeaderFields.FromPairs([KeyValuePair.Create(line[..colon], line[(colon + 2)..])]);
        ClientHandshakeExpectations offered = NothingOffered with { Subprotocols = ["chat"], AllowMissingSubprotocol = true };

        WebSocketHandshakeError error = ClientHandshake.CheckExtendedConnect(
            statusCode, headers, offered, out ClientHandshakeAgreement agreement);

        Assert.Equal(expected, error);
        Assert.Equal(
            line.EndsWith("chat", StringComparison.Ordinal) ? "chat" : null, agreement.Subprotocol);
    }

    private static WebSocketHandshakeError Check(string head, out string? subprotocol, params string[] offered)
    {
        WebSocketHandshakeError error = ClientHandshake.Check(
            Parse(head), NothingOffered with { Subprotocols = offered }, out ClientHandshakeAgreement agreement);
        subprotocol = agreement.Subprotocol;
        return error;
    }

    private static ResponseHead Parse(string head)
    {
        Assert.Equal(HttpError.None, ResponseHead.TryParse(Bytes(head), Verdicts.Lines(), out ResponseHead response));
        return response;
    }

    private static void AssertVerdict(HandshakeCase @case)
    {
        byte[] bytes = Bytes(@case.Head);
        foreach (int[] delivery in Deliveries(bytes.Length))
        {
            WebSocketHandshakeError? verdict = Verdicts.OfClient(bytes, delivery, NothingOffered);

            Assert.True(
                verdict == @case.Expected,
                $"{@case.Name}: {verdict} instead of {@case.Expected}, {delivery.Length} reads, first {delivery[0]}");
        }
    }
}
