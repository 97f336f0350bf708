using System.Buffers;
using System.Text;
using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

public sealed class ServerResponseTests
{
    private static ServerHandshakeOffer Offer => Verdicts.Offer(
        Request("Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Extensions: foo; a"));

    [Fact]
    public void Acceptance_matches_the_rfc() // RFC 6455 §1.3
    {
        string text = Accept(null, [], []);

        Assert.Equal(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            text);
    }

    [Fact]
    public void Acceptance_contains_subprotocol_extensions_and_headers()
    {
        string text = Accept("superchat", [new Extension("foo", [new("b", "c")])],
            [KeyValuePair.Create("Set-Cookie", "a=b")]);

        Assert.EndsWith(
            "\r\nSec-WebSocket-Protocol: superchat\r\nSec-WebSocket-Extensions: foo; b=c\r\nSet-Cookie: a=b\r\n\r\n",
            text,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("other")]
    [InlineData("Chat")]
    [InlineData("")]
    [InlineData("chat, superchat")]
    [InlineData("chat\r\nX: b")]
    public void Subprotocol_that_was_not_offered_never_reaches_the_wire(string subprotocol) => // HS-50
        AssertFault(HandshakeFault.SubprotocolNotOffered, subprotocol);

    [Fact]
    public void Extension_that_was_not_offered_never_reaches_the_wire()
    {
        AssertFault(HandshakeFault.ExtensionNotOffered, null, extension: new Extension("bar", []));
        AssertFault(HandshakeFault.InvalidExtension, null, extension: new Extension("foo", [new("a\r\n", null)]));
    }

    [Theory]
    [InlineData("X", "a\rb")]
    [InlineData("X", "a\nb")]
    [InlineData("X", "a\0b")]
    [InlineData("X", "a\u001Bb")]
    [InlineData("X", "a\u007Fb")]
    [InlineData("X", "a\u0100b")]
    [InlineData("X", "\uFF41")]
    public void Ambiguous_header_value_never_reaches_the_wire(string name, string value) => // HS-51
        AssertFault(HandshakeFault.InvalidHeaderValue, null, name, value);

    [Theory]
    [InlineData("")]
    [InlineData("X Y")]
    [InlineData("X:")]
    [InlineData("X\r\nY")]
    [InlineData("\u00C4")]
    public void Invalid_header_name_never_reaches_the_wire(string name) => // HS-51
        AssertFault(HandshakeFault.InvalidHeaderName, null, name, "a");

    [Theory]
    [InlineData("Connection")]
    [InlineData("connection")]
    [InlineData("Upgrade")]
    [InlineData("Sec-WebSocket-Accept")]
    [InlineData("Sec-WebSocket-Protocol")]
    [InlineData("sec-websocket-extensions")]
    [InlineData("Sec-WebSocket-Anything")]
    [InlineData("Content-Length")]
    [InlineData("Transfer-Encoding")]
    public void Application_cannot_add_headers_that_the_handshake_writes(string name) => // HS-52
        AssertFault(HandshakeFault.ReservedHeaderName, null, name, "a");

    [Fact]
    public void Rejection_is_complete_and_ends_with_its_body()
    {
        string text = Reject(HandshakeRejection.For(WebSocketHandshakeError.InvalidKey, ServerHandshakeRules.Default));

        const string body = "the Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455 \u00A74.2.1)\n";
        Assert.Equal(
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}",
            text);
    }

    [Theory]
    [InlineData(WebSocketHandshakeError.MissingUpgrade, true, "13, 8")] // HS-10
    [InlineData(WebSocketHandshakeError.UnsupportedVersion, true, "13, 8")] // HS-20
    [InlineData(WebSocketHandshakeError.UnsupportedVersion, false, "13")]
    [InlineData(WebSocketHandshakeError.MissingVersion, true, "13, 8")] // HS-21
    public void Status_426_names_the_protocol_to_upgrade_to(WebSocketHandshakeError error, bool allowVersion8, string versions)
    {
        string text = Reject(
            HandshakeRejection.For(error, ServerHandshakeRules.Default with { AllowVersion8 = allowVersion8 }));

        Assert.StartsWith(
            "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
            + $"Sec-WebSocket-Version: {versions}\r\n",
            text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Rejection_of_a_repeated_version_lists_the_supported_versions() // HS-22
    {
        string text = Reject(HandshakeRejection.For(WebSocketHandshakeError.RepeatedVersion, ServerHandshakeRules.Default));

        Assert.StartsWith("HTTP/1.1 400 ", text, StringComparison.Ordinal);
        Assert.Contains("\r\nSec-WebSocket-Version: 13, 8\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Status_405_lists_the_allowed_method() // HS-08
    {
        string text = Reject(HandshakeRejection.For(WebSocketHandshakeError.MethodNotGet, ServerHandshakeRules.Default));

        Assert.StartsWith("HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n", text,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WebSocketHandshakeError.ServerUnavailable, 503)] // HS-44; ws 4.11, 47
    [InlineData(WebSocketHandshakeError.TimedOut, 408)] // HS-05
    public void Each_state_of_the_server_has_its_status(WebSocketHandshakeError error, int status)
    {
        string text = Reject(HandshakeRejection.For(error, ServerHandshakeRules.Default));

        Assert.StartsWith($"HTTP/1.1 {status} ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Application_rejects_with_its_own_response()
    {
        string text = Reject(new HandshakeRejection
        {
            StatusCode = 401,
            ReasonPhrase = "Who are you",
            Body = "{\"\u00FC\":1}",
            ContentType = "application/json",
            Headers = [KeyValuePair.Create("WWW-Authenticate", "Basic")],
        });

        Assert.Equal(
            "HTTP/1.1 401 Who are you\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 8\r\n"
            + "WWW-Authenticate: Basic\r\n\r\n{\"\u00FC\":1}",
            text);
    }

    [Fact]
    public void Rejection_that_would_break_the_head_is_not_written() // HS-53
    {
        var plain = new HandshakeRejection { StatusCode = 403 };

        AssertFault(HandshakeFault.InvalidReasonPhrase, plain with { ReasonPhrase = "no\r\nX: y" });
        AssertFault(HandshakeFault.InvalidHeaderValue, plain with { ContentType = "a\r\nX: y" });
        AssertFault(HandshakeFault.InvalidHeaderValue, plain with { Headers = [KeyValuePair.Create("X", "a\nb")] });
        AssertFault(HandshakeFault.ReservedHeaderName,
            plain with { Headers = [KeyValuePair.Create("content-length", "0")] });
        AssertFault(
            HandshakeFault.ReservedHeaderName, plain with { Headers = [KeyValuePair.Create("content-type", "a/b")] });
        AssertFault(HandshakeFault.InvalidStatusCode, plain with { StatusCode = 101 });
        AssertFault(HandshakeFault.InvalidStatusCode, plain with { StatusCode = 200 });
        AssertFault(HandshakeFault.InvalidStatusCode, plain with { StatusCode = 600 });
    }

    [Theory]
    [InlineData(200, false, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: a/b\r\nContent-Length: 2\r\nX: y\r\n\r\n\u00C3\u00A9")]
    [InlineData(200, true, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: a/b\r\nContent-Length: 2\r\nX: y\r\n\r\n")]
    [InlineData(204, false, "HTTP/1.1 204 No Content\r\nConnection: close\r\nX: y\r\n\r\n")]
    [InlineData(304, false, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\nX: y\r\n\r\n")]
    [InlineData(299, true, "HTTP/1.1 299 \r\nConnection: close\r\nContent-Type: a/b\r\nContent-Length: 2\r\nX: y\r\n\r\n")]
    public void Response_has_a_body_unless_its_status_or_the_method_forbids_it(int status, bool isHead, string expected)
    {
        var written = new ArrayBufferWriter<byte>();

        HandshakeFault fault = ServerResponse.WriteFinal(
            written,
            new HandshakeRejection { StatusCode = status, Body = "é", ContentType = "a/b", Headers = [new("X", "y")] },
            isHead);

        Assert.Equal(HandshakeFault.None, fault);
        Assert.Equal(expected, Encoding.Latin1.GetString(written.WrittenSpan));
    }

    [Theory]
    [InlineData(101)]
    [InlineData(199)]
    [InlineData(600)]
    public void Response_must_have_a_final_status(int status)
    {
        var written = new ArrayBufferWriter<byte>();

        Assert.Equal(
            HandshakeFault.InvalidStatusCode,
            ServerResponse.WriteFinal(written, new HandshakeRejection { StatusCode = status }, isHead: false));
        Assert.Equal(0, written.WrittenCount);
    }

    [Fact]
    public void Line_breaks_in_a_body_stay_in_the_body() // HS-53
    {
        string text = Reject(new HandshakeRejection { StatusCode = 403, Body = "a\r\n\r\nb" });

        Assert.EndsWith("\r\nContent-Length: 6\r\n\r\na\r\n\r\nb", text, StringComparison.Ordinal);
    }

    private static string Accept(
        string? subprotocol, IReadOnlyList<Extension> extensions, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var written = new ArrayBufferWriter<byte>();
        Assert.Equal(HandshakeFault.None, ServerResponse.WriteAccept(written, Offer, subprotocol, extensions, headers));
        return Encoding.Latin1.GetString(written.WrittenSpan);
    }

    private static string Reject(HandshakeRejection rejection)
    {
        var written = new ArrayBufferWriter<byte>();
        Assert.Equal(HandshakeFault.None, ServerResponse.WriteRejection(written, rejection));
        return Encoding.UTF8.GetString(written.WrittenSpan);
    }

    private static void AssertFault(
        HandshakeFault expected,
        string? subprotocol,
        string? name = null,
        string value = "",
        Extension? extension = null)
    {
        var written = new ArrayBufferWriter<byte>();
        KeyValuePair<string, string>[] headers = name is null ? [] : [KeyValuePair.Create(name, value)];
        Extension[] extensions = extension is null ? [] : [extension];

        HandshakeFault fault = ServerResponse.WriteAccept(written, Offer, subprotocol, extensions, headers);

        Assert.Equal(expected, fault);
        Assert.Equal(0, written.WrittenCount);
    }

    private static void AssertFault(HandshakeFault expected, HandshakeRejection rejection)
    {
        var written = new ArrayBufferWriter<byte>();

        HandshakeFault fault = ServerResponse.WriteRejection(written, rejection);

        Assert.Equal(expected, fault);
        Assert.Equal(0, written.WrittenCount);
    }
}
