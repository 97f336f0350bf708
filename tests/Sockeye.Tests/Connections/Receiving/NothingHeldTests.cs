using Sockeye.Memory;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>After any end of a connection, whatever was arriving, nothing is rented or counted any more.</summary>
public sealed class NothingHeldTests
{
    private const int SeedCount = 800;

    [Fact]
    public async Task Nothing_is_held_after_any_end()
    {
        for (int seed = 0; seed < SeedCount; seed++)
        {
            var all = new MemoryBudget();
            var incomplete = new MemoryBudget();
            await EndAsync(new Random(seed), all, incomplete);
            Assert.Equal((seed, 0, 0), (seed, all.ExactHeld, incomplete.ExactHeld));
        }
    }

    private static async Task EndAsync(Random random, MemoryBudget all, MemoryBudget incomplete)
    {
        bool isCompressed = OneIn(random, 2);
        bool isFragmented = OneIn(random, 2);
        RecordingHandler? handler = OneIn(random, 2)
            ? new RecordingHandler { Sync = OneIn(random, 12) ? static (connection, _) => connection.Abort() : null }
            : null;
        var test = new TestConnection(
            OneIn(random, 2) ? Role.Server : Role.Client, handler,
            new WebSocketConnectionOptions { DeliverFragments = isFragmented, Limits = LimitsOf(random) },
            deflate: !isCompressed ? null : OneIn(random, 2) ? DeflateSetup.Takeover() : DeflateSetup.Forgetting(),
            budget: all, incomplete: incomplete);
        byte[] wire = WireOf(random, test, isCompressed);
        int end = random.Next(wire.Length + 1);
        for (int position = 0; position < end && !test.Transport.IsAborted && !test.Transport.IsClosed;)
        {
            int length = Math.Min(random.Next(1, 40_000), end - position);
            test.Transport.Feed(wire.AsSpan(position, length));
            position += length;
            if (OneIn(random, 6))
            {
                test.Connection.PauseReceiving();
            }
            else if (OneIn(random, 3))
            {
                test.Connection.ResumeReceiving();
            }

            if (handler is null && OneIn(random, 2))
            {
                await ReceiveAsync(random, test.Connection, isFragmented);
            }
        }

        End(random, test);
        test.Connection.ResumeReceiving();
        for (int i = 0; i < 30; i++)
        {
            test.Time.Advance(TimeSpan.FromSeconds(3));
        }

        await test.Connection.Closed.WithDeadline();
        if (handler is null)
        {
            await test.Connection.DisposeAsync().AsTask().WithDeadline();
        }

        test.Transport.Break(new IOException("reset"));
        handler?.WaitFor($"closed:{(int)test.Result.Code}");
    }

    private static LimitOptions LimitsOf(Random random) => new()
    {
        MaxInboxLength = OneIn(random, 2) ? 1 : 64 * 1024,
        MaxIncompleteLength = OneIn(random, 3) ? 20_000 : null,
        MaxMessageLength = 100_000,
        MaxMessageDuration = TimeSpan.FromSeconds(5),
        ReceiveRate = new ReceiveRateOptions
        {
            MessagesPerSecond = OneIn(random, 2) ? random.Next(1, 6) : null,
            PingsPerSecond = OneIn(random, 2) ? 1 : null,
            BytesPerSecond = OneIn(random, 3) ? 50_000 : null,
        },
    };

    // Messages of many lengths, compressed and fragmented or not, with pings, violations and a Close frame here and there.
    private static byte[] WireOf(Random random, TestConnection test, bool isCompressed)
    {
        Role peer = test.Role == Role.Server ? Role.Client : Role.Server;
        List<byte> wire = [];
        for (int i = 0; i < 8; i++)
        {
            byte[] payload = new byte[random.Next(4) switch { 0 => 0, 1 => 10, 2 => 5_000, _ => random.Next(60_000) }];
            byte bits = isCompressed && OneIn(random, 2) ? FrameHeader.Rsv1 : (byte)0;
            byte[] sent = bits != 0 ? Inflating.Deflate(payload) : payload;
            int cut = OneIn(random, 2) ? random.Next(sent.Length + 1) : sent.Length;
            bool isWhole = cut == sent.Length;
            wire.AddRange(TestConnection.FrameOf(peer, Opcode.Binary, sent.AsSpan(0, cut), isWhole, bits));
            if (OneIn(random, 3))
            {
                wire.AddRange(TestConnection.FrameOf(peer, Opcode.Ping, new byte[random.Next(126)]));
            }

            if (OneIn(random, 20))
            {
                wire.AddRange(TestConnection.FrameOf(peer, Opcode.Continuation, "perhaps a violation"u8));
            }

            if (!isWhole)
            {
                wire.AddRange(TestConnection.FrameOf(peer, Opcode.Continuation, sent.AsSpan(cut)));
            }
        }

        if (OneIn(random, 3))
        {
            wire.AddRange(test.FromPeer(Opcode.Close, [3, 232]));
        }

        return [.. wire];
    }

    // Receives what is there, and at times takes the message for good.
    private static async Task ReceiveAsync(Random random, WebSocketConnection connection, bool isFragmented)
    {
        using var cancellation = new CancellationTokenSource();
        try
        {
            if (isFragmented)
            {
                ValueTask<WebSocketFragment?> receive = connection.ReceiveFragmentAsync(cancellation.Token);
                await cancellation.CancelAsync();
                await receive;
            }
            else
            {
                ValueTask<WebSocketMessage?> receive = connection.ReceiveAsync(cancellation.Token);
                await cancellation.CancelAsync();
                WebSocketMessage? message = await receive;
                if (OneIn(random, 3))
                {
                    message?.Detach().Dispose();
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketClosedException)
        {
            // Nothing was there, or the connection has ended.
        }
    }

    private static void End(Random random, TestConnection test)
    {
        switch (random.Next(5))
        {
            case 0:
                test.Connection.Abort();
                break;
            case 1:
                test.Connection.Fail(WebSocketCloseCode.PolicyViolation);
                break;
            case 2:
                test.Transport.Break(new IOException("reset"));
                break;
            case 3:
                test.Transport.EndInput();
                break;
            default:
                _ = test.Connection.CloseAsync().AsTask();
                break;
        }
    }

    private static bool OneIn(Random random, int count) => random.Next(count) == 0;
}
