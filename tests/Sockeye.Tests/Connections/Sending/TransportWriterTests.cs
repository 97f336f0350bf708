using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>How queued frames are written to a transport that accepts any number of bytes at a time.</summary>
public sealed class TransportWriterTests
{
    [Theory]
    [InlineData("client")]
    [InlineData("server")]
    public void A_transport_that_blocks_at_any_byte_gets_every_byte_once(string role)
    {
        Role end = role == "client" ? Role.Client : Role.Server;
        for (int stop = 0; stop <= 240; stop++)
        {
            var bench = new SendQueueBench(end, limit: 100_000);
            bench.Transport.Capacity = stop;

            bench.Sends.TrySend(Opcode.Text, "first"u8);
            bench.Sends.TrySend(Opcode.Binary, new byte[200]);
            bench.Sends.TrySend(Opcode.Text, "last"u8);
            long total = 7 + 204 + 6 + (end == Role.Client ? 12 : 0);
            Assert.Equal(total - Math.Min(stop, total), bench.Sends.SendBufferLength);
            bench.Transport.Drain();

            Assert.Equal("Text 'first', Binary 200 bytes, Text 'last'", bench.Wire());
            Assert.Equal(0, bench.Sends.SendBufferLength);
            Assert.Equal(0, bench.Pool.OutCount);
        }
    }

    [Fact]
    public void A_large_payload_may_be_split_at_any_byte()
    {
        byte[] payload = new byte[16 * 1024];
        new Random(6455).NextBytes(payload);
        foreach (int stop in (int[])[.. Enumerable.Range(0, 40), 8_000, .. Enumerable.Range(16_380, 30)])
        {
            var bench = new SendQueueBench(limit: 100_000);
            bench.Sends.Cork();
            bench.Sends.TrySend(Opcode.Text, "corked"u8);
            bench.Transport.Capacity = stop;

            bench.Sends.TrySend(Opcode.Binary, payload);
            long total = 8 + 4 + payload.Length;
            Assert.Equal(total - Math.Min(stop, total), bench.Sends.SendBufferLength);
            bench.Sends.TrySend(Opcode.Text, "behind"u8);
            bench.Sends.Uncork();
            bench.Transport.Drain();

            IReadOnlyList<RawFrame> frames = bench.Frames();
            Assert.Equal("Text 'corked', Binary 16384 bytes, Text 'behind'", string.Join(", ", frames));
            Assert.Equal(payload, frames[1].Payload);
            Assert.Equal(0, bench.Sends.SendBufferLength);
            Assert.Equal(0, bench.Pool.OutCount);
        }
    }

    [Fact]
    public void A_transport_that_accepts_one_byte_at_a_time_gets_all_bytes()
    {
        var bench = new SendQueueBench(limit: 100_000);
        bench.Transport.Capacity = 0;
        for (int i = 0; i < 50; i++)
        {
            bench.Sends.TrySend(Opcode.Text, "message "u8);
        }

        for (int i = 0; i < 500; i++)
        {
            Assert.True(bench.Sends.SendBufferLength >= 500 - i);
            bench.Transport.Drain(1);
        }

        Assert.Equal(50, bench.Frames().Count);
        Assert.Equal(0, bench.Sends.SendBufferLength);
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void A_large_payload_written_at_once_is_not_copied()
    {
        var bench = new SendQueueBench(limit: 10_000_000);

        bench.Sends.TrySend(Opcode.Binary, new byte[1_000_000]);

        Assert.True(bench.Pool.MaxOutLength <= 16 * 1024);
        Assert.Equal(1, bench.Transport.WriteCount);
        Assert.Equal("Binary 1000000 bytes", bench.Wire());
    }

    [Fact]
    public void A_long_blocked_write_reports_progress()
    {
        // Nine megabytes at a tenth of a megabyte a second: alive, though no message is over for a minute and a half.
        var bench = new SendQueueBench(limit: 10_000_000);
        bench.Transport.Capacity = 0;
        bench.Sends.TrySend(Opcode.Binary, new byte[9_000_000]);

        int before = 0;
        for (int second = 0; second < 89; second++)
        {
            bench.Transport.Drain(100_000);
            Assert.True(bench.ProgressCount > before, $"no progress in second {second}");
            long left = 9_000_010 - (100_000 * (second + 1));
            Assert.InRange(bench.Sends.SendBufferLength, left, left + (64 * 1024));
            before = bench.ProgressCount;
        }

        bench.Transport.Drain();
        Assert.Equal("Binary 9000000 bytes", bench.Wire());
        Assert.Equal(0, bench.Pool.OutCount);
    }

    [Fact]
    public void The_end_of_the_transport_returns_all_memory()
    {
        for (int stop = 0; stop < 300; stop += 7)
        {
            var bench = new SendQueueBench(limit: 100_000);
            bench.Transport.Capacity = stop;
            for (int i = 0; i < 40; i++)
            {
                bench.Sends.TrySend(Opcode.Binary, new byte[1_000]);
            }

            bench.Transport.Abort(null);

            Assert.Equal(0, bench.Sends.SendBufferLength);
            Assert.Equal(0, bench.Pool.OutCount);
            Assert.False(bench.Pool.HasFault);
        }
    }
}
