using System.Buffers;
using System.Net.Security;
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
        TestedTransport transport, TestedRole role, long maxMessageLength = DefaultMaxMessageLength)
    {
        switch (transport)
        {
            case TestedTransport.InMemory:
                return new InMemoryEndpoint(role, maxMessageLength);
            case TestedTransport.Stream:
                return new StreamEndpoint(role, maxMessageLength);
        }

        LoopbackPair pair = await LoopbackPair.ConnectAsync(role);
        Stream peer = new NetworkStream(pair.Peer, ownsSocket: true);
        if (transport == TestedTransport.Socket)
        {
            return new LoopbackEndpoint(
                role, maxMessageLength, new SocketTransport(pair.Endpoint, ArrayPool<byte>.Shared), peer, pair.Peer);
        }

        (SslStream secureEndpoint, SslStream securePeer) = await LoopbackPair.SecureAsync(
            role, new NetworkStream(pair.Endpoint, ownsSocket: true), peer, Certificate.Value);
        StreamTransport transportOverTls = new(
            secureEndpoint, ArrayPool<byte>.Shared, endOutput: () => new ValueTask(secureEndpoint.ShutdownAsync()));
        return new LoopbackEndpoint(role, maxMessageLength, transportOverTls, securePeer, pair.Peer);
    }
}
