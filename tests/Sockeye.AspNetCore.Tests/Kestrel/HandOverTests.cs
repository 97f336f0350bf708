using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Sockeye.AspNetCore;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>What becomes of a request, and of what the server knows, when its socket is handed over.</summary>
public sealed class HandOverTests
{
    [Fact]
    public async Task The_connection_runs_on_the_event_loop_and_the_request_ends_with_the_handshake()
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        var requestEnded = new TaskCompletionSource();
        await using TestApp app = await StartAsync(app =>
        {
            app.Use(async (_, next) =>
            {
                await next();
                requestEnded.SetResult();
            });
            app.Run(HandlerEndpoint.For(Serving(opened)));
        });
        await using WebSocketConnection client = await ConnectAsync(app);

        WebSocketConnection server = await opened.Task.WithDeadline();
        await requestEnded.Task.WithDeadline();

        Assert.IsType<EventLoopTransport>(server.Core.Transport);
        Assert.Equal(WebSocketConnectionState.Open, server.State);
    }

    [Theory]
    [InlineData(ServerPath.Pipes)]
    [InlineData(ServerPath.Stream)]
    [InlineData(ServerPath.TlsOnLoop)]
    [InlineData(ServerPath.Http2OnLoop)]
    public async Task Where_something_is_between_the_server_and_the_socket_the_request_stays_open(ServerPath path)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        var requestEnded = new TaskCompletionSource();
        await using TestApp app = await PathApp.StartAsync(
            path, app => app.Run(HandlerEndpoint.For(Serving(opened), requestEnded.SetResult)));
        await using WebSocketConnection client = await PathApp.ConnectAsync(path, app);
        WebSocketConnection server = await opened.Task.WithDeadline();

        Assert.IsNotType<EventLoopTransport>(server.Core.Transport);
        await client.SendAsync("still open");
        Assert.False(requestEnded.Task.IsCompleted);
        await client.CloseAsync();
        await requestEnded.Task.WithDeadline();
    }

    [Fact]
    public async Task Connection_middleware_that_wraps_the_pipe_keeps_the_socket_with_the_server()
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        await using TestApp app = await TestApp.StartAsync(
            app => app.Run(HandlerEndpoint.For(Serving(opened))),
            static builder =>
            {
                builder.Services.AddSockeye();
                builder.WebHost.UseSockeyeTransport();
                builder.WebHost.ConfigureKestrel(static kestrel =>
                    kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.UseConnectionLogging()));
            });
        await using WebSocketConnection client = await ConnectAsync(app);

        Assert.IsNotType<EventLoopTransport>((await opened.Task.WithDeadline()).Core.Transport);
    }

    [Fact]
    public async Task Frames_that_follow_the_request_in_the_same_packet_are_received()
    {
        var received = new TaskCompletionSource<string>();
        await using TestApp app = await StartAsync(app => app.Run(HandlerEndpoint.For(
            WebSocketHandler.FromDelegate(async (connection, cancellation) =>
            {
                WebSocketMessage first = await connection.ReceiveMessageAsync(cancellation);
                string text = first.GetText();
                WebSocketMessage second = await connection.ReceiveMessageAsync(cancellation);
                received.SetResult(text + second.GetText());
            }))));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);

        // "ab" and "cd", masked with zeros.
        await client.GetStream().WriteAsync((byte[])
            [.. UpgradeRequest(), 0x81, 0x82, 0, 0, 0, 0, (byte)'a', (byte)'b', 0x81, 0x82, 0, 0, 0, 0, (byte)'c', (byte)'d']);

        Assert.Equal("abcd", await received.Task.WithDeadline());
    }

    [Fact]
    public async Task A_request_that_arrives_byte_by_byte_and_frames_in_pieces_are_received()
    {
        var received = new TaskCompletionSource<string>();
        await using TestApp app = await StartAsync(app => app.Run(HandlerEndpoint.For(
            WebSocketHandler.FromDelegate(async (connection, cancellation) =>
                received.SetResult((await connection.ReceiveMessageAsync(cancellation)).GetText())))));
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);

        foreach (byte one in (byte[])[.. UpgradeRequest(), 0x81, 0x82, 0, 0, 0, 0, (byte)'a', (byte)'b'])
        {
            await client.GetStream().WriteAsync((byte[])[one]);
        }

        Assert.Equal("ab", await received.Task.WithDeadline());
    }

    [Fact]
    public async Task The_user_and_the_request_outlive_the_request()
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        var requestEnded = new TaskCompletionSource();
        await using TestApp app = await StartAsync(app =>
        {
            app.Use(static (context, next) =>
            {
                context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "ada")], "test"));
                return next(context);
            });
            app.Run(HandlerEndpoint.For(Serving(opened), requestEnded.SetResult));
        });
        await using WebSocketConnection client = await PathApp.ConnectAsync(ServerPath.HandOver, app, "/rooms?id=7");
        WebSocketConnection server = await opened.Task.WithDeadline();
        await requestEnded.Task.WithDeadline();

        Assert.Equal("ada", server.User?.Identity?.Name);
        Assert.Equal("/rooms?id=7", server.Request?.Target);
        Assert.Equal(app.Address.Port, (server.LocalEndPoint as IPEndPoint)?.Port);
    }

    [Fact]
    public async Task The_end_of_the_request_cancels_nothing_of_the_connection()
    {
        var aborted = new TaskCompletionSource();
        var requestEnded = new TaskCompletionSource();
        var opened = new TaskCompletionSource<WebSocketConnection>();
        await using TestApp app = await StartAsync(app =>
        {
            app.Use((context, next) =>
            {
                context.RequestAborted.Register(aborted.SetResult);
                return next(context);
            });
            app.Run(HandlerEndpoint.For(Serving(opened), requestEnded.SetResult));
        });
        await using WebSocketConnection client = await ConnectAsync(app);
        WebSocketConnection server = await opened.Task.WithDeadline();
        await requestEnded.Task.WithDeadline();

        Assert.False(server.Closing.IsCancellationRequested);
        await client.SendAsync("hello");
        await client.CloseAsync();
        Assert.True((await server.Closed.WithDeadline()).WasClean);
        Assert.False(aborted.Task.IsCompleted);
    }

    [Fact]
    public async Task A_request_that_stays_open_is_aborted_when_the_client_vanishes()
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        var aborted = new TaskCompletionSource();
        await using TestApp app = await StartAsync(app => app.Run(async context =>
        {
            using CancellationTokenRegistration registration = context.RequestAborted.Register(aborted.SetResult);
            opened.SetResult((await context.AcceptSockeyeAsync())!);
            await aborted.Task;
        }));
        WebSocketConnection client = await ConnectAsync(app);
        Assert.IsType<EventLoopTransport>((await opened.Task.WithDeadline()).Core.Transport);

        client.Abort();

        await aborted.Task.WithDeadline();
    }

    [Fact]
    public async Task A_request_that_ends_closes_the_connection_that_it_has_accepted()
    {
        await using TestApp app = await StartAsync(static app => app.Run(static async context =>
        {
            WebSocketConnection? connection = await context.AcceptSockeyeAsync();
            await connection!.SendAsync("bye");
        }));
        await using WebSocketConnection client = await ConnectAsync(app);

        Assert.Equal("bye", (await client.ReceiveMessageAsync()).GetText());
        Assert.Null(await client.ReceiveAsync());
        Assert.Equal(WebSocketCloseCode.NormalClosure, (await client.Closed.WithDeadline()).Code);
    }

    [Fact]
    public async Task Kestrels_limit_of_upgraded_connections_counts_handshakes_only()
    {
        await using TestApp app = await StartAsync(
            static app => app.Run(HandlerEndpoint.For(new Silent())),
            static builder => builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Limits.MaxConcurrentUpgradedConnections = 1));
        var clients = new List<WebSocketConnection>();

        for (int i = 0; i < 5; i++)
        {
            // The former handshake may still be ending.
            clients.Add(await ConnectWhenThereIsRoomAsync(app).WithDeadline());
        }

        Assert.All(clients, static client => Assert.Equal(WebSocketConnectionState.Open, client.State));
        foreach (WebSocketConnection client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Kestrels_meter_counts_no_upgraded_connection_after_the_handshake()
    {
        long upgraded = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "kestrel.upgraded_connections")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        var changes = new List<long>();
        listener.SetMeasurementEventCallback<long>((_, value, _, _) =>
        {
            lock (changes)
            {
                changes.Add(value);
                upgraded += value;
            }
        });
        listener.Start();
        await using TestApp app = await StartAsync(static app => app.Run(HandlerEndpoint.For(new Silent())));

        await using WebSocketConnection client = await ConnectAsync(app);

        await Deadlines.UntilAsync(
            () =>
            {
                lock (changes)
                {
                    return changes.Count >= 2;
                }
            },
            "the request has ended");
        Assert.Equal(WebSocketConnectionState.Open, client.State);
    }

    [Fact]
    public async Task A_stop_of_the_server_leaves_the_connections_to_the_stop_of_the_acceptor()
    {
        await using var acceptor = new WebSocketAcceptor(new WebSocketAcceptorOptions());
        await using TestApp app = await TestApp.StartAsync(
            static app => app.Run(HandlerEndpoint.For(new Silent())),
            builder =>
            {
                // Without AddSockeye, nothing stops the acceptor with the host.
                builder.Services.AddSingleton(acceptor);
                builder.WebHost.UseSockeyeTransport();
            });
        await using WebSocketConnection client = await ConnectAsync(app);

        await app.App.StopAsync().WithDeadline();
        Assert.Equal(WebSocketConnectionState.Open, client.State);
        await acceptor.StopAsync().WithDeadline();

        WebSocketCloseResult result = await client.Closed.WithDeadline();
        Assert.Equal(WebSocketCloseCode.GoingAway, result.Code);
        Assert.True(result.WasClean);
    }

    [Fact]
    public async Task A_stopped_acceptor_rejects_with_503_and_closes_the_connection()
    {
        await using TestApp app = await StartAsync(static app => app.Run(HandlerEndpoint.For(new Silent())));
        await app.App.Services.GetRequiredService<WebSocketAcceptor>().StopAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);

        await client.GetStream().WriteAsync((byte[])[.. UpgradeRequest(), .. "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"u8]);
        string response = await new StreamReader(client.GetStream()).ReadToEndAsync().WithDeadline();

        Assert.StartsWith("HTTP/1.1 503 ", response, StringComparison.Ordinal);
        Assert.Equal(0, response.IndexOf("HTTP/1.1", StringComparison.Ordinal));
        Assert.Equal(0, response.LastIndexOf("HTTP/1.1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_acceptor_that_stops_during_the_hand_over_ends_the_socket()
    {
        var stop = new TaskCompletionSource<Task>();
        await using TestApp app = await StartAsync(app =>
        {
            app.Use(async (context, next) =>
            {
                // After the request was accepted, before the response.
                context.Response.OnStarting(() =>
                {
                    stop.SetResult(context.RequestServices.GetRequiredService<WebSocketAcceptor>().StopAsync());
                    return Task.CompletedTask;
                });
                await next(context);
            });
            app.Run(HandlerEndpoint.For(new Silent()));
        });
        WebSocketConnection client = await ConnectAsync(app);

        Assert.NotEqual(WebSocketCloseCode.NormalClosure, (await client.Closed.WithDeadline()).Code);
        await (await stop.Task.WithDeadline()).WithDeadline();
        Assert.Equal(0, app.App.Services.GetRequiredService<WebSocketAcceptor>().ConnectionCount);
    }

    [Fact]
    public async Task Clients_that_vanish_during_the_handshake_leave_no_connection()
    {
        await using TestApp app = await StartAsync(static app => app.Run(HandlerEndpoint.For(new Silent())));
        WebSocketAcceptor acceptor = app.App.Services.GetRequiredService<WebSocketAcceptor>();

        for (int i = 0; i < 300; i++)
        {
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
            await client.SendAsync(UpgradeRequest());
            client.Close(0);
        }

        await using WebSocketConnection last = await ConnectAsync(app);
        await Deadlines.UntilAsync(() => acceptor.ConnectionCount == 1, "the others have ended");
    }

    [Fact]
    public async Task Nothing_of_the_server_is_kept_alive_by_a_connection_that_was_handed_over()
    {
        WeakReference? request = null;
        var opened = new TaskCompletionSource<WebSocketConnection>();
        var requestEnded = new TaskCompletionSource();
        await using TestApp app = await StartAsync(app =>
        {
            app.Use((context, next) =>
            {
                request = new WeakReference(context.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionTransportFeature>()!.Transport);
                return next(context);
            });
            app.Run(HandlerEndpoint.For(Serving(opened), requestEnded.SetResult));
        });
        await using WebSocketConnection client = await ConnectAsync(app);
        WebSocketConnection server = await opened.Task.WithDeadline();
        await requestEnded.Task.WithDeadline();

        await Deadlines.UntilAsync(
            () =>
            {
                GC.Collect();
                return !request!.IsAlive;
            },
            "the server's connection is garbage");
        Assert.Equal(WebSocketConnectionState.Open, server.State);
    }

    private static byte[] UpgradeRequest() => Encoding.ASCII.GetBytes(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");

    private static WebSocketHandler Serving(TaskCompletionSource<WebSocketConnection> opened) =>
        WebSocketHandler.FromDelegate(async (connection, cancellation) =>
        {
            opened.SetResult(connection);
            await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
            {
                _ = message;
            }
        });

    private static Task<TestApp> StartAsync(Action<WebApplication> map, Action<WebApplicationBuilder>? build = null) =>
        PathApp.StartAsync(ServerPath.HandOver, map, build: build);

    private static Task<WebSocketConnection> ConnectAsync(TestApp app) => PathApp.ConnectAsync(ServerPath.HandOver, app);

    private static async Task<WebSocketConnection> ConnectWhenThereIsRoomAsync(TestApp app)
    {
        while (true)
        {
            try
            {
                return await ConnectAsync(app);
            }
            catch (WebSocketHandshakeException)
            {
                // The request of the former client is still open.
            }
        }
    }

    private sealed class Silent : WebSocketHandler;
}
