using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// Sends frames as they are, without interfering with the messages of other senders: from a first fragment to the last, their messages wait.
/// </summary>
/// <remarks>
/// <para>
/// A frame need not be one that RFC 6455 allows: reserved bits and opcodes are sent as they are, and text is not validated. What would
/// corrupt a message is rejected: a fragmented control frame, a continuation without a beginning, a new message within another (§5.4), and
/// RSV1 on a connection whose compressed messages refer to earlier ones (RFC 7692 §7.1.1), which would then refer to the wrong bytes.
/// Frames are not compressed, and control frames are not split by <see cref="WebSocketConnectionOptions.FragmentLength"/>.
/// </para>
/// <para>
/// Only one thread may use a writer at a time; any number of writers may be used on a connection. Disposing a writer within a message fails
/// the connection with 1011, because the message can't be completed and no other could follow it.
/// </para>
/// </remarks>
public sealed class WebSocketFrameWriter : IAsyncDisposable
{
    private readonly WebSocketConnection _connection;
    private bool _isInsideMessage;
    private bool _isSending;
    private bool _isDisposed;

    /// <summary>Creates a writer. It costs nothing until its first frame.</summary>
    /// <param name="connection">The connection to send on.</param>
    public WebSocketFrameWriter(WebSocketConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        _connection = connection;
    }

    /// <summary>Sends a frame once there is room for it, and it is its turn.</summary>
    /// <param name="frame">The frame. Do not change its payload until the task completes.</param>
    /// <param name="cancellationToken">Withdraws the frame while it waits.</param>
    /// <returns>A task that completes when the frame is in the send buffer, or beyond.</returns>
    /// <exception cref="InvalidOperationException">
    /// The last frame is still being sent; or the frame is not allowed here: a continuation outside of a message, another data frame
    /// within one, or a control frame without FIN.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The writer was disposed.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the frame was accepted.</exception>
    public async ValueTask SendAsync(WebSocketFrame frame, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        bool isControl = frame.Opcode > (int)Opcode.Close;
        if (_isSending)
        {
            throw new InvalidOperationException("The last frame is still being sent. Await its task first.");
        }

        if (FindMisplacement(frame, isControl) is { } message)
        {
            throw new InvalidOperationException(message);
        }

        _isSending = true;
        try
        {
            var outgoing = new OutgoingFrame((Opcode)frame.Opcode, frame.Payload, frame.Fin)
            {
                Writer = isControl ? null : this,
                ReservedBits = (byte)((frame.Rsv1 ? FrameHeader.Rsv1 : 0) | (frame.Rsv2 ? 2 : 0) | (frame.Rsv3 ? 1 : 0)),
            };
            await _connection.Core.Sends.SendAsync(outgoing, cancellationToken).ConfigureAwait(false);
            _isInsideMessage = isControl ? _isInsideMessage : !frame.Fin;
        }
        finally
        {
            _isSending = false;
        }
    }

    /// <summary>Fails the connection with 1011 if a message was begun and not completed. Otherwise does nothing.</summary>
    public ValueTask DisposeAsync()
    {
        if (!_isDisposed && (_isInsideMessage || _isSending))
        {
            _connection.Core.OnMessageAbandoned();
        }

        _isDisposed = true;
        return default;
    }

    private string? FindMisplacement(in WebSocketFrame frame, bool isControl) =>
        isControl ? (frame.Fin ? null : "A control frame must not be fragmented (RFC 6455 §5.5).")
        : frame.Opcode == (int)Opcode.Continuation ? (_isInsideMessage ? null : "There is no message to continue (RFC 6455 §5.4).")
        : _isInsideMessage ? "The message before is not complete (RFC 6455 §5.4)."
        : frame.Rsv1 && _connection.Core.Compression is { SendsWithContext: true }
            ? "RSV1 marks a compressed message, and later messages of this connection would refer to it (RFC 7692 §7.1.1)."
        : null;
}
