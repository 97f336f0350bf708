using System.Buffers.Binary;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Many threads on one connection (CC-01, CC-02).</summary>
public sealed class SendQueueStressTests
{
    private const int SenderCount = 64;
    private const int SendCount = 2_000;

    [Theory]
    [InlineData("server", 1)]
    [InlineData("client", 2)]
    public void Messages_of_each_sender_are_whole_in_order_and_complete(string role, int seed)
    {
        var transport = new InMemoryTransport { Writes = WriteScript.Random(seed) };
        var owner = new Owner();
        var pool = new CountingPool();
        Role end = role == "client" ? Role.Client : Role.Server;
        var sends = new SendQueue(SendSettings.Of(end, pool, limit: 30_000), transport, owner);
        owner.Sends = sends;
        transport.Sink = owner;

        Thread[] threads = [.. Enumerable.Range(0, SenderCount).Select(sender =>
            new Thread(() => SendAll(sends, sender, seed)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        transport.WaitForPostedWrites();
        Assert.Equal(0, sends.SendBufferLength);

        Check(RawFrame.ReadAll(transport.TakeOutput()));
        Assert.False(transport.WasShared);
        Assert.False(pool.HasFault);
        Assert.Equal(0, pool.OutCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Sends_that_race_the_end_complete_once_and_nothing_follows_the_close_frame(int seed)
    {
        for (int round = 0; round < 30; round++)
        {
            var transport = new InMemoryTransport { Writes = WriteScript.Random(seed + (1_000 * round)) };
            var owner = new Owner();
            var pool = new CountingPool();
            var sends = new SendQueue(SendSettings.Of(Role.Server, pool, limit: 2_000), transport, owner);
            owner.Sends = sends;
            transport.Sink = owner;
            int accepted = 0;
            using var ready = new CountdownEvent(8);
            using var sent = new SemaphoreSlim(0);
            Thread[] threads = [.. Enumerable.Range(0, 8).Select(sender => new Thread(() =>
            {
                ready.Signal();
                try
                {
                    for (int i = 0; i < SendCount; i++)
                    {
                        var frame = new OutgoingFrame(Opcode.Binary, new byte[20]);
                        sends.SendAsync(frame, default).AsTask().GetAwaiter().GetResult();
                        Interlocked.Increment(ref accepted);
                        sent.Release();
                    }
                }
                catch (WebSocketClosedException)
                {
                    // What is expected of all those that come too late.
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Assert.True(ready.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken));
            for (int i = 0; i < 50; i++)
            {
                Assert.True(sent.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken));
            }

            sends.SendClose(new CloseStatus(WebSocketCloseCode.NormalClosure, ""), afterPending: round % 2 == 0);
            Array.ForEach(threads, thread => thread.Join());
            transport.WaitForPostedWrites();
            Assert.Equal(0, sends.SendBufferLength);

            IReadOnlyList<RawFrame> frames = RawFrame.ReadAll(transport.TakeOutput());
            Assert.Equal(RawOpcode.Close, frames[^1].Opcode);
            Assert.Equal(accepted, frames.Count - 1);
            Assert.False(pool.HasFault);
            Assert.Equal(0, pool.OutCount);
        }
    }

    // A message is its sender, its number, and as many bytes of the sender's as it likes.
    private static void SendAll(SendQueue sends, int sender, int seed)
    {
        var random = new Random((seed * SenderCount) + sender);
        for (int number = 0; number < SendCount; number++)
        {
            byte[] payload = new byte[8 + random.Next(random.Next(50) == 0 ? 20_000 : 60)];
            payload.AsSpan().Fill((byte)sender);
            BinaryPrimitives.WriteInt32BigEndian(payload, sender);
            BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(4), number);
            switch (random.Next(8))
            {
                case 0:
                    SendFragments(sends, payload, random);
                    break;
                case < 4:
                    SendAsync(sends, payload, Opcode.Binary, fin: true, writer: null);
                    break;
                default:
                    if (sends.TrySend(Opcode.Binary, payload) == WebSocketSendResult.Refused)
                    {
                        SendAsync(sends, payload, Opcode.Binary, fin: true, writer: null);
                    }

                    break;
            }

            if (random.Next(20) == 0)
            {
                SendAsync(sends, payload.AsMemory(0, 8), Opcode.Ping, fin: true, writer: null);
            }
        }
    }

    private static void SendFragments(SendQueue sends, byte[] payload, Random random)
    {
        object writer = new();
        int sent = 0;
        Opcode opcode = Opcode.Binary;
        while (sent < payload.Length)
        {
            int length = Math.Min(payload.Length - sent, 1 + random.Next(payload.Length));
            SendAsync(sends, payload.AsMemory(sent, length), opcode, sent + length == payload.Length, writer);
            sent += length;
            opcode = Opcode.Continuation;
        }
    }

    private static void SendAsync(SendQueue sends, Memory<byte> payload, Opcode opcode, bool fin, object? writer)
    {
        var frame = new OutgoingFrame(opcode, payload, fin) { Writer = writer };
        sends.SendAsync(frame, default).AsTask().GetAwaiter().GetResult();
    }

    private static void Check(IReadOnlyList<RawFrame> frames)
    {
        int[] next = new int[SenderCount];
        List<byte> message = [];
        bool isOpen = false;
        foreach (RawFrame frame in frames.Where(frame => frame.Opcode != RawOpcode.Ping))
        {
            Assert.Equal(isOpen ? RawOpcode.Continuation : RawOpcode.Binary, frame.Opcode);
            message.AddRange(frame.Payload);
            isOpen = !frame.Fin;
            if (isOpen)
            {
                continue;
            }

            byte[] whole = [.. message];
            message.Clear();
            int sender = BinaryPrimitives.ReadInt32BigEndian(whole);
            Assert.Equal(next[sender]++, BinaryPrimitives.ReadInt32BigEndian(whole.AsSpan(4)));
            Assert.False(whole.AsSpan(8).ContainsAnyExcept((byte)sender));
        }

        Assert.False(isOpen);
        Assert.All(next, count => Assert.Equal(SendCount, count));
    }

    private sealed class Owner : ISendQueueOwner, ITransportSink
    {
        public SendQueue? Sends { get; set; }

        public WebSocketClosedException CreateClosedException() => new(new WebSocketCloseResult(
            WebSocketCloseCode.NormalClosure, "", wasClean: true, WebSocketCloseInitiator.Local, exception: null));

        public void OnFaulted(Exception exception) => throw exception;

        public void OnSendBlocked()
        {
        }

        public void OnSendProgress()
        {
        }

        public void OnFrameMeasured(bool isText, int length, int savedLength, bool endsMessage)
        {
        }

        public void OnWriteMeasured(long length)
        {
        }

        public void OnCloseWritten()
        {
        }

        public void OnNoRoom()
        {
        }

        public void OnDropped(in SendDrops drops, bool becomesSlow)
        {
        }

        public void OnSendBufferDrained()
        {
        }

        public ReadVerdict OnReceived(Span<byte> bytes) => ReadVerdict.Continue;

        public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

        public void OnWritten() => Sends!.OnWritten();

        public void OnInputEnded()
        {
        }

        public void OnClosed(Exception? error) => Sends!.Terminate();
    }
}
