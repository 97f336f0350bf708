namespace Sockeye.Tests;

/// <summary>A handler for each connection, from <see cref="WebSocketHandler.FromFactory"/>.</summary>
public sealed class HandlerFactoryTests
{
    [Theory]
    [EachServer]
    public async Task Each_connection_has_a_handler_of_its_own(ServerKind kind)
    {
        int created = 0;
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind), WebSocketHandler.FromFactory(_ => new Counting(Interlocked.Increment(ref created))));
        var options = new WebSocketClientOptions { Tls = kind.ClientTls() };
        await using WebSocketConnection one = await WebSocketClient.ConnectAsync(server.Address(scheme: kind.Scheme()), options);
        Assert.Equal("handler 1 opened", await NextAsync(one));
        await using WebSocketConnection other = await WebSocketClient.ConnectAsync(server.Address(scheme: kind.Scheme()), options);
        Assert.Equal("handler 2 opened", await NextAsync(other));

        await one.SendAsync("a");
        Assert.Equal("handler 1, message 1", await NextAsync(one));
        await one.SendAsync("a");
        Assert.Equal("handler 1, message 2", await NextAsync(one));
        await other.SendAsync("a");
        Assert.Equal("handler 2, message 1", await NextAsync(other));
    }

    [Fact]
    public async Task A_factory_that_throws_closes_the_connection_with_1011_and_no_other()
    {
        int created = 0;
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.Options with { LoggerFactory = new CapturingLoggerFactory() },
            WebSocketHandler.FromFactory(_ => Interlocked.Increment(ref created) == 1
                ? throw new InvalidOperationException("no handler")
                : new Counting(created)));
        await using WebSocketConnection failed = await WebSocketClient.ConnectAsync(server.Address());
        Assert.Equal(WebSocketCloseCode.InternalError, (await failed.Closed.WithDeadline()).Code);

        await using WebSocketConnection next = await WebSocketClient.ConnectAsync(server.Address());
        Assert.Equal("handler 2 opened", await NextAsync(next));
    }

    public static TheoryData<string> Unusable => ["null", "delegate"];

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task A_factory_whose_result_cannot_handle_a_connection_closes_it_with_1011(string what)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.Options with { LoggerFactory = log },
            WebSocketHandler.FromFactory(_ => what == "null" ? null! : WebSocketHandler.FromDelegate(Servers.EchoAsync)));
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());

        Assert.Equal(WebSocketCloseCode.InternalError, (await client.Closed.WithDeadline()).Code);
    }

    [Fact]
    public async Task A_rejected_request_creates_no_handler()
    {
        int created = 0;
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.Options with { OnUpgrade = static (_, _) => WebSocketUpgradeDecision.Reject(403) },
            WebSocketHandler.FromFactory(_ =>
            {
                created++;
                return new EchoHandler();
            }));

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => WebSocketClient.ConnectAsync(server.Address()));

        Assert.Equal(0, created);
    }

    private static async Task<string> NextAsync(WebSocketConnection connection) =>
        (await connection.ReceiveMessageAsync().WithDeadline()).GetText();

    private sealed class Counting(int number) : WebSocketHandler
    {
        private int _messageCount;

        public override void OnOpened(WebSocketConnection connection) => connection.TrySend($"handler {number} opened");

        public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
            connection.TrySend($"handler {number}, message {++_messageCount}");
    }
}
