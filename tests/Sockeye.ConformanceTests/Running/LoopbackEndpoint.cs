using System.Net.Sockets;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>An endpoint over a real connection on the loopback interface.</summary>
internal sealed class LoopbackEndpoint : ConnectedEndpoint
{
    private readonly StreamPeer _peer;

    public LoopbackEndpoint(
        TestedRole role, TestedFace face, long maxMessageLength, Transport transport, Stream peerStream,
        Socket peerSocket, AgreedCompression? compression)
        : base(face)
    {
        _peer = new StreamPeer(peerStream, peerSocket, Inbox);
        Open(transport, role, maxMessageLength, compression);
    }

    public override bool AnswersInPlace => false;

    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken deadline) =>
        _peer.SendAsync(bytes, deadline);

    public override ValueTask EndAsync() => _peer.EndAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _peer.DisposeAsync();
    }
}
