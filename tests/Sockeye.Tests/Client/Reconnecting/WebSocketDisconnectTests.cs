using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Which ends are transient.</summary>
public sealed class WebSocketDisconnectTests
{
    public static TheoryData<Exception> Passing { get; } =
    [
        Refused(WebSocketHandshakeError.NotReachable),
        Refused(WebSocketHandshakeError.TimedOut),
        Refused(WebSocketHandshakeError.ConnectionLost),
        Refused(WebSocketHandshakeError.UnexpectedStatusCode, 429),
        Refused(WebSocketHandshakeError.UnexpectedStatusCode, 503),
        Refused(WebSocketHandshakeError.ProxyFailed),
        Refused(WebSocketHandshakeError.ProxyFailed, 502),
        new HttpRequestException("away"),
        new HttpRequestException("busy", inner: null, HttpStatusCode.ServiceUnavailable),
        new TaskCanceledException("slow", new TimeoutException()),
        new TimeoutException(),
        new IOException("cut"),
        new SocketException((int)SocketError.HostUnreachable),
    ];

    public static TheoryData<Exception> Lasting { get; } =
    [
        Refused(WebSocketHandshakeError.UnexpectedStatusCode, 401),
        Refused(WebSocketHandshakeError.UnexpectedStatusCode, 404),
        Refused(WebSocketHandshakeError.ProxyFailed, 407),
        Refused(WebSocketHandshakeError.TlsFailed),
        Refused(WebSocketHandshakeError.UnrequestedSubprotocol),
        new HttpRequestException("who?", inner: null, HttpStatusCode.Unauthorized),
        new HttpRequestException(HttpRequestError.SecureConnectionError, "not trusted"),
        new OperationCanceledException(),
        new InvalidOperationException("a fault"),
    ];

    [Theory]
    [MemberData(nameof(Passing))]
    public void A_temporary_failure_is_transient(Exception exception) =>
        Assert.True(new WebSocketDisconnect(result: null, exception).IsTransient);

    [Theory]
    [MemberData(nameof(Lasting))]
    public void A_permanent_failure_is_not_transient(Exception exception) =>
        Assert.False(new WebSocketDisconnect(result: null, exception).IsTransient);

    // RFC 9110 §15: "a client ... MUST treat an unrecognized status code as being equivalent to the x00 status code of that
    // class", and what is above 599 as a server error.
    [Theory]
    [InlineData(408, true)]
    [InlineData(425, true)]
    [InlineData(429, true)]
    [InlineData(500, true)]
    [InlineData(502, true)]
    [InlineData(503, true)]
    [InlineData(504, true)]
    [InlineData(506, true)]
    [InlineData(507, true)]
    [InlineData(508, true)]
    [InlineData(509, true)]
    [InlineData(510, true)]
    [InlineData(511, true)]
    [InlineData(520, true)]
    [InlineData(521, true)]
    [InlineData(522, true)]
    [InlineData(523, true)]
    [InlineData(524, true)]
    [InlineData(525, true)]
    [InlineData(526, true)]
    [InlineData(527, true)]
    [InlineData(529, true)]
    [InlineData(530, true)]
    [InlineData(599, true)]
    [InlineData(600, true)]
    [InlineData(999, true)]
    [InlineData(501, false)]
    [InlineData(505, false)]
    [InlineData(200, false)]
    [InlineData(302, false)]
    [InlineData(400, false)]
    [InlineData(403, false)]
    [InlineData(407, false)]
    [InlineData(421, false)]
    [InlineData(426, false)]
    [InlineData(451, false)]
    [InlineData(499, false)]
    public void A_status_decides_whether_the_failure_is_transient(int status, bool expected)
    {
        Exception[] exceptions =
        [
            Refused(WebSocketHandshakeError.UnexpectedStatusCode, status),
            Refused(WebSocketHandshakeError.ProxyFailed, status),
            new HttpRequestException("of a callback", inner: null, (HttpStatusCode)status),
        ];

        Assert.All(
            exceptions,
            exception => Assert.Equal(expected, new WebSocketDisconnect(result: null, exception).IsTransient));
    }

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
    public void A_close_code_decides_whether_the_end_is_transient(int code, bool expected)
    {
        var result = new WebSocketCloseResult(
            (WebSocketCloseCode)code, reason: "", wasClean: true, WebSocketCloseInitiator.Peer, exception: null);

        Assert.Equal(expected, new WebSocketDisconnect(result, exception: null).IsTransient);
    }

    // A certificate and a version stay what they are.
    [Theory]
    [InlineData(WebSocketTlsFailure.ConnectionClosed, true)]
    [InlineData(WebSocketTlsFailure.ConnectionReset, true)]
    [InlineData(WebSocketTlsFailure.AlertReceived, true)]
    [InlineData(WebSocketTlsFailure.PlainHttp, true)]
    [InlineData(WebSocketTlsFailure.NotTls, true)]
    [InlineData(WebSocketTlsFailure.TimedOut, true)]
    [InlineData(WebSocketTlsFailure.Other, true)]
    [InlineData(WebSocketTlsFailure.UntrustedCertificate, false)]
    [InlineData(WebSocketTlsFailure.CertificateNameMismatch, false)]
    [InlineData(WebSocketTlsFailure.CertificateNotTimeValid, false)]
    [InlineData(WebSocketTlsFailure.CertificateRevoked, false)]
    [InlineData(WebSocketTlsFailure.CertificateRejectedByPeer, false)]
    [InlineData(WebSocketTlsFailure.NoCommonParameters, false)]
    [InlineData(WebSocketTlsFailure.LocalFault, false)]
    public void A_TLS_failure_is_permanent_if_a_certificate_or_version_is_the_cause(WebSocketTlsFailure failure, bool expected)
    {
        var exception = new WebSocketHandshakeException(
            WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls, statusCode: null, [], tlsFailure: failure);

        Assert.Equal(expected, new WebSocketDisconnect(result: null, exception).IsTransient);
    }

    private static WebSocketHandshakeException Refused(WebSocketHandshakeError error, int? statusCode = null) =>
        new(error, WebSocketHandshakePhase.Response, statusCode, []);
}
