using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Which ends are worth another attempt.</summary>
public sealed class WebSocketDisconnectTests
{
    public static TheoryData<Exception> Passing { get; } =
    [
        Refused(HandshakeError.NotReachable),
        Refused(HandshakeError.TimedOut),
        Refused(HandshakeError.ConnectionLost),
        Refused(HandshakeError.UnexpectedStatusCode, 429),
        Refused(HandshakeError.UnexpectedStatusCode, 503),
        Refused(HandshakeError.ProxyFailed),
        Refused(HandshakeError.ProxyFailed, 502),
        new HttpRequestException("away"),
        new HttpRequestException("busy", inner: null, HttpStatusCode.ServiceUnavailable),
        new TaskCanceledException("slow", new TimeoutException()),
        new TimeoutException(),
        new IOException("cut"),
        new SocketException((int)SocketError.HostUnreachable),
    ];

    public static TheoryData<Exception> Lasting { get; } =
    [
        Refused(HandshakeError.UnexpectedStatusCode, 401),
        Refused(HandshakeError.UnexpectedStatusCode, 404),
        Refused(HandshakeError.ProxyFailed, 407),
        Refused(HandshakeError.TlsFailed),
        Refused(HandshakeError.UnrequestedSubprotocol),
        new HttpRequestException("who?", inner: null, HttpStatusCode.Unauthorized),
        new HttpRequestException(HttpRequestError.SecureConnectionError, "not trusted"),
        new OperationCanceledException(),
        new InvalidOperationException("a fault"),
    ];

    [Theory]
    [MemberData(nameof(Passing))]
    public void What_may_pass_is_tried_again(Exception exception) =>
        Assert.True(new WebSocketDisconnect(result: null, exception).IsTransient);

    [Theory]
    [MemberData(nameof(Lasting))]
    public void What_lasts_is_not(Exception exception) =>
        Assert.False(new WebSocketDisconnect(result: null, exception).IsTransient);

    [Theory]
    [InlineData(1000, false)]
    [InlineData(1001, true)]
    [InlineData(1002, false)]
    [InlineData(1005, true)]
    [InlineData(1006, true)]
    [InlineData(1008, false)]
    [InlineData(1009, false)]
    [InlineData(1011, true)]
    [InlineData(1012, true)]
    [InlineData(1013, true)]
    [InlineData(3000, false)]
    [InlineData(4000, true)]
    public void Close_codes_say_whether_the_server_would_say_the_same_again(int code, bool expected)
    {
        var result = new WebSocketCloseResult(
            (WebSocketCloseCode)code, reason: "", wasClean: true, WebSocketCloseInitiator.Peer, exception: null);

        Assert.Equal(expected, new WebSocketDisconnect(result, exception: null).IsTransient);
    }

    private static WebSocketHandshakeException Refused(HandshakeError error, int? statusCode = null) =>
        new(error, WebSocketHandshakePhase.Response, statusCode, []);
}
