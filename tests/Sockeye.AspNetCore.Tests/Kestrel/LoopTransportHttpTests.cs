using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sockeye.Tests;

/// <summary>Ordinary HTTP over Sockeye's transport for Kestrel.</summary>
public sealed class LoopTransportHttpTests
{
    [Fact]
    public async Task Requests_of_one_connection_are_answered_one_after_the_other()
    {
        await using TestApp app = await StartAsync(static app => app.MapGet("/{number}", static (int number) => $"{number * 2}"));
        using var client = new HttpClient { BaseAddress = app.Address };

        for (int number = 0; number < 200; number++)
        {
            Assert.Equal($"{number * 2}", await client.GetStringAsync($"/{number}").WithDeadline());
        }
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        await using TestApp app = await StartAsync(static app => app.MapGet("/{number}", static (int number) => $"<{number}>"));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
        NetworkStream stream = client.GetStream();
        string requests = string.Concat(Enumerable.Range(0, 50).Select(static n => $"GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n"));

        await stream.WriteAsync(Encoding.ASCII.GetBytes(requests + "GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        string responses = await new StreamReader(stream).ReadToEndAsync().WithDeadline();

        int last = -1;
        for (int number = 0; number < 50; number++)
        {
            int at = responses.IndexOf($"<{number}>", StringComparison.Ordinal);
            Assert.True(at > last, $"Response {number} is missing, or out of order.");
            last = at;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(20_000_000)]
    public async Task A_body_of_any_length_arrives_and_comes_back(int length)
    {
        await using TestApp app = await StartAsync(static app => app.MapPost("/", static async (HttpContext context) =>
        {
            // A client of HTTP/1.1 sends everything before it reads.
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.Body.WriteAsync(body.ToArray());
        }));
        using var client = new HttpClient { BaseAddress = app.Address };
        byte[] body = new byte[length];
        new Random(length).NextBytes(body);

        using HttpResponseMessage response = await client.PostAsync("/", new ByteArrayContent(body)).WithDeadline();

        Assert.Equal(body, await response.Content.ReadAsByteArrayAsync().WithDeadline());
    }

    [Fact]
    public async Task A_client_that_reads_slowly_holds_the_server_back_and_gets_everything()
    {
        const int Length = 30_000_000;
        var isHeldBack = new TaskCompletionSource();
        await using TestApp app = await StartAsync(app => app.MapGet("/", async context =>
        {
            context.Response.ContentLength = Length;
            byte[] piece = new byte[10_000];
            for (int written = 0; written < Length; written += piece.Length)
            {
                ValueTask writing = context.Response.Body.WriteAsync(piece);
                if (!writing.IsCompleted)
                {
                    isHeldBack.TrySetResult();
                }

                await writing;
            }
        }));
        using var client = new HttpClient { BaseAddress = app.Address };

        using HttpResponseMessage response = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead).WithDeadline();
        await isHeldBack.Task.WithDeadline();

        Assert.Equal(Length, (await response.Content.ReadAsByteArrayAsync().WithDeadline()).Length);
    }

    [Fact]
    public async Task A_client_that_vanishes_aborts_its_request()
    {
        var aborted = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        await using TestApp app = await StartAsync(app => app.MapGet("/", async context =>
        {
            using CancellationTokenRegistration registration = context.RequestAborted.Register(aborted.SetResult);
            begun.SetResult();
            await aborted.Task;
        }));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
        await client.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        await begun.Task.WithDeadline();

        client.Client.Close(0);

        await aborted.Task.WithDeadline();
    }

    [Fact]
    public async Task A_request_that_is_aborted_by_the_application_resets_its_connection()
    {
        await using TestApp app = await StartAsync(static app => app.MapGet("/", static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        }));
        using var client = new HttpClient { BaseAddress = app.Address };

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/").WithDeadline());
    }

    [Fact]
    public async Task Three_hundred_clients_are_served_at_once()
    {
        await using TestApp app = await StartAsync(static app => app.MapGet("/{n}", static (string n) => n));
        using var client = new HttpClient { BaseAddress = app.Address };

        string[] answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(n => client.GetStringAsync($"/{n}"))).WithDeadline();

        Assert.Equal(Enumerable.Range(0, 300).Select(static n => $"{n}"), answers);
    }

    [Fact]
    public async Task A_stop_waits_for_the_request_that_is_being_handled()
    {
        var begun = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        await using TestApp app = await StartAsync(app => app.MapGet("/", async () =>
        {
            begun.SetResult();
            await goOn.Task;
            return "done";
        }));
        using var client = new HttpClient { BaseAddress = app.Address };
        Task<string> response = client.GetStringAsync("/");
        await begun.Task.WithDeadline();

        Task stopping = app.App.StopAsync();
        goOn.SetResult();

        Assert.Equal("done", await response.WithDeadline());
        await stopping.WithDeadline();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/").WithDeadline());
    }

    [Fact]
    public async Task A_port_in_use_fails_the_start_as_it_does_with_Kestrels_own_transport()
    {
        using var other = new Socket(SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();

        IOException exception = await Assert.ThrowsAsync<IOException>(() => StartAsync(
            static _ => { }, builder => builder.WebHost.UseUrls($"http://127.0.0.1:{((IPEndPoint)other.LocalEndPoint!).Port}")));

        Assert.Contains("address already in use", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Unix_socket_is_served()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using TestApp app = await StartAsync(
            static app => app.MapGet("/", static () => "over a file"),
            builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(path)));
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });

        Assert.Equal("over a file", await client.GetStringAsync("http://unix/").WithDeadline());
    }

    [Fact]
    public async Task An_address_that_the_options_leave_out_is_served_by_Kestrels_own_transport()
    {
        await using TestApp app = await TestApp.StartAsync(
            static app => app.MapGet("/", static (HttpContext context) => context.Features.Get<Sockeye.AspNetCore.Kestrel.ISocketHandOver>() is null ? "Kestrel" : "Sockeye"),
            static builder => builder.WebHost.UseSockeyeTransport(new() { Serves = static _ => false }));
        using var client = new HttpClient { BaseAddress = app.Address };

        Assert.Equal("Kestrel", await client.GetStringAsync("/").WithDeadline());
    }

    [Theory]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task Requests_over_TLS_are_served(HttpProtocols protocol)
    {
        await using TestApp app = await StartAsync(
            static app => app.MapGet("/", static (HttpContext context) => context.Request.Protocol),
            builder =>
            {
                builder.WebHost.UseKestrelHttpsConfiguration();
                builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = protocol;
                    listen.UseHttps(TestCertificate.Value);
                }));
            });
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = TestCertificate.ForClient() })
        {
            BaseAddress = app.Address,
            DefaultRequestVersion = protocol == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        Assert.Equal(protocol == HttpProtocols.Http2 ? "HTTP/2" : "HTTP/1.1", await client.GetStringAsync("/").WithDeadline());
    }

    private static Task<TestApp> StartAsync(Action<WebApplication> map, Action<WebApplicationBuilder>? build = null) =>
        TestApp.StartAsync(map, builder =>
        {
            builder.WebHost.UseSockeyeTransport();
            build?.Invoke(builder);
        });
}
