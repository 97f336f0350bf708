using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>Both ends of a connection, used and ended in every way by several threads at random moments.</summary>
public sealed class EndRaceStressTests
{
    private const int Users = 6;
    private const int Steps = 8;

    private static readonly byte[] Payload = Payloads.Bytes(100_000);

    // If a peer does not read, the closing handshake never completes.
    private static readonly WebSocketConnectionOptions Impatient =
        new WebSocketConnectionOptions { CloseTimeout = TimeSpan.FromMilliseconds(100) };

    public EndRaceStressTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Theory]
    [InlineData(TransportKind.EventLoop)]
    [InlineData(TransportKind.EventLoopUnix)]
    public Task Racing_ends_neither_hang_nor_leak(TransportKind kind) =>
        Stress.RunAsync(async random =>
        {
            EchoHandler? handler = random.Next(2) == 0 ? new EchoHandler() : null;
            ConnectionPair pair = await ConnectionPair.CreateAsync(kind, handler, Impatient, Impatient);
            int[] seeds = [.. Enumerable.Range(0, Users).Select(_ => random.Next())];
            using var start = new Barrier(Users);

            await Task.WhenAll(seeds.Select((seed, user) => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return UseAsync(user % 2 == 0 ? pair.Client : pair.Server, new Random(seed));
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()))
                .WithDeadline();

            // If nobody has ended it, it is ended now: a server with a handler sees that, and one that nobody asks for
            // messages has stopped to read.
            await pair.Client.DisposeAsync().WithDeadline();
            if (handler is null)
            {
                pair.Server.Abort();
            }

            await pair.WhenClosedAsync();
            Assert.Equal(WebSocketConnectionState.Closed, pair.Client.State);
            Assert.Equal(WebSocketConnectionState.Closed, pair.Server.State);

            // The transport may have a moment more, for the peer to take what is left.
            await Deadlines.UntilAsync(
                () => pair.Client.SendBufferLength == 0 && pair.Server.SendBufferLength == 0, "nothing is left to be sent");
            await DrainAsync(pair.Client);
            await DrainAsync(pair.Server);
            await Deadlines.UntilAsync(() => pair.Pool.OutCount == 0, "all buffers are back");
            Assert.False(pair.Pool.HasFault, "a buffer came back twice");
        });

    private static async Task UseAsync(WebSocketConnection connection, Random random)
    {
        for (int step = 0; step < Steps; step++)
        {
            Thread.SpinWait(random.Next(5_000));
            using var patience = new CancellationTokenSource();
            try
            {
                await StepAsync(connection, random, patience);
            }
            catch (Exception exception) when (exception is WebSocketClosedException or OperationCanceledException)
            {
                // The end was faster, or the patience was over.
            }
        }
    }

    private static async Task StepAsync(
        WebSocketConnection connection, Random random, CancellationTokenSource patience)
    {
        ReadOnlyMemory<byte> payload = Payload.AsMemory(0, random.Next(Payload.Length));
        switch (random.Next(30))
        {
            case 0:
                connection.Abort();
                break;
            case 1:
                await connection.CloseAsync(WebSocketCloseCode.NormalClosure, "enough", patience.Token);
                break;
            case 2:
                await connection.DisposeAsync();
                break;
            case < 10:
                // Given up at some time while it waits, if nobody reads at the other end.
                Task sending = connection.SendAsync(payload, cancellationToken: patience.Token).AsTask();
                Thread.SpinWait(random.Next(1_000));
                await patience.CancelAsync();
                await sending;
                break;
            case < 20:
                connection.TrySend(payload.Span, WebSocketMessageKind.Binary);
                break;
            case < 25:
                Task<TimeSpan> pinging = connection.PingAsync(patience.Token).AsTask();
                Thread.SpinWait(random.Next(1_000));
                await patience.CancelAsync();
                await pinging;
                break;
            default:
                await connection.PongAsync(payload[..Math.Min(100, payload.Length)]);
                break;
        }
    }

    // What came before the end can still be asked for, where messages are asked for, and keeps its buffer until then.
    private static async Task DrainAsync(WebSocketConnection connection)
    {
        try
        {
            while (await connection.ReceiveAsync().WithDeadline() is not null)
            {
            }
        }
        catch (Exception exception) when (exception is WebSocketClosedException or InvalidOperationException)
        {
            // Nothing is left, or a handler has had it all.
        }
    }
}
