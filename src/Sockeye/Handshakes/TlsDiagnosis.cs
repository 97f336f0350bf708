using System.Net.Sockets;
using System.Security.Authentication;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Handshakes;

/// <summary>Why a handshake of TLS failed.</summary>
/// <param name="Failure">The cause.</param>
/// <param name="Detail">A clause for people, safe to log: what a peer sent is escaped and cut.</param>
internal readonly record struct TlsDiagnosis(WebSocketTlsFailure Failure, string Detail)
{
    /// <summary>Finds the cause.</summary>
    /// <param name="witness">What it saw below TLS; <see langword="null"/> if there was no handshake yet.</param>
    /// <param name="check">How it checked the peer's certificate, if it did.</param>
    /// <param name="exception">How the handshake ended.</param>
    public static TlsDiagnosis For(TlsWitness? witness, CertificateCheck? check, Exception exception)
    {
        if (witness is { IsNotTls: true })
        {
            return witness.IsHttp
                ? new(WebSocketTlsFailure.PlainHttp,
                    $"the peer speaks HTTP without TLS on this port: it sent {PeerText.Quote(witness.FirstText)}")
                : new(WebSocketTlsFailure.NotTls,
                    $"the peer does not speak TLS on this port: it sent {PeerText.Quote(witness.FirstText)}");
        }

        if (check?.Diagnosis is { } rejected)
        {
            return rejected;
        }

        if (!IsOfPeer(exception))
        {
            return new(WebSocketTlsFailure.LocalFault, $"this end could not do its part: {MessageOf(exception)}");
        }

        return (witness?.AlertReceived ?? TlsAlerts.In(exception)) is { } received ? Received(received)
            : witness?.AlertSent is { } sent && TlsAlerts.IsAboutParameters(sent)
                ? new(WebSocketTlsFailure.NoCommonParameters,
                    $"the peer offers no version, cipher suite or protocol that this end takes: {TlsAlerts.Describe(sent)}")
            : exception is OperationCanceledException
                ? new(WebSocketTlsFailure.TimedOut, "the handshake was not finished in time, or this end stopped meanwhile")
            : witness?.Failure is { } failure
                ? new(WebSocketTlsFailure.ConnectionReset, $"the transport failed: {MessageOf(failure)}")
            : witness is { HasEnded: true }
                ? new(WebSocketTlsFailure.ConnectionClosed, witness.HasReceived
                    ? "the peer closed the transport in the middle of the handshake"
                    : "the peer closed the transport before it sent anything")
            : new(WebSocketTlsFailure.Other, MessageOf(exception));
    }

    /// <summary>The peer ended the handshake with an alert.</summary>
    public static TlsDiagnosis Received(byte alert) =>
        new(TlsAlerts.ToFailure(alert), $"the peer sent the alert {TlsAlerts.Describe(alert)}");

    // These come from the peer or the network; a certificate without its key or a callback that throws raises another exception.
    private static bool IsOfPeer(Exception exception) =>
        exception is IOException or SocketException or AuthenticationException or OperationCanceledException
            or ObjectDisposedException;

    // The innermost message says the most: the exceptions around it only point inside.
    private static string MessageOf(Exception exception) =>
        SockeyeException.MessageOf(exception.GetBaseException()).TrimEnd('.', ' ');
}
