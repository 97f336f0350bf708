using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>How a client handles a server's HTTP/2 (RFC 8441), without leaking a socket.</summary>
[Collection(nameof(ClientAttemptTests))]
public sealed class ClientHttp2Tests : IAsyncLifetime
{
    private int _descriptors;

    public async ValueTask InitializeAsync()
    {
        // What is opened once for the whole process is not to be counted.
        using var server = new RawListener();
        await RefuseAsync(server, ":status: 404");
        _descriptors = Descriptors.Count();
    }

    public ValueTask DisposeAsync() => default;

    public static TheoryData<string, WebSocketHandshakeError, int?> WrongAnswers => new()
    {
        // RFC 8441 §4 would have them open a stream; the platform's HTTP client has none to write to then.
        { ":status: 201\nsec-websocket-protocol: chat", WebSocketHandshakeError.UnexpectedStatusCode, 201 },
        { ":status: 204\nsec-websocket-protocol: chat", WebSocketHandshakeError.UnexpectedStatusCode, 204 },
        { ":status: 299\nsec-websocket-protocol: chat", WebSocketHandshakeError.UnexpectedStatusCode, 299 },
        { ":status: 404", WebSocketHandshakeError.UnexpectedStatusCode, 404 },
        { ":status: 302\nlocation: /there", WebSocketHandshakeError.UnexpectedStatusCode, 302 },
        { ":status: 304", WebSocketHandshakeError.UnexpectedStatusCode, 304 },
        { ":status: 400", WebSocketHandshakeError.UnexpectedStatusCode, 400 },
        { ":status: 501", WebSocketHandshakeError.UnexpectedStatusCode, 501 },
        { ":status: 200\nsec-websocket-protocol: other", WebSocketHandshakeError.UnrequestedSubprotocol, 200 },
        { ":status: 200\nsec-websocket-protocol: CHAT", WebSocketHandshakeError.UnrequestedSubprotocol, 200 },
        { ":status: 200\nsec-websocket-protocol: chat, more", WebSocketHandshakeError.RepeatedSubprotocol, 200 },
        {
            ":status: 200\nsec-websocket-protocol: chat\nsec-websocket-protocol: chat",
            WebSocketHandshakeError.RepeatedSubprotocol, 200
        },
        { ":status: 200\nsec-websocket-protocol: ", WebSocketHandshakeError.InvalidSubprotocols, 200 },
        { ":status: 200", WebSocketHandshakeError.MissingSubprotocol, 200 },
        {
            ":status: 200\nsec-websocket-protocol: chat\nsec-websocket-extensions: x-made-up",
            WebSocketHandshakeError.UnrequestedExtension, 200
        },
        {
            ":status: 200\nsec-websocket-protocol: chat\nsec-websocket-extensions: ;;",
            WebSocketHandshakeError.InvalidExtensions, 200
        },
        {
            ":status: 200\nsec-websocket-protocol: chat\nsec-websocket-extensions: permessage-deflate; x",
            WebSocketHandshakeError.InvalidExtensionParameters, 200
        },
        { ":status: 200\nsec-websocket-protocol: chat\nconnection: Upgrade", WebSocketHandshakeError.MalformedResponse, 200 },
        { ":status: 200\nsec-websocket-protocol: chat\nupgrade: websocket", WebSocketHandshakeError.MalformedResponse, 200 },
        { ":status: 200\nsec-websocket-protocol: chat\nkeep-alive: 5", WebSocketHandshakeError.MalformedResponse, 200 },
        { ":status: 200\nsec-websocket-protocol: chat\ntransfer-encoding: chunked", WebSocketHandshakeError.MalformedResponse, 200 },
        // What HTTP/2 itself does not allow.
        { "status: 200", WebSocketHandshakeError.MalformedResponse, null },
        { ":status: 20", WebSocketHandshakeError.MalformedResponse, null },
        { ":status: abc", WebSocketHandshakeError.MalformedResponse, null },
        { ":path: /\n:status: 200", WebSocketHandshakeError.MalformedResponse, null },
        { ":status: 200\nx-long: " + new string('a', 17_000), WebSocketHandshakeError.MalformedResponse, null },
        { ":status: 200\nx-long: " + new string('a', 100_000), WebSocketHandshakeError.MalformedResponse, null },
        { ":status: 200\n" + string.Concat(Enumerable.Repeat("a: b\n", 10_000)), WebSocketHandshakeError.HeadTooLong, null },
    };

    [Theory]
    [MemberData(nameof(WrongAnswers), DisableDiscoveryEnumeration = true)]
    public async Task An_invalid_response_fails_with_its_error(string answer, WebSocketHandshakeError error, int? status)
    {
        using (var server = new RawListener())
        {
            WebSocketHandshakeException thrown = await RefuseAsync(server, answer);

            Assert.Equal((error, status), (thrown.Error, thrown.StatusCode));
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData(":status: 200")]
    [InlineData(":status: 200\nsec-websocket-accept: whatever")]
    public async Task Frames_are_DATA_of_the_HTTP2_stream_once_it_is_open(string answer)
    {
        using (var server = new RawListener())
        {
            Task<WebSocketConnection> connecting = ConnectAsync(server, subprotocols: []);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            int stream = await peer.ReadRequestAsync();
            await peer.AnswerAsync(stream, answer);
            await peer.SendAsync(Http2RawPeer.Data, flags: 0, stream, RawFrame.Bytes(RawFrame.Text, "first"u8));
            WebSocketConnection client = await connecting.WithDeadline();

            Assert.Equal("first", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
            await client.SendAsync("answer");
            (_, int answered, byte[] payload) = await peer.ReadAsync(Http2RawPeer.Data);
            client.Abort();
            await client.Closed.WithDeadline();

            Assert.Equal(stream, answered);
            Assert.Equal([0x81, 0x86], payload[..2]);
            await peer.ReadToEndAsync();
        }

        await AssertNothingIsLeftAsync();
    }

    // RFC 9113 §6.9: by the window of the stream, or by TCP below it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_abort_ends_a_connection_whose_server_does_not_read(bool hasLargeWindows)
    {
        using (var server = new RawListener())
        {
            Task<WebSocketConnection> connecting = ConnectAsync(server, subprotocols: []);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            int stream = await peer.ReadRequestAsync(
                Http2RawPeer.OffersConnect + (hasLargeWindows ? "00047FFFFFFF" : ""));
            if (hasLargeWindows)
            {
                await peer.SendAsync(Http2RawPeer.WindowUpdate, flags: 0, stream: 0, [0x7F, 0xFF, 0, 0]);
            }

            await peer.AnswerAsync(stream, ":status: 200");
            WebSocketConnection client = await connecting.WithDeadline();
            byte[] payload = new byte[1_000_000];
            while (client.TrySend(payload, WebSocketMessageKind.Binary) is WebSocketSendResult.Sent or WebSocketSendResult.Queued)
            {
                await Task.Yield();
            }

            client.Abort();

            Assert.Equal(WebSocketCloseCode.AbnormalClosure, (await client.Closed.WithDeadline()).Code);
            await AssertNothingIsLeftAsync(besides: 2);
        }

        await AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_server_that_does_not_reply_to_a_close_frame_is_aborted_at_the_close_timeout()
    {
        using (var server = new RawListener())
        {
            var time = new ManualTimeProvider();
            Task<WebSocketConnection> connecting = ConnectAsync(server, subprotocols: [], time: time);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            await peer.AnswerAsync(await peer.ReadRequestAsync(), ":status: 200");
            WebSocketConnection client = await connecting.WithDeadline();
            Task<WebSocketCloseResult> closing = client.CloseAsync().AsTask();
            await peer.ReadAsync(Http2RawPeer.Data);

            while (!closing.IsCompleted)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            Assert.False((await closing).WasClean);
            await peer.ReadToEndAsync();
        }

        await AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_stream_that_ends_with_the_response_is_an_abnormal_closure()
    {
        using (var server = new RawListener())
        {
            Task<WebSocketConnection> connecting = ConnectAsync(server, subprotocols: []);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            int stream = await peer.ReadRequestAsync();
            await peer.AnswerAsync(stream, ":status: 200", endStream: true);

            WebSocketConnection client = await connecting.WithDeadline();
            WebSocketCloseResult closed = await client.Closed.WithDeadline();

            Assert.Equal((false, WebSocketCloseCode.AbnormalClosure), (closed.WasClean, closed.Code));
            await peer.ReadToEndAsync();
        }

        await AssertNothingIsLeftAsync();
    }

    // RFC 8441 §3: without the setting "a client MUST NOT" ask.
    [Theory]
    [InlineData("")]
    [InlineData("000800000000")]
    [InlineData("000300000064")]
    public async Task No_request_is_sent_if_the_settings_do_not_enable_extended_CONNECT(string settings)
    {
        using (var server = new RawListener())
        {
            Task<WebSocketConnection> connecting = ConnectAsync(server);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            await peer.BeginAsync(settings);

            WebSocketHandshakeException thrown =
                await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

            Assert.Equal(WebSocketHandshakeError.ExtendedConnectNotOffered, thrown.Error);
            Assert.Equal(-1, (await peer.ReadToEndAsync()).IndexOf("websocket", StringComparison.Ordinal));
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData(Http2RawPeer.ResetStream, "00000001", WebSocketHandshakeError.ConnectionLost)]
    [InlineData(Http2RawPeer.ResetStream, "00000007", WebSocketHandshakeError.ConnectionLost)]
    [InlineData(Http2RawPeer.ResetStream, "00000008", WebSocketHandshakeError.ConnectionLost)]
    [InlineData(Http2RawPeer.ResetStream, "0000000D", WebSocketHandshakeError.ExtendedConnectNotOffered)]
    [InlineData(Http2RawPeer.GoAway, "0000000000000000", WebSocketHandshakeError.ConnectionLost)]
    [InlineData(Http2RawPeer.GoAway, "0000000000000002", WebSocketHandshakeError.ConnectionLost)]
    [InlineData(Http2RawPeer.Data, "00", WebSocketHandshakeError.ConnectionLost)]
    [InlineData(Http2RawPeer.Continuation, "00", WebSocketHandshakeError.ConnectionLost)]
    [InlineData(0xFF, "", WebSocketHandshakeError.ConnectionLost)]
    public async Task A_server_that_resets_the_request_is_ConnectionLost(byte type, string payload, WebSocketHandshakeError error)
    {
        using (var server = new RawListener())
        {
            Task<WebSocketConnection> connecting = ConnectAsync(server);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            int stream = await peer.ReadRequestAsync();

            await peer.SendAsync(type, flags: 0, type == Http2RawPeer.GoAway ? 0 : stream, Convert.FromHexString(payload));
            peer.Peer.EndOutput();
            WebSocketHandshakeException thrown =
                await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

            Assert.Equal(error, thrown.Error);
            await peer.ReadToEndAsync();
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH\r\n")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0")]
    [InlineData("")]
    public async Task A_server_that_does_not_respond_in_HTTP2_is_ConnectionLost(string answer)
    {
        using (var server = new RawListener())
        {
            Task<WebSocketConnection> connecting = ConnectAsync(server);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            await peer.ReadPrefaceAsync();
            await peer.ReadAsync(Http2RawPeer.Settings);
            await peer.Peer.SendAsync(answer);
            peer.Peer.EndOutput();

            WebSocketHandshakeException thrown =
                await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

            Assert.Equal(
                (WebSocketHandshakeError.ConnectionLost, WebSocketHandshakePhase.Response), (thrown.Error, thrown.Phase));
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task An_attempt_is_canceled_while_the_server_is_silent(bool hasSettings, bool isTimeout)
    {
        using (var server = new RawListener())
        {
            var time = new ManualTimeProvider();
            using var cancellation = new CancellationTokenSource();
            Task<WebSocketConnection> connecting = ConnectAsync(server, time: time, token: cancellation.Token);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            if (hasSettings)
            {
                await peer.ReadRequestAsync();
            }
            else
            {
                byte[] one = new byte[1];
                await peer.Peer.Stream.ReadExactlyAsync(one).WithDeadline();
            }

            if (isTimeout)
            {
                time.Advance(TimeSpan.FromSeconds(15));
                WebSocketHandshakeException thrown =
                    await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
                Assert.Equal(WebSocketHandshakeError.TimedOut, thrown.Error);
            }
            else
            {
                await cancellation.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WithDeadline());
            }

            await peer.ReadToEndAsync();
        }

        await AssertNothingIsLeftAsync();
    }

    // CT-09.
    [Fact]
    public async Task Endless_interim_responses_fail_at_the_head_limit()
    {
        using (var server = new RawListener())
        {
            Task<WebSocketConnection> connecting = ConnectAsync(server);
            using var peer = new Http2RawPeer(await server.AcceptAsync());
            int stream = await peer.ReadRequestAsync();
            try
            {
                while (!connecting.IsCompleted)
                {
                    await peer.AnswerAsync(stream, ":status: 103\nlink: </a>");
                }
            }
            catch (IOException)
            {
                // The client has heard enough.
            }

            WebSocketHandshakeException thrown =
                await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
            Assert.Equal(WebSocketHandshakeError.HeadTooLong, thrown.Error);
            await peer.ReadToEndAsync();
        }

        await AssertNothingIsLeftAsync();
    }

    // RFC 8441 §3: a second connection, for which TLS does not offer HTTP/2.
    [Fact]
    public async Task A_server_without_extended_CONNECT_gets_an_HTTP1_request()
    {
        using (var server = new RawListener())
        {
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
                $"wss://127.0.0.1:{server.Port}/",
                new WebSocketClientOptions { Http2 = WebSocketHttp2Policy.WhenOffered, Tls = TestCertificate.ForClient() });
            using (var first = new Http2RawPeer(await AcceptTlsAsync(server)))
            {
                await first.BeginAsync(settings: "");
                await first.ReadToEndAsync();
            }

            using RawPeer second = await AcceptTlsAsync(server);
            string request = await second.ReadHeadAsync();
            await second.SendAsync(RawServer.Accepting(request));
            WebSocketConnection client = await connecting.WithDeadline();

            Assert.StartsWith("GET / HTTP/1.1\r\n", request, StringComparison.Ordinal);
            Assert.Equal(101, client.Response!.StatusCode);
            client.Abort();
            await second.ReadToEndAsync();
        }

        await AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HTTP2_runs_through_a_proxy_tunnel(bool isSecure)
    {
        using (var proxy = new RawServer())
        {
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
                isSecure ? "wss://localhost/" : "ws://localhost/",
                new WebSocketClientOptions
                {
                    Http2 = WebSocketHttp2Policy.Only,
                    Proxy = new WebProxy($"http://{proxy.Address.Authority}/"),
                    Tls = isSecure ? TestCertificate.ForClient() : null,
                });
            (RawPeer tunnel, string connect) = await proxy.AcceptAsync();
            await tunnel.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
            using var peer = new Http2RawPeer(isSecure ? await AuthenticateAsync(tunnel) : tunnel);
            int stream = await peer.ReadRequestAsync();
            await peer.AnswerAsync(stream, ":status: 200");
            WebSocketConnection client = await connecting.WithDeadline();
            await client.SendAsync("hello");
            Assert.Equal(6 + "hello".Length, (await peer.ReadAsync(Http2RawPeer.Data)).Payload.Length);
            client.Abort();

            Assert.StartsWith(
                isSecure ? "CONNECT localhost:443 HTTP/1.1" : "CONNECT localhost:80 HTTP/1.1", connect,
                StringComparison.Ordinal);
            await peer.ReadToEndAsync();
        }

        await AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_Unix_socket_uses_HTTP2_if_required()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "s");
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
                $"ws+unix:{path}:/a", new WebSocketClientOptions { Http2 = WebSocketHttp2Policy.Only });
            using var peer = new Http2RawPeer(new RawPeer(await listener.AcceptAsync().WithDeadline()));
            await peer.AnswerAsync(await peer.ReadRequestAsync(), ":status: 200");

            (await connecting.WithDeadline()).Abort();

            await peer.ReadToEndAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void An_undefined_HTTP2_policy_throws() => Assert.Throws<ArgumentOutOfRangeException>(
        () => new WebSocketClientOptions { Http2 = (WebSocketHttp2Policy)3 });

    private static Task<WebSocketConnection> ConnectAsync(
        RawListener server, string[]? subprotocols = null, TimeProvider? time = null, CancellationToken token = default) =>
        WebSocketClient.ConnectAsync(
            $"ws://127.0.0.1:{server.Port}/",
            new WebSocketClientOptions
            {
                Http2 = WebSocketHttp2Policy.Only,
                Subprotocols = subprotocols ?? ["chat", "more"],
                TimeProvider = time ?? TimeProvider.System,
            },
            token);

    private static async Task<WebSocketHandshakeException> RefuseAsync(RawListener server, string answer)
    {
        Task<WebSocketConnection> connecting = ConnectAsync(server);
        using var peer = new Http2RawPeer(await server.AcceptAsync());
        int stream = await peer.ReadRequestAsync();
        try
        {
            await peer.AnswerAsync(stream, answer);
            if (!answer.Contains("200", StringComparison.Ordinal))
            {
                await peer.SendAsync(Http2RawPeer.Data, Http2RawPeer.EndStream, stream, "no"u8.ToArray());
            }
        }
        catch (IOException)
        {
            // The client has heard enough.
        }

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        await peer.ReadToEndAsync();
        return thrown;
    }

    private static async Task<RawPeer> AcceptTlsAsync(RawListener server) =>
        await AuthenticateAsync(await server.AcceptAsync());

    private static async Task<RawPeer> AuthenticateAsync(RawPeer peer)
    {
        var tls = new SslStream(peer.Stream);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = TestCertificate.Value,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        }).WithDeadline();
        return peer.Over(tls);
    }

    private Task AssertNothingIsLeftAsync(int besides = 0) =>
        Deadlines.UntilAsync(() => Descriptors.Count() <= _descriptors + besides, "all descriptors are closed");
}
