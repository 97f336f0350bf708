using System.Buffers;
using System.Net.Security;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;

namespace Sockeye.Tests;

/// <summary>TLS in place on event loops.</summary>
internal static class LoopTls
{
    /// <summary>Conducts a handshake, and takes TLS over to the loop.</summary>
    /// <param name="transport">The transport, which was not started.</param>
    /// <param name="handshake">The handshake.</param>
    /// <param name="pool">The pool of the transport.</param>
    public static async Task<TlsTransport> SecureAsync(
        this EventLoopTransport transport, Func<SslStream, Task> handshake, ArrayPool<byte>? pool = null)
    {
        pool ??= ArrayPool<byte>.Shared;
        var stream = new TransportStream(transport, pool);
        var ciphertext = new CiphertextStream(stream);
        var tls = new SslStream(ciphertext);
        await handshake(tls);
        EventLoopTransport? detached = stream.Detach(out ArraySegment<byte> unread);
        Assert.NotNull(detached);
        var secure = new TlsTransport(detached, new SslStreamEngine(ciphertext, tls), pool);
        secure.Preload(unread);
        if (unread.Array is { } array)
        {
            pool.Return(array);
        }

        return secure;
    }
}
