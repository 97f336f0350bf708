using System.Buffers;

namespace Sockeye.Tests;

/// <summary>DF-01 and DF-02: messages that inflate to a thousand times their length (RFC 7692 §8).</summary>
// Alone, since it looks at the memory of the whole process.
[CollectionDefinition(nameof(ServerBombTests), DisableParallelization = true)]
[Collection(nameof(ServerBombTests))]
public sealed class ServerBombTests(ITestOutputHelper output)
{
    private const int KiB = 1024;
    private const int Limit = 1024 * KiB;
    private const int Allowance = 128 * KiB;

    private const int MaxPooledLength = 16 * 1024 * KiB;

    // What the runtime does on the side only adds: the best of some rounds counts.
    private const int RoundCount = 9;

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_bomb_in_one_frame_uses_little_more_than_the_limit(ServerKind kind) =>
        await AssertCheapAsync(kind, [], Bomb.InOneFrame());

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_bomb_in_one_byte_fragments_uses_little_more_than_the_limit(ServerKind kind) =>
        await AssertCheapAsync(kind, [], Bomb.InFragments());

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_bomb_in_a_later_message_uses_little_more_than_the_limit(ServerKind kind)
    {
        (byte[] harmless, byte[] bomb) = Bomb.InALaterMessage();

        await AssertCheapAsync(kind, harmless, bomb);
    }

    private async Task AssertCheapAsync(ServerKind kind, byte[] before, byte[] bomb)
    {
        byte[] harmless = Bomb.InALaterMessage().Harmless;
        Assert.SkipUnless(ResidentMemory.WhyNot is null, ResidentMemory.WhyNot ?? "");

        // With a small limit: all code that is needed is compiled, and no buffer of the real limit is there yet.
        await using (WebSocketServer small = await StartAsync(kind, 64 * KiB))
        {
            await ThrowAsync(small, before, bomb);
            await ThrowAsync(small, before, bomb);
        }

        List<long> grown = [];
        for (int i = 0; i < RoundCount; i++)
        {
            // Another server with another pool: no buffer is left from the last round. What it needs for every message,
            // such as one to receive into, it has got from a harmless one.
            await using WebSocketServer server = await StartAsync(kind, Limit);
            await EchoAsync(server, harmless);
            long resident = ResidentMemory.BeginPeak();
            await ThrowAsync(server, before, bomb);
            grown.Add(ResidentMemory.Peak() - resident);
        }

        output.WriteLine($"KiB more at the peak: {string.Join(", ", grown.Select(bytes => bytes / KiB))}");
        Assert.InRange(grown.Min(), 0, Limit + Allowance - 1);
    }

    private static Task<WebSocketServer> StartAsync(ServerKind kind, int limit)
    {
        WebSocketServerOptions options = new()
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Pool = ArrayPool<byte>.Create(MaxPooledLength, maxArraysPerBucket: 4),
            Compression = PerMessageDeflateOptions.Default,
            Connection = new()
            {
                Limits = new() { MaxMessageLength = limit },
            },
        };
        return Servers.StartEchoAsync(options);
    }

    private static Task<RawPeer> OpenAsync(WebSocketServer server) =>
        RawPeer.OpenAsync(server.LocalEndPoint, "/", "Sec-WebSocket-Extensions: permessage-deflate");

    private static async Task EchoAsync(WebSocketServer server, byte[] message)
    {
        using RawPeer peer = await OpenAsync(server);
        await peer.SendAsync(message);
        await peer.ReadFrameAsync();
    }

    private static async Task ThrowAsync(WebSocketServer server, byte[] before, byte[] bomb)
    {
        using RawPeer peer = await OpenAsync(server);
        if (before.Length != 0)
        {
            await peer.SendAsync(before);
            Assert.NotEqual(RawFrame.Close, (await peer.ReadFrameAsync()).First);
        }

        Task sending = peer.Stream.WriteAsync(bomb).AsTask();
        RawFrame answer = await peer.ReadFrameAsync();

        Assert.Equal(RawFrame.Close, answer.First);
        Assert.Equal((int)WebSocketCloseCode.MessageTooBig, answer.CloseCode);

        // The server need not take the rest.
        peer.Reset();
        await sending.ContinueWith(task => task.Exception, TaskScheduler.Default).WithDeadline();
    }
}
