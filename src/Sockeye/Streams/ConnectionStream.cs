using Sockeye.Connections.Receiving;
using Sockeye.Protocol;

namespace Sockeye.Streams;

/// <summary>A whole connection as a duplex stream: each write is a message, and reads join the payloads of all messages.</summary>
/// <remarks>One thread may read at a time; any number may write, and what each writes stays together.</remarks>
internal sealed class ConnectionStream(
    WebSocketConnection connection, PullReceiver pull, WebSocketMessageKind kind, bool leaveOpen) : Stream
{
    // A byte stream loses nothing: whatever the connection's policy for slow consumers, a write waits for room.
    private static readonly WebSocketSendOptions SendOptions = new() { SlowConsumer = WebSocketSlowConsumerPolicy.Wait };

    private readonly PieceReader _reader = new(pull, acrossMessages: true);
    private bool _isDisposed;

    /// <inheritdoc/>
    public override bool CanRead => !_isDisposed;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => !_isDisposed;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.ReadAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.Read(buffer);
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        ValidateCopyToArguments(destination, bufferSize);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _reader.CopyToAsync(destination, cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (buffer.IsEmpty)
        {
            return default;
        }

        ValueTask sending = connection.SendAsync(buffer, kind, SendOptions, cancellationToken);
        return sending.IsCompletedSuccessfully ? default : AwaitAsync(sending);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);

        // It usually fits, and then nothing has to be copied to wait with.
        if (buffer.IsEmpty
            || connection.TrySend(buffer, kind, SendOptions) is WebSocketSendResult.Sent or WebSocketSendResult.Queued)
        {
            return;
        }

        WriteAsync(buffer.ToArray()).AsTask().GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <summary>Does nothing: a write has been handed over when it completes.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc cref="Flush"/>
    public override Task FlushAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        bool closes = !_isDisposed && !leaveOpen;
        await base.DisposeAsync().ConfigureAwait(false);
        if (closes)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!_isDisposed && !leaveOpen)
        {
            // Does not wait for the peer: the closing handshake goes on within its own deadlines.
            connection.Core.BeginClose(new CloseStatus(WebSocketCloseCode.NormalClosure, ""));
            pull.Discard();
        }

        _isDisposed = true;
        base.Dispose(disposing);
    }

    private static async ValueTask AwaitAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (WebSocketClosedException exception)
        {
            throw new IOException("The connection is closed.", exception);
        }
    }
}
