using System.Text;

namespace Sockeye.Protocol.Tests;

public sealed class AcceptKeyTests
{
    [Theory]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")] // RFC 6455 §1.3
    [InlineData("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk=")] // the draft's and Wikipedia's example
    public void Accept_value_matches_its_key(string key, string expected)
    {
        byte[] accept = new byte[AcceptKey.Length];

        AcceptKey.Compute(Encoding.ASCII.GetBytes(key), accept);

        Assert.Equal(expected, Encoding.ASCII.GetString(accept));
    }

    [Fact]
    public void Computing_allocates_nothing()
    {
        Span<byte> accept = stackalloc byte[AcceptKey.Length];
        AcceptKey.Compute("dGhlIHNhbXBsZSBub25jZQ=="u8, accept);

        long before = GC.GetAllocatedBytesForCurrentThread();
        AcceptKey.Compute("dGhlIHNhbXBsZSBub25jZQ=="u8, accept);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Every_created_key_is_valid()
    {
        var random = new Random(6455);
        byte[] nonce = new byte[ClientHandshake.NonceLength];

        for (int count = 0; count < 10_000; count++)
        {
            random.NextBytes(nonce);
            string key = ClientHandshake.CreateKey(nonce);

            Assert.True(AcceptKey.IsKey(Encoding.ASCII.GetBytes(key)), key);
            Assert.Equal(nonce, Convert.FromBase64String(key));
        }
    }
}
