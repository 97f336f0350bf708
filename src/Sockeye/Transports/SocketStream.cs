using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// A socket as a stream whose zero-byte reads complete only when there is something to read. TLS waits that way before it
/// allocates a buffer; a read that completed early would make it allocate too soon.
/// </summary>
internal sealed class SocketStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    /// <summary>Waits without a buffer until there is something to read: bytes, the end, or an error.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    public static async ValueTask WaitForInputAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        try
        {
            // A zero-byte receive completes on any pending notification of the socket, even one for bytes that an earlier read
            // has already consumed.
            do
            {
                await stream.Socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            }
            while (!stream.Socket.Poll(TimeSpan.Zero, SelectMode.SelectRead));
        }
        catch (SocketException exception)
        {
            // NetworkStream throws the same type.
            throw new IOException(exception.Message, exception);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.IsEmpty ? WaitAsync(cancellationToken) : base.ReadAsync(buffer, cancellationToken);

    private async ValueTask<int> WaitAsync(CancellationToken cancellationToken)
    {
        await WaitForInputAsync(this, cancellationToken).ConfigureAwait(false);
        return 0;
    }
}
