namespace Sockeye.Tests;

/// <summary>The peer's codecs agree with each other, and with the examples of RFC 7692 §7.2.3.</summary>
public sealed class PeerCodecTests
{
    [Theory]
    [InlineData(8, false)]
    [InlineData(8, true)]
    [InlineData(11, false)]
    [InlineData(15, false)]
    [InlineData(15, true)]
    public void Deflated_data_inflates_to_the_original(int windowBits, bool forgets)
    {
        var deflater = new PeerDeflater(windowBits, forgets);
        var inflater = new PeerInflater(forgets);

        foreach (byte[] data in new[] { DeflateData.Json, DeflateData.Picture, DeflateData.Document[..50_000], [], DeflateData.Text })
        {
            byte[] deflated = deflater.Deflate(data);

            Assert.Equal(data, inflater.Inflate(deflated));
        }
    }

    [Fact]
    public void Example_of_the_rfc_is_inflated_and_deflated()
    {
        Assert.Equal("Hello"u8.ToArray(), new PeerInflater().Inflate(Wire.Bytes("f2 48 cd c9 c9 07 00")));
        Assert.Equal(Wire.Bytes("f2 48 cd c9 c9 07 00"), new PeerDeflater(windowBits: 8).Deflate("Hello"u8));
    }

    [Fact]
    public void Message_that_refers_to_an_earlier_one_is_not_inflated_without_context()
    {
        byte[] hello = "Hello, hello, hello"u8.ToArray();
        var deflater = new PeerDeflater();
        deflater.Deflate(hello);
        byte[] second = deflater.Deflate(hello);

        Assert.ThrowsAny<Exception>(() => new PeerInflater(forgets: true).Inflate(second));
    }
}
