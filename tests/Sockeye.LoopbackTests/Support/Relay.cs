using System.Net;

namespace Sockeye.Tests;

/// <summary>The tunnel of a proxy: passes on what its client and a server send to each other, until it is disposed of.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly RawPeer _client;
    private readonly RawPeer _server;
    private readonly Task _passing;

    private Relay(RawPeer client, RawPeer server)
    {
        _client = client;
        _server = server;
        _passing = Task.WhenAll(client.Stream.CopyToAsync(server.Stream), server.Stream.CopyToAsync(client.Stream));
    }

    /// <summary>Connects a client to a server; both are disconnected in the end.</summary>
    public static async Task<Relay> ConnectAsync(RawPeer client, EndPoint server) =>
        new(client, await RawPeer.ConnectAsync(server));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _server.Dispose();
        await _passing.ContinueWith(static _ => { }, TaskScheduler.Default).WithDeadline();
    }
}
