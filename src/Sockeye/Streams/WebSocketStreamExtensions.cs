using System.Runtime.CompilerServices;
using Sockeye.Connections.Receiving;

namespace Sockeye;

/// <summary>Reads messages, or the whole connection, as streams.</summary>
public static class WebSocketStreamExtensions
{
    /// <summary>Receives the next message as a stream, or waits for one.</summary>
    /// <param name="connection">The connection. It has no handler.</param>
    /// <param name="cancellationToken">Ends the wait. No message is lost: the next receive gets it.</param>
    /// <returns>
    /// The message, valid until the next receive; <see langword="null"/> if the connection has ended cleanly, as for
    /// <see cref="WebSocketConnection.ReceiveAsync"/>. With <see cref="WebSocketConnectionOptions.DeliverFragments"/> it is returned when
    /// its first bytes have arrived; otherwise when it is whole.
    /// </returns>
    /// <remarks>
    /// Skips the unread rest of the last message, even if this call is then canceled. May be combined with the other receive methods.
    /// </remarks>
    /// <exception cref="WebSocketClosedException">
    /// The connection has ended without a completed closing handshake, and every message that came before has been received.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another receive is waiting, or the connection has a handler.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static ValueTask<WebSocketMessageStream?> ReceiveMessageStreamAsync(
        this WebSocketConnection connection, CancellationToken cancellationToken = default) =>
        ReceiveAsync(PullOf(connection), cancellationToken);

    /// <summary>Receives one message after another as a stream until the connection ends.</summary>
    /// <param name="connection">The connection. It has no handler.</param>
    /// <param name="cancellationToken">Ends the wait. No message is lost: another enumeration gets it.</param>
    /// <returns>
    /// The messages, each valid until the next is asked for. The enumeration ends where <see cref="ReceiveMessageStreamAsync"/> returns
    /// <see langword="null"/>.
    /// </returns>
    /// <exception cref="WebSocketClosedException">As for <see cref="ReceiveMessageStreamAsync"/>.</exception>
    /// <exception cref="InvalidOperationException">As for <see cref="ReceiveMessageStreamAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static async IAsyncEnumerable<WebSocketMessageStream> ReadAllMessageStreamsAsync(
        this WebSocketConnection connection, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        PullReceiver pull = PullOf(connection);
        while (await ReceiveAsync(pull, cancellationToken).ConfigureAwait(false) is { } message)
        {
            yield return message;
        }
    }

    private static async ValueTask<WebSocketMessageStream?> ReceiveAsync(
        PullReceiver pull, CancellationToken cancellationToken)
    {
        while (pull.IsInsideMessage)
        {
            if (await pull.ReceiveFragmentAsync(cancellationToken).ConfigureAwait(false) is null)
            {
                return null;
            }
        }

        return await pull.ReceiveFragmentAsync(cancellationToken).ConfigureAwait(false) is { } first
            ? new WebSocketMessageStream(pull, first)
            : null;
    }

    private static PullReceiver PullOf(WebSocketConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.Core.Pull
            ?? throw new InvalidOperationException("The connection has a handler, so its messages cannot be received with a call.");
    }
}
