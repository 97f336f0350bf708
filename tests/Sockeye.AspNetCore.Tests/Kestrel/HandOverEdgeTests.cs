using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>Clients and applications that do unusual things around the hand-over, beside Kestrel's own transport.</summary>
public sealed class HandOverEdgeTests
{
    // "ab", masked with zeros, and a Close frame without a code.
    private static readonly byte[] TextAndClose = [0x81, 0x82, 0, 0, 0, 0, (byte)'a', (byte)'b', 0x88, 0x80, 0, 0, 0, 0];

    [Theory]
    [InlineData(ServerPath.Pipes)]
    [InlineData(ServerPath.HandOver)]
    public async Task Requests_pipelined_before_the_upgrade_are_answered_and_the_frames_behind_it_too(ServerPath path)
    {
        await using TestApp app = await PathApp.StartAsync(path, static app =>
        {
            app.Map("/plain", static branch => branch.Run(static context => context.Response.WriteAsync("plain")));
            app.Run(HandlerEndpoint.For(Echo()));
        });

        string all = await ExchangeAsync(
            app, [.. "GET /plain HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n"u8, .. Upgrade(), .. TextAndClose]);

        Assert.Equal(3, all.Split("plain").Length);
        Assert.EndsWith("\u0081\u0002ab\u0088\u0000", all, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_that_waits_is_aborted_when_its_client_disconnects_in_order(bool isOnLoop)
    {
        var aborted = new TaskCompletionSource();
        await using TestApp app = await TestApp.StartAsync(
            app => app.Run(async context =>
            {
                using CancellationTokenRegistration registration = context.RequestAborted.Register(aborted.SetResult);
                await context.Response.WriteAsync("begun");
                await context.Response.Body.FlushAsync();
                await aborted.Task;
            }),
            builder => UseLoopIf(isOnLoop, builder));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        string response = "";
        byte[] buffer = new byte[1024];
        while (!response.Contains("begun", StringComparison.Ordinal))
        {
            response += Encoding.ASCII.GetString(buffer, 0, await client.GetStream().ReadAsync(buffer));
        }

        client.Dispose();

        await aborted.Task.WithDeadline();
    }

    [Theory]
    [InlineData(ServerPath.Pipes)]
    [InlineData(ServerPath.HandOver)]
    public async Task An_abort_of_an_open_request_ends_its_connection(ServerPath path)
    {
        var accepted = new TaskCompletionSource<HttpContext>();
        var aborted = new TaskCompletionSource();
        await using TestApp app = await PathApp.StartAsync(path, app => app.Run(async context =>
        {
            using CancellationTokenRegistration registration = context.RequestAborted.Register(aborted.SetResult);
            WebSocketConnection? connection = await context.AcceptSockeyeAsync();
            accepted.SetResult(context);
            await connection!.Closed;
            await aborted.Task;
        }));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);

        (await accepted.Task.WithDeadline()).Abort();

        Assert.Equal(Sockeye.WebSocketCloseCode.AbnormalClosure, (await client.Closed.WithDeadline()).Code);
        await aborted.Task.WithDeadline();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stop_ends_drop_in_sockets_of_an_application_without_the_services(bool isOnLoop)
    {
        var accepted = new TaskCompletionSource();
        await using TestApp app = await TestApp.StartAsync(
            app =>
            {
                app.UseSockeyeWebSockets();
                app.Run(async context =>
                {
                    WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                    accepted.SetResult();
                    await socket.ReceiveAsync(new byte[1], CancellationToken.None);
                });
            },
            builder => UseLoopIf(isOnLoop, builder));
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(app.At("/"));
        await accepted.Task.WithDeadline();

        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.App.StopAsync(now.Token).WithDeadline();

        await client.Closed.WithDeadline();
    }

    [Theory]
    [InlineData(ServerPath.Pipes)]
    [InlineData(ServerPath.HandOver)]
    public async Task Clients_that_vanish_during_the_handshake_are_no_errors(ServerPath path)
    {
        var log = new RecordedLog();
        await using TestApp app = await PathApp.StartAsync(
            path, static app => app.MapWebSocket("/", static (WebSocketConnection connection) => connection.Closed),
            build: builder => builder.Logging.AddProvider(log));
        var random = new Random(1);
        for (int i = 0; i < 500; i++)
        {
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
            await client.SendAsync(Upgrade());
            for (int turns = random.Next(30); turns > 0; turns--)
            {
                await Task.Yield();
            }

            client.Close(0);
        }

        WebSocketAcceptor acceptor = app.App.Services.GetRequiredService<WebSocketAcceptor>();
        await using (await PathApp.ConnectAsync(path, app))
        {
            await Deadlines.UntilAsync(() => acceptor.ConnectionCount == 1, "the others have ended");
        }

        Assert.DoesNotContain(log.Entries, static entry => entry.Level >= LogLevel.Error);
    }

    [Theory]
    [InlineData(ServerPath.Pipes)]
    [InlineData(ServerPath.HandOver)]
    public async Task Clients_that_reset_during_a_response_are_no_errors(ServerPath path)
    {
        int ended = 0;
        var log = new RecordedLog();
        await using TestApp app = await PathApp.StartAsync(
            path,
            app => app.Run(async context =>
            {
                try
                {
                    for (int i = 0; i < 200; i++)
                    {
                        await context.Response.Body.WriteAsync(new byte[60_000]);
                    }
                }
                finally
                {
                    Interlocked.Increment(ref ended);
                }
            }),
            build: builder => builder.Logging.AddProvider(log));
        for (int i = 0; i < 30; i++)
        {
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
            await client.ReceiveAsync(new byte[1_000]);
            client.Close(0);
        }

        await Deadlines.UntilAsync(() => Volatile.Read(ref ended) == 30, "all requests have ended");
        await app.App.StopAsync().WithDeadline();

        Assert.DoesNotContain(log.Entries, static entry => entry.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task A_request_of_HTTP2_may_have_a_key_that_is_not_used() // RFC 8441 §5
    {
        await using TestApp app = await PathApp.StartAsync(
            ServerPath.Http2, static app => app.Run(HandlerEndpoint.For(Echo())));
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = TestCertificate.ForClient() });
        using var request = new HttpRequestMessage(HttpMethod.Connect, app.Address)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Protocol = "websocket";
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");

        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithDeadline();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static void UseLoopIf(bool isOnLoop, WebApplicationBuilder builder)
    {
        if (isOnLoop)
        {
            builder.WebHost.UseSockeyeTransport();
        }
    }

    private static WebSocketHandler Echo() => WebSocketHandler.FromDelegate(static async (connection, cancellation) =>
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
        {
            await connection.SendAsync(message.GetText(), cancellation);
        }
    });

    private static async Task<string> ExchangeAsync(TestApp app, byte[] sent)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(sent);
        using var received = new MemoryStream();
        await stream.CopyToAsync(received).WithDeadline();
        return Encoding.Latin1.GetString(received.ToArray());
    }

    private static byte[] Upgrade() => Encoding.ASCII.GetBytes(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
}
