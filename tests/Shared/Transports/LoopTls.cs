using System.Buffers;
using System.Net;
using System.Net.Security;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Server.Listening;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;
using Sockeye.Transports.Tls.OpenSsl;

namespace Sockeye.Tests;

/// <summary>TLS in place on event loops.</summary>
internal static class LoopTls
{
    /// <summary>Why OpenSSL cannot be tested here; <see langword="null"/> if it can.</summary>
    public static string? WhyNoOpenSsl => OpenSslNative.WhyNot;

    /// <summary>Conducts the handshake of a server by OpenSSL, and takes TLS over to the loop.</summary>
    /// <param name="transport">The transport, which was not started.</param>
    /// <param name="pool">The pool of the transport.</param>
    public static async Task<TlsTransport> SecureByOpenSslAsync(this EventLoopTransport transport, ArrayPool<byte>? pool = null)
    {
        var endPoint = new WebSocketEndPoint(new IPEndPoint(IPAddress.Loopback, 0)) { Tls = TestCertificate.ForServer() };
        var client = new LoopOpenSslClient(transport, endPoint, TimeProvider.System, pool ?? ArrayPool<byte>.Shared);
        await client.AuthenticateAsync(new TlsSelection(NullLogger.Instance, endPoint, remote: null), CancellationToken.None);
        return (TlsTransport)client.Secure();
    }

    /// <summary>An engine of a server.</summary>
    public static OpenSslEngine OpenSslEngine(SslServerAuthenticationOptions options)
    {
        SslServerAuthenticationOptions complete = ServerTlsOptions.Complete(options);
        return new OpenSslEngine(OpenSslContexts.For(complete, TimeProvider.System), complete, sender: "the test", new TlsOpening(), mayLackCertificate: false);
    }

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
