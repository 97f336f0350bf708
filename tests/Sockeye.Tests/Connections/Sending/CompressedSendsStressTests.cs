using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Tests;

/// <summary>Many threads that send compressed and uncompressed messages over one connection (CC-01).</summary>
public sealed class CompressedSendsStressTests
{
    private const int SenderCount = 64;
    private const int SendCount = 150;
    private const int MaxSendBufferLength = 30_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("server", false, 1)]
    [InlineData("client", false, 2)]
    [InlineData("server", true, 3)]
    public void Each_senders_order_is_kept_and_the_peer_inflates_every_message(string role, bool forgets, int seed)
    {
        DeflateSetup setup = forgets ? DeflateSetup.Forgetting() : DeflateSetup.Takeover();
        var transport = new InMemoryTransport { Writes = WriteScript.Random(seed) };
        var pool = new CountingPool();
        WebSocketConnection connection = Open(role == "client" ? Role.Client : Role.Server, transport, pool, setup);

        RunAll(sender => SendAll(connection, sender, new Random((seed * SenderCount) + sender)));
        transport.WaitForPostedWrites();

        IReadOnlyList<RawFrame> frames = RawFrame.ReadAll(transport.TakeOutput());
        Check(new MessagesOnTheWire(new PeerInflater(forgets)).Read(frames));
        Assert.True(frames.Count(frame => frame.IsCompressed) > SenderCount * SendCount / 4);
        Assert.False(transport.WasShared);
        connection.Abort();
        Assert.False(pool.HasFault);
        transport.WaitForPostedWrites();
        Assert.Equal(0, pool.OutCount);
        Assert.InRange(setup.KeptCounts.Deflaters, 1, 2 * Environment.ProcessorCount);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)] // aborted, not closed
    public void Sends_that_race_the_end_complete_once_and_return_all_memory(int seed, bool aborts)
    {
        for (int round = 0; round < 15; round++)
        {
            DeflateSetup setup = DeflateSetup.Takeover();
            var transport = new InMemoryTransport { Writes = WriteScript.Random(seed + (1_000 * round)) };
            var pool = new CountingPool();
            WebSocketConnection connection = Open(Role.Server, transport, pool, setup);
            using var sends = new SemaphoreSlim(0);
            Thread[] threads = Start(8, sender => SendUntilTheEnd(connection, sender, sends));
            for (int i = 0; i < 50; i++)
            {
                Assert.True(sends.Wait(Patience, TestContext.Current.CancellationToken), "The senders hang.");
            }

            if (aborts)
            {
                connection.Abort();
            }
            else
            {
                _ = connection.CloseAsync().AsTask();
            }

            Assert.All(threads, thread => Assert.True(thread.Join(Patience), "A send has not come back."));
            transport.WaitForPostedWrites();
            if (!aborts)
            {
                IReadOnlyList<RawFrame> frames = RawFrame.ReadAll(transport.TakeOutput());
                Assert.Equal(RawOpcode.Close, frames[^1].Opcode);
                Assert.DoesNotContain(frames.SkipLast(1), frame => frame.Opcode == RawOpcode.Close);
                new MessagesOnTheWire(new PeerInflater()).Read(frames);
                connection.Abort();
            }

            Assert.False(pool.HasFault);
            transport.WaitForPostedWrites();
            Assert.Equal(0, pool.OutCount);
            Assert.InRange(setup.KeptCounts.Deflaters, 0, 1);
        }
    }

    [Fact]
    public void A_sender_whose_compression_fails_ends_only_its_own_send()
    {
        const int SenderCount = 16;
        const int SendCount = 300;
        const int UnluckyLength = 1_000;
        DeflateSetup setup = DeflateSetup.Takeover();
        var transport = new InMemoryTransport { Writes = WriteScript.Random(seed: 4) };
        var pool = new CountingPool { LengthNotToBeHad = UnluckyLength + 64 };
        WebSocketConnection connection = Open(Role.Server, transport, pool, setup);

        Thread[] threads = Start(SenderCount, sender =>
        {
            var random = new Random(sender);
            for (int number = 0; number < SendCount; number++)
            {
                byte[] message = MessageOf(sender, number, 300);
                switch (sender % 4)
                {
                    case > 1 when number % 2 == 0:
                        // Or it is not its turn, and goes as it is behind others.
                        Exception? exception = Record.Exception(() => connection.TrySend(new byte[UnluckyLength]));
                        Assert.True(exception is null or InsufficientMemoryException);
                        break;
                    case 0 or 1:
                        SendFragments(connection, message, compress: false, random);
                        break;
                    default:
                        if (connection.TrySend(message) == WebSocketSendResult.Refused)
                        {
                            Await(connection.SendAsync(message));
                        }

                        break;
                }
            }
        });
        Assert.All(threads, thread => Assert.True(thread.Join(Patience), "A sender hangs."));
        transport.WaitForPostedWrites();

        IReadOnlyList<byte[]> messages = new MessagesOnTheWire(new PeerInflater()).Read(RawFrame.ReadAll(transport.TakeOutput()));
        Assert.Equal(SendCount * SenderCount * 3 / 4, messages.Count(message => message.Length != UnluckyLength));
        connection.Abort();
        Assert.False(pool.HasFault);
        transport.WaitForPostedWrites();
        Assert.Equal(0, pool.OutCount);
    }

    private static void SendUntilTheEnd(WebSocketConnection connection, int sender, SemaphoreSlim sends)
    {
        try
        {
            for (int number = 0; ; number++)
            {
                sends.Release();
                byte[] message = MessageOf(sender, number, 300);
                connection.TrySend(message, compress: number % 3 != 0);
                connection.SendAsync(message, WebSocketMessageKind.Binary).AsTask().GetAwaiter().GetResult();
            }
        }
        catch (WebSocketClosedException)
        {
            // What is expected of all of them, some time.
        }
    }

    private static void SendAll(WebSocketConnection connection, int sender, Random random)
    {
        for (int number = 0; number < SendCount; number++)
        {
            byte[] message = MessageOf(sender, number, 8 + random.Next(random.Next(30) == 0 ? 20_000 : 400));
            bool compress = random.Next(3) != 0;
            switch (random.Next(6))
            {
                case 0:
                    SendFragments(connection, message, compress, random);
                    break;
                case < 3:
                    Await(connection.SendAsync(message, WebSocketMessageKind.Binary, compress));
                    break;
                default:
                    if (connection.TrySend(message, WebSocketMessageKind.Binary, compress) == WebSocketSendResult.Refused)
                    {
                        Await(connection.SendAsync(message, WebSocketMessageKind.Binary, compress));
                    }

                    break;
            }

            if (random.Next(10) == 0)
            {
                GiveUpOne(connection, random);
            }

            if (random.Next(20) == 0)
            {
                Await(connection.PongAsync(message.AsMemory(0, 8)));
            }
        }
    }

    // Sent or not, it is not counted, since it has no sender.
    private static void GiveUpOne(WebSocketConnection connection, Random random)
    {
        using var cancellation = new CancellationTokenSource();
        Task sending = connection.SendAsync(MessageOf(-1, 0, random.Next(8, 400)), WebSocketMessageKind.Binary, cancellation.Token).AsTask();
        cancellation.Cancel();
        sending.ContinueWith(static _ => { }, TaskScheduler.Default).Wait(Patience);
        Assert.True(sending.IsCanceled || sending.IsCompletedSuccessfully);
    }

    private static void SendFragments(WebSocketConnection connection, byte[] message, bool compress, Random random)
    {
        WebSocketMessageWriter writer = connection.BeginMessage(WebSocketMessageKind.Binary, compress);
        int sent = 0;
        while (random.Next(4) != 0)
        {
            int length = random.Next(message.Length - sent + 1);
            Await(writer.WriteAsync(message.AsMemory(sent, length)));
            sent += length;
        }

        Await(writer.CompleteAsync(message.AsMemory(sent)));
    }

    private static void Await(ValueTask task) => Assert.True(task.AsTask().Wait(Patience), "A send has not come back.");

    // A message is its sender, its number, and a pattern of both.
    private static byte[] MessageOf(int sender, int number, int length)
    {
        byte[] message = new byte[length];
        for (int index = 8; index < length; index++)
        {
            message[index] = (byte)((sender * 31) + (number * (index % 7)));
        }

        BinaryPrimitives.WriteInt32BigEndian(message, sender);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), number);
        return message;
    }

    private static void Check(IReadOnlyList<byte[]> messages)
    {
        int[] next = new int[SenderCount];
        foreach (byte[] message in messages)
        {
            int sender = BinaryPrimitives.ReadInt32BigEndian(message);
            int number = BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(4));
            Assert.True(message.AsSpan().SequenceEqual(MessageOf(sender, number, message.Length)));
            if (sender >= 0)
            {
                Assert.Equal(next[sender]++, number);
            }
        }

        Assert.All(next, count => Assert.Equal(SendCount, count));
    }

    private static WebSocketConnection Open(Role role, InMemoryTransport transport, CountingPool pool, DeflateSetup setup)
    {
        WebSocketConnectionOptions options = new WebSocketConnectionOptions
        {
            Limits = new() { MaxSendBufferLength = MaxSendBufferLength },
        };
        var settings = new ConnectionSettings(
            role, options, new DeadlineWheel(new ManualTimeProvider()), NullLogger.Instance, pool)
        {
            Codecs = setup.Codecs,
        };
        var connection = new WebSocketConnection(transport, settings, new RecordingHandler(), null, setup.Agreed);
        connection.Core.Start();
        return connection;
    }

    private static void RunAll(Action<int> send) =>
        Assert.All(Start(SenderCount, send), thread => Assert.True(thread.Join(Patience), "A sender hangs."));

    private static Thread[] Start(int count, Action<int> send)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(sender => new Thread(() => send(sender)))];
        Array.ForEach(threads, thread => thread.Start());
        return threads;
    }
}
