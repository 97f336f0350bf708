using Sockeye.Client;

namespace Sockeye.Tests;

/// <summary>RFC 6455 §4.1 (7): "a nonce consisting of a randomly selected 16-byte value".</summary>
public sealed class ClientKeyTests
{
    // CT-02.
    [Fact]
    public void A_million_keys_are_distinct_and_uniformly_distributed()
    {
        const int Keys = 1_000_000;
        const int Length = 16;
        var seen = new HashSet<UInt128>(Keys);
        int[,] counts = new int[Length, 256];

        for (int i = 0; i < Keys; i++)
        {
            byte[] nonce = Convert.FromBase64String(ClientHop.CreateKey());
            Assert.Equal(Length, nonce.Length);
            seen.Add(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(nonce));
            for (int position = 0; position < Length; position++)
            {
                counts[position, nonce[position]]++;
            }
        }

        Assert.Equal(Keys, seen.Count);
        for (int position = 0; position < Length; position++)
        {
            double expected = Keys / 256.0;
            double chiSquare = Enumerable.Range(0, 256).Sum(value => Math.Pow(counts[position, value] - expected, 2) / expected);

            // Of 255 degrees of freedom: mean 255, deviation 22.6. Chance fails this once in more than 10^9 runs.
            Assert.InRange(chiSquare, 255 - (7 * 22.6), 255 + (7 * 22.6));
        }
    }
}
