using System.Buffers;
using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// A transport over any duplex stream: TLS, a pipe, or the stream that an HTTP server or client provides after an upgrade.
/// </summary>
internal sealed class StreamTransport : BufferedPumpTransport
{
    private readonly Stream _stream;
    private readonly Func<ValueTask>? _endOutput;
    private readonly Socket? _socket;
    private readonly CancellationTokenSource _released = new();

    /// <summary>Takes ownership of a stream, which is disposed of at the end.</summary>
    /// <param name="stream">The stream. It must support a read and a write at the same time.</param>
    /// <param name="pool">The pool that receive buffers are rented from.</param>
    /// <param name="localEndPoint">The local address, if known.</param>
    /// <param name="remoteEndPoint">The address of the peer, if known.</param>
    /// <param name="endOutput">
    /// Ends the stream's output in order; <see langword="null"/> if the output cannot be ended separately from the input.
    /// </param>
    /// <param name="socket">The socket below the stream, if known; it is queried for acknowledged bytes.</param>
    public StreamTransport(
        Stream stream, ArrayPool<byte> pool, EndPoint? localEndPoint = null, EndPoint? remoteEndPoint = null,
        Func<ValueTask>? endOutput = null, Socket? socket = null)
        : base(pool)
    {
        // Only for NetworkStream itself: a derived class may have closed its socket.
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
    public override NetworkTransport Network =>
        _stream is PipeStream ? NetworkTransport.Pipe : _socket is null ? base.Network : NetworkOf(_socket.AddressFamily);

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
    /// <remarks>Always 0: a stream cannot write only what it accepts without waiting.</remarks>
    protected override int WriteNow(ReadOnlySpan<byte> bytes) => 0;

    /// <inheritdoc/>
    protected override async ValueTask WaitForInputAsync()
    {
        // Only for NetworkStream itself: a derived class may have read ahead of the socket.
        if (_stream.GetType() == typeof(NetworkStream))
        {
            await SocketStream.WaitForInputAsync((NetworkStream)_stream, _released.Token).ConfigureAwait(false);
            return;
        }

        // A stream that does not support zero-byte reads returns at once; the read that follows waits instead.
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
        // On another thread: the caller may hold locks, and canceling and disposing of a stream run foreign code. The stream's
        // reads are canceled before it is disposed of.
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
            // Only the sink is left to report this to, and only if no error was recorded before.
            Abort(exception);
        }
    }
}
