using Sockeye.Protocol;

namespace Sockeye;

/// <summary>How a connection ended.</summary>
public sealed class WebSocketCloseResult
{
    internal WebSocketCloseResult(
        WebSocketCloseCode code, string reason, bool wasClean, WebSocketCloseInitiator initiator, Exception? exception)
    {
        Code = code;
        Reason = reason;
        WasClean = wasClean;
        Initiator = initiator;
        Exception = exception;
    }

    /// <summary>
    /// The code of the peer's Close frame (RFC 6455 §7.1.5), or 1005 if it had none. If this end failed the connection, or the
    /// peer did not respond, the code that this end sent. 1006 if neither end sent a Close frame.
    /// </summary>
    public WebSocketCloseCode Code { get; }

    /// <summary>The reason that was sent with <see cref="Code"/> (RFC 6455 §7.1.6); empty if there was none.</summary>
    /// <remarks>
    /// As the peer sent it: up to 123 bytes of UTF-8, which may include control characters and line breaks. Escape it before you
    /// write it to a log or a terminal, as <see cref="ToString"/> does.
    /// </remarks>
    public string Reason { get; }

    /// <summary>Whether the closing handshake was completed: both ends sent a Close frame (RFC 6455 §7.1.4).</summary>
    public bool WasClean { get; }

    /// <summary>Which end began to close the connection.</summary>
    public WebSocketCloseInitiator Initiator { get; }

    /// <summary>The cause of the end: a broken rule, a failed transport, a timeout or a handler's exception.</summary>
    /// <value><see langword="null"/> if the connection was closed without an error.</value>
    public Exception? Exception { get; }

    /// <summary>
    /// One sentence for a log, on one line and without a full stop: the reason is escaped as in a C# string literal.
    /// </summary>
    public override string ToString() =>
        $"{(int)Code} ({Code}){(Reason.Length == 0 ? "" : $" {PeerText.Quote(Reason)}")}, {(WasClean ? "clean" : "not clean")}, "
        + $"begun by {(Initiator == WebSocketCloseInitiator.Local ? "this end" : "the peer")}"
        + (Exception is null ? "" : $": {SockeyeException.MessageOf(Exception).TrimEnd('.')}");
}
