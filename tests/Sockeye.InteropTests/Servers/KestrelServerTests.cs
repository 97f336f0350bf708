using System.Threading.Channels;

namespace Sockeye.Tests;

public sealed class KestrelServerTests : PeerServerTests
{
    /// <summary>Kestrel's sockets send the next ping only when the last was answered with its own payload.</summary>
    [Fact]
    public async Task Keep_alive_pings_of_the_server_get_pongs()
    {
        await using PeerServer server = await StartServerAsync();
        PingCounter pings = new();

        await using WebSocketConnection connection =
            await WebSocketClient.ConnectAsync(server.At("/echo"), pings, options: null, Deadline.Token());
        for (int i = 0; i < 3; i++)
        {
            await pings.NextAsync();
        }

        Assert.Equal(WebSocketConnectionState.Open, connection.State);
        Assert.True((await connection.CloseAsync(cancellationToken: Deadline.Token())).WasClean);
    }

    private protected override Task<PeerServer> StartServerAsync() => KestrelPeerServer.StartAsync();

    private sealed class PingCounter : WebSocketHandler
    {
        private readonly Channel<int> _pings = Channel.CreateUnbounded<int>();

        public ValueTask<int> NextAsync() => _pings.Reader.ReadAsync(Deadline.Token());

        public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload) =>
            _pings.Writer.TryWrite(payload.Length);
    }
}
