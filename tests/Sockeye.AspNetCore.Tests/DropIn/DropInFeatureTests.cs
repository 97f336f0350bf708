using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.Tests;

/// <summary>The drop-in behind servers other than Kestrel, and requests that only ASP.NET Core accepts.</summary>
public sealed class DropInFeatureTests
{
    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_server_with_nothing_but_extended_CONNECT_is_enough(Stack stack)
    {
        await using ServiceProvider services = new ServiceCollection().AddLogging().AddOptions().BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        app.Use(stack);
        WebSocket? socket = null;
        app.Run(async context => socket = await context.WebSockets.AcceptWebSocketAsync("p2"));
        var context = new DefaultHttpContext { RequestServices = services };
        context.Features.Set<IHttpExtendedConnectFeature>(new Connect());
        context.Request.Method = HttpMethods.Connect;
        context.Request.Headers.SecWebSocketVersion = "13";
        context.Request.Headers.SecWebSocketProtocol = "p1, p2";

        await app.Build()(context);

        Assert.Equal("p2", socket?.SubProtocol);
        Assert.Equal("p2", context.Response.Headers.SecWebSocketProtocol);
        Assert.Equal(["Sec-WebSocket-Protocol"], context.Response.Headers.Keys);
        Assert.Equal(StatusCodes.Status200OK, context.Response.StatusCode);
        var lost = await Assert.ThrowsAsync<WebSocketException>(
            async () => await socket!.ReceiveAsync(new byte[1].AsMemory(), Patience.Token()));
        Assert.Equal(WebSocketError.ConnectionClosedPrematurely, lost.WebSocketErrorCode);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task Middleware_that_replaces_the_upgrade_sees_the_bytes(Stack stack)
    {
        Watched? watched = null;
        await using TestApp app = await TestApp.StartAsync(app =>
        {
            app.Use(async (context, next) =>
            {
                watched = new Watched(context.Features.GetRequiredFeature<IHttpUpgradeFeature>());
                context.Features.Set<IHttpUpgradeFeature>(watched);
                await next(context);
            });
            app.Use(stack);
            app.Run(static async context =>
            {
                using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
                await socket.SendAsync("seen"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token());
                await socket.ReceiveAsync(new byte[10].AsMemory(), Patience.Token());
            });
        });
        using ClientWebSocket client = await DropInApp.ConnectAsync(app);
        byte[] buffer = new byte[10];

        Assert.Equal(4, (await client.ReceiveAsync(buffer.AsMemory(), Patience.Token())).Count);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Patience.Token());

        Assert.Contains("seen", watched!.Stream.Written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task Headers_that_are_not_ASCII_and_odd_targets_do_not_matter(Stack stack)
    {
        await using TestApp app = await DropInApp.AcceptAsync(stack, static socket => socket.SendAsync(
            "here"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token()));
        using var client = new TcpClient();
        await client.ConnectAsync(app.Address.Host, app.Address.Port);
        NetworkStream stream = client.GetStream();
        string head = $"GET /%C3%A9?q=a|b HTTP/1.1\r\nHost: {app.Address.Authority}\r\nX-Name: é漢😀\r\n"
            + string.Concat(DropInApp.Opening.Select(static one => one + "\r\n")) + "\r\n";

        await stream.WriteAsync(Encoding.UTF8.GetBytes(head), Patience.Token());
        string[] response = await DropInApp.ReadHeadAsync(stream);
        byte[] frame = new byte[6];
        await stream.ReadExactlyAsync(frame, Patience.Token());

        Assert.StartsWith("HTTP/1.1 101 ", response[0], StringComparison.Ordinal);
        Assert.Equal("810468657265", Convert.ToHexString(frame));
    }

    [Theory]
    [InlineData(Stack.Stock)]
    [InlineData(Stack.Sockeye)]
    public async Task A_client_that_closes_with_its_first_bytes_still_gets_what_the_application_sends(Stack stack)
    {
        await using TestApp app = await DropInApp.AcceptAsync(stack, static async socket =>
        {
            await socket.ReceiveAsync(new byte[10].AsMemory(), Patience.Token());
            await socket.SendAsync("late"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token());
            await socket.CloseOutputAsync((WebSocketCloseStatus)4000, "", Patience.Token());
        });

        for (int i = 0; i < 50; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(app.Address.Host, app.Address.Port);
            NetworkStream stream = client.GetStream();
            string head = $"GET / HTTP/1.1\r\nHost: {app.Address.Authority}\r\n"
                + string.Concat(DropInApp.Opening.Select(static one => one + "\r\n")) + "\r\n";
            await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), 0x88, 0x80, 0, 0, 0, 0], Patience.Token());
            await DropInApp.ReadHeadAsync(stream);
            byte[] frames = new byte[10];
            await stream.ReadExactlyAsync(frames, Patience.Token());
            Assert.Equal("81046C61746588020FA0", Convert.ToHexString(frames));
        }
    }

    private sealed class Connect : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => true;

        public string Protocol => "WebSocket";

        public ValueTask<Stream> AcceptAsync() => new(Stream.Null);
    }

    private sealed class Watched(IHttpUpgradeFeature inner) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public WatchedStream Stream { get; private set; } = null!;

        public async Task<Stream> UpgradeAsync() => Stream = new WatchedStream(await inner.UpgradeAsync());
    }

    private sealed class WatchedStream(Stream inner) : Stream
    {
        private readonly StringBuilder _written = new();

        public string Written
        {
            get
            {
                lock (_written)
                {
                    return _written.ToString();
                }
            }
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_written)
            {
                _written.Append(Encoding.Latin1.GetString(buffer.Span));
            }

            return inner.WriteAsync(buffer, cancellationToken);
        }
    }
}
