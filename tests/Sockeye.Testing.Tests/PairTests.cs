using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sockeye.Testing;

namespace Sockeye.Tests;

/// <summary>Connected pairs: how they are created, what their network does to both ends, and how they end.</summary>
public sealed class PairTests
{
    private const string Text = "grüße";

    private readonly FakeTimeProvider _time = new();

    public static TheoryData<bool> Roles => [true, false];

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_pair_without_handlers_exchanges_messages(bool clientSends)
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync();
        (WebSocketConnection sender, WebSocketConnection receiver) =
            clientSends ? (pair.Client, pair.Server) : (pair.Server, pair.Client);

        await sender.SendAsync(Text);

        Assert.Equal(Text, (await receiver.ReceiveAsync().WithDeadline())?.GetText());
    }

    [Fact]
    public async Task A_handler_and_a_method_and_routes_serve_the_servers_end()
    {
        await using WebSocketTestPair handled = await WebSocketTestPair.ConnectAsync(WebSocketHandler.FromDelegate(EchoAsync));
        await using WebSocketTestPair served = await WebSocketTestPair.ConnectAsync(EchoAsync);
        var routes = new WebSocketRoutes();
        routes.Map("/chat", EchoAsync);
        await using WebSocketTestPair routed = await WebSocketTestPair.ConnectAsync(routes, new() { Address = new("ws://localhost/chat") });

        foreach (WebSocketTestPair pair in (WebSocketTestPair[])[handled, served, routed])
        {
            await pair.Client.SendAsync(Text);
            Assert.Equal(Text, (await pair.Client.ReceiveAsync().WithDeadline())?.GetText());
        }
    }

    [Fact]
    public async Task A_handler_receives_the_messages_of_the_client()
    {
        var received = new TaskCompletionSource<string>();
        WebSocketHandler handler = WebSocketHandler.FromDelegate(async (connection, _) =>
            received.SetResult((await connection.ReceiveAsync())?.GetText() ?? ""));
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new() { ClientHandler = handler });

        await pair.Server.SendAsync(Text);

        Assert.Equal(Text, await received.Task.WithDeadline());
    }

    [Fact]
    public async Task The_options_of_both_ends_apply_to_a_real_opening_handshake()
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            Address = new("ws://example.com/a?b=c"),
            ClientEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1234),
            Server = new() { Subprotocols = ["chat"], Compression = PerMessageDeflateOptions.Default },
            Client = new() { Subprotocols = ["other", "chat"], RequestHeaders = [new("X-Token", "secret")] },
        });

        Assert.Equal(("chat", "chat"), (pair.Client.Subprotocol, pair.Server.Subprotocol));
        Assert.StartsWith("permessage-deflate", pair.Server.Extensions, StringComparison.Ordinal);
        Assert.Equal("192.0.2.1:1234", pair.Server.RemoteEndPoint?.ToString());
        Assert.Equal("secret", pair.Server.Request?.Headers["X-Token"]);
        Assert.Equal("example.com", pair.Server.Request?.Headers["Host"]);
    }

    [Fact]
    public async Task Options_for_sockets_and_TLS_of_a_production_client_are_not_used()
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            Client = new()
            {
                Tls = new(),
                Proxy = new WebProxy("http://localhost:1"),
                LocalEndPoint = new(IPAddress.Loopback, 0),
                Socket = new() { SendBufferLength = 4096 },
                Http2 = WebSocketHttp2Policy.WhenOffered,
            },
        });

        Assert.Equal(WebSocketConnectionState.Open, pair.Client.State);
    }

    [Fact]
    public async Task A_rejected_request_throws_the_clients_exception()
    {
        var exception = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => WebSocketTestPair.ConnectAsync(new()
        {
            TimeProvider = _time,
            Server = new() { OnUpgrade = (_, _) => new(WebSocketUpgradeDecision.Reject(403)) },
            Network = new() { ToClient = new() { Latency = TimeSpan.FromHours(1) } },
        }).WithDeadline());

        Assert.Equal(403, exception.StatusCode);
    }

    [Fact]
    public async Task Challenges_are_answered_over_another_network()
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            Client = new() { Credentials = new NetworkCredential("user", "password") },
            Server = new()
            {
                OnUpgrade = (request, _) => new(request.Headers["Authorization"] is null
                    ? WebSocketUpgradeDecision.Reject(401) with { Headers = [new("WWW-Authenticate", "Basic realm=\"a\"")] }
                    : WebSocketUpgradeDecision.Accept()),
            },
        }).WithDeadline();

        Assert.Equal(WebSocketConnectionState.Open, pair.Server.State);
    }

    [Fact]
    public async Task Invalid_options_throw_before_anything_is_created()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => WebSocketTestPair.ConnectAsync(new()
        {
            Client = new() { AllowMissingSubprotocol = true },
        }));
        Assert.Throws<ArgumentException>(() => new WebSocketTestPairOptions { Address = new("wss://localhost/") });
    }

    [Fact]
    public async Task Several_pairs_share_an_acceptor()
    {
        await using var acceptor = new WebSocketAcceptor(new());
        await using WebSocketTestPair first = await WebSocketTestPair.ConnectAsync(acceptor);
        await using WebSocketTestPair second = await WebSocketTestPair.ConnectAsync(acceptor);

        Assert.Equal(2, first.Acceptor.Broadcast(Text));

        Assert.Equal(Text, (await first.Client.ReceiveAsync().WithDeadline())?.GetText());
        Assert.Equal(Text, (await second.Client.ReceiveAsync().WithDeadline())?.GetText());
        await first.DisposeAsync();
        Assert.Equal(WebSocketConnectionState.Open, second.Server.State);
    }

    [Fact]
    public async Task The_record_has_the_frames_unmasked_in_hex()
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(EchoAsync, new() { Network = new() { Record = true } });

        await pair.Client.SendAsync("Hi");
        await pair.Client.ReceiveAsync().WithDeadline();
        await pair.Client.CloseAsync().WithDeadline();

        Assert.Equal(["81 02 48 69", "88 02 03 e8"], pair.Network.ToServer.GetSentFrames().Select(frame => frame.ToString()));
        Assert.Equal(["81 02 48 69", "88 02 03 e8"], pair.Network.ToClient.GetSentFrames().Select(frame => frame.ToString()));
        Assert.All(pair.Network.ToServer.GetSentFrames(), frame => Assert.True(frame.IsMasked && frame.IsFinal && !frame.IsCompressed));
        Assert.All(pair.Network.ToClient.GetSentFrames(), frame => Assert.False(frame.IsMasked));
        Assert.Equal("Hi", pair.Network.ToServer.GetSentFrames()[0].GetText());
        Assert.Equal(1, pair.Network.ToServer.GetSentFrames()[0].Opcode);
    }

    [Theory]
    [InlineData(125, "82 7d 00")]
    [InlineData(126, "82 7e 00 7e 00")]
    [InlineData(65_536, "82 7f 00 00 00 00 00 01 00 00 00")]
    public async Task The_record_reads_every_length(int length, string start)
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            ImpairHandshake = true,
            Network = new() { Record = true },
            Client = new() { Compression = PerMessageDeflateOptions.Disabled },
        });

        await pair.Client.SendAsync(new byte[length]);
        await pair.Server.ReceiveAsync().WithDeadline();

        WebSocketTestFrame frame = Assert.Single(pair.Network.ToServer.GetSentFrames());
        Assert.Equal(length, frame.Payload.Length);
        Assert.StartsWith(start, frame.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("47 45 54 20", Lane.Hex(pair.Network.ToServer.GetSentBytes()), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Messages_survive_every_segmentation(bool clientSends)
    {
        foreach (int length in (int[])[1, 2, 3, 7])
        {
            var link = new WebSocketTestLinkOptions { SegmentLength = length, VarySegments = length > 1 };
            await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
            {
                ImpairHandshake = true,
                Network = new() { ToServer = link, ToClient = link, Seed = length },
            });
            (WebSocketConnection sender, WebSocketConnection receiver) =
                clientSends ? (pair.Client, pair.Server) : (pair.Server, pair.Client);

            await sender.SendAsync(Text);
            await sender.SendAsync(new byte[300]);

            Assert.Equal(Text, (await receiver.ReceiveAsync().WithDeadline())?.GetText());
            Assert.Equal(300, (await receiver.ReceiveAsync().WithDeadline())?.Payload.Length);
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_message_arrives_after_its_latency(bool clientSends)
    {
        var link = new WebSocketTestLinkOptions { Latency = TimeSpan.FromMilliseconds(80) };
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            TimeProvider = _time,
            Network = new() { ToServer = link, ToClient = link },
        });
        (WebSocketConnection sender, WebSocketConnection receiver) =
            clientSends ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
        await sender.SendAsync(Text);
        Task<WebSocketMessage?> receiving = receiver.ReceiveAsync().AsTask();

        _time.Advance(TimeSpan.FromMilliseconds(79));
        await Deadlines.StaysIncompleteAsync(receiving);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(Text, (await receiving.WithDeadline())?.GetText());
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_round_trip_is_measured_in_virtual_time(bool clientPings)
    {
        var link = new WebSocketTestLinkOptions { Latency = TimeSpan.FromMilliseconds(100) };
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            TimeProvider = _time,
            Network = new() { ToServer = link, ToClient = link },
        });
        (WebSocketConnection end, WebSocketTestLink there, WebSocketTestLink back) = clientPings
            ? (pair.Client, pair.Network.ToServer, pair.Network.ToClient)
            : (pair.Server, pair.Network.ToClient, pair.Network.ToServer);
        Task<TimeSpan> ping = end.PingAsync().AsTask();
        await there.WaitForSentAsync(1).WithDeadline();

        _time.Advance(TimeSpan.FromMilliseconds(100));
        await back.WaitForSentAsync(1).WithDeadline();
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal(TimeSpan.FromMilliseconds(200), await ping.WithDeadline());
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_reset_ends_both_ends_without_a_close(bool clientReads)
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync();

        pair.Network.Reset();

        foreach (WebSocketConnection end in (WebSocketConnection[])[clientReads ? pair.Client : pair.Server, clientReads ? pair.Server : pair.Client])
        {
            WebSocketCloseResult result = await end.Closed.WithDeadline();
            Assert.Equal(WebSocketCloseCode.AbnormalClosure, result.Code);
            Assert.False(result.WasClean);
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_reset_within_a_frame_delivers_the_messages_before_it(bool clientSends)
    {
        var link = new WebSocketTestLinkOptions { ResetAfterLength = clientSends ? 12 : 8 };
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            Network = clientSends ? new() { ToServer = link } : new() { ToClient = link },
        });
        (WebSocketConnection sender, WebSocketConnection receiver) =
            clientSends ? (pair.Client, pair.Server) : (pair.Server, pair.Client);

        await sender.SendAsync("one");
        await sender.SendAsync("two");

        Assert.Equal("one", (await receiver.ReceiveAsync().WithDeadline())?.GetText());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => receiver.ReceiveAsync().WithDeadline());
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_reset_at_any_position_of_a_conversation_ends_both_ends(bool toServer)
    {
        int resets = 0;

        // From the first byte of the opening handshake to beyond the last of the closing handshake, which is shorter than 600 bytes.
        for (int length = 0; length < 600; length += length < 400 ? 13 : 1)
        {
            var link = new WebSocketTestLinkOptions { ResetAfterLength = length };
            var options = new WebSocketTestPairOptions
            {
                ImpairHandshake = true,
                Network = toServer ? new() { ToServer = link } : new() { ToClient = link },
                Server = new() { LoggerFactory = NullLoggerFactory.Instance },
            };
            try
            {
                await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(EchoAsync, options).WithDeadline();
                await pair.Client.SendAsync(Text);
                await pair.Client.ReceiveAsync().WithDeadline();
                await pair.Client.CloseAsync().WithDeadline();
                await Task.WhenAll(pair.Client.Closed, pair.Server.Closed).WithDeadline();
            }
            catch (Exception exception) when (exception is WebSocketHandshakeException or WebSocketClosedException)
            {
                // Which call the reset meets depends on the length.
                resets++;
            }
        }

        Assert.InRange(resets, 10, 300);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_half_close_ends_the_receiver_without_a_close_frame(bool fromClient)
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync();

        (fromClient ? pair.Network.ToServer : pair.Network.ToClient).End();

        WebSocketCloseResult result = await (fromClient ? pair.Server : pair.Client).Closed.WithDeadline();
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, result.Code);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_stalled_direction_makes_the_sender_wait(bool clientSends)
    {
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync();
        (WebSocketConnection sender, WebSocketConnection receiver, WebSocketTestLink link) = clientSends
            ? (pair.Client, pair.Server, pair.Network.ToServer)
            : (pair.Server, pair.Client, pair.Network.ToClient);
        link.Stall();
        byte[] payload = new byte[32 * 1024];
        int count = 0;
        while (sender.TrySend(payload) == WebSocketSendResult.Sent)
        {
            count++;
        }

        Assert.InRange(count, 1, 1000);
        link.Resume();

        for (int i = 0; i < count; i++)
        {
            Assert.Equal(payload.Length, (await receiver.ReceiveAsync().WithDeadline())?.Payload.Length);
        }
    }

    [Fact]
    public async Task Disposal_closes_both_ends_in_order()
    {
        WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(EchoAsync);

        await pair.DisposeAsync();
        await pair.DisposeAsync();

        Assert.Equal((true, true), ((await pair.Client.Closed).WasClean, (await pair.Server.Closed).WasClean));
        Assert.Equal(WebSocketCloseInitiator.Peer, (await pair.Server.Closed).Initiator);
        Assert.True(pair.Acceptor.Completion.IsCompleted);
    }

    [Fact]
    public async Task Disposal_ends_latency_and_stalls_so_that_no_clock_has_to_advance()
    {
        var time = new ManualTimeProvider();
        var link = new WebSocketTestLinkOptions { Latency = TimeSpan.FromHours(1) };
        WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new()
        {
            TimeProvider = time,
            Network = new() { ToServer = link, ToClient = link with { IsStalled = true } },
        });
        await pair.Client.SendAsync(Text);
        await pair.Server.SendAsync(Text);

        await pair.DisposeAsync();

        Assert.Equal((true, true), ((await pair.Client.Closed).WasClean, (await pair.Server.Closed).WasClean));
        Assert.Equal(0, time.TimerCount);
    }

    [Fact]
    public async Task Disposal_resets_a_network_that_has_lost_bytes()
    {
        WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new() { TimeProvider = _time });
        pair.Network.Drop();
        await pair.Client.SendAsync(Text);

        await pair.DisposeAsync();

        Assert.False((await pair.Client.Closed.WithDeadline()).WasClean);
        Assert.False((await pair.Server.Closed.WithDeadline()).WasClean);
    }

    [Fact]
    public async Task Disposal_of_a_network_that_would_lose_bytes_and_has_lost_none_closes_in_order()
    {
        // The clock does not advance: a wait for a lost Close frame would not end.
        WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new() { TimeProvider = _time });
        pair.Network.Drop();

        await pair.DisposeAsync().AsTask().WithDeadline();

        Assert.Equal((true, true), ((await pair.Client.Closed).WasClean, (await pair.Server.Closed).WasClean));
    }

    private static async Task EchoAsync(WebSocketConnection connection, CancellationToken cancellation)
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
        {
            await connection.SendAsync(message, cancellation);
        }
    }
}
