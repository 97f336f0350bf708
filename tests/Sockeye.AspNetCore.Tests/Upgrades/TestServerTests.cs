using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Tests;

/// <summary>Endpoints in ASP.NET Core's TestServer, which has no bytes to upgrade.</summary>
public sealed class TestServerTests
{
    [Fact]
    public async Task Messages_of_any_kind_and_length_pass_both_ways()
    {
        await using TestServerApp app = await TestServerApp.StartAsync(
            static app => app.MapWebSocket("/echo", new MapWebSocketTests.EchoHandler(), new() { Subprotocols = ["v1"] }));
        using WebSocket client = await app.ConnectAsync("/echo", "v1");
        Assert.Equal("v1", client.SubProtocol);

        await AssertEchoAsync("", WebSocketMessageType.Text);
        await AssertEchoAsync("hello", WebSocketMessageType.Text);
        await AssertEchoAsync(new string('x', 500_000), WebSocketMessageType.Binary);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", default);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);

        async Task AssertEchoAsync(string text, WebSocketMessageType type)
        {
            await client.SendAsync(Encoding.UTF8.GetBytes(text), type, endOfMessage: true, default);
            Assert.Equal((text, type), await ReceiveAsync(client));
        }
    }

    [Fact]
    public async Task A_message_in_pieces_is_one_message()
    {
        await using TestServerApp app = await TestServerApp.StartAsync(
            static app => app.MapWebSocket("/echo", new MapWebSocketTests.EchoHandler()));
        using WebSocket client = await app.ConnectAsync("/echo");

        await client.SendAsync("hel"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: false, default);
        await client.SendAsync("lo"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);

        Assert.Equal(("hello", WebSocketMessageType.Text), await ReceiveAsync(client));
    }

    [Theory]
    [InlineData(WebSocketCloseStatus.NormalClosure, "bye", WebSocketCloseCode.NormalClosure, "bye")]
    [InlineData((WebSocketCloseStatus)4001, "", (WebSocketCloseCode)4001, "")]
    [InlineData(WebSocketCloseStatus.Empty, null, null, "")]
    public async Task The_close_of_a_client_arrives_as_it_was_sent(
        WebSocketCloseStatus status, string? description, WebSocketCloseCode? code, string reason)
    {
        var closed = new TaskCompletionSource<WebSocketCloseResult>();
        await using TestServerApp app = await TestServerApp.StartAsync(
            app => app.MapWebSocket("/", async (connection, _) => closed.SetResult(await connection.Closed)));
        using WebSocket client = await app.ConnectAsync("/");

        await client.CloseOutputAsync(status, description, default);

        WebSocketCloseResult result = await closed.Task.WithDeadline();
        Assert.True(result.WasClean);
        Assert.Equal((code ?? WebSocketCloseCode.NoStatusReceived, reason), (result.Code, result.Reason));
    }

    [Fact]
    public async Task The_close_of_the_server_arrives_with_code_and_reason()
    {
        await using TestServerApp app = await TestServerApp.StartAsync(
            static app => app.MapWebSocket("/", static async (connection, cancellation) =>
                await connection.CloseAsync((WebSocketCloseCode)4002, "enough", cancellation)));
        using WebSocket client = await app.ConnectAsync("/");

        WebSocketReceiveResult received = await client.ReceiveAsync(new byte[10], default).WithDeadline();

        Assert.Equal(WebSocketMessageType.Close, received.MessageType);
        Assert.Equal(((WebSocketCloseStatus)4002, "enough"), (received.CloseStatus, received.CloseStatusDescription));
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_the_connection()
    {
        var closed = new TaskCompletionSource<WebSocketCloseResult>();
        await using TestServerApp app = await TestServerApp.StartAsync(
            app => app.MapWebSocket("/", async (connection, _) => closed.SetResult(await connection.Closed)));
        WebSocket client = await app.ConnectAsync("/");

        client.Abort();

        Assert.Equal(WebSocketCloseCode.AbnormalClosure, (await closed.Task.WithDeadline()).Code);
        client.Dispose();
    }

    [Fact]
    public async Task A_server_that_aborts_ends_the_client()
    {
        await using TestServerApp app = await TestServerApp.StartAsync(
            static app => app.MapWebSocket("/", static (WebSocketConnection connection) =>
            {
                connection.Abort();
                return Task.CompletedTask;
            }));
        using WebSocket client = await app.ConnectAsync("/");

        await Assert.ThrowsAnyAsync<Exception>(() => client.ReceiveAsync(new byte[10], default).WithDeadline());
    }

    [Fact]
    public async Task Delegates_are_bound_and_rejections_have_their_status()
    {
        await using TestServerApp app = await TestServerApp.StartAsync(
            static app => app.MapWebSocket(
                "/rooms/{room}", static async (WebSocketConnection connection, string room, int id) => await connection.SendAsync($"{room} {id}")));

        using WebSocket client = await app.ConnectAsync("/rooms/kitchen?id=3");
        Assert.Equal(("kitchen 3", WebSocketMessageType.Text), await ReceiveAsync(client));
        InvalidOperationException rejected =
            await Assert.ThrowsAsync<InvalidOperationException>(() => app.ConnectAsync("/rooms/kitchen?id=x"));
        Assert.Contains("400", rejected.Message, StringComparison.Ordinal);
    }

    private static async Task<(string Text, WebSocketMessageType Type)> ReceiveAsync(WebSocket client)
    {
        using var message = new MemoryStream();
        var buffer = new byte[1000];
        while (true)
        {
            WebSocketReceiveResult received = await client.ReceiveAsync(buffer, default).WithDeadline();
            message.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                return (Encoding.UTF8.GetString(message.ToArray()), received.MessageType);
            }
        }
    }

    private sealed class TestServerApp(WebApplication app) : IAsyncDisposable
    {
        public static async Task<TestServerApp> StartAsync(Action<WebApplication> map)
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseTestServer();
            builder.Logging.ClearProviders();
            builder.Services.AddSockeye();
            WebApplication app = builder.Build();
            map(app);
            await app.StartAsync();
            return new TestServerApp(app);
        }

        public Task<WebSocket> ConnectAsync(string path, params string[] subprotocols)
        {
            Microsoft.AspNetCore.TestHost.WebSocketClient client = app.GetTestServer().CreateWebSocketClient();
            foreach (string subprotocol in subprotocols)
            {
                client.SubProtocols.Add(subprotocol);
            }

            return client.ConnectAsync(new Uri(app.GetTestServer().BaseAddress, path), default).WithDeadline();
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}
