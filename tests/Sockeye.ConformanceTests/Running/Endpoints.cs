using System.Buffers;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Makes the endpoint under test, open already, over a transport.</summary>
internal static class Endpoints
{
    private const long DefaultMaxMessageLength = 64 * 1024 * 1024;

    // Made once: a key pair costs more than the rest of a case.
    private static readonly Lazy<X509Certificate2> Certificate = new(LoopbackPair.CreateCertificate);

    public static async ValueTask<EndpointUnderTest> CreateAsync(
        TestedTransport transport, TestedRole role, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler)
    {
        switch (transport)
        {
            case TestedTransport.InMemory:
                return new InMemoryEndpoint(role, maxMessageLength);
            case TestedTransport.Stream:
                return new StreamEndpoint(role, face, maxMessageLength);
        }

        LoopbackPair pair = await LoopbackPair.ConnectAsync(role);
        return transport switch
        {
            TestedTransport.Socket => OverSocket(role, pair, maxMessageLength, face),
            TestedTransport.EventLoop => OverEventLoop(role, pair, maxMessageLength, face),
            _ => await OverTlsAsync(role, pair, maxMessageLength, face),
        };
    }

    public static LoopbackEndpoint OverSocket(
        TestedRole role, LoopbackPair pair, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler) =>
        Over(new SocketTransport(pair.Endpoint, ArrayPool<byte>.Shared), role, pair, maxMessageLength, face);

    public static LoopbackEndpoint OverEventLoop(
        TestedRole role, LoopbackPair pair, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler) =>
        Over(pair.Endpoint.ToTransport(), role, pair, maxMessageLength, face);

    public static async ValueTask<LoopbackEndpoint> OverTlsAsync(
        TestedRole role, LoopbackPair pair, long maxMessageLength = DefaultMaxMessageLength,
        TestedFace face = TestedFace.Handler)
    {
        (TlsStream endpoint, TlsStream peer) =
            await LoopbackPair.SecureAsync(role, pair.Endpoint, pair.Peer, Certificate.Value);
        StreamTransport transport = new(endpoint, ArrayPool<byte>.Shared, endOutput: endpoint.EndOutputAsync);
        return new LoopbackEndpoint(role, face, maxMessageLength, transport, peer, pair.Peer);
    }

    private static LoopbackEndpoint Over(
        Transport transport, TestedRole role, LoopbackPair pair, long maxMessageLength, TestedFace face)
    {
        NetworkStream peer = new(pair.Peer, ownsSocket: true);
        return new LoopbackEndpoint(role, face, maxMessageLength, transport, peer, pair.Peer);
    }
}
