using System.Text;

namespace Sockeye.Tests;

/// <summary>permessage-deflate from the options of one end to the connection of the other (RFC 7692 §5, §7.1).</summary>
public sealed class CompressionNegotiationTests
{
    private const string Name = "permessage-deflate";
    private const string ExtensionsHeader = "Sec-WebSocket-Extensions";

    private static readonly PerMessageDeflateOptions Default = PerMessageDeflateOptions.Default;

    private static readonly (PerMessageDeflateOptions? Server, PerMessageDeflateOptions? Client, string Expected)[] Options =
    [
        (null, Default, ""),
        (Default, PerMessageDeflateOptions.Disabled, ""),
        (Default, Default, Name),
        (PerMessageDeflateOptions.Shared, Default, Name + "; server_no_context_takeover; client_no_context_takeover"),
        (Default, PerMessageDeflateOptions.Shared, Name + "; server_no_context_takeover; client_no_context_takeover"),
        (
            PerMessageDeflateOptions.Dedicated, Default,
            Name + "; server_max_window_bits=12; client_max_window_bits=12"),
        (
            Default, PerMessageDeflateOptions.Dedicated,
            Name + "; server_max_window_bits=12; client_max_window_bits=12"),
        (Default with { ServerMaxWindowBits = 9 }, Default with { ServerMaxWindowBits = 11 }, Name + "; server_max_window_bits=9"),
        (Default with { ServerMaxWindowBits = 11 }, Default with { ServerMaxWindowBits = 9 }, Name + "; server_max_window_bits=9"),
        (Default with { ServerContextTakeover = true }, PerMessageDeflateOptions.Shared, ""),
        (
            Default with { ServerContextTakeover = true, ClientContextTakeover = false },
            Default with { ServerContextTakeover = true }, Name + "; client_no_context_takeover"),
        (Default with { RequireClientMaxWindowBits = true }, Default, Name),
    ];

    public static TheoryData<ServerKind, int> OptionsOfEach =>
        [.. from kind in Enum.GetValues<ServerKind>()
            from index in Enumerable.Range(0, Options.Length)
            select new TheoryDataRow<ServerKind, int>(kind, index) { Skip = kind.WhyNot() }];

    [Theory]
    [MemberData(nameof(OptionsOfEach))]
    public async Task Both_ends_negotiate_compression_and_exchange_messages(ServerKind kind, int options)
    {
        (PerMessageDeflateOptions? serverSide, PerMessageDeflateOptions? clientSide, string expected) = Options[options];
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            Compression = serverSide,
        });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()),
            new WebSocketClientOptions { Compression = clientSide, Tls = kind.ClientTls() }).WithDeadline();

        Assert.Equal(expected, client.Extensions);
        Assert.Equal(expected, Assert.Single(server.GetConnections()).Extensions);
        for (int number = 0; number < 20; number++)
        {
            byte[] text = Payloads.Text(number * 500, number);
            await client.SendAsync(text, WebSocketMessageKind.Text).WithDeadline();
            Assert.True((await client.ReceiveMessageAsync().WithDeadline()).Payload.Span.SequenceEqual(text));
        }
    }

    [Theory]
    [EachServer("/compressed", Name)]
    [EachServer("/plain", "")]
    public async Task The_upgrade_decision_may_decline_compression(ServerKind kind, string path, string expected)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            Compression = Default,
            OnUpgrade = (request, _) => new(new WebSocketUpgradeAcceptance { Compress = request.Path != "/plain" }),
        });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(path, kind.Scheme()),
            new WebSocketClientOptions { Compression = Default, Tls = kind.ClientTls() }).WithDeadline();

        Assert.Equal(expected, client.Extensions);
        Assert.Equal(expected, Assert.Single(server.GetConnections()).Extensions);
        byte[] text = Payloads.Text(10_000, 1);
        await client.SendAsync(text, WebSocketMessageKind.Text).WithDeadline();
        Assert.True((await client.ReceiveMessageAsync().WithDeadline()).Payload.Span.SequenceEqual(text));
    }

    [Fact]
    public async Task Compression_is_off_by_default_on_a_server_and_on_by_default_on_a_client()
    {
        Assert.Null(new WebSocketServerOptions().Compression);
        Assert.Null(new WebSocketClientOptions().Compression);
        await using WebSocketServer server = await Servers.StartEchoAsync();
        using RawPeer peer = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await peer.SendAsync(RawPeer.Request("/", $"{ExtensionsHeader}: {Name}"));
        string head = await peer.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.DoesNotContain(ExtensionsHeader, head, StringComparison.OrdinalIgnoreCase);
    }

    [Theory] // ws 4.6, 1 and 2
    [InlineData("default", Name + "; client_max_window_bits")]
    [InlineData("shared", Name + "; server_no_context_takeover; client_no_context_takeover; client_max_window_bits")]
    [InlineData("dedicated", Name + "; server_max_window_bits=12; client_max_window_bits=12")]
    [InlineData("unsaid", Name + "; client_max_window_bits")]
    [InlineData("none", null)]
    public async Task A_client_offers_the_configured_compression(string preset, string? expected)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
        {
            Compression = preset switch
            {
                "shared" => PerMessageDeflateOptions.Shared,
                "dedicated" => PerMessageDeflateOptions.Dedicated,
                "none" => PerMessageDeflateOptions.Disabled,
                "unsaid" => null,
                _ => Default,
            },
        });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;
        await peer.SendAsync(RawServer.Accepting(request));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal("", client.Extensions);
        Assert.Equal(
            expected,
            request.Contains(ExtensionsHeader, StringComparison.OrdinalIgnoreCase)
                ? RawServer.Header(request, ExtensionsHeader)
                : null);
        client.Abort();
    }

    [Theory] // EX-10, EX-13 to EX-15; ws 4.6, 11
    [InlineData(Name + "; foo, " + Name, Name)]
    [InlineData(Name + "; server_max_window_bits=16, other, " + Name + "; server_max_window_bits=10", Name + "; server_max_window_bits=10")]
    [InlineData(Name + "; server_max_window_bits=8", null)]
    [InlineData(Name + "; server_no_context_takeover=1", null)]
    [InlineData(Name + "; client_max_window_bits; client_max_window_bits", null)]
    [InlineData("Permessage-Deflate", null)]
    [InlineData(Name + "-x", null)]
    public async Task An_invalid_offer_is_declined_and_the_connection_is_accepted(string offer, string? expected)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, Compression = Default });
        using RawPeer peer = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await peer.SendAsync(RawPeer.Request("/", $"{ExtensionsHeader}: {offer}"));
        string head = await peer.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Equal(
            expected,
            head.Contains(ExtensionsHeader, StringComparison.OrdinalIgnoreCase) ? RawServer.Header(head, ExtensionsHeader) : null);
        await peer.SendMaskedAsync(RawFrame.Text, "hello"u8.ToArray());
        Assert.Equal("hello", (await peer.ReadFrameAsync()).PayloadText);
    }

    [Theory] // EX-30c; ws 4.6, 19 to 22
    [EachClient("other", WebSocketHandshakeError.UnrequestedExtension)]
    [EachClient(Name + "; foo", WebSocketHandshakeError.InvalidExtensionParameters)]
    [EachClient(Name + "; server_no_context_takeover; server_no_context_takeover", WebSocketHandshakeError.InvalidExtensionParameters)]
    [EachClient(Name + "; client_max_window_bits", WebSocketHandshakeError.InvalidExtensionParameters)]
    [EachClient(Name + "; client_max_window_bits=99", WebSocketHandshakeError.InvalidExtensionParameters)]
    [EachClient(Name + "; client_max_window_bits=14", WebSocketHandshakeError.InvalidExtensionParameters)] // 12 were offered
    [EachClient(Name + ", " + Name, WebSocketHandshakeError.RepeatedExtension)]
    [EachClient(";", WebSocketHandshakeError.InvalidExtensions)]
    public async Task A_response_that_does_not_match_the_offer_fails_the_handshake(
        ClientKind kind, string extensions, WebSocketHandshakeError expected)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
        {
            Compression = Default with { ClientMaxWindowBits = 12 },
            UseEventLoop = kind.UsesEventLoop(),
        });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request, $"{ExtensionsHeader}: {extensions}"));

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(expected, thrown.Error);
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Theory]
    [EachClient]
    public async Task A_client_without_an_offer_rejects_compression(ClientKind kind)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { Compression = PerMessageDeflateOptions.Disabled, UseEventLoop = kind.UsesEventLoop() });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request, $"{ExtensionsHeader}: {Name}"));

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(WebSocketHandshakeError.UnrequestedExtension, thrown.Error);
    }

    [Theory] // EX-31c
    [EachClient]
    public async Task A_client_limited_to_a_256_byte_window_sends_uncompressed_messages(ClientKind kind)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { UseEventLoop = kind.UsesEventLoop() });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;
        await peer.SendAsync(RawServer.Accepting(request, $"{ExtensionsHeader}: {Name}; client_max_window_bits=8"));
        WebSocketConnection client = await connecting.WithDeadline();

        await client.SendAsync(Payloads.Text(2_000), WebSocketMessageKind.Text);
        RawFrame frame = await peer.ReadFrameAsync();
        await peer.SendAsync(RawFrame.Bytes(0xC1, new PeerDeflater().Deflate("Hello"u8)));

        Assert.Equal(RawFrame.Text, frame.First);
        Assert.Equal(Payloads.Text(2_000), frame.Payload);
        Assert.Equal("Hello", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        client.Abort();
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Messages_are_compressed_on_the_wire_in_both_directions(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Compression = Default,
        });
        using RawPeer peer = await RawPeer.OpenAsync(server.LocalEndPoint, "/", $"{ExtensionsHeader}: {Name}");
        byte[] text = Payloads.Text(5_000);
        var deflater = new PeerDeflater();
        var inflater = new PeerInflater();
        int firstLength = 0;

        for (int count = 0; count < 5; count++)
        {
            await peer.SendMaskedAsync(0xC1, deflater.Deflate(text));
            RawFrame reply = await peer.ReadFrameAsync();

            Assert.Equal(0xC1, reply.First);
            Assert.Equal(Encoding.ASCII.GetString(text), Encoding.ASCII.GetString(inflater.Inflate(reply.Payload)));
            firstLength = count == 0 ? reply.Payload.Length : firstLength;
            Assert.True(count == 0 || reply.Payload.Length < firstLength / 2);
        }
    }
}
