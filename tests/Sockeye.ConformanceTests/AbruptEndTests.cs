using System.Net.Sockets;
using Sockeye.Transports.Loops;
using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>FR-37: transports that break. The result is reported once, and is not clean (RFC 6455 §7.1.5).</summary>
public sealed class AbruptEndTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(TestedRole.Server, TestedTransport.Socket)]
    [InlineData(TestedRole.Client, TestedTransport.Socket)]
    [InlineData(TestedRole.Server, TestedTransport.EventLoop)]
    [InlineData(TestedRole.Client, TestedTransport.EventLoop)]
    public async Task Reset_is_an_abnormal_closure_with_its_cause(TestedRole role, TestedTransport transport)
    {
        LoopbackPair pair = await LoopbackPair.ConnectAsync(role);
        await using LoopbackEndpoint endpoint = Over(transport, role, pair);
        await EchoAsync(endpoint, role);

        // A linger time of zero makes close send a reset.
        pair.Peer.LingerState = new LingerOption(enable: true, seconds: 0);
        pair.Peer.Close();

        WebSocketCloseResult result = await endpoint.Connection.Closed.WaitAsync(Deadline);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, result.Code);
        Assert.False(result.WasClean);
        Assert.NotNull(result.Exception);
    }

    [Theory]
    [InlineData(TestedRole.Server)]
    [InlineData(TestedRole.Client)]
    public async Task Truncated_TLS_is_an_abnormal_closure(TestedRole role)
    {
        LoopbackPair pair = await LoopbackPair.ConnectAsync(role);
        await using LoopbackEndpoint endpoint = await Endpoints.OverTlsAsync(role, pair);
        await EchoAsync(endpoint, role);

        // TCP ends in order, but TLS does not: there is no close_notify.
        pair.Peer.Shutdown(SocketShutdown.Send);

        WebSocketCloseResult result = await endpoint.Connection.Closed.WaitAsync(Deadline);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, result.Code);
        Assert.False(result.WasClean);
        Assert.NotNull(result.Exception);
    }

    [Theory]
    [InlineData(TestedRole.Server, TestedTransport.Socket)]
    [InlineData(TestedRole.Client, TestedTransport.Socket)]
    [InlineData(TestedRole.Server, TestedTransport.EventLoop)]
    [InlineData(TestedRole.Client, TestedTransport.EventLoop)]
    public async Task Reset_after_the_closing_handshake_is_still_a_clean_close(TestedRole role, TestedTransport transport)
    {
        LoopbackPair pair = await LoopbackPair.ConnectAsync(role);
        await using LoopbackEndpoint endpoint = Over(transport, role, pair);
        await SendAsync(endpoint, role, Close(4000, "done"));
        await ReceiveAsync(endpoint, role, PeerEventKind.Close);

        pair.Peer.LingerState = new LingerOption(enable: true, seconds: 0);
        pair.Peer.Close();

        WebSocketCloseResult result = await endpoint.Connection.Closed.WaitAsync(Deadline);
        Assert.Equal(4000, (int)result.Code);
        Assert.Equal("done", result.Reason);
        Assert.True(result.WasClean);
        Assert.Equal(WebSocketCloseInitiator.Peer, result.Initiator);
    }

    private static LoopbackEndpoint Over(TestedTransport transport, TestedRole role, LoopbackPair pair)
    {
        if (transport == TestedTransport.Socket)
        {
            return Endpoints.OverSocket(role, pair);
        }

        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        return Endpoints.OverEventLoop(role, pair);
    }

    private static async Task EchoAsync(EndpointUnderTest endpoint, TestedRole role)
    {
        await SendAsync(endpoint, role, Text(Hello));
        await ReceiveAsync(endpoint, role, PeerEventKind.TextMessage);
    }

    private static ValueTask SendAsync(EndpointUnderTest endpoint, TestedRole role, RawFrame frame) =>
        endpoint.SendAsync(
            new RawFrameWriter(peerIsClient: role == TestedRole.Server, seed: 37).Write(frame, out _),
            CancellationToken.None);

    private static async Task ReceiveAsync(EndpointUnderTest endpoint, TestedRole role, PeerEventKind expected)
    {
        PeerEventReader reader = new(endpointIsClient: role == TestedRole.Client);
        while (reader.Count == 0)
        {
            await endpoint.Inbox.WaitAsync().WaitAsync(Deadline);
            Assert.False(endpoint.Inbox.IsEnded && endpoint.Inbox.Error is not null, $"{endpoint.Inbox.Error}");
            foreach (byte[] bytes in endpoint.Inbox.Take())
            {
                reader.Append(bytes);
            }
        }

        Assert.Equal(expected, reader.Dequeue().Kind);
    }
}
