using System.Text;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>What is reported of a peer that does not use TLS, however the network splits its bytes.</summary>
public sealed class TlsWitnessTests
{
    [Theory]
    [InlineData("GET /chat HTTP/1.1", "GET ")]
    [InlineData("OPTIONS * HTTP/1.1", "OPTIONS ")]
    [InlineData("HTTP/1.1 400 Bad Request", "HTTP/")]
    public async Task HTTP_is_recognized_byte_by_byte(string sent, string read)
    {
        var stream = new ByteByByte(Encoding.ASCII.GetBytes(sent));
        var witness = new TlsWitness(stream);

        await Assert.ThrowsAsync<IOException>(() => witness.ReadAsync(new byte[100]).AsTask());

        Assert.True(witness.Opening.IsNotTls);
        Assert.True(witness.Opening.IsHttp);
        Assert.Equal(read.Length, stream.Position);
    }

    [Theory]
    [InlineData("GE")] // and then the end
    [InlineData("SSH-2.0-OpenSSH_9.2")]
    [InlineData("A sentence")]
    [InlineData("AWORDTHATISTOOLONGTOBETHEMETHODOFHTTPORANYTHINGLIKEIT")]
    public async Task An_unknown_protocol_ends_the_handshake(string sent)
    {
        var witness = new TlsWitness(new ByteByByte(Encoding.ASCII.GetBytes(sent)));

        await Assert.ThrowsAsync<IOException>(() => witness.ReadAsync(new byte[100]).AsTask());

        Assert.True(witness.Opening.IsNotTls);
        Assert.False(witness.Opening.IsHttp);
    }

    [Fact]
    public async Task TLS_is_passed_through_byte_by_byte()
    {
        var witness = new TlsWitness(new ByteByByte([0x16, 0x03, 0x01]));
        byte[] buffer = new byte[10];

        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(1, await witness.ReadAsync(buffer));
        }

        Assert.False(witness.Opening.IsNotTls);
    }

    private sealed class ByteByByte(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, 1)], cancellationToken);
    }
}
