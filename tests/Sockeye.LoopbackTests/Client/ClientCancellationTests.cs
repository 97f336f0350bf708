using System.Collections.Concurrent;
using System.Net;

namespace Sockeye.Tests;

/// <summary>
/// An attempt that is given up, wherever it is: it ends at once, with its reason, and leaves no socket, no timer and no
/// exception that nobody looks at.
/// </summary>
[Collection(nameof(ClientAttemptTests))]
public sealed class ClientCancellationTests
{
    /// <summary>The phases in which an attempt can block.</summary>
    public enum Place
    {
        SendingCallback,
        ConnectCallback,
        Proxy,
        Socks,
        Tls,
        TlsInTunnel,
        Response,
        RedirectCallback,
        ResponseOfRedirect,
        BodyOfRefusal,
        Http2Settings,
        Http2Response,
    }

    public static TheoryData<Place, bool> Places
    {
        get
        {
            var places = new TheoryData<Place, bool>();
            foreach (Place place in Enum.GetValues<Place>())
            {
                places.Add(place, false);
                places.Add(place, true);
            }

            return places;
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task An_attempt_is_canceled_at_once_in_every_phase(Place place, bool isTimeout)
    {
        // What other tests have left to be found is not to be found here.
        CollectGarbage();
        ConcurrentQueue<Exception> unobserved = [];
        EventHandler<UnobservedTaskExceptionEventArgs> note = (_, e) => unobserved.Enqueue(e.Exception);
        TaskScheduler.UnobservedTaskException += note;
        try
        {
            await GiveUpAsync(place, isTimeout);
            int descriptors = Descriptors.Count();

            await GiveUpAsync(place, isTimeout);

            await Deadlines.UntilAsync(() => Descriptors.Count() <= descriptors, "all descriptors are closed");
            CollectGarbage();
            Assert.Empty(unobserved);
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= note;
        }
    }

    // The callback ignores its token: the connection it returns later is closed.
    [Theory]
    [InlineData("ws")]
    [InlineData("wss")]
    public async Task A_stream_that_a_callback_returns_too_late_is_disposed(string scheme)
    {
        var given = new TaskCompletionSource<Stream>();
        var asked = new TaskCompletionSource();
        using var cancellation = new CancellationTokenSource();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"{scheme}://nowhere.invalid/",
            new WebSocketClientOptions
            {
                UseProxy = false,
                ConnectCallback = async (_, _) =>
                {
                    asked.SetResult();
                    return await given.Task;
                },
            },
            cancellation.Token);
        await asked.Task.WithDeadline();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WithDeadline());
        var stream = new NotedStream();
        given.SetResult(stream);

        await stream.Disposed.WithDeadline();
    }

    [Fact]
    public async Task An_exception_in_a_certificate_callback_is_TlsFailed()
    {
        await using TlsRawServer server = new("");

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
            {
                Tls = new() { RemoteCertificateValidationCallback = (_, _, _, _) => throw new InvalidOperationException("no") },
            }).WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
        Assert.Equal("no", thrown.GetBaseException().Message);
    }

    [Theory]
    [InlineData("ws://alice:s3cret@127.0.0.1:1/")]
    [InlineData("ws://alice:s3cret@nowhere.invalid:99999/")]
    [InlineData("ws://alice:s3cret@127.0.0.1:1/#fragment")]
    [InlineData("//alice:s3cret@127.0.0.1:1/")]
    [InlineData("alice:s3cret@127.0.0.1:1/")]
    [InlineData("ftp://alice:s3cret@127.0.0.1:1/")]
    [InlineData("ws://alice:s3cret@:1/")]
    [InlineData("ws://alice:s3cret@[::/")]
    public async Task No_exception_contains_the_password_of_an_address(string address)
    {
        Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => WebSocketClient.ConnectAsync(address).WithDeadline());
        Assert.DoesNotContain("s3cret", thrown.ToString(), StringComparison.Ordinal);

        if (Uri.TryCreate(address, UriKind.RelativeOrAbsolute, out Uri? uri))
        {
            thrown = await Assert.ThrowsAnyAsync<Exception>(() => WebSocketClient.ConnectAsync(uri).WithDeadline());
            Assert.DoesNotContain("s3cret", thrown.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("http", 407)]
    [InlineData("http", 502)]
    [InlineData("socks5", 0)]
    public async Task No_exception_contains_the_password_of_a_proxy(string scheme, int status)
    {
        using var proxy = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            "ws://nowhere.invalid/",
            new WebSocketClientOptions
            {
                Proxy = new WebProxy($"{scheme}://alice:s3cret@127.0.0.1:{proxy.Port}")
                {
                    Credentials = new NetworkCredential("bob", "s3cret"),
                },
            });
        while (!connecting.IsCompleted)
        {
            Task<RawPeer> accepting = proxy.AcceptAsync();
            if (await Task.WhenAny(connecting, accepting) == accepting)
            {
                using RawPeer peer = await accepting;
                await peer.SendAsync($"HTTP/1.1 {status} No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                peer.EndOutput();
                await peer.ReadToEndAsync();
            }
            else
            {
                proxy.Dispose();
                await Assert.ThrowsAnyAsync<Exception>(() => accepting);
            }
        }

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting);
        Assert.Equal(WebSocketHandshakeError.ProxyFailed, thrown.Error);
        Assert.DoesNotContain("s3cret", thrown.ToString(), StringComparison.Ordinal);
    }

    private static async Task GiveUpAsync(Place place, bool isTimeout)
    {
        var time = new ManualTimeProvider();
        var held = new TaskCompletionSource();
        using var cancellation = new CancellationTokenSource();
        using var server = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            AddressFor(place, server.Port), OptionsFor(place, server.Port, time, held), cancellation.Token);
        List<RawPeer> peers = [];
        await HoldAsync(place, server, peers, held.Task);

        if (isTimeout)
        {
            time.Advance(TimeSpan.FromSeconds(15));
            WebSocketHandshakeException thrown =
                await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

            // The clock may be faster than the head of a refusal.
            Assert.Contains(
                thrown.Error,
                place == Place.BodyOfRefusal
                    ? [WebSocketHandshakeError.UnexpectedStatusCode, WebSocketHandshakeError.TimedOut]
                    : new[] { WebSocketHandshakeError.TimedOut });
        }
        else
        {
            await cancellation.CancelAsync();
            OperationCanceledException thrown =
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WithDeadline());
            Assert.Equal(cancellation.Token, thrown.CancellationToken);
        }

        Assert.Equal(0, time.TimerCount);
        foreach (RawPeer peer in peers)
        {
            await peer.ReadToEndAsync();
            peer.Dispose();
        }
    }

    private static void CollectGarbage()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static string AddressFor(Place place, int port) => place switch
    {
        Place.Proxy or Place.Socks => "ws://nowhere.invalid/",
        Place.TlsInTunnel => "wss://nowhere.invalid/",
        Place.Tls => $"wss://127.0.0.1:{port}/",
        _ => $"ws://127.0.0.1:{port}/",
    };

    private static WebSocketClientOptions OptionsFor(
        Place place, int port, TimeProvider time, TaskCompletionSource held) => new()
        {
            TimeProvider = time,
            MaxRedirects = place is Place.RedirectCallback or Place.ResponseOfRedirect ? 1 : 0,
            Http2 = place is Place.Http2Settings or Place.Http2Response
                ? WebSocketHttp2Policy.Only
                : WebSocketHttp2Policy.Never,
            Proxy = place switch
            {
                Place.Proxy or Place.TlsInTunnel => new WebProxy($"http://127.0.0.1:{port}"),
                Place.Socks => new WebProxy($"socks5://127.0.0.1:{port}"),
                _ => null,
            },
            OnSendingRequest = place != Place.SendingCallback ? null : async (_, token) =>
            {
                held.SetResult();
                await Task.Delay(Timeout.Infinite, token);
            },
            ConnectCallback = place != Place.ConnectCallback ? null : async (_, token) =>
            {
                held.SetResult();
                await Task.Delay(Timeout.Infinite, token);
                throw new InvalidOperationException();
            },
            OnRedirecting = place != Place.RedirectCallback ? null : async (_, token) =>
            {
                held.SetResult();
                await Task.Delay(Timeout.Infinite, token);
                return true;
            },
        };

    private static async Task HoldAsync(Place place, RawListener server, List<RawPeer> peers, Task held)
    {
        if (place is not (Place.SendingCallback or Place.ConnectCallback))
        {
            peers.Add(await server.AcceptAsync());
        }

        switch (place)
        {
            case Place.SendingCallback or Place.ConnectCallback:
                await held.WithDeadline();
                break;
            case Place.Tls or Place.Socks:
                await peers[0].Stream.ReadExactlyAsync(new byte[3]).WithDeadline();
                break;
            case Place.Proxy or Place.Response:
                await peers[0].ReadHeadAsync();
                break;
            case Place.TlsInTunnel:
                await peers[0].ReadHeadAsync();
                await peers[0].SendAsync("HTTP/1.1 200 OK\r\n\r\n");
                await peers[0].Stream.ReadExactlyAsync(new byte[3]).WithDeadline();
                break;
            case Place.RedirectCallback or Place.ResponseOfRedirect:
                await peers[0].ReadHeadAsync();
                await peers[0].SendAsync("HTTP/1.1 302 Go\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
                if (place == Place.RedirectCallback)
                {
                    await held.WithDeadline();
                }
                else
                {
                    peers.Add(await server.AcceptAsync());
                    await peers[1].ReadHeadAsync();
                }

                break;
            case Place.BodyOfRefusal:
                await peers[0].ReadHeadAsync();

                // As much as makes the client ask for more, which tells that it has come so far.
                await peers[0].SendAsync("HTTP/1.1 500 Said\r\nContent-Length: 100000000\r\n\r\n");
                await peers[0].SendAsync(new byte[60_000]);
                break;
            case Place.Http2Settings:
                var settings = new Http2RawPeer(peers[0]);
                await settings.ReadPrefaceAsync();
                break;
            case Place.Http2Response:
                var response = new Http2RawPeer(peers[0]);
                await response.ReadRequestAsync();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(place));
        }
    }

    private sealed class NotedStream : MemoryStream
    {
        private readonly TaskCompletionSource _disposed = new();

        public Task Disposed => _disposed.Task;

        protected override void Dispose(bool disposing)
        {
            _disposed.TrySetResult();
            base.Dispose(disposing);
        }
    }
}
