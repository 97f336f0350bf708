using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>One or more of each exception of this library, with all the text in it that a peer can put there.</summary>
internal static class HostileExceptions
{
    private const string Text = HostileText.WithLoneSurrogate;

    // What an HTTP client says of a line that it cannot read.
    private static readonly Exception Cause = new HttpRequestException(
        $"Received an invalid header line: '{Text}'.",
        new AggregateException(new AuthenticationException(Text), new IOException("lost", new IOException(Text))),
        HttpStatusCode.BadGateway);

    /// <summary>Close results with text of a peer.</summary>
    public static IReadOnlyList<WebSocketCloseResult> Results { get; } =
    [
        new(WebSocketCloseCode.NormalClosure, Text, wasClean: true, WebSocketCloseInitiator.Peer, exception: null),
        new(WebSocketCloseCode.AbnormalClosure, "", wasClean: false, WebSocketCloseInitiator.Peer, Cause),
        new(
            (WebSocketCloseCode)4999, Text, wasClean: false, WebSocketCloseInitiator.Local,
            new WebSocketProtocolException(new ProtocolViolation(WebSocketProtocolError.InvalidUtf8, [0x81, 0x7E, 0xFF, 0xFF], 7))),
    ];

    /// <summary>One or more exceptions of each type, with text of a peer.</summary>
    public static IReadOnlyList<SockeyeException> All { get; } =
    [
        .. Results.Select(result => new WebSocketClosedException(result)),
        new WebSocketProtocolException(new ProtocolViolation(WebSocketProtocolError.InvalidUtf8InCloseReason, [0x88, 0x05], 0)),
        new WebSocketRateException(WebSocketRate.Messages, perSecond: 1),
        new WebSocketJsonException(typeof(string), "no JSON"u8, WebSocketMessageKind.Text, new JsonException(Text)),
        .. from cause in new[] { Cause, null, new WebSocketClosedException(Results[1]) }
           select new WebSocketHandshakeException(
               WebSocketHandshakeError.UnexpectedStatusCode, WebSocketHandshakePhase.Response, 503,
               WebSocketHeaders.Received([new(Text, Text)]), System.Text.Encoding.UTF8.GetBytes(Text), cause),
        new WebSocketHandshakeException(
            WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls, statusCode: null, [],
            innerException: new IOException(HostileText.Long), detail: Text, tlsFailure: WebSocketTlsFailure.NotTls),
        new WebSocketHandshakeException(
            WebSocketHandshakeError.NotReachable, WebSocketHandshakePhase.Connect, statusCode: null,
            WebSocketHeaders.Received([new(Text, HostileText.Long)]),
            innerException: new AggregateException(HostileText.Long, new IOException(new string('x', HostileText.Long.Length))),
            detail: HostileText.Long),
        new WebSocketClosedException(new WebSocketCloseResult(
            WebSocketCloseCode.NormalClosure, HostileText.Long, wasClean: true, WebSocketCloseInitiator.Peer,
            exception: new IOException(HostileText.Long))),
    ];
}
