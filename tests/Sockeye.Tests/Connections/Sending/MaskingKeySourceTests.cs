using Sockeye.Connections.Sending;
using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class MaskingKeySourceTests
{
    private const int KeyCount = 100_000;

    [Fact] // FR-51
    public void Masking_key_bytes_are_uniformly_distributed()
    {
        uint[] keys = KeysOfFrames();

        for (int place = 0; place < 4; place++)
        {
            int[] counts = new int[256];
            foreach (uint key in keys)
            {
                counts[(byte)(key >> (8 * place))]++;
            }

            // Chi-square with 255 degrees of freedom: mean 255, standard deviation 22.6. Seven of those on either side
            // are passed by chance once in about 10^10 runs.
            const double expected = KeyCount / 256.0;
            double chiSquare = counts.Sum(count => (count - expected) * (count - expected) / expected);
            Assert.InRange(chiSquare, 255 - (7 * 22.6), 255 + (7 * 22.6));
        }
    }

    [Fact] // FR-51
    public void Masking_keys_repeat_no_more_often_than_random()
    {
        uint[] keys = KeysOfFrames();

        // The birthday problem: n²/2 pairs over 2^32 is 1.2 repetitions; 20 would be a fault.
        Assert.InRange(keys.Length - keys.Distinct().Count(), 0, 20);
        Assert.InRange(keys.Count(key => key == 0), 0, 3);
    }

    [Fact]
    public void Threads_do_not_share_keys()
    {
        uint[][] keys = new uint[4][];
        Thread[] threads = [.. keys.Select((_, index) => new Thread(() =>
        {
            keys[index] = [.. Enumerable.Range(0, 5_000).Select(_ => MaskingKeySource.Next())];
        }))];

        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.InRange(20_000 - keys.SelectMany(own => own).Distinct().Count(), 0, 10);
    }

    private static uint[] KeysOfFrames()
    {
        uint[] keys = new uint[KeyCount];
        byte[] frame = new byte[FrameHeader.MaxLength];
        for (int i = 0; i < KeyCount; i++)
        {
            int length = new OutgoingFrame(Opcode.Binary).Write(frame, Role.Client, []);
            keys[i] = Assert.Single(RawFrame.ReadAll(frame.AsSpan(0, length))).Key!.Value;
        }

        return keys;
    }
}
