namespace Sockeye.Tests;

/// <summary>A client's connection enforces its options, and is strict by default.</summary>
public sealed class ClientStrictnessTests
{
    private static readonly byte[] NonMinimal = [0x81, 126, 0, 5, .. "Hello"u8];

    [Theory]
    [EachClient(5, true)]
    [EachClient(4, false)]
    public async Task MaxMessageLength_applies_to_a_client(ClientKind kind, long limit, bool isReceived)
    {
        (RawPeer peer, WebSocketConnection client) = await ConnectAsync(kind, new()
        {
            Limits = new() { MaxMessageLength = limit },
        });
        using RawPeer _ = peer;

        await peer.SendAsync(RawFrame.Bytes(RawFrame.Text, "Hello"u8));

        await AssertOutcomeAsync(peer, client, isReceived ? null : WebSocketCloseCode.MessageTooBig);
    }

    // Design decision: fail with 1002, a switch lets it pass.
    [Theory]
    [EachClient(true)]
    [EachClient(false)]
    public async Task A_non_minimal_length_fails_the_connection_unless_allowed(
        ClientKind kind, bool isAllowed)
    {
        (RawPeer peer, WebSocketConnection client) = await ConnectAsync(kind, new() { AllowNonMinimalLengths = isAllowed });
        using RawPeer _ = peer;

        await peer.SendAsync(NonMinimal);

        await AssertOutcomeAsync(peer, client, isAllowed ? null : WebSocketCloseCode.ProtocolError);
    }

    [Theory]
    [EachClient]
    public async Task Pings_get_no_pong_if_AnswerPings_is_false(ClientKind kind)
    {
        (RawPeer peer, WebSocketConnection client) = await ConnectAsync(kind, new() { AnswerPings = false });
        using RawPeer _ = peer;

        await peer.SendAsync(RawFrame.Bytes(RawFrame.Ping, "?"u8));
        await peer.SendAsync(RawFrame.Bytes(RawFrame.Text, "Hello"u8));
        Assert.Equal("Hello", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        await client.SendAsync("next");

        Assert.Equal("next", (await peer.ReadFrameAsync()).PayloadText);
        client.Abort();
    }

    private static async Task<(RawPeer Peer, WebSocketConnection Client)> ConnectAsync(
        ClientKind kind, WebSocketConnectionOptions options)
    {
        using var server = new RawServer();
        return await server.ConnectAsync(new WebSocketClientOptions
        {
            UseEventLoop = kind.UsesEventLoop(),
            Compression = PerMessageDeflateOptions.Disabled,
            Connection = options,
        });
    }

    private static async Task AssertOutcomeAsync(RawPeer peer, WebSocketConnection client, WebSocketCloseCode? failure)
    {
        if (failure is { } code)
        {
            RawFrame close = await peer.ReadFrameAsync();
            Assert.Equal([(byte)((int)code >> 8), (byte)code], close.Payload[..2]);
        }
        else
        {
            Assert.Equal("Hello", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        }

        client.Abort();
    }
}
