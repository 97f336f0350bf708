namespace Sockeye.Connections.Sending;

/// <summary>Sends frames in another form than they were made in: compressed, each when it is its turn.</summary>
/// <remarks>A frame names its encoder, and knows no more of it than this.</remarks>
internal interface IFrameEncoder
{
    /// <summary>Sends a whole message, or refuses it. Waits only while another thread is compressing.</summary>
    WebSocketSendResult TrySend(in OutgoingFrame message, ReadOnlySpan<byte> payload);

    /// <summary>Sends a whole message under a policy for slow consumers that drops messages; never waits for the peer.</summary>
    /// <inheritdoc cref="SendQueue.SendOrDrop"/>
    WebSocketSendResult SendOrDrop(in OutgoingFrame message, ReadOnlySpan<byte> payload, SendMode mode, string? key);

    /// <summary>Sends a message or a fragment once there is room for it, and it is its turn.</summary>
    /// <returns>A task that completes when the frame's bytes are in the send buffer or beyond.</returns>
    ValueTask SendAsync(in OutgoingFrame frame, CancellationToken cancellationToken);
}
