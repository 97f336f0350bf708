using System.IO.Compression;

namespace Sockeye.Tests;

/// <summary>Inflates the messages of an endpoint (RFC 7692 §7.2.2) with the platform's class, which the endpoint does not use.</summary>
/// <param name="forgets">
/// Whether there is no context takeover: a message that refers to one before it fails the test.
/// </param>
public sealed class PeerInflater(bool forgets = false)
{
    private MemoryStream _deflated = new();
    private DeflateStream? _stream;

    /// <summary>Inflates a whole message.</summary>
    public byte[] Inflate(ReadOnlySpan<byte> message)
    {
        if (_stream is null || forgets)
        {
            _deflated = new MemoryStream();
            _stream = new DeflateStream(_deflated, CompressionMode.Decompress);
        }

        _deflated.SetLength(0);
        _deflated.Write(message);
        _deflated.Write([0x00, 0x00, 0xFF, 0xFF]);
        _deflated.Position = 0;
        using var inflated = new MemoryStream();
        _stream.CopyTo(inflated);

        // A block with BFINAL would end the stream, with no more to be read from it.
        Assert.Equal(_deflated.Length, _deflated.Position);
        return inflated.ToArray();
    }
}
