using System.IO.Compression;

namespace Sockeye.Tests;

/// <summary>A mebibyte that inflates to a gibibyte of zeros, as frames of a client (RFC 7692 §6.1).</summary>
internal static class Bomb
{
    // FIN, RSV1 and the opcode (RFC 6455 §5.2).
    private const byte CompressedBinary = 0xC2;
    private const byte CompressedBinaryUnfinished = 0x42;
    private const byte ContinuationUnfinished = 0x00;
    private const byte FinalContinuation = 0x80;

    private const int StepLength = 1024 * 1024;
    private const int StepCount = 1_024;
    private const int TailLength = 4;

    /// <summary>All of it in one frame.</summary>
    public static byte[] InOneFrame() => Wire.Masked(RawFrame.Bytes(CompressedBinary, Deflate().Bomb));

    /// <summary>All of it in fragments of one byte.</summary>
    public static byte[] InFragments()
    {
        byte[] deflated = Deflate().Bomb;
        byte[] frames = new byte[3 * deflated.Length];
        for (int i = 0; i < deflated.Length; i++)
        {
            frames[3 * i] = i == 0 ? CompressedBinaryUnfinished
                : i == deflated.Length - 1 ? FinalContinuation
                : ContinuationUnfinished;
            frames[(3 * i) + 1] = 1;
            frames[(3 * i) + 2] = deflated[i];
        }

        return Wire.Masked(frames);
    }

    /// <summary>A harmless message, followed by one that inflates to a gibibyte by reference to it.</summary>
    public static (byte[] Harmless, byte[] Bomb) InALaterMessage()
    {
        (byte[] first, byte[] bomb) = Deflate();
        return (
            Wire.Masked(RawFrame.Bytes(CompressedBinary, first)),
            Wire.Masked(RawFrame.Bytes(CompressedBinary, bomb.AsSpan(first.Length + TailLength))));
    }

    // Behind so many zeros, so many more are always the same bytes, which a flush ends.
    private static (byte[] First, byte[] Bomb) Deflate()
    {
        var output = new MemoryStream();
        using var deflater = new DeflateStream(output, CompressionLevel.SmallestSize);
        byte[] first = Step(64 * 1024);
        byte[] step = Step(StepLength);
        Assert.Equal(step, Step(StepLength));

        byte[] bomb = [.. first, .. Enumerable.Repeat(step, StepCount).SelectMany(bytes => bytes)];
        return (first[..^TailLength], bomb[..^TailLength]);

        byte[] Step(int length)
        {
            output.SetLength(0);
            deflater.Write(new byte[length]);
            deflater.Flush();
            return output.ToArray();
        }
    }
}
