using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// A stream socket, on any system. Waits for input with reads of no bytes, so that an idle connection holds no buffer,
/// and writes without waiting as long as the kernel takes what it is given.
/// </summary>
internal sealed class SocketTransport : PumpTransport
{
    private readonly Socket _socket;

    // Whether the last read has filled its buffer.
    private bool _mayHaveMore;

    /// <summary>Takes over a connected socket.</summary>
    public SocketTransport(Socket socket, ArrayPool<byte> pool)
        : base(pool)
    {
        _socket = socket;
        LocalEndPoint = EndPoints.Unmapped(socket.LocalEndPoint);
        RemoteEndPoint = EndPoints.Unmapped(socket.RemoteEndPoint);

        // Only for Send and Receive: the asynchronous calls never block.
        _socket.Blocking = false;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint { get; }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint { get; }

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
        // The wait ends with whatever the system tells, and it may tell of bytes that were read together with those before:
        // a receive that waits would keep its buffer until there are others, for as long as the connection is idle.
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
                // A linger time of zero makes close send a reset at once, and drop what is unsent.
                _socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            else
            {
                // Socket resets when it is disposed of while a receive waits, as one always does here, unless its output
                // was ended before.
                _socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (SocketException)
        {
            // The peer was faster: there is nothing left to reset or to end.
        }

        _socket.Dispose();
    }

    private async ValueTask WaitAsync() =>
        await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None).ConfigureAwait(false);
}
