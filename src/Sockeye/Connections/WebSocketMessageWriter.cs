using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Sockeye.Connections.Sending;
using Sockeye.Memory;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>Sends one message in fragments, if its length is not known or it does not fit into memory (RFC 6455 §5.4).</summary>
/// <remarks>
/// <para>
/// From the first fragment to the last, messages of other senders wait. Pings, pongs and Close frames may be sent in between. Only
/// one thread may use a writer at a time.
/// </para>
/// <para>
/// Each asynchronous write sends a fragment. What is written through <see cref="GetMemory"/>, <see cref="GetSpan"/> and
/// <see cref="Advance"/>, or synchronously, is gathered in rented memory, and sent as one fragment by <see cref="FlushAsync"/>, by
/// the next asynchronous write, or by <see cref="CompleteAsync(CancellationToken)"/>. Synchronous writes send by themselves, and block
/// the thread while the send buffer is full, whenever 16 KiB have been gathered.
/// </para>
/// <para>
/// A message that was begun must be completed with <see cref="CompleteAsync(CancellationToken)"/>. The part that was sent cannot be
/// withdrawn, so disposing the writer before that fails the connection with 1011. Disposing a writer that has sent nothing withdraws
/// the message; such a writer need not be disposed. For a class that disposes the stream it writes to, such as a compressor, set its
/// option to leave the stream open.
/// </para>
/// </remarks>
[SuppressMessage("Naming", "CA1710", Justification = "It writes a message, and is a stream so that other code can write into it.")]
public sealed class WebSocketMessageWriter : Stream, IBufferWriter<byte>
{
    // Enough that most messages that are gathered need no second array.
    private const int FirstLength = 4 * 1024;

    // Synchronous writes send a fragment from this length on.
    private const int GatheredLength = 16 * 1024;

    private readonly WebSocketConnection _connection;
    private readonly Opcode _opcode;
    private readonly bool _compress;
    private MessageEncoder? _encoder;
    private GatheredBytes _gathered = new(FirstLength);
    private bool _hasBegun;
    private bool _hasEnded;
    private bool _isSending;
    private bool _isDisposed;

    internal WebSocketMessageWriter(WebSocketConnection connection, Opcode opcode, bool compress)
    {
        _connection = connection;
        _opcode = opcode;
        _compress = compress;
    }

    /// <summary>Not supported: <see langword="false"/>.</summary>
    public override bool CanRead => false;

    /// <summary>Not supported: <see langword="false"/>.</summary>
    public override bool CanSeek => false;

    /// <summary>Whether the message is neither complete nor abandoned.</summary>
    public override bool CanWrite => !_hasEnded && !_isDisposed;

    /// <summary>Not supported.</summary>
    public override long Length => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    // The application's memory, which it may forget to return: it does not count.
    private ArrayPool<byte> Pool => _connection.Core.Settings.UncountedPool;

    /// <summary>Sends the next part of the message as a fragment of its own.</summary>
    /// <param name="buffer">The part. An empty part is not sent. Do not change it until the task completes.</param>
    /// <param name="cancellationToken">Ends the wait for room. The fragment is then not sent, and may be sent again.</param>
    /// <returns>A task that completes when the fragment is in the send buffer, or beyond.</returns>
    /// <exception cref="InvalidOperationException">The message is complete, or the last fragment is still being sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.IsEmpty ? default : SendAsync(buffer, fin: false, cancellationToken);

    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

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

    /// <summary>Returns memory to write the next bytes to, before <see cref="Advance"/>.</summary>
    /// <param name="sizeHint">The least length in bytes, or 0 for any.</param>
    /// <returns>Rented memory, valid until the next call of any other method.</returns>
    /// <exception cref="InvalidOperationException">The message is complete, or a fragment is being sent.</exception>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        CheckUsable();
        return _gathered.Reserve(Pool, Math.Max(sizeHint, 1));
    }

    /// <inheritdoc cref="GetMemory"/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Adds bytes that were written to <see cref="GetMemory"/> to the message. They are sent later.</summary>
    /// <param name="count">The number of bytes, at most the length of that memory.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative or greater than that length.</exception>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _gathered.Room);
        CheckUsable();
        _gathered.Advance(count);
    }

    /// <summary>Sends the gathered bytes as a fragment; without any it sends nothing.</summary>
    /// <param name="cancellationToken">Ends the wait for room. The bytes are then not sent, and stay gathered.</param>
    /// <returns>A task that completes when the fragment is in the send buffer, or beyond.</returns>
    /// <exception cref="InvalidOperationException">The last fragment is still being sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _gathered.Length == 0 ? Task.CompletedTask : SendAsync(default, fin: false, cancellationToken).AsTask();

    /// <summary>The same as <see cref="FlushAsync"/>, and blocks the thread while the send buffer is full.</summary>
    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Gathers bytes, and sends a fragment for every 16 KiB; blocks the thread while the send buffer is full.</summary>
    /// <param name="buffer">The bytes, not used after the call.</param>
    /// <exception cref="InvalidOperationException">The message is complete, or a fragment is being sent.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        CheckUsable();
        while (!buffer.IsEmpty)
        {
            if (_gathered.Length >= GatheredLength)
            {
                Flush();
            }

            int length = Math.Min(buffer.Length, GatheredLength - _gathered.Length);
            _gathered.Add(Pool, buffer[..length]);
            buffer = buffer[length..];
        }
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <summary>Gathers a byte, as <see cref="Write(ReadOnlySpan{byte})"/> does.</summary>
    public override void WriteByte(byte value) => Write([value]);

    /// <summary>Not supported.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Fails the connection with 1011 if a part of the message was sent and the message was not completed. Never waits.</summary>
    /// <param name="disposing">Always <see langword="true"/>.</param>
    protected override void Dispose(bool disposing)
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            if (!_isSending)
            {
                _gathered.Release(Pool);
            }

            if ((_hasBegun || _isSending) && !_hasEnded)
            {
                _hasEnded = true;
                _connection.Core.OnMessageAbandoned();
            }
        }

        base.Dispose(disposing);
    }

    private void CheckUsable()
    {
        if (_hasEnded)
        {
            throw new InvalidOperationException("The message is complete: nothing can be added to it.");
        }

        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_isSending)
        {
            throw new InvalidOperationException("The last fragment is still being sent. Await its task first.");
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(ReadOnlyMemory<byte> payload, bool fin, CancellationToken cancellationToken)
    {
        CheckUsable();
        _isSending = true;
        try
        {
            if (_gathered.Length > 0)
            {
                // Its end too if there is nothing else: one frame less.
                await SendFragmentAsync(_gathered.Bytes, fin && payload.IsEmpty, cancellationToken).ConfigureAwait(false);
                _gathered.Clear();
            }

            if (!payload.IsEmpty || (fin && !_hasEnded))
            {
                await SendFragmentAsync(payload, fin, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _isSending = false;
        }

        if (_hasEnded)
        {
            _gathered.Release(Pool);
        }
    }

    private async ValueTask SendFragmentAsync(ReadOnlyMemory<byte> payload, bool fin, CancellationToken cancellationToken)
    {
        if (_compress && !_hasBegun)
        {
            // Decided once for the message (RFC 7692 §6).
            _encoder = _connection.Core.Compression?.EncoderFor(payload.Length);
        }

        var frame = new OutgoingFrame(_hasBegun ? Opcode.Continuation : _opcode, payload, fin)
        {
            Writer = this,
            Encoder = _encoder,
        };
        await _connection.Core.Sends.SendAsync(frame, cancellationToken).ConfigureAwait(false);
        _hasBegun = true;
        _hasEnded |= fin;
    }
}
