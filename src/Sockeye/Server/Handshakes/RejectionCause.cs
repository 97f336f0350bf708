namespace Sockeye.Server.Handshakes;

/// <summary>Why an opening handshake is rejected, for the log and for <see cref="WebSocketAcceptorOptions.OnHandshakeFailed"/>.</summary>
/// <param name="Error">The rule.</param>
/// <param name="Request">The request, if it arrived whole.</param>
/// <param name="Detail">What was rejected, and what it was compared with: see <see cref="RejectionDetail"/>.</param>
/// <param name="Exception">The exception of the application, if that is the cause.</param>
internal readonly record struct RejectionCause(
    WebSocketHandshakeError Error, WebSocketUpgradeRequest? Request = null, string? Detail = null, Exception? Exception = null);
