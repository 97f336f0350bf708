using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>Any duplex stream: TLS, a pipe, what an HTTP server or client hands over after an upgrade.</summary>
internal sealed class StreamTransport : PumpTransport
{
    private readonly Stream _stream;
    private readonly Func<ValueTask>? _endOutput;
    private readonly Socket? _socket;
    private readonly CancellationTokenSource _released = new();

    /// <summary>Takes over a stream, which is disposed of at the end.</summary>
    /// <param name="stream">The stream. It must allow a read and a write at the same time.</param>
    /// <param name="pool">Where receive buffers come from.</param>
    /// <param name="localEndPoint">The address of this end, if it is known.</param>
    /// <param name="remoteEndPoint">The address of the peer, if it is known.</param>
    /// <param name="endOutput">Ends the stream's output in order, if that can be done apart from its input.</param>
    /// <param name="socket">The socket below the stream, if it is known: asked what the peer has taken.</param>
    public StreamTransport(
        Stream stream, ArrayPool<byte> pool, EndPoint? localEndPoint = null, EndPoint? remoteEndPoint = null,
        Func<ValueTask>? endOutput = null, Socket? socket = null)
        : base(pool)
    {
        // Not that of a derived class, which may have ended it.
        _socket = socket ?? (stream.GetType() == typeof(NetworkStream) ? ((NetworkStream)stream).Socket : null);
        _stream = stream;
        _endOutput = endOutput;
        LocalEndPoint = EndPoints.Unmapped(localEndPoint);
        RemoteEndPoint = EndPoints.Unmapped(remoteEndPoint);
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint { get; }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint { get; }

    /// <inheritdoc/>
    public override WebSocketTlsInformation? Tls => (_stream as TlsStream)?.Information;

    /// <inheritdoc/>
    public override long? UnacknowledgedLength => SocketProgress.UnacknowledgedLength(_socket);

    /// <inheritdoc/>
    public override uint? AcknowledgedLength => SocketProgress.AcknowledgedLength(_socket);

    /// <inheritdoc/>
    public override TimeSpan? SinceAcknowledgment => SocketProgress.SinceAcknowledgment(_socket);

    /// <inheritdoc/>
    public override bool CanEndOutput => _endOutput is not null;

    /// <inheritdoc/>
    /// <remarks>Nothing: a stream cannot say what it would take without waiting.</remarks>
    protected override int WriteNow(ReadOnlySpan<byte> bytes) => 0;

    /// <inheritdoc/>
    protected override async ValueTask WaitForInputAsync()
    {
        // Not one of a derived class, which may have read ahead of the socket.
        if (_stream.GetType() == typeof(NetworkStream))
        {
            await SocketStream.WaitForInputAsync((NetworkStream)_stream, _released.Token).ConfigureAwait(false);
            return;
        }

        // A stream that does not know reads of no bytes answers at once, and the read that follows waits instead.
        await _stream.ReadAsync(Memory<byte>.Empty, _released.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override ValueTask<int> ReadAsync(Memory<byte> buffer) => _stream.ReadAsync(buffer, _released.Token);

    /// <inheritdoc/>
    protected override async Task WriteAllAsync(ReadOnlyMemory<byte> bytes)
    {
        await _stream.WriteAsync(bytes, _released.Token).ConfigureAwait(false);
        await _stream.FlushAsync(_released.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override ValueTask EndOutputAsync() => _endOutput is null ? default : _endOutput();

    /// <inheritdoc/>
    protected override void ReleaseCore(bool reset)
    {
        // Off this thread: the caller may hold its own locks, and a stream's cancellation and disposal run code of its
        // own. The stream is not disposed of until its reads have been cancelled.
        ThreadPool.UnsafeQueueUserWorkItem(static transport => transport.DisposeStream(), this, preferLocal: false);
    }

    private void DisposeStream()
    {
        try
        {
            try
            {
                _released.Cancel();
            }
            finally
            {
                _stream.Dispose();
            }
        }
        catch (Exception exception)
        {
            // Nobody is left to be told but the sink, and only if nothing else was wrong.
            Abort(exception);
        }
    }
}
