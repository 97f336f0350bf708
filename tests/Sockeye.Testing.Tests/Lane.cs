using Sockeye.Testing;

namespace Sockeye.Tests;

/// <summary>One direction of a network, so that a test runs in both.</summary>
internal sealed record Lane(WebSocketTestNetwork Network, Stream Sender, Stream Receiver, WebSocketTestLink Link) : IDisposable
{
    public static Lane Create(
        bool toServer, WebSocketTestLinkOptions conditions, TimeProvider? time = null, int seed = 0, bool record = false)
    {
        var options = new WebSocketTestNetworkOptions { Seed = seed, Record = record, TimeProvider = time ?? TimeProvider.System };
        var network = new WebSocketTestNetwork(
            toServer ? options with { ToServer = conditions } : options with { ToClient = conditions });
        return toServer
            ? new Lane(network, network.ClientStream, network.ServerStream, network.ToServer)
            : new Lane(network, network.ServerStream, network.ClientStream, network.ToClient);
    }

    /// <summary>Bytes as text: two digits for each, with spaces between.</summary>
    public static string Hex(ReadOnlySpan<byte> bytes) => string.Join(' ', Convert.ToHexStringLower(bytes).Chunk(2).Select(digits => new string(digits)));

    /// <summary>Reads one piece; an empty text at the end.</summary>
    public async Task<string> ReadAsync()
    {
        byte[] buffer = new byte[4096];
        return Lane.Hex(buffer.AsSpan(0, await Receiver.ReadAsync(buffer)));
    }

    public async Task<List<string>> ReadAllAsync()
    {
        List<string> pieces = [];
        while (await ReadAsync() is { Length: > 0 } piece)
        {
            pieces.Add(piece);
        }

        return pieces;
    }

    /// <summary>Shows that the other direction works.</summary>
    public async Task OtherWayAsync()
    {
        await Receiver.WriteAsync(new byte[] { 42 });
        byte[] buffer = new byte[1];
        await Sender.ReadExactlyAsync(buffer);
        Assert.Equal(42, buffer[0]);
    }

    public void Dispose() => Network.Dispose();
}
