using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>Sends one message in fragments, when its length is not known or it does not fit in memory (RFC 6455 §5.4).</summary>
/// <remarks>
/// <para>
/// From the first fragment to the last, messages of other senders wait; pings, pongs and Close frames may pass. Not for
/// use by several threads at once.
/// </para>
/// <para>
/// A message that was begun must be ended with <see cref="CompleteAsync(CancellationToken)"/>: since half a message cannot be taken back,
/// disposing of the writer before that fails the connection with 1011. A writer that has sent nothing may be dropped.
/// </para>
/// </remarks>
public sealed class WebSocketMessageWriter : IAsyncDisposable
{
    private readonly WebSocketConnection _connection;
    private readonly Opcode _opcode;
    private readonly bool _compress;
    private MessageEncoder? _encoder;
    private bool _hasBegun;
    private bool _hasEnded;
    private bool _isSending;

    internal WebSocketMessageWriter(WebSocketConnection connection, Opcode opcode, bool compress)
    {
        _connection = connection;
        _opcode = opcode;
        _compress = compress;
    }

    /// <summary>Sends the next part of the message as a fragment of its own.</summary>
    /// <param name="payload">The part; empty ones are not sent. Leave it alone until the task completes.</param>
    /// <param name="cancellationToken">Ends the wait for room; the fragment is then not sent and may be sent again.</param>
    /// <returns>A task that completes when the fragment is in the send buffer or beyond.</returns>
    /// <exception cref="InvalidOperationException">The message has been completed, or the last fragment waits.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closed or being closed.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        payload.IsEmpty ? default : SendAsync(payload, fin: false, cancellationToken);

    /// <summary>Ends the message.</summary>
    /// <param name="cancellationToken">Ends the wait for room; the message is then still open.</param>
    /// <returns>A task that completes when the message is in the send buffer or beyond.</returns>
    /// <exception cref="InvalidOperationException">The message has been completed, or the last fragment waits.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closed or being closed.</exception>
    public ValueTask CompleteAsync(CancellationToken cancellationToken = default) =>
        SendAsync(ReadOnlyMemory<byte>.Empty, fin: true, cancellationToken);

    /// <summary>Ends the message with a last part.</summary>
    /// <param name="payload">The part. Leave it alone until the task completes.</param>
    /// <param name="cancellationToken">Ends the wait for room; the message is then still open.</param>
    /// <returns>A task that completes when the message is in the send buffer or beyond.</returns>
    /// <exception cref="InvalidOperationException">The message has been completed, or the last fragment waits.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closed or being closed.</exception>
    public ValueTask CompleteAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendAsync(payload, fin: true, cancellationToken);

    /// <summary>Fails the connection if the message was begun and not completed; else does nothing.</summary>
    public ValueTask DisposeAsync()
    {
        if ((_hasBegun || _isSending) && !_hasEnded)
        {
            _hasEnded = true;
            _connection.Core.OnMessageAbandoned();
        }

        return default;
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> payload, bool fin, CancellationToken cancellationToken)
    {
        if (_hasEnded)
        {
            throw new InvalidOperationException("The message has been completed.");
        }

        if (_isSending)
        {
            throw new InvalidOperationException("The last fragment is still being sent: await it first.");
        }

        if (_compress && !_hasBegun)
        {
            // Decided once for the message (RFC 7692 §6).
            _encoder = _connection.Core.Compression?.EncoderFor(payload.Length);
        }

        _isSending = true;
        try
        {
            var frame = new OutgoingFrame(_hasBegun ? Opcode.Continuation : _opcode, payload, fin)
            {
                Writer = this,
                Encoder = _encoder,
            };
            await _connection.Core.Sends.SendAsync(frame, cancellationToken).ConfigureAwait(false);
            _hasBegun = true;
            _hasEnded |= fin;
        }
        finally
        {
            _isSending = false;
        }
    }
}
