using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Sockeye.Connections.Receiving;
using Sockeye.Connections.Sending;
using Sockeye.Streams;

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

    /// <summary>Uses the whole connection as a duplex stream of bytes, for code that knows only streams.</summary>
    /// <param name="connection">The connection. It has no handler, and nothing else receives on it from now on.</param>
    /// <param name="kind">The kind of the messages that writes send. Text must be UTF-8 in each write, which is not validated.</param>
    /// <param name="leaveOpen">
    /// Whether disposing the stream leaves the connection open. By default <see cref="Stream.DisposeAsync"/> closes it with 1000 and waits
    /// until it has ended; <see cref="Stream.Dispose()"/> closes it and does not wait.
    /// </param>
    /// <returns>The stream.</returns>
    /// <remarks>
    /// <para>
    /// Each write sends one message, and completes when there is room for it in the send buffer: the peer's pace is the writer's. So that
    /// no bytes are lost, a write waits under every policy for slow consumers (<see cref="WebSocketSlowConsumerPolicy"/>). A write of no
    /// bytes sends nothing. Reads join the payloads of messages of both kinds, receive the next when they need it, and so do not
    /// run ahead of the reader; empty messages are not visible. With <see cref="WebSocketConnectionOptions.DeliverFragments"/>, messages
    /// are read as they arrive, and may be of any length. A byte stream has no boundaries: to keep those of messages, use
    /// <see cref="ReadAllMessageStreamsAsync"/>.
    /// </para>
    /// <para>
    /// A read returns 0 once the connection has ended cleanly, whatever the close code. After any other end, and after a clean end inside
    /// a message, it throws an <see cref="IOException"/> with a <see cref="WebSocketClosedException"/> inside. So does a write on a
    /// connection that is closing. There is no way to end one direction only (RFC 6455 §5.5.1).
    /// </para>
    /// <para>
    /// Canceling a read loses no bytes, and neither cancellation harms the connection. A read of no bytes waits until there are some. One
    /// thread may read at a time, while any number write. Synchronous calls block the thread, as those of a
    /// <see cref="System.Net.Sockets.NetworkStream"/> do; do not use them in place on the thread that reads from the transport
    /// (<see cref="WebSocketConnectionOptions.RunReceiveContinuationsInline"/>).
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="InvalidOperationException">The connection has a handler.</exception>
    public static Stream AsStream(
        this WebSocketConnection connection, WebSocketMessageKind kind = WebSocketMessageKind.Binary, bool leaveOpen = false)
    {
        PullReceiver pull = PullOf(connection);
        OutgoingFrame.OpcodeOf(kind);
        return new ConnectionStream(connection, pull, kind, leaveOpen);
    }

    /// <summary>Uses the whole connection as a duplex pipe of bytes, for code that parses in place.</summary>
    /// <param name="connection">The connection. It has no handler, and nothing else receives on it from now on.</param>
    /// <param name="kind">The kind of the messages that flushes send. Text must be UTF-8 in each message, which is not validated.</param>
    /// <returns>The pipe. Complete its output, or dispose the connection, when you are done.</returns>
    /// <remarks>
    /// <para>
    /// The input shows payloads where they were received. What is examined and not consumed is copied once the next payload is received,
    /// into rented memory that grows with it: bound it as with any pipe reader, by a check of the length of the buffer. A read ends as
    /// one of <see cref="AsStream"/> does: completed after a clean end, otherwise with an <see cref="IOException"/>.
    /// </para>
    /// <para>
    /// Each flush of the output sends what was written since the last as one message, and completes when there is room in the send buffer.
    /// So that no bytes are lost, a flush waits under every policy for slow consumers (<see cref="WebSocketSlowConsumerPolicy"/>). A flush
    /// on a connection that is closing sends nothing, and its result is completed. A canceled flush keeps what was written.
    /// </para>
    /// <para>
    /// Completing the output sends the unflushed bytes, and then closes the connection with 1000; it does not wait. Completing it with an
    /// exception sends nothing more, and closes with 1011. Completing the input drops the messages that still arrive; with an exception
    /// it closes with 1011. The input and the output may be used by a thread each.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="InvalidOperationException">The connection has a handler.</exception>
    public static IDuplexPipe AsDuplexPipe(
        this WebSocketConnection connection, WebSocketMessageKind kind = WebSocketMessageKind.Binary)
    {
        PullReceiver pull = PullOf(connection);
        OutgoingFrame.OpcodeOf(kind);
        return new ConnectionPipe(connection, pull, kind);
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
        return connection.Core.Pull ?? throw ReceiveErrors.CreateHandled();
    }
}
