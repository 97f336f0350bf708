namespace Sockeye.Tests;

/// <summary>Sockeye's client with other servers that compress (RFC 7692).</summary>
public sealed class CompressingServerTests
{
    /// <summary>The libraries, what they ask for, and Sockeye's presets.</summary>
    public static MatrixTheoryData<string, PeerDeflate, DeflatePreset> Peers { get; } = new(
        ["ws", "python", "Kestrel"],
        [PeerDeflate.Keeping, PeerDeflate.Forgetting],
        Enum.GetValues<DeflatePreset>());

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Each_end_inflates_the_messages_of_the_other(string peer, PeerDeflate deflate, DeflatePreset preset)
    {
        await using PeerServer server = await (peer switch
        {
            "ws" => ScriptPeer.Ws.With(deflate).StartServerAsync(),
            "python" => ScriptPeer.Python.With(deflate).StartServerAsync(),
            _ => KestrelPeerServer.StartAsync(deflate),
        });
        WebSocketClientOptions options = new() { Compression = preset.Options() };

        foreach (string path in new[] { "/echo", "/fragments" })
        {
            await using Relay relay = new(server.At(path));
            await using WebSocketConnection connection =
                await WebSocketClient.ConnectAsync(relay.Address, options, Deadline.Token());
            await CompressedExchange.RunAsync(connection, seed: 2);

            Assert.StartsWith("permessage-deflate", connection.Extensions, StringComparison.Ordinal);
            bool isKept = deflate == PeerDeflate.Keeping && preset != DeflatePreset.Shared;
            Assert.Equal(!isKept, connection.Extensions.Contains("server_no_context_takeover", StringComparison.Ordinal));
            relay.AssertCompressed(CompressedExchange.MinCompressedCount);
        }
    }

    /// <summary>WebSocket-Node supports no extensions: it ignores the offer.</summary>
    [Fact]
    public async Task A_server_without_extensions_gets_uncompressed_messages()
    {
        await using PeerServer server = await ScriptPeer.WebSocketNode.StartServerAsync();

        await using WebSocketConnection connection =
            await WebSocketClient.ConnectAsync(server.At("/echo"), options: null, Deadline.Token());
        await CompressedExchange.RunAsync(connection, seed: 3);

        Assert.Equal("", connection.Extensions);
    }
}
