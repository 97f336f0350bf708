using System.Buffers;
using JetBrains.Annotations;
using Sockeye.Connections.Sending;

namespace Sockeye;

/// <summary>Sends a message whose payload lies in several pieces of memory, as one frame.</summary>
/// <remarks>
/// The pieces are copied into rented memory that is then sent without a further copy, so they may be changed as soon as the call returns.
/// For a payload that does not fit into memory, use <see cref="WebSocketConnection.BeginMessage"/>.
/// </remarks>
public static class WebSocketPiecesExtensions
{
    /// <summary>Sends a message from a sequence.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="payload">The payload. Text must be UTF-8, which is not validated: the peer would fail the connection with 1007.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="options">Whether the message may be compressed, its key, and the policy for a slow peer.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for <see cref="WebSocketConnection.SendAsync(string, CancellationToken)"/>.</returns>
    /// <exception cref="ArgumentException">The payload is longer than an array can be (<see cref="Array.MaxLength"/>).</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    public static ValueTask SendAsync(
        this WebSocketConnection connection, ReadOnlySequence<byte> payload, WebSocketMessageKind kind,
        WebSocketSendOptions options = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return SendAsync(connection, Collect(connection, payload, kind), kind, options, cancellationToken);
    }

    /// <summary>Sends a message from several pieces.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="pieces">The pieces of the payload, in order. Together, text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="options">Whether the message may be compressed, its key, and the policy for a slow peer.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for <see cref="WebSocketConnection.SendAsync(string, CancellationToken)"/>.</returns>
    /// <exception cref="ArgumentException">The payload is longer than an array can be (<see cref="Array.MaxLength"/>).</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    public static ValueTask SendAsync(
        this WebSocketConnection connection, ReadOnlySpan<ReadOnlyMemory<byte>> pieces, WebSocketMessageKind kind,
        WebSocketSendOptions options = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return SendAsync(connection, Collect(connection, pieces, kind), kind, options, cancellationToken);
    }

    /// <summary>Sends a message from a sequence now or not at all.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="payload">The payload. Text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="options">Whether the message may be compressed, its key, and the policy for a slow peer.</param>
    /// <returns>As for <see cref="WebSocketConnection.TrySend(ReadOnlySpan{byte}, WebSocketMessageKind, bool)"/>.</returns>
    /// <exception cref="ArgumentException">The payload is longer than an array can be (<see cref="Array.MaxLength"/>).</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    [MustUseReturnValue]
    public static WebSocketSendResult TrySend(
        this WebSocketConnection connection, ReadOnlySequence<byte> payload, WebSocketMessageKind kind,
        WebSocketSendOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return payload.IsSingleSegment
            ? connection.TrySend(payload.FirstSpan, kind, options)
            : TrySend(connection, Collect(connection, payload, kind), kind, options);
    }

    /// <summary>Sends a message from several pieces now or not at all.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="pieces">The pieces of the payload, in order. Together, text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="options">Whether the message may be compressed, its key, and the policy for a slow peer.</param>
    /// <returns>As for <see cref="WebSocketConnection.TrySend(ReadOnlySpan{byte}, WebSocketMessageKind, bool)"/>.</returns>
    /// <exception cref="ArgumentException">The payload is longer than an array can be (<see cref="Array.MaxLength"/>).</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    [MustUseReturnValue]
    public static WebSocketSendResult TrySend(
        this WebSocketConnection connection, ReadOnlySpan<ReadOnlyMemory<byte>> pieces, WebSocketMessageKind kind,
        WebSocketSendOptions options = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return TrySend(connection, Collect(connection, pieces, kind), kind, options);
    }

    // The send returns the array.
    private static ValueTask SendAsync(
        WebSocketConnection connection, ArraySegment<byte> rented, WebSocketMessageKind kind, WebSocketSendOptions options,
        CancellationToken cancellationToken) =>
        connection.SendRentedAsync(rented, kind, options, cancellationToken);

    private static WebSocketSendResult TrySend(
        WebSocketConnection connection, ArraySegment<byte> rented, WebSocketMessageKind kind, WebSocketSendOptions options)
    {
        try
        {
            return connection.TrySend(rented, kind, options);
        }
        finally
        {
            connection.Core.Settings.Pool.Return(rented.Array!);
        }
    }

    private static ArraySegment<byte> Collect(WebSocketConnection connection, ReadOnlySequence<byte> payload, WebSocketMessageKind kind)
    {
        ArraySegment<byte> rented = Rent(connection, payload.Length, kind, nameof(payload));
        payload.CopyTo(rented);
        return rented;
    }

    private static ArraySegment<byte> Collect(
        WebSocketConnection connection, ReadOnlySpan<ReadOnlyMemory<byte>> pieces, WebSocketMessageKind kind)
    {
        long length = 0;
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            length += piece.Length;
        }

        ArraySegment<byte> rented = Rent(connection, length, kind, nameof(pieces));
        Span<byte> rest = rented;
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            piece.Span.CopyTo(rest);
            rest = rest[piece.Length..];
        }

        return rented;
    }

    private static ArraySegment<byte> Rent(WebSocketConnection connection, long length, WebSocketMessageKind kind, string parameter)
    {
        // First, so that nothing is rented for a kind that cannot be sent.
        OutgoingFrame.OpcodeOf(kind);
        return length <= Array.MaxLength
            ? new ArraySegment<byte>(connection.Core.Rent((int)length), 0, (int)length)
            : throw new ArgumentException(
                $"A message of {length} bytes is longer than an array can be: send it with BeginMessage.", parameter);
    }
}
