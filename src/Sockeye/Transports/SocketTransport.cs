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

    /// <summary>Takes over a connected socket.</summary>
    public SocketTransport(Socket socket, ArrayPool<byte> pool)
        : base(pool)
    {
        _socket = socket;
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;

        // Only for Send: the asynchronous calls never block.
        _socket.Blocking = false;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint { get; }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint { get; }

    /// <inheritdoc/>
    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (IsReleased)
        {
            return bytes.Length;
        }

        try
        {
            int taken = _socket.Send(bytes, SocketFlags.None, out SocketError error);
            switch (error)
            {
                case SocketError.Success:
                    return taken;
                case SocketError.WouldBlock or SocketError.IOPending or SocketError.NoBufferSpaceAvailable:
                    return 0;
                default:
                    Fail(new SocketException((int)error));
                    return bytes.Length;
            }
        }
        catch (ObjectDisposedException exception)
        {
            // Released by another thread at this moment.
            Fail(exception);
            return bytes.Length;
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask WaitForInputAsync() =>
        await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None).ConfigureAwait(false);

    /// <inheritdoc/>
    protected override ValueTask<int> ReadAsync(Memory<byte> buffer) =>
        _socket.ReceiveAsync(buffer, SocketFlags.None);

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
        if (reset)
        {
            // A linger time of zero makes close send a reset at once, and drop what is unsent.
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        _socket.Dispose();
    }
}
