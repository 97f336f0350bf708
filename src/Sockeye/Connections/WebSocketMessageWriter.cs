using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>Sends one message in fragments, if its length is not known or it does not fit into memory (RFC 6455 §5.4).</summary>
/// <remarks>
/// <para>
/// From the first fragment to the last, messages of other senders wait. Pings, pongs and Close frames may be sent in between. Only
/// one thread may use a writer at a time.
/// </para>
/// <para>
/// A message that was begun must be completed with <see cref="CompleteAsync(CancellationToken)"/>. The part that was sent cannot be
/// withdrawn, so disposing the writer before that fails the connection with 1011. A writer that has sent nothing need not be
/// completed or disposed.
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
    /// <param name="payload">The part. An empty part is not sent. Do not change it until the task completes.</param>
    /// <param name="cancellationToken">Ends the wait for room. The fragment is then not sent, and may be sent again.</param>
    /// <returns>A task that completes when the fragment is in the send buffer, or beyond.</returns>
    /// <exception cref="InvalidOperationException">The message is complete, or the last fragment is still being sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        payload.IsEmpty ? default : SendAsync(payload, fin: false, cancellationToken);

    /// <summary>Completes the message.</summary>
    /// <param name="cancellationToken">Ends the wait for room. The message is then not complete, and must still be completed.</param>
    /// <returns>A task that completes when the message is in the send buffer, or beyond.</returns>
    /// <exception cref="InvalidOperationException">The message is complete, or the last fragment is still being sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public ValueTask CompleteAsync(CancellationToken cancellationToken = default) =>
        SendAsync(ReadOnlyMemory<byte>.Empty, fin: true, cancellationToken);

    /// <summary>Completes the message with a last part.</summary>
    /// <param name="payload">The part. Do not change it until the task completes.</param>
    /// <param name="cancellationToken">Ends the wait for room. The message is then not complete, and must still be completed.</param>
    /// <returns>A task that completes when the message is in the send buffer, or beyond.</returns>
    /// <exception cref="InvalidOperationException">The message is complete, or the last fragment is still being sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public ValueTask CompleteAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendAsync(payload, fin: true, cancellationToken);

    /// <summary>Fails the connection with 1011 if the message was begun and not completed. Otherwise does nothing.</summary>
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
            throw new InvalidOperationException("The message is complete: nothing can be added to it.");
        }

        if (_isSending)
        {
            throw new InvalidOperationException("The last fragment is still being sent. Await its task first.");
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
