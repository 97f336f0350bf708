using System.Buffers;
using System.Text;

namespace Sockeye.Protocol.Tests;

public sealed class ClientRequestTests
{
    private static readonly ClientHandshakeRequest Plain = new() { Host = "server.example.com", Key = HeadText.Key };

    [Fact]
    public void Key_has_16_bytes_in_base64() // RFC 6455 §1.3
    {
        Assert.Equal(HeadText.Key, ClientHandshake.CreateKey("the sample nonce"u8));
    }

    [Fact]
    public void Request_matches_the_rfc()
    {
        string text = Write(Plain with
        {
            Target = "/chat?a=b",
            Origin = "http://example.com",
            Subprotocols = ["chat", "superchat"],
            Extensions = [new Extension("foo", [new ExtensionParameter("a", null), new ExtensionParameter("b", "1")])],
            Headers = [KeyValuePair.Create("Cookie", "a=b"), KeyValuePair.Create("X-Name", "J\u00FCrgen")],
        });

        Assert.Equal(
            "GET /chat?a=b HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + "Origin: http://example.com\r\n"
            + "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: foo; a; b=1\r\n"
            + "Cookie: a=b\r\nX-Name: J\u00FCrgen\r\n\r\n",
            text);
    }

    [Fact]
    public void Server_accepts_the_request_that_the_client_writes()
    {
        string text = Write(Plain with { Host = "[::1]:8080", Target = "/a%20b", Subprotocols = ["chat"] });

        ServerHandshakeOffer offer = Verdicts.Offer(text);

        Assert.Equal("/a b", offer.DecodedPath);
        Assert.Equal(["chat"], offer.Subprotocols);
    }

    [Fact]
    public void Client_accepts_the_response_that_the_server_writes()
    {
        ServerHandshakeOffer offer = Verdicts.Offer(
            Write(Plain with { Subprotocols = ["chat"] }),
            ServerHandshakeRules.Default with { Subprotocols = ["chat"] });
        var written = new ArrayBufferWriter<byte>();
        ServerResponse.WriteAccept(written, offer);

        ResponseHead.TryParse(written.WrittenSpan, Verdicts.Lines(), out ResponseHead response);
        WebSocketHandshakeError error = ClientHandshake.Check(
            response, new() { Key = Plain.Key, Subprotocols = ["chat"] }, out ClientHandshakeAgreement agreement);

        Assert.Equal(WebSocketHandshakeError.None, error);
        Assert.Equal("chat", agreement.Subprotocol);
    }

    [Fact]
    public void Version_8_uses_its_own_origin_header()
    {
        string text = Write(Plain with { Version = 8, Origin = "http://example.com" });

        Assert.Contains("\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Origin: http://example.com\r\n", text,
            StringComparison.Ordinal);
        Assert.DoesNotContain("\r\nOrigin:", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("")]
    [InlineData("/a b")]
    [InlineData("/a\r\nX: b")]
    [InlineData("/a#b")]
    [InlineData("/caf\u00E9")]
    [InlineData("http://server.example.com/")]
    public void Target_that_is_not_a_path_is_not_written(string target) =>
        AssertFault(HandshakeFault.InvalidTarget, Plain with { Target = target });

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\r\nX: b")] // CT-31
    [InlineData("user@a")]
    [InlineData("m\u00FCnchen.example")]
    public void Invalid_host_is_not_written(string host) =>
        AssertFault(HandshakeFault.InvalidHost, Plain with { Host = host });

    [Theory]
    [InlineData("a b")]
    [InlineData("")]
    [InlineData("a,b")]
    [InlineData("a\r\nX: b")]
    [InlineData("\u00E4")]
    public void Invalid_subprotocol_is_not_written(string name) =>
        AssertFault(HandshakeFault.InvalidSubprotocol, Plain with { Subprotocols = [name] });

    [Fact]
    public void Repeated_subprotocol_is_not_written() =>
        AssertFault(HandshakeFault.InvalidSubprotocol, Plain with { Subprotocols = ["a", "b", "a"] });

    [Fact]
    public void Invalid_extension_is_not_written()
    {
        AssertFault(HandshakeFault.InvalidExtension, Plain with { Extensions = [new Extension("a b", [])] });
        AssertFault(HandshakeFault.InvalidExtension,
            Plain with { Extensions = [new Extension("a", [new("b;", null)])] });
        AssertFault(HandshakeFault.InvalidExtension,
            Plain with { Extensions = [new Extension("a", [new("b", "c\r\n")])] });
    }

    [Fact]
    public void Key_version_origin_and_headers_are_checked()
    {
        AssertFault(HandshakeFault.InvalidKey, Plain with { Key = "short" });
        AssertFault(HandshakeFault.InvalidKey, Plain with { Key = "\uFF41GhlIHNhbXBsZSBub25jZQ==" });
        AssertFault(HandshakeFault.InvalidVersion, Plain with { Version = 7 });
        AssertFault(HandshakeFault.InvalidHeaderValue, Plain with { Origin = "http://a\r\nX: b" });
        AssertFault(HandshakeFault.ReservedHeaderName, Plain with { Headers = [KeyValuePair.Create("host", "a")] });
    }

    private static string Write(ClientHandshakeRequest request)
    {
        var written = new ArrayBufferWriter<byte>();
        Assert.Equal(HandshakeFault.None, ClientHandshake.WriteRequest(written, request));
        return Encoding.Latin1.GetString(written.WrittenSpan);
    }

    private static void AssertFault(HandshakeFault expected, ClientHandshakeRequest request)
    {
        var written = new ArrayBufferWriter<byte>();

        HandshakeFault fault = ClientHandshake.WriteRequest(written, request);

        Assert.Equal(expected, fault);
        Assert.Equal(0, written.WrittenCount);
    }
}
