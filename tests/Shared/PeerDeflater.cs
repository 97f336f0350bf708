using System.IO.Compression;

namespace Sockeye.Tests;

/// <summary>
/// Compresses the messages of a peer (RFC 7692 §7.2.1) by other means than the code under test: by the platform's class
/// for the largest window, by <see cref="SmallWindowDeflater"/> for others.
/// </summary>
/// <param name="windowBits">The base-2 logarithm of the window, 8 to 15.</param>
/// <param name="forgets">Whether there is no context takeover.</param>
public sealed class PeerDeflater(int windowBits = 15, bool forgets = false)
{
    private const int LargestWindowBits = 15;
    private const int TailLength = 4;

    private MemoryStream _deflated = new();
    private DeflateStream? _stream;
    private SmallWindowDeflater? _small;

    /// <summary>Compresses a whole message.</summary>
    public byte[] Deflate(ReadOnlySpan<byte> message)
    {
        if (windowBits < LargestWindowBits)
        {
            _small = forgets ? null : _small;
            _small ??= new SmallWindowDeflater(windowBits);
            return _small.Deflate(message);
        }

        // §7.2.3.6; the class has nothing to say about nothing.
        return message.IsEmpty ? [0x00] : DeflateByPlatform(message);
    }

    private byte[] DeflateByPlatform(ReadOnlySpan<byte> message)
    {
        if (_stream is null || forgets)
        {
            _deflated = new MemoryStream();
            _stream = new DeflateStream(_deflated, CompressionLevel.Optimal);
        }

        _deflated.SetLength(0);
        _stream.Write(message);
        _stream.Flush();
        byte[] bytes = _deflated.ToArray();
        Assert.Equal("0000FFFF", Convert.ToHexString(bytes.AsSpan(^TailLength..)));
        return bytes[..^TailLength];
    }
}
