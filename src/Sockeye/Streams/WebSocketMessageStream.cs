using Sockeye.Connections.Receiving;
using Sockeye.Streams;

namespace Sockeye;

/// <summary>The payload of one received message, as a stream that can be read once.</summary>
/// <remarks>
/// <para>
/// With <see cref="WebSocketConnectionOptions.DeliverFragments"/> the message is read as it arrives, so that it may be of any length and
/// never is in memory as a whole; otherwise the stream is a view of the whole message. Either way the peer is read no faster than the
/// stream is.
/// </para>
/// <para>
/// The stream is valid until the next receive on its connection, of any kind. The next receive skips the unread rest. Disposing is optional,
/// and does nothing to the connection. One thread may read at a time. Synchronous reads block the thread; do not use them with
/// <see cref="WebSocketConnectionOptions.RunReceiveContinuationsInline"/>, where the thread may be the one that reads from the transport.
/// </para>
/// <para>Canceling a read loses no bytes: the next read gets them.</para>
/// </remarks>
public sealed class WebSocketMessageStream : Stream
{
    private readonly PieceReader _reader;
    private bool _isDisposed;

    internal WebSocketMessageStream(PullReceiver pull, WebSocketFragment first)
    {
        _reader = PieceReader.OfMessage(pull, first);
        Kind = first.Kind;
    }

    /// <summary>Whether the message is text or arbitrary bytes.</summary>
    /// <value>
    /// The bytes of a text message are valid UTF-8 as a whole. Those that one read returns may begin or end inside a character, which a
    /// <see cref="StreamReader"/> takes care of.
    /// </value>
    public WebSocketMessageKind Kind { get; }

    /// <inheritdoc/>
    public override bool CanRead => !_isDisposed;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <summary>Not supported: the length of a message is known only when it has arrived.</summary>
    public override long Length => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads bytes of the message, or waits for some.</summary>
    /// <param name="buffer">Where the bytes go. If it is empty, the read only waits until there are bytes, or the message has ended.</param>
    /// <param name="cancellationToken">Ends the wait. No bytes are lost: the next read gets them.</param>
    /// <returns>The number of bytes; 0 at the end of the message.</returns>
    /// <exception cref="IOException">
    /// The connection has ended before the end of the message. The inner exception is a <see cref="WebSocketClosedException"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another receive was made on the connection, or is waiting.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.ReadAsync(buffer, cancellationToken);
    }

    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Reads bytes of the message; blocks the thread until there are some.</summary>
    /// <returns>The number of bytes; 0 at the end of the message.</returns>
    /// <exception cref="IOException">As for <see cref="ReadAsync(Memory{byte}, CancellationToken)"/>.</exception>
    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.Read(buffer);
    }

    /// <inheritdoc cref="Read(Span{byte})"/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <summary>Writes the rest of the message to another stream, without a copy in between.</summary>
    /// <param name="destination">The other stream.</param>
    /// <param name="bufferSize">Not used; must be over 0.</param>
    /// <param name="cancellationToken">Ends the copy.</param>
    /// <exception cref="IOException">As for <see cref="ReadAsync(Memory{byte}, CancellationToken)"/>.</exception>
    public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        ValidateCopyToArguments(destination, bufferSize);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.CopyToAsync(destination, cancellationToken);
    }

    /// <summary>Does nothing.</summary>
    public override void Flush()
    {
    }

    /// <summary>Not supported.</summary>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        base.Dispose(disposing);
    }
}
