using Sockeye.Connections.Sending;

namespace Sockeye.Tests;

/// <summary>The cork belongs to its thread, and gathering to the lock: neither changes the other.</summary>
public sealed class SendStateTests
{
    [Fact]
    public async Task Threads_that_cork_and_threads_that_gather_lose_nothing()
    {
        const int Rounds = 300_000;
        var transport = new CountingTransport();
        var owner = new SendQueueBench();
        var box = new Box();
        var gate = new Lock();

        Task corking = Task.Run(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                box.State.Cork();
                box.State.Uncork();
            }
        });
        Task gathering = Task.Run(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                lock (gate)
                {
                    int before = transport.FlushCount;
                    Assert.True(box.State.TryGather(transport, owner, buffered: 0));
                    Assert.Equal(before + 1, transport.FlushCount);
                    box.State.EndGathering();
                }
            }
        });
        await Task.WhenAll(corking, gathering).WithDeadline();

        Assert.Equal(0, box.State.CorkingThread);
    }

    private sealed class Box
    {
        public SendState State;
    }

    private sealed class CountingTransport : Sockeye.Transports.Transport
    {
        public int FlushCount { get; private set; }

        public override bool CanFlushLater => true;

        public override void FlushLater() => FlushCount++;

        public override void Start()
        {
        }

        public override int TryWrite(ReadOnlySpan<byte> bytes) => bytes.Length;

        public override bool Write(ReadOnlyMemory<byte> bytes) => true;

        public override void ResumeReading()
        {
        }

        public override void ShutdownOutput()
        {
        }

        public override void Close()
        {
        }

        public override void Abort(Exception? error)
        {
        }
    }
}
