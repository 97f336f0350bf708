using System.Net;

namespace Sockeye.Tests;

/// <summary>Sockeye's server with other clients that compress (RFC 7692).</summary>
public sealed class CompressingClientTests(BrowserTests.Browser browser) : IClassFixture<BrowserTests.Browser>
{
    /// <summary>The libraries, what they ask for, and Sockeye's presets.</summary>
    public static MatrixTheoryData<string, PeerDeflate, DeflatePreset> Peers { get; } = new(
        ["ws", "python", "System.Net.WebSockets"],
        [PeerDeflate.Keeping, PeerDeflate.Forgetting],
        Enum.GetValues<DeflatePreset>());

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Each_end_inflates_the_messages_of_the_other(string peer, PeerDeflate deflate, DeflatePreset preset)
    {
        PeerClient client = peer switch
        {
            "ws" => ScriptPeer.Ws.With(deflate),
            "python" => ScriptPeer.Python.With(deflate),
            _ => new DotnetPeerClient(deflate),
        };

        string extensions = await RunAsync(client, preset.Options());

        bool isKept = deflate == PeerDeflate.Keeping && preset != DeflatePreset.Shared;
        Assert.Equal(!isKept, extensions.Contains("server_no_context_takeover", StringComparison.Ordinal));
        Assert.Equal(!isKept, extensions.Contains("client_no_context_takeover", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DeflatePreset.Default)]
    [InlineData(DeflatePreset.Shared)]
    [InlineData(DeflatePreset.Dedicated)]
    public async Task A_browser_inflates_and_compresses_messages(DeflatePreset preset) =>
        await RunAsync(await browser.StartedAsync(), preset.Options());

    /// <summary>WebSocket-Node supports no extensions: it offers none, and none is negotiated.</summary>
    [Fact]
    public async Task A_client_without_extensions_gets_uncompressed_messages()
    {
        await using WebSocketServer server = await StartAsync(PerMessageDeflateOptions.Default, async connection =>
        {
            Assert.Equal("", connection.Extensions);
            await connection.SendAsync(await connection.ReceiveMessageAsync(Deadline.Token()), Deadline.Token());
            await connection.SendAsync(await connection.ReceiveMessageAsync(Deadline.Token()), Deadline.Token());
        });

        PeerReport report = await ScriptPeer.WebSocketNode.RunAsync(AddressOf(server), "echo", [50_000]);

        Assert.Null(report.Error);
        Assert.Equal(PeerMessage.OfSizes([50_000]), report.Messages);
    }

    private static async Task<string> RunAsync(PeerClient client, PerMessageDeflateOptions options)
    {
        TaskCompletionSource<string> served = new();
        await using WebSocketServer server = await StartAsync(
            options,
            async connection =>
            {
                try
                {
                    await CompressedExchange.RunAsync(connection, seed: 1);
                    served.SetResult(connection.Extensions);
                }
                catch (Exception exception)
                {
                    served.SetException(exception);
                    throw;
                }

                await connection.CloseAsync(cancellationToken: Deadline.Token());
            },
            client.Origin);
        await using Relay relay = new(AddressOf(server));

        Task<PeerReport> running = client.RunAsync(relay.Address, "mirror");
        if (await Task.WhenAny(served.Task, running) == running)
        {
            // A peer that is not on this machine says so at once, and a broken one why.
            await running;
        }

        string extensions = await served.Task.WaitAsync(Deadline.Length);
        PeerReport report = await running;

        Assert.Null(report.Error);
        Assert.StartsWith("permessage-deflate", extensions, StringComparison.Ordinal);
        relay.AssertCompressed(CompressedExchange.MinCompressedCount);
        return extensions;
    }

    private static Task<WebSocketServer> StartAsync(
        PerMessageDeflateOptions compression, Func<WebSocketConnection, Task> serve, string? allowedOrigin = null)
    {
        WebSocketServerOptions options = new()
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            AllowedOrigins = allowedOrigin is null ? [] : [allowedOrigin],
            Compression = compression,
        };
        return WebSocketServer.StartAsync(options, (connection, _) => serve(connection), Deadline.Token());
    }

    private static Uri AddressOf(WebSocketServer server) => new($"ws://127.0.0.1:{server.Port}/");
}
