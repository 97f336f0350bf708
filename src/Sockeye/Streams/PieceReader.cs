using System.Runtime.CompilerServices;
using Sockeye.Connections.Receiving;

namespace Sockeye.Streams;

/// <summary>
/// Reads the payloads of received pieces as bytes: the pieces of one message, or of all messages of a connection. Reads from the
/// payload on loan, and receives the next piece when that is used up. Not thread-safe, except that a second receive is rejected.
/// </summary>
/// <param name="pull">Where the pieces are received: whole messages, or fragments if the connection delivers fragments.</param>
/// <param name="acrossMessages">Whether reading goes on behind the end of a message.</param>
internal sealed class PieceReader(PullReceiver pull, bool acrossMessages)
{
    private ReadOnlyMemory<byte> _rest;
    private ushort _loan = pull.LastLoan;
    private bool _isInsideMessage;
    private bool _hasEnded;

    /// <summary>Creates a reader of the message that begins with a piece.</summary>
    public static PieceReader OfMessage(PullReceiver pull, WebSocketFragment first) => new(pull, acrossMessages: false)
    {
        _rest = first.Payload,
        _isInsideMessage = !first.EndOfMessage,
    };

    /// <summary>The unread bytes of the piece on loan, valid until the next call.</summary>
    public ReadOnlyMemory<byte> Rest => _rest;

    private bool IsAtEnd => _hasEnded || (!_isInsideMessage && !acrossMessages);

    /// <summary>Copies unread bytes, or waits for some. With an empty destination it only waits.</summary>
    /// <returns>The number of bytes; 0 at the end.</returns>
    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken)
        : _rest.IsEmpty ? ReadNextAsync(destination, cancellationToken)
        : new(Take(destination.Span));

    /// <summary>The same, and blocks the thread while it waits.</summary>
    public int Read(Span<byte> destination) =>
        !_rest.IsEmpty || WaitAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult() ? Take(destination) : 0;

    /// <summary>Waits until there are unread bytes.</summary>
    /// <returns>Whether there are; otherwise the end has come.</returns>
    /// <exception cref="IOException">The connection has ended, and not all has been received.</exception>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        while (_rest.IsEmpty)
        {
            if (IsAtEnd)
            {
                return false;
            }

            if (!acrossMessages && pull.LastLoan != _loan)
            {
                throw ReceiveErrors.CreateSkipped();
            }

            await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>Writes all unread bytes to a stream, each piece from where it is.</summary>
    public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        while (await WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            CheckLoan();
            await destination.WriteAsync(_rest, cancellationToken).ConfigureAwait(false);
            _rest = default;
        }
    }

    /// <summary>Notes that the first bytes of the rest have been read.</summary>
    public void Skip(int length) => _rest = _rest[length..];

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadNextAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        await WaitAsync(cancellationToken).ConfigureAwait(false) ? Take(destination.Span) : 0;

    private async ValueTask ReceiveAsync(CancellationToken cancellationToken)
    {
        WebSocketFragment? received;
        try
        {
            received = await pull.ReceiveFragmentAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketClosedException exception)
        {
            throw new IOException("The connection has ended without a closing handshake.", exception);
        }

        _loan = pull.LastLoan;
        if (received is not { } piece)
        {
            // RFC 6455 §5.5.1 allows a Close frame between the fragments of a message. What was read of it is not all.
            _hasEnded = !_isInsideMessage
                ? true
                : throw new IOException("The connection was closed inside a message.", pull.CreateClosedException());
            return;
        }

        _rest = piece.Payload;
        _isInsideMessage = !piece.EndOfMessage;
    }

    private int Take(Span<byte> destination)
    {
        CheckLoan();
        int length = Math.Min(destination.Length, _rest.Length);
        _rest.Span[..length].CopyTo(destination);
        _rest = _rest[length..];
        return length;
    }

    // Another receive has returned the memory of the rest to the pool.
    private void CheckLoan()
    {
        if (!pull.IsOnLoan(_loan))
        {
            throw ReceiveErrors.CreateSkipped();
        }
    }
}
