using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// A stream socket, on any system. Waits for input with zero-byte reads, so that an idle connection holds no buffer, and writes
/// without waiting for as long as the kernel accepts data.
/// </summary>
internal sealed class SocketTransport : BufferedPumpTransport
{
    private readonly Socket _socket;

    // Whether the last read filled its buffer.
    private bool _mayHaveMore;

    /// <summary>Takes ownership of a connected socket.</summary>
    public SocketTransport(Socket socket, ArrayPool<byte> pool)
        : base(pool)
    {
        _socket = socket;
        LocalEndPoint = EndPoints.Unmapped(socket.LocalEndPoint);
        RemoteEndPoint = EndPoints.Unmapped(socket.RemoteEndPoint);

        // Affects Send and Receive only; the asynchronous calls never block.
        _socket.Blocking = false;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint { get; }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint { get; }

    /// <inheritdoc/>
    public override NetworkTransport Network => NetworkOf(_socket.AddressFamily);

    /// <inheritdoc/>
    public override long? UnacknowledgedLength => SocketProgress.UnacknowledgedLength(_socket);

    /// <inheritdoc/>
    public override uint? AcknowledgedLength => SocketProgress.AcknowledgedLength(_socket);

    /// <inheritdoc/>
    public override TimeSpan? SinceAcknowledgment => SocketProgress.SinceAcknowledgment(_socket);

    /// <inheritdoc/>
    protected override int WriteNow(ReadOnlySpan<byte> bytes)
    {
        int taken = _socket.Send(bytes, SocketFlags.None, out SocketError error);
        return error switch
        {
            SocketError.Success => taken,
            SocketError.WouldBlock or SocketError.IOPending or SocketError.NoBufferSpaceAvailable => 0,
            _ => throw new SocketException((int)error),
        };
    }

    /// <inheritdoc/>
    protected override ValueTask WaitForInputAsync() => _mayHaveMore ? default : WaitAsync();

    /// <inheritdoc/>
    protected override ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        // The wait may have completed on a notification for bytes that the last read already consumed. A receive that waits would
        // then hold its buffer for as long as the connection is idle.
        int length = _socket.Receive(buffer.Span, SocketFlags.None, out SocketError error);
        _mayHaveMore = length == buffer.Length;
        return error switch
        {
            SocketError.Success => new ValueTask<int>(length),
            SocketError.WouldBlock or SocketError.IOPending => new ValueTask<int>(Nothing),
            _ => throw new SocketException((int)error),
        };
    }

    /// <inheritdoc/>
    protected override async Task WriteAllAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int taken = await _socket.SendAsync(bytes, SocketFlags.None).ConfigureAwait(false);
            bytes = bytes[taken..];
        }
    }

    /// <inheritdoc/>
    protected override ValueTask EndOutputAsync()
    {
        _socket.Shutdown(SocketShutdown.Send);
        return default;
    }

    /// <inheritdoc/>
    protected override void ReleaseCore(bool reset)
    {
        try
        {
            if (reset)
            {
                // A linger time of zero makes close discard unsent data and send a reset at once.
                _socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            else
            {
                // Disposing of a Socket during a pending receive, which there always is here, resets the connection unless its
                // output was shut down before.
                _socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (SocketException)
        {
            // The peer ended the connection first; there is nothing left to reset or shut down.
        }

        _socket.Dispose();
    }

    private async ValueTask WaitAsync() =>
        await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None).ConfigureAwait(false);
}
