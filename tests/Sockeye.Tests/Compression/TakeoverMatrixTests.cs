using System.Buffers;
using Sockeye.Compression;
using Sockeye.Protocol;
using static Sockeye.Tests.Inflating;

namespace Sockeye.Tests;

/// <summary>Deflater and inflater of two connected ends, in every negotiable configuration (DF-20).</summary>
public sealed class TakeoverMatrixTests
{
    private const int MessageCount = 200;

    public static TheoryData<bool, bool, bool> Configurations => new MatrixTheoryData<bool, bool, bool>(
        [false, true], [false, true], [false, true]);

    [Theory] // ws 4.6, 24 to 26, 29 and 30
    [MemberData(nameof(Configurations))]
    public void Every_message_arrives_unchanged(bool serverForgets, bool clientForgets, bool serverSends)
    {
        Role sender = serverSends ? Role.Server : Role.Client;
        for (int windowBits = 9; windowBits <= 15; windowBits++)
        {
            var agreed = new PerMessageDeflateParameters(
                serverForgets, clientForgets, serverSends ? windowBits : 15, serverSends ? 15 : windowBits);
            var codecs = new MessageCodecs(PerMessageDeflateOptions.Shared with { Level = 1 + (windowBits % 9) });
            var deflater = new MessageDeflater(codecs, agreed, sender);
            var inflater = new MessageInflater(codecs, agreed, sender);
            var random = new Random(windowBits);
            for (int count = 0; count < MessageCount; count++)
            {
                byte[] message = RandomMessage(random, 3_000);

                byte[]? received = random.Next(3) == 0
                    ? SendFragmented(random, deflater, inflater, message)
                    : SendWhole(random, deflater, inflater, message);

                Assert.Equal(message, received);
                bool forgets = !agreed.HasContextTakeover(sender);
                Assert.False(forgets && (deflater.HoldsCodec || inflater.HoldsCodec));
                if (random.Next(20) == 0)
                {
                    deflater.Forget();
                }
            }

            deflater.Release();
            inflater.Release();
            Assert.False(deflater.HoldsCodec || inflater.HoldsCodec);
        }
    }

    [Fact]
    public void Only_context_takeover_shortens_the_next_message() // ws 4.6, 29 and 30
    {
        byte[] message = [.. Enumerable.Range(0, 1_000).Select(n => (byte)(n * n))];
        var codecs = new MessageCodecs(PerMessageDeflateOptions.Shared);
        var keeping = new MessageDeflater(codecs, default, Role.Server);
        var forgetting = new MessageDeflater(codecs, new PerMessageDeflateParameters(true, true, null, null), Role.Server);
        int Send(MessageDeflater deflater)
        {
            Assert.True(deflater.TryDeflate(message, ArrayPool<byte>.Shared, 0, out ArraySegment<byte> deflated));
            ArrayPool<byte>.Shared.Return(deflated.Array!);
            return deflated.Count;
        }

        int first = Send(keeping);

        Assert.True(Send(keeping) < first / 4);
        Assert.Equal(first, Send(forgetting));
        Assert.Equal(first, Send(forgetting));
        keeping.Forget();
        Assert.Equal(first, Send(keeping));
    }

    [Fact]
    public void Incompressible_message_is_sent_uncompressed_and_not_referred_to()
    {
        var pool = new CountingPool();
        byte[] random = new byte[5_000];
        new Random(9).NextBytes(random);
        var codecs = new MessageCodecs(PerMessageDeflateOptions.Dedicated);
        var deflater = new MessageDeflater(codecs, default, Role.Client);
        var inflater = new MessageInflater(codecs, default, Role.Client);

        Assert.False(deflater.TryDeflate(random, pool, 14, out ArraySegment<byte> none));

        // The peer has not had it in its window: a message like it must stand for itself.
        byte[] similar = [.. random, .. random];
        Assert.True(deflater.TryDeflate(similar, pool, 14, out ArraySegment<byte> deflated));
        Assert.Null(none.Array);
        Assert.Equal(14, deflated.Offset);
        Assert.Equal(similar, Inflating.Inflate(inflater, [deflated.ToArray()]));
        Assert.Equal(1, pool.OutCount);
    }

    [Fact]
    public void Returned_codecs_are_rented_again()
    {
        var agreed = new PerMessageDeflateParameters(true, true, null, null);
        var codecs = new MessageCodecs(PerMessageDeflateOptions.Shared);
        for (int count = 0; count < 100; count++)
        {
            var deflater = new MessageDeflater(codecs, agreed, Role.Server);
            var inflater = new MessageInflater(codecs, agreed, Role.Server);
            Assert.Equal(new byte[3_000], SendWhole(new Random(count), deflater, inflater, new byte[3_000]));
        }

        Assert.Equal(1, codecs.Deflaters(15).KeptCount);
        Assert.Equal(1, codecs.Inflaters(15).KeptCount);
    }

    [Fact]
    public void Number_of_kept_codecs_is_limited()
    {
        var pool = new CodecPool<Inflater>(() => new Inflater(8));
        Inflater[] lent = [.. Enumerable.Range(0, 100).Select(_ => pool.Rent())];

        Assert.All(lent, pool.Return);

        Assert.Equal(2 * Environment.ProcessorCount, pool.KeptCount);
    }

    [Theory]
    [InlineData(8, false)] // EX-31c: such a connection sends uncompressed
    [InlineData(9, true)]
    public void End_limited_to_a_256_byte_window_cannot_deflate(int windowBits, bool canDeflate)
    {
        var agreed = new PerMessageDeflateParameters(false, false, null, windowBits);

        Assert.Equal(canDeflate, MessageDeflater.CanDeflate(agreed, Role.Client));
        Assert.True(MessageDeflater.CanDeflate(agreed, Role.Server));
        Assert.NotNull(new MessageInflater(new MessageCodecs(PerMessageDeflateOptions.Shared), agreed, Role.Client));
    }

    private static byte[]? SendWhole(
        Random random, MessageDeflater deflater, MessageInflater inflater, byte[] message)
    {
        var pool = new CountingPool();
        if (!deflater.TryDeflate(message, pool, 10, out ArraySegment<byte> deflated))
        {
            Assert.Equal(0, pool.OutCount);
            return message;
        }

        Assert.True(deflated.Count < message.Length);
        byte[]? received = Inflating.Inflate(inflater, Cut(random, deflated.ToArray()), random.Next(1, 5_000));
        pool.Return(deflated.Array!);
        Assert.Equal(0, pool.OutCount);
        return received;
    }

    private static byte[]? SendFragmented(
        Random random, MessageDeflater deflater, MessageInflater inflater, byte[] message)
    {
        IReadOnlyList<byte[]> fragments = Cut(random, message);
        List<byte[]> deflated = [];
        for (int index = 0; index < fragments.Count; index++)
        {
            ArraySegment<byte> one = deflater.DeflateFragment(
                fragments[index], index == fragments.Count - 1, ArrayPool<byte>.Shared, 0);
            deflated.Add([.. one]);
            ArrayPool<byte>.Shared.Return(one.Array!);
        }

        return Inflating.Inflate(inflater, deflated, random.Next(1, 5_000));
    }
}
