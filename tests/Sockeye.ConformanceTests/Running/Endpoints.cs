using System.Buffers;
using System.Net.Sockets;
using Sockeye.Transports;
using Sockeye.Transports.Tls;

namespace Sockeye.Tests;

/// <summary>Creates the endpoint under test, already open, over a transport.</summary>
internal static class Endpoints
{
    private const long DefaultMaxMessageLength = 64 * 1024 * 1024;

    public static async ValueTask<EndpointUnderTest> CreateAsync(
        TestedTransport transport, TestedRole role, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler, AgreedCompression? compression = null)
    {
        switch (transport)
        {
            case TestedTransport.InMemory:
                return new InMemoryEndpoint(role, maxMessageLength, compression);
            case TestedTransport.Stream:
                return new StreamEndpoint(role, face, maxMessageLength, compression);
        }

        LoopbackPair pair = await LoopbackPair.ConnectAsync(role);
        return transport switch
        {
            TestedTransport.Socket => OverSocket(role, pair, maxMessageLength, face, compression),
            TestedTransport.EventLoop => OverEventLoop(role, pair, maxMessageLength, face, compression),
            TestedTransport.TlsEventLoop => await OverTlsOnLoopAsync(role, pair, maxMessageLength, face, compression),
            TestedTransport.OpenSslEventLoop =>
                await OverTlsOnLoopAsync(role, pair, maxMessageLength, face, compression, WebSocketTlsEngine.OpenSsl),
            _ => await OverTlsAsync(role, pair, maxMessageLength, face, compression),
        };
    }

    public static LoopbackEndpoint OverSocket(
        TestedRole role, LoopbackPair pair, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler, AgreedCompression? compression = null) =>
        Over(new SocketTransport(pair.Endpoint, ArrayPool<byte>.Shared), role, pair, maxMessageLength, face, compression);

    public static LoopbackEndpoint OverEventLoop(
        TestedRole role, LoopbackPair pair, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler, AgreedCompression? compression = null) =>
        Over(pair.Endpoint.ToTransport(), role, pair, maxMessageLength, face, compression);

    public static async ValueTask<LoopbackEndpoint> OverTlsAsync(
        TestedRole role, LoopbackPair pair, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler, AgreedCompression? compression = null)
    {
        (TlsStream endpoint, TlsStream peer) =
            await LoopbackPair.SecureAsync(role, pair.Endpoint, pair.Peer);
        StreamTransport transport = new(endpoint, ArrayPool<byte>.Shared, endOutput: endpoint.EndOutputAsync);
        return new LoopbackEndpoint(role, face, maxMessageLength, transport, peer, pair.Peer, compression);
    }

    public static async ValueTask<LoopbackEndpoint> OverTlsOnLoopAsync(
        TestedRole role, LoopbackPair pair, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler, AgreedCompression? compression = null,
        WebSocketTlsEngine engine = WebSocketTlsEngine.SslStream)
    {
        (TlsTransport transport, TlsStream peer) = await LoopbackPair.SecureOnLoopAsync(role, pair.Endpoint, pair.Peer, engine);
        return new LoopbackEndpoint(role, face, maxMessageLength, transport, peer, pair.Peer, compression);
    }

    private static LoopbackEndpoint Over(
        Transport transport, TestedRole role, LoopbackPair pair, long maxMessageLength, TestedFace face,
        AgreedCompression? compression)
    {
        NetworkStream peer = new(pair.Peer, ownsSocket: true);
        return new LoopbackEndpoint(role, face, maxMessageLength, transport, peer, pair.Peer, compression);
    }
}
