using System.Net.Sockets;

namespace Sockeye.Transports;

/// <summary>
/// A socket as a stream whose reads of no bytes end when there is something to read, and not before: whoever waits so for
/// the buffer's sake, as TLS does, would take one too early.
/// </summary>
internal sealed class SocketStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    /// <summary>Waits, without a buffer, until something can be read: bytes, the end, or an error.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    public static async ValueTask WaitForInputAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        try
        {
            // A receive of no bytes takes whatever the system tells for what it waits for: bytes, too, that were read
            // together with those before.
            do
            {
                await stream.Socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            }
            while (!stream.Socket.Poll(TimeSpan.Zero, SelectMode.SelectRead));
        }
        catch (SocketException exception)
        {
            // As NetworkStream itself fails.
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
