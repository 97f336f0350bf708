using System.Net.Sockets;
using System.Security.Authentication;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Handshakes;

/// <summary>The reason why a TLS handshake failed.</summary>
/// <param name="Failure">The cause.</param>
/// <param name="Detail">A clause for a human reader, safe to log: text of the peer is escaped and truncated.</param>
internal readonly record struct TlsDiagnosis(WebSocketTlsFailure Failure, string Detail)
{
    /// <summary>Finds the reason of a failure.</summary>
    /// <param name="opening">The record of the bytes below TLS; <see langword="null"/> if there was no handshake yet.</param>
    /// <param name="check">The check of the peer's certificate, if there was one.</param>
    /// <param name="exception">The exception that ended the handshake.</param>
    public static TlsDiagnosis For(TlsOpening? opening, CertificateCheck? check, Exception exception)
    {
        if (opening is { IsNotTls: true })
        {
            return opening.IsHttp
                ? new(WebSocketTlsFailure.PlainHttp,
                    $"the peer speaks HTTP without TLS on this port: it sent {PeerText.Quote(opening.FirstText)}")
                : new(WebSocketTlsFailure.NotTls,
                    $"the peer does not speak TLS on this port: it sent {PeerText.Quote(opening.FirstText)}");
        }

        if (check?.Diagnosis is { } rejected)
        {
            return rejected;
        }

        if (!IsOfPeer(exception))
        {
            return new(WebSocketTlsFailure.LocalFault, $"this end failed: {MessageOf(exception)}");
        }

        return (opening?.AlertReceived ?? TlsAlerts.In(exception)) is { } received ? Received(received)
            : opening?.AlertSent is { } sent && TlsAlerts.IsAboutParameters(sent)
                ? new(WebSocketTlsFailure.NoCommonParameters,
                    $"the peer offers no version, cipher suite or protocol that this end supports: {TlsAlerts.Describe(sent)}")
            : exception is OperationCanceledException
                ? new(WebSocketTlsFailure.TimedOut, "the handshake timed out, or this end stopped meanwhile")
            : opening?.Failure is { } failure
                ? new(WebSocketTlsFailure.ConnectionReset, $"the transport failed: {MessageOf(failure)}")
            : opening is { HasEnded: true }
                ? new(WebSocketTlsFailure.ConnectionClosed, opening.HasReceived
                    ? "the peer closed the transport in the middle of the handshake"
                    : "the peer closed the transport before it sent anything")
            : new(WebSocketTlsFailure.Other, MessageOf(exception));
    }

    /// <summary>Creates the diagnosis for an alert that the peer sent.</summary>
    public static TlsDiagnosis Received(byte alert) =>
        new(TlsAlerts.ToFailure(alert), $"the peer sent the alert {TlsAlerts.Describe(alert)}");

    // Excludes faults of this end, such as a certificate without its key or a callback that throws.
    private static bool IsOfPeer(Exception exception) =>
        exception is IOException or SocketException or AuthenticationException or OperationCanceledException
            or ObjectDisposedException;

    // The innermost message is the most specific: outer exceptions only refer to it.
    private static string MessageOf(Exception exception) =>
        SockeyeException.MessageOf(exception.GetBaseException()).TrimEnd('.', ' ');
}
